//! What there is to say about a database before it is used: nothing is migrated, and nothing stays written.

use std::collections::BTreeSet;

use super::{Db, StoreError, begin_writing, open_postgres, open_sqlite};
use crate::config::{Database, Engine};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Migrations of this version that were not made there yet. All of them where nothing was ever made.
    pub missing_migrations: usize,
    /// Migrations there that this version does not know: a later version made them.
    pub unknown_migrations: usize,
    /// Why nothing can be written there, if that is so.
    pub not_writable: Option<String>,
    /// The database's time (Unix milliseconds), where it is another machine's.
    pub database_millis: Option<i64>,
    /// When the newest entry of the audit log was made (Unix seconds).
    pub newest_entry: Option<i64>,
}

/// Looks at a database. The file of SQLite is there already.
///
/// # Errors
/// It cannot be reached.
pub async fn examine(config: &Database) -> Result<Examined, StoreError> {
    let (db, source) = match &config.engine {
        Engine::Sqlite(file) => open_sqlite(file, 1).await?,
        Engine::Postgres(url) => open_postgres(url, 1).await?,
    };
    let examined = look(&db).await;
    drop(source);
    match &db {
        Db::Sqlite { writer, readers } => {
            readers.close().await;
            writer.close().await;
        }
        Db::Postgres(pool) => pool.close().await,
    }
    examined
}

async fn look(db: &Db) -> Result<Examined, StoreError> {
    const MADE: &str = "SELECT version FROM _sqlx_migrations WHERE success";
    const NEWEST: &str = "SELECT at FROM audit_log ORDER BY id DESC LIMIT 1";
    const CLOCK: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
    const WRITE: &str = "INSERT INTO settings (name, value) VALUES ('doctor', '')
         ON CONFLICT (name) DO UPDATE SET value = ''";
    let ours: BTreeSet<i64> =
        sqlx::migrate!("./migrations").iter().map(|migration| migration.version).collect();
    // Where nothing was ever made, even the table of what was made is missing.
    let made: Result<Vec<(i64,)>, sqlx::Error> = match db {
        Db::Sqlite { readers, .. } => sqlx::query_as(MADE).fetch_all(readers).await,
        Db::Postgres(pool) => sqlx::query_as(MADE).fetch_all(pool).await,
    };
    let made: BTreeSet<i64> = match made {
        Ok(rows) => rows.into_iter().map(|(version,)| version).collect(),
        Err(sqlx::Error::Database(_)) => BTreeSet::new(),
        Err(error) => return Err(error.into()),
    };
    let database_millis = match db {
        Db::Sqlite { .. } => None,
        Db::Postgres(pool) => {
            let (millis,): (i64,) = sqlx::query_as(CLOCK).fetch_one(pool).await?;
            Some(millis)
        }
    };
    let mut examined = Examined {
        missing_migrations: ours.difference(&made).count(),
        unknown_migrations: made.difference(&ours).count(),
        not_writable: None,
        database_millis,
        newest_entry: None,
    };
    if made.is_empty() {
        return Ok(examined);
    }
    // Written and taken back.
    let written = match db {
        Db::Sqlite { writer, .. } => {
            let mut tx = begin_writing(writer).await?;
            sqlx::query(WRITE).execute(&mut *tx).await.map(drop)
        }
        Db::Postgres(pool) => {
            let mut tx = pool.begin().await?;
            sqlx::query(WRITE).execute(&mut *tx).await.map(drop)
        }
    };
    examined.not_writable = written.err().map(|error| error.to_string());
    let newest: Option<(i64,)> = match db {
        Db::Sqlite { readers, .. } => sqlx::query_as(NEWEST).fetch_optional(readers).await?,
        Db::Postgres(pool) => sqlx::query_as(NEWEST).fetch_optional(pool).await?,
    };
    examined.newest_entry = newest.map(|(at,)| at);
    Ok(examined)
}
