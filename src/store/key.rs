//! Signing keys, sealed.

use super::audit::write_audit;
use super::{AsOf, AuditEntry, Store, StoreError, Topic, in_transaction, on_db};
use crate::protocol::ids::KeyId;
use crate::protocol::timestamp::Timestamp;

/// A signing key as it is stored.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// Its `kid`.
    pub kid: KeyId,
    /// Its algorithm, by its JOSE name.
    pub alg: String,
    /// Counts up within the algorithm.
    pub sequence: i64,
    /// PKCS#8, sealed under the master secret.
    pub private_key: String,
    /// When it was made and first published.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub active_from: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    kid: String,
    alg: String,
    sequence: i64,
    private_key: String,
    created_at: i64,
    active_from: i64,
    revoked_at: Option<i64>,
}

impl Store {
    /// Every key that is stored, by algorithm and sequence, and as of when it is so.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn signing_keys(&self) -> Result<(Vec<StoredKey>, AsOf), StoreError> {
        const SQL: &str = "SELECT * FROM signing_keys ORDER BY alg, sequence";
        let as_of = self.memory.as_of();
        let rows: Vec<KeyRow> = on_db!(self, |db| sqlx::query_as(SQL).fetch_all(db).await)?;
        let keys = rows
            .into_iter()
            .map(|row| StoredKey {
                kid: row.kid.into(),
                alg: row.alg,
                sequence: row.sequence,
                private_key: row.private_key,
                created_at: Timestamp(row.created_at),
                active_from: Timestamp(row.active_from),
                revoked_at: row.revoked_at.map(Timestamp),
            })
            .collect();
        Ok((keys, as_of))
    }

    /// Are the keys, for all that this process may rely on, as they were read then?
    #[must_use]
    pub fn still_knows_signing_keys(&self, as_of: AsOf) -> bool {
        self.memory.still_knows(&Topic::Keys, as_of)
    }

    /// Adds a key, unless another node added one with this algorithm and sequence first. Answers whether it did.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn insert_signing_key(&self, key: &StoredKey, audit: &AuditEntry) -> Result<bool, StoreError> {
        let inserted = in_transaction!(self, changing[Topic::Keys], |tx| {
            let inserted = sqlx::query(
                "INSERT INTO signing_keys (kid, alg, sequence, private_key, created_at, active_from)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (alg, sequence) DO NOTHING",
            )
            .bind(key.kid.as_str())
            .bind(&key.alg)
            .bind(key.sequence)
            .bind(&key.private_key)
            .bind(key.created_at.0)
            .bind(key.active_from.0)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if inserted == 1 {
                write_audit!(tx, audit);
            }
            inserted
        });
        Ok(inserted == 1)
    }

    /// Revokes a key: nothing that it signed counts from now on. Answers whether it was there and not revoked.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn revoke_signing_key(
        &self,
        kid: &KeyId,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let revoked = in_transaction!(self, changing[Topic::Keys], |tx| {
            let revoked =
                sqlx::query("UPDATE signing_keys SET revoked_at = $1 WHERE kid = $2 AND revoked_at IS NULL")
                    .bind(now.0)
                    .bind(kid.as_str())
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
            if revoked == 1 {
                write_audit!(tx, audit);
            }
            revoked
        });
        Ok(revoked == 1)
    }
}
