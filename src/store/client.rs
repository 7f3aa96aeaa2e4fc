//! Clients and the web origins that belong to them.

use std::sync::Arc;

use super::audit::write_audit;
use super::{AuditEntry, Store, StoreError, in_transaction, on_db, version};
use crate::protocol::client::{Client, OldSecret, SelfRegistration};
use crate::protocol::ids::ClientId;
use crate::protocol::redirect_uri::web_origins;
use crate::protocol::timestamp::Timestamp;

/// Clients that are read at once where all are looked through.
const LOOKED_THROUGH: u32 = 500;

#[derive(sqlx::FromRow)]
pub(super) struct ClientRow {
    id: String,
    secret_hash: Option<String>,
    sealed_secret: Option<String>,
    old_secret_hash: Option<String>,
    old_sealed_secret: Option<String>,
    old_secret_until: Option<i64>,
    disabled: bool,
    metadata: String,
    registration_token_hash: Option<String>,
    used_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<ClientRow> for Client {
    type Error = StoreError;
    fn try_from(row: ClientRow) -> Result<Self, StoreError> {
        Ok(Self {
            metadata: serde_json::from_str(&row.metadata)
                .map_err(|error| StoreError::Corrupt("client", error.to_string()))?,
            id: row.id.into(),
            secret_hash: row.secret_hash,
            sealed_secret: row.sealed_secret,
            old_secret: match (row.old_secret_hash, row.old_secret_until) {
                (Some(hash), Some(until)) => {
                    Some(OldSecret { hash, sealed: row.old_sealed_secret, until: Timestamp(until) })
                }
                _ => None,
            },
            self_registration: row
                .registration_token_hash
                .map(|token_hash| SelfRegistration { token_hash, used_at: row.used_at.map(Timestamp) }),
            disabled: row.disabled,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

/// What becomes of users' consents when a client changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consents {
    Stand,
    Forgotten,
}

/// The metadata column.
pub(super) fn to_json(client: &Client) -> Result<String, StoreError> {
    serde_json::to_string(&client.metadata).map_err(|error| StoreError::Corrupt("client", error.to_string()))
}

/// Replaces the rows of `client_origins` inside the caller's transaction.
macro_rules! write_origins {
    ($tx:ident, $client:expr) => {{
        sqlx::query("DELETE FROM client_origins WHERE client_id = $1")
            .bind($client.id.as_str())
            .execute(&mut *$tx)
            .await?;
        for origin in crate::protocol::redirect_uri::web_origins(&$client.metadata.redirect_uris) {
            sqlx::query("INSERT INTO client_origins (origin, client_id) VALUES ($1, $2)")
                .bind(origin)
                .bind($client.id.as_str())
                .execute(&mut *$tx)
                .await?;
        }
    }};
}

/// Inserts a row of `clients`, and its origins, inside the caller's transaction.
macro_rules! insert_client {
    ($tx:ident, $client:expr, $metadata:expr) => {{
        sqlx::query(
            "INSERT INTO clients (id, secret_hash, sealed_secret, disabled, metadata, registration_token_hash,
                                  created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind($client.id.as_str())
        .bind(&$client.secret_hash)
        .bind(&$client.sealed_secret)
        .bind($client.disabled)
        .bind(&$metadata)
        .bind($client.self_registration.as_ref().map(|own| &own.token_hash))
        .bind($client.created_at.0)
        .bind($client.updated_at.0)
        .execute(&mut *$tx)
        .await?;
        write_origins!($tx, $client);
    }};
}

/// Writes a row of `clients`, and its origins, inside the caller's transaction, if it is as it was at `$read_at`. Answers
/// how many rows that were.
macro_rules! update_client {
    ($tx:ident, $client:expr, $read_at:expr, $metadata:expr) => {{
        let updated = sqlx::query(
            "UPDATE clients SET secret_hash = $1, sealed_secret = $2, disabled = $3, metadata = $4,
                    registration_token_hash = $5, updated_at = $6, old_secret_hash = $7, old_sealed_secret = $8,
                    old_secret_until = $9
             WHERE id = $10 AND updated_at = $11",
        )
        .bind(&$client.secret_hash)
        .bind(&$client.sealed_secret)
        .bind($client.disabled)
        .bind(&$metadata)
        .bind($client.self_registration.as_ref().map(|own| &own.token_hash))
        .bind($client.updated_at.0)
        .bind($client.old_secret.as_ref().map(|old| &old.hash))
        .bind($client.old_secret.as_ref().and_then(|old| old.sealed.as_ref()))
        .bind($client.old_secret.as_ref().map(|old| old.until.0))
        .bind($client.id.as_str())
        .bind($read_at.0)
        .execute(&mut *$tx)
        .await?
        .rows_affected();
        if updated == 1 {
            write_origins!($tx, $client);
        }
        updated
    }};
}
pub(super) use {insert_client, update_client, write_origins};

/// What became of a client that wanted to register itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfRegistered {
    /// It is registered.
    Now,
    /// The initial access token is unknown, expired or used up. Nothing was changed.
    TokenRefused,
    /// There are too many clients that registered themselves and were never used. Nothing was changed.
    TooMany,
}

impl Store {
    /// The clients that ask for a level of assurance, in the order of registration, `limit` at most.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn clients_with_level(&self, limit: u32) -> Result<Vec<Client>, StoreError> {
        // A member without a value is not written.
        const SQL: &str =
            "SELECT * FROM clients WHERE metadata LIKE '%\"least_acr\":\"%' ORDER BY created_at, id LIMIT $1";
        let rows: Vec<ClientRow> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(i64::from(limit)).fetch_all(db).await)?;
        rows.into_iter().map(Client::try_from).collect()
    }

    /// Registers a client.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the `client_id` is in use.
    pub async fn insert_client(&self, client: &Client, audit: &AuditEntry) -> Result<(), StoreError> {
        let metadata = to_json(client)?;
        in_transaction!(self, |tx| {
            insert_client!(tx, client, metadata);
            write_audit!(tx, audit);
        });
        Ok(())
    }

    /// Registers a client that asked for it by itself, with an initial access token where one is needed. The token's use
    /// and the client commit together, and never are there more than `most_unused` such clients that were never used.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn insert_self_registered(
        &self,
        client: &Client,
        token_hash: Option<&str>,
        most_unused: u32,
        audit: &AuditEntry,
    ) -> Result<SelfRegistered, StoreError> {
        let metadata = to_json(client)?;
        Ok(in_transaction!(self, |tx| {
            if let Some(token_hash) = token_hash {
                let used = sqlx::query(
                    "UPDATE initial_access_tokens SET uses_left = uses_left - 1
                     WHERE token_hash = $1 AND expires_at > $2 AND (uses_left IS NULL OR uses_left > 0)",
                )
                .bind(token_hash)
                .bind(client.created_at.0)
                .execute(&mut *tx)
                .await?
                .rows_affected();
                if used == 0 {
                    return Ok(SelfRegistered::TokenRefused);
                }
            }
            // Whoever counts holds this row until its own client is in: PostgreSQL would let two count at once.
            sqlx::query(
                "INSERT INTO settings (name, value) VALUES ('self-registration', '')
                 ON CONFLICT (name) DO UPDATE SET value = ''",
            )
            .execute(&mut *tx)
            .await?;
            let (unused,): (i64,) = sqlx::query_as(
                "SELECT COUNT(*) FROM clients WHERE registration_token_hash IS NOT NULL AND used_at IS NULL",
            )
            .fetch_one(&mut *tx)
            .await?;
            if unused >= i64::from(most_unused) {
                return Ok(SelfRegistered::TooMany);
            }
            insert_client!(tx, client, metadata);
            write_audit!(tx, audit);
            SelfRegistered::Now
        }))
    }

    /// Remembers that a client that registered itself was used, if this is the first time.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn note_client_use(&self, id: &ClientId, now: Timestamp) -> Result<(), StoreError> {
        in_transaction!(self, changing[id.into()], |tx| {
            sqlx::query(
                "UPDATE clients SET used_at = $1
                 WHERE id = $2 AND registration_token_hash IS NOT NULL AND used_at IS NULL",
            )
            .bind(now.0)
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        });
        Ok(())
    }

    /// The client with this id.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, StoreError> {
        const SQL: &str = "SELECT * FROM clients WHERE id = $1";
        let load = async {
            let row: Option<ClientRow> =
                on_db!(self, |db| sqlx::query_as(SQL).bind(id.as_str()).fetch_optional(db).await)?;
            row.map(Client::try_from).transpose()
        };
        self.recall_or(&self.memory.clients, id, load).await
    }

    /// Clients behind the one with this time of registration and id, `limit` at most, in the order of registration.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn clients_behind(
        &self,
        (created_at, id): (i64, &str),
        limit: u32,
    ) -> Result<Vec<Client>, StoreError> {
        const SQL: &str =
            "SELECT * FROM clients WHERE (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3";
        let rows: Vec<ClientRow> = on_db!(self, |db| {
            sqlx::query_as(SQL).bind(created_at).bind(id).bind(i64::from(limit)).fetch_all(db).await
        })?;
        rows.into_iter().map(Client::try_from).collect()
    }

    /// Clients whose id or name holds a text in lower case, behind the one with this time of registration and id, `limit`
    /// at most, in the order of registration. There are thousands at most: they are all looked through.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn clients_holding(
        &self,
        text: &str,
        (created_at, id): (i64, &str),
        limit: u32,
    ) -> Result<Vec<Client>, StoreError> {
        // What JSON or another script writes differently is not found by its letters.
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.'));
        let holds = |known: &str| known.to_lowercase().contains(text);
        let meant = |client: &Client| holds(client.id.as_str()) || holds(&client.metadata.client_name);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.look_through_clients(if plain { text } else { "" }, (created_at, id.to_owned()), limit, meant)
            .await
    }

    /// Clients that are meant, behind the one with this time of registration and id, `limit` at most, in the order of
    /// registration. Those whose row does not hold the text, in lower case, need not be unpacked to see that they are not.
    pub(super) async fn look_through_clients(
        &self,
        text: &str,
        mut behind: (i64, String),
        limit: usize,
        meant: impl Fn(&Client) -> bool,
    ) -> Result<Vec<Client>, StoreError> {
        const SQL: &str = "SELECT * FROM clients
             WHERE (created_at, id) > ($1, $2) AND (LOWER(id) LIKE $4 ESCAPE '!' OR LOWER(metadata) LIKE $4 ESCAPE '!')
             ORDER BY created_at, id LIMIT $3";
        let pattern = format!("%{}%", text.replace('!', "!!").replace('%', "!%").replace('_', "!_"));
        let mut found = Vec::new();
        loop {
            let rows: Vec<ClientRow> = on_db!(self, |db| {
                sqlx::query_as(SQL)
                    .bind(behind.0)
                    .bind(&behind.1)
                    .bind(i64::from(LOOKED_THROUGH))
                    .bind(&pattern)
                    .fetch_all(db)
                    .await
            })?;
            let at_end = rows.len() < usize::try_from(LOOKED_THROUGH).unwrap_or(usize::MAX);
            for row in rows {
                let client = Client::try_from(row)?;
                behind = (client.created_at.0, client.id.to_string());
                if meant(&client) {
                    found.push(client);
                }
            }
            if at_end || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// Every client, in the order of registration.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        const SQL: &str = "SELECT * FROM clients ORDER BY created_at, id";
        let rows: Vec<ClientRow> = on_db!(self, |db| sqlx::query_as(SQL).fetch_all(db).await)?;
        rows.into_iter().map(Client::try_from).collect()
    }

    /// Writes a client's metadata, secret and switch. Answers whether it was there, and unchanged since
    /// `read_at`: an edit never overwrites another one unseen.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn update_client(
        &self,
        client: &Client,
        read_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.write_client(client, read_at, Consents::Stand, audit).await
    }

    /// The same for a client that is no longer what its users were shown: their consents are forgotten with the same
    /// commit.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn update_client_unseen(
        &self,
        client: &Client,
        read_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.write_client(client, read_at, Consents::Forgotten, audit).await
    }

    async fn write_client(
        &self,
        client: &Client,
        read_at: Timestamp,
        consents: Consents,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let metadata = to_json(client)?;
        let updated = in_transaction!(self, changing[(&client.id).into()], |tx| {
            let updated = update_client!(tx, client, read_at, metadata);
            if updated == 1 {
                if consents == Consents::Forgotten {
                    sqlx::query("DELETE FROM consents WHERE client_id = $1")
                        .bind(client.id.as_str())
                        .execute(&mut *tx)
                        .await?;
                }
                write_audit!(tx, audit);
            }
            updated
        });
        Ok(updated == 1)
    }

    /// Deletes a client with its consents and grants. Answers whether it was there.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn delete_client(&self, id: &ClientId, audit: &AuditEntry) -> Result<bool, StoreError> {
        self.delete_client_read(id, None, audit).await
    }

    /// The same for one that is as it was when it was read, at `read_at` if that is said.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn delete_client_read(
        &self,
        id: &ClientId,
        read_at: Option<Timestamp>,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let deleted = in_transaction!(self, changing[id.into()], |tx| {
            let deleted = sqlx::query("DELETE FROM clients WHERE id = $1 AND ($2 = -1 OR updated_at = $2)")
                .bind(id.as_str())
                .bind(version(read_at))
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if deleted == 1 {
                write_audit!(tx, audit);
            }
            deleted
        });
        Ok(deleted == 1)
    }

    /// Is this web origin that of an enabled client's redirect URI; of this client's, where one is named?
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn origin_is_registered(
        &self,
        origin: &str,
        client: Option<&ClientId>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT o.client_id FROM client_origins o JOIN clients c ON c.id = o.client_id
             WHERE o.origin = $1 AND NOT c.disabled LIMIT 1";
        if let Some(id) = client {
            let enabled = self.client(id).await?.filter(|client| !client.disabled);
            return Ok(
                enabled.is_some_and(|client| web_origins(&client.metadata.redirect_uris).contains(origin))
            );
        }
        let row: Option<(String,)> =
            on_db!(self, |db| sqlx::query_as(SQL).bind(origin).fetch_optional(db).await)?;
        Ok(row.is_some())
    }
}
