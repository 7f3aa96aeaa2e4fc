//! Telling clients that a session is over: logout tokens (OpenID Connect Back-Channel Logout 1.0), delivered in the
//! background until they arrive or have failed too often.
//!
//! The rows of the store are the queue: whatever ended a session made them due in its own transaction, and every node
//! works them off. Each client has a lane of its own, so that one that does not answer holds up nobody but itself.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::app::{App, Origin};
use crate::http::access_token::IssueError;
use crate::http::id_token;
use crate::http::subject::subject_of;
use crate::outgoing::FetchError;
use crate::protocol::ids::{ClientId, SessionId};
use crate::protocol::logout_token::{LogoutToken, TYP, is_success, next_attempt, signing_alg};
use crate::store::{LogoutNotice, NoticesOf, StoreError};

/// How often due notices are looked for.
const POLL: Duration = Duration::from_secs(1);
/// Clients that are told at the same time.
const MOST_LANES: u32 = 16;
/// Notices that one client gets at the same time.
const BATCH: u32 = 8;
/// An attempt that takes longer has failed.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// For how long nobody else tries: longer than any attempt takes.
const LEASE: Duration = Duration::from_secs(45);
/// How long a browser waits for the clients to be told before it goes on.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a client was not told.
#[derive(Debug, thiserror::Error)]
enum Undelivered {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No token could be made.
    #[error(transparent)]
    Unsigned(#[from] IssueError),
    /// The client cannot be reached.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It answered something else than success.
    #[error("answered {0}")]
    Status(u16),
    /// It did not answer in time.
    #[error("did not answer in time")]
    TooSlow,
}

/// Delivers what is due, for as long as the server runs.
pub async fn run(app: App) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut lanes = Lanes::default();
    let mut outage = false;
    loop {
        ticks.tick().await;
        match lanes.open_where_due(&app).await {
            Ok(()) => outage = false,
            Err(error) if !outage => {
                tracing::error!(%error, "due logout notices cannot be read; tried again every second");
                outage = true;
            }
            Err(_) => {}
        }
    }
}

/// Tells the clients of a session that has just ended, before the browser goes on (RP-Initiated Logout §3: the
/// redirection "is performed after the OP has finished notifying the RPs"). Those that take longer than a person should
/// wait are told all the same.
pub async fn tell_now(app: &App, session: &SessionId) {
    let (app, session) = (app.clone(), session.clone());
    let telling = tokio::spawn(async move { deliver_due(&app, NoticesOf::Session(&session)).await });
    if timeout(PATIENCE, telling).await.is_err() {
        tracing::info!("a browser goes on before every client was told of the sign-out");
    }
}

/// The clients that are being told now.
#[derive(Default)]
struct Lanes {
    tasks: JoinSet<()>,
    open: HashMap<ClientId, AbortHandle>,
}

impl Lanes {
    async fn open_where_due(&mut self, app: &App) -> Result<(), StoreError> {
        while self.tasks.try_join_next().is_some() {}
        self.open.retain(|_, lane| !lane.is_finished());
        // Twice as many, so that those whose lanes are open leave enough others.
        let due = app.store.clients_with_due_notices(app.clock.now(), 2 * MOST_LANES).await?;
        for client in due {
            if self.open.len() >= MOST_LANES as usize {
                break;
            }
            if !self.open.contains_key(&client) {
                let (app, id) = (app.clone(), client.clone());
                let lane = async move { deliver_due(&app, NoticesOf::Client(&id)).await };
                self.open.insert(client, self.tasks.spawn(lane));
            }
        }
        Ok(())
    }
}

/// Delivers until nothing of this is due. What fails is due later.
async fn deliver_due(app: &App, of: NoticesOf<'_>) {
    loop {
        let now = app.clock.now();
        match app.store.lease_logout_notices(of, now, now.plus(LEASE), BATCH).await {
            Ok(notices) if notices.is_empty() => return,
            Ok(notices) => {
                let deliveries = notices.into_iter().map(|notice| deliver(app.clone(), notice));
                deliveries.collect::<JoinSet<()>>().join_all().await;
            }
            Err(error) => {
                tracing::error!(%error, "due logout notices cannot be taken; tried again in a second");
                return;
            }
        }
    }
}

/// One attempt, and what becomes of the notice. If that cannot be written down, the lease runs out and the client is told
/// once more: twice is harmless (§2.7), never is not.
async fn deliver(app: App, notice: LogoutNotice) {
    let sent = timeout(TIME_LIMIT, send(&app, &notice)).await.unwrap_or(Err(Undelivered::TooSlow));
    let now = app.clock.now();
    let settled = match (sent, next_attempt(notice.attempts, now)) {
        (Ok(()), _) => app.store.settle_logout_notice(&notice, None).await,
        (Err(cause), Some(again)) => {
            tracing::info!(
                client = %notice.client_id, attempt = notice.attempts, retry_in = again.since(now), %cause,
                "a client was not told of a sign-out"
            );
            app.store.put_off_logout_notice(&notice, again).await
        }
        (Err(cause), None) => {
            tracing::warn!(
                client = %notice.client_id, attempts = notice.attempts, %cause,
                "a client was not told of a sign-out, and is not tried again"
            );
            let target = format!("client:{}", notice.client_id);
            let detail = format!("session:{} of user:{}: {cause}", notice.session_id, notice.user_id);
            let audit = app.audit(&Origin::system(), "logout_token.give_up", target, detail);
            app.store.settle_logout_notice(&notice, Some(&audit)).await
        }
    };
    if let Err(error) = settled {
        tracing::error!(%error, client = %notice.client_id, "the outcome of a logout notice cannot be written down");
    }
}

/// §2.5: sends the logout token. A client without an address for it, or one that is switched off, has nothing to hear.
async fn send(app: &App, notice: &LogoutNotice) -> Result<(), Undelivered> {
    let Some(client) = app.store.client(&notice.client_id).await?.filter(|client| !client.disabled) else {
        return Ok(());
    };
    let Some(address) = &client.metadata.backchannel_logout_uri else { return Ok(()) };
    let token = LogoutToken::new(
        app.config.issuer.as_str(),
        &client.id,
        subject_of(app, &client, &notice.user_id),
        &notice.session_id,
        app.entropy.opaque_id().into(),
        app.clock.now(),
    );
    // §2.4: "The same keys are used to sign and encrypt Logout Tokens as are used for ID Tokens."
    let alg = signing_alg(&client.metadata);
    let token = id_token::protect(app, &client, alg, TYP, &token).await?;
    match app.outgoing.post_form(address, &[("logout_token", &token)]).await? {
        status if is_success(status) => Ok(()),
        status => Err(Undelivered::Status(status)),
    }
}
