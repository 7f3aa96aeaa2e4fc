//! Users by the words that they are called, and the words of users, which are written behind.

use super::audit::pattern;
use super::ledger::{MOST_ROWS, ManyRows};
use super::user::UserRow;
use super::{Store, StoreError, in_transaction, on_db};
use crate::protocol::user::User;
use crate::protocol::user_search::words;

/// Users whose words are written in one transaction.
pub const MOST_READ: u32 = 200;

#[derive(sqlx::FromRow)]
struct ByWord {
    word: String,
    #[sqlx(flatten)]
    user: UserRow,
}

#[derive(sqlx::FromRow)]
struct Beyond {
    words_known: bool,
    #[sqlx(flatten)]
    user: UserRow,
}

/// A part of the users by user name.
#[derive(Debug)]
pub struct UserWindow {
    /// Those who may be meant, and whether the index leads to their words.
    pub users: Vec<(User, bool)>,
    /// The last user name that was looked at; none where nobody is behind it.
    pub reached: Option<String>,
}

static WORDS: ManyRows = ManyRows::new(
    "INSERT INTO user_words (word, user_id) VALUES",
    2,
    "ON CONFLICT (word, user_id) DO NOTHING",
);

impl Store {
    /// Words from behind `(word, user id)` on, until before `end`, each with its user; `limit` at most.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn users_by_word(
        &self,
        behind: (&str, &str),
        end: &str,
        limit: u32,
    ) -> Result<Vec<(String, User)>, StoreError> {
        const SQL: &str = "SELECT w.word, u.* FROM user_words w JOIN users u ON u.id = w.user_id
             WHERE (w.word, w.user_id) > ($1, $2) AND w.word < $3 ORDER BY w.word, w.user_id LIMIT $4";
        let rows: Vec<ByWord> = on_db!(self, |db| {
            sqlx::query_as(SQL)
                .bind(behind.0)
                .bind(behind.1)
                .bind(end)
                .bind(i64::from(limit))
                .fetch_all(db)
                .await
        })?;
        rows.into_iter().map(|row| Ok((row.word, row.user.try_into()?))).collect()
    }

    /// Of the `window` users behind a user name, those who hold a text, in lower case, in any of their names. Where the
    /// text is not ASCII, all of the window: SQLite does not know the other scripts' lower case.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn users_holding(
        &self,
        text: &str,
        after: &str,
        window: u32,
    ) -> Result<UserWindow, StoreError> {
        const SQL: &str = "SELECT * FROM (
                 SELECT * FROM users WHERE username > $1 ORDER BY username LIMIT $2
             ) AS looked_through
             WHERE username LIKE $3 ESCAPE '!' OR email LIKE $3 ESCAPE '!' OR LOWER(name) LIKE $3 ESCAPE '!'
             ORDER BY username";
        const END: &str =
            "SELECT username FROM users WHERE username > $1 ORDER BY username LIMIT 2 OFFSET $2";
        let pattern = if text.is_ascii() { pattern(text) } else { "%".to_owned() };
        let rows: Vec<Beyond> = on_db!(self, |db| {
            sqlx::query_as(SQL).bind(after).bind(i64::from(window)).bind(&pattern).fetch_all(db).await
        })?;
        let ends: Vec<(String,)> = on_db!(self, |db| {
            sqlx::query_as(END).bind(after).bind(i64::from(window) - 1).fetch_all(db).await
        })?;
        let users = rows.into_iter().map(|row| Ok((row.user.try_into()?, row.words_known)));
        Ok(UserWindow {
            users: users.collect::<Result<_, StoreError>>()?,
            reached: match <[(String,); 2]>::try_from(ends) {
                Ok([(last,), _behind]) => Some(last),
                Err(_) => None,
            },
        })
    }

    /// Writes the words of users that have none yet, or old ones; [`MOST_READ`] at most. Answers of how many.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn write_user_words(&self) -> Result<usize, StoreError> {
        const WAITING: &str = "SELECT id FROM users WHERE NOT words_known LIMIT 1";
        // Taking the rows is the gate: whoever changes one of these users waits, and has the words written again.
        const TAKE: &str = "UPDATE users SET words_known = TRUE WHERE NOT words_known AND id IN
                 (SELECT id FROM users WHERE NOT words_known ORDER BY id LIMIT $1) RETURNING *";
        let waiting: Option<(String,)> = on_db!(self, |db| sqlx::query_as(WAITING).fetch_optional(db).await)?;
        if waiting.is_none() {
            return Ok(0);
        }
        Ok(in_transaction!(self, |tx| {
            let rows: Vec<UserRow> =
                sqlx::query_as(TAKE).bind(i64::from(MOST_READ)).fetch_all(&mut *tx).await?;
            let mut pairs = Vec::new();
            let count = rows.len();
            for row in rows {
                let user = User::try_from(row)?;
                sqlx::query("DELETE FROM user_words WHERE user_id = $1")
                    .bind(user.id.as_str())
                    .execute(&mut *tx)
                    .await?;
                pairs.extend(words(&user).into_iter().map(|word| (word, user.id.clone())));
            }
            for some in pairs.chunks(MOST_ROWS) {
                let mut query = sqlx::query(WORDS.of(&self.db, some.len()));
                for (word, user) in some {
                    query = query.bind(word).bind(user.as_str());
                }
                query.execute(&mut *tx).await?;
            }
            count
        }))
    }
}
