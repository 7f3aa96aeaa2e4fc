//! `/login/upstream/{id}`, and back by `/upstream/{id}/callback`: signing in with an account at a provider elsewhere. What
//! the sign-in is for travels sealed in `state`, bound to the browser, and counts once.

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::authorize::{Asked, LONGEST_ADDRESS};
use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, FormFields, PathPart, QueryFields};
use super::flow::{Flow, Goal};
use super::known_device;
use super::login;
use super::page::Csp;
use super::request_info::RequestInfo;
use super::session::{self, Live, SignedIn};
use crate::account::linked;
use crate::admin::users;
use crate::app::App;
use crate::authn::means::has_providers_alone;
use crate::authn::throttle::{self, Counted};
use crate::authn::upstream::{CameBack, Pending, Providers, Vouched, begin, finish};
use crate::authn::{self, prove};
use crate::config::Upstream;
use crate::i18n::{Language, Phrase, key};
use crate::mail::Change;
use crate::mail::to_users::{self, Event, news};
use crate::pages::{Notice, UpstreamButton};
use crate::protocol::client_assertion::OneTimeId;
use crate::protocol::ids::{SessionId, UserId};
use crate::protocol::linking::{Decision, Identity, Link, NewAccount, Offer, Situation, decide};
use crate::protocol::params::Params;
use crate::protocol::profile::UserInput;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::upstream::{SignedInThere, UpstreamError, signed_in_there_at};
use crate::protocol::user::User;
use crate::sealing::Purpose;
use crate::store::{Linked, StoreError, Unique};

/// For how long the way back is open: people type passwords and look for their phones there.
const LONGEST: Duration = Duration::from_mins(10);

/// How often what others did meanwhile is looked at again, and how many user names are tried.
const TRIES: usize = 5;

/// A sign-in while it is at a provider.
#[derive(Serialize, Deserialize)]
struct Out {
    /// Its name at the gate.
    id: String,
    upstream: String,
    /// Who vouches for people there.
    voucher: String,
    flow: Flow,
    /// The session whose user wants the account there linked to theirs.
    links_to: Option<SessionId>,
    pending: Pending,
    expires_at: Timestamp,
}

/// Why somebody who came back is not signed in.
enum Problem {
    Upstream(UpstreamError),
    NoAccount,
    /// The identity is another account's, or this one holds as many as it can.
    NotLinked,
    /// The account is switched off, or lost the identity a moment ago.
    Closed,
    TooMany {
        retry_after_seconds: u64,
    },
}

impl Problem {
    /// Does the audit log have it? Not what a browser can bring about without end.
    fn is_noted(&self) -> bool {
        !matches!(
            self,
            Self::TooMany { .. } | Self::Upstream(UpstreamError::TooLate | UpstreamError::Replayed)
        )
    }
}

impl From<UpstreamError> for Problem {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

/// Somebody's return.
struct Return<'a> {
    app: &'a App,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    upstream: &'a Upstream,
    out: Out,
}

/// Sends the browser to the provider.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    headers: HeaderMap,
    PathPart(id): PathPart,
    CheckedForm(form): CheckedForm,
) -> Result<Response, PageError> {
    let mut flow = Flow::of_page(&app, form.get("flow"), &browser)?;
    flow.remember |= form.get("remember").is_some();
    let providers = knowing(&app, &id).await?;
    let upstream = named(&providers, &id)?;
    let anew_since = if asks_anew(&app, &headers, &flow).await? { Some(app.clock.now()) } else { None };
    match leave(&app, upstream, flow.clone(), None, anew_since).await? {
        Ok(response) => Ok(response),
        Err(problem) => login::after_upstream(&app, &browser, &flow, problem).await,
    }
}

/// Must the provider's user sign in there once more, whether or not they are signed in there? Whoever is signed in here and asked
/// all the same is to prove that it is still them; and so is everybody where the application wants to know how long ago it was.
async fn asks_anew(app: &App, headers: &HeaderMap, flow: &Flow) -> Result<bool, PageError> {
    if session::of_request(app, headers).await?.is_some() {
        return Ok(true);
    }
    let Some(params) = flow.params() else { return Ok(false) };
    let asked = Asked::load(app, &params).await?;
    Ok(asked.request.is_ok_and(|request| request.prompt.login || request.max_age.is_some()))
}

/// Sends the browser to a provider, to come back with an identity for this flow, signed in there since `anew_since` if that is set; or, with a session, for its user's account.
/// Answers why that cannot be done just now.
///
/// # Errors
/// Never for what fits into a request.
pub(crate) async fn leave(
    app: &App,
    upstream: &Upstream,
    flow: Flow,
    links_to: Option<SessionId>,
    anew_since: Option<Timestamp>,
) -> Result<Result<Response, Phrase>, PageError> {
    let out = Out {
        id: app.entropy.secret(),
        upstream: upstream.id.clone(),
        voucher: upstream.protocol.voucher(),
        flow,
        links_to,
        pending: Pending::new(&app.entropy, anew_since),
        expires_at: app.clock.now().plus(LONGEST),
    };
    let state = app.seals.seal(Purpose::Upstream, &out, &app.entropy)?;
    match begin(app, upstream, state, &out.pending).await {
        Ok(address) => Ok(Ok(Redirect::to(address.as_str()).into_response())),
        Err(error) => {
            tracing::info!(upstream = upstream.id, cause = %error, "nobody was sent to the upstream provider");
            Ok(Err(in_words(&error).about("provider", &upstream.name)))
        }
    }
}

/// The provider sends the browser back.
pub async fn callback(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    PathPart(id): PathPart,
    QueryFields(answer): QueryFields,
) -> Result<Response, PageError> {
    // Who was switched off a moment ago, on whichever node, signs nobody in any more.
    let providers = app.providers_anew().await?;
    let upstream = named(&providers, &id)?;
    let out = answer.get("state").and_then(|state| app.seals.open::<Out>(Purpose::Upstream, state).ok());
    // What was begun at one provider is not ended at another (RFC 9700 §4.4.2).
    let Some(out) =
        out.filter(|out| out.upstream == upstream.id && out.voucher == upstream.protocol.voucher())
    else {
        tracing::info!(upstream = upstream.id, "an answer to nothing that this server asked");
        let flow = Flow::of_page(&app, None, &browser)?;
        let unknown = key("upstream-unknown").about("provider", &upstream.name);
        return Ok(
            browser.remember(&app.config, login::after_upstream(&app, &browser, &flow, unknown).await?)
        );
    };
    out.flow.check(&app, &browser)?;
    let by_now;
    let mut there = Return { app: &app, browser, info, headers, upstream, out };
    let outcome = match there.identity(&answer).await? {
        Ok(came_back) => {
            // It took its time to answer, and may have been switched off meanwhile.
            by_now = app.providers_anew().await?;
            there.upstream = by_now
                .vouching(&id, &there.out.voucher)
                .ok_or_else(|| PageError::not_found(key("upstream-none")))?;
            there.welcome(came_back).await?
        }
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(response) => Ok(response),
        Err(problem) => there.turn_away(problem).await,
    }
}

/// What of an answer goes on.
const ANSWER: [&str; 5] = ["code", "state", "iss", "error", "user"];

/// The provider has the browser post its answer (OAuth 2.0 Form Post Response Mode). Another site's POST comes without the
/// cookies of this one (`SameSite=Lax`), and so it goes on as the GET that it would have been otherwise.
pub async fn callback_by_form(
    State(app): State<App>,
    PathPart(id): PathPart,
    FormFields(answer): FormFields,
) -> Result<Response, PageError> {
    let providers = knowing(&app, &id).await?;
    let upstream = named(&providers, &id)?;
    if !upstream.form_post {
        return Err(PageError::malformed("this provider's answers do not come by a form"));
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer.pairs().iter().filter(|(name, _)| ANSWER.contains(&name.as_str())));
    let address = format!("/upstream/{}/callback?{}", upstream.id, query.finish());
    if address.len() > LONGEST_ADDRESS {
        return Err(PageError::malformed("the answer is too long"));
    }
    Ok(Redirect::to(&address).into_response())
}

impl Return<'_> {
    /// Who came back, once.
    async fn identity(&self, answer: &Params) -> Result<Result<CameBack, Problem>, PageError> {
        let Self { app, info, upstream, out, .. } = self;
        let (store, now) = (&app.store, app.clock.now());
        if now.reached(out.expires_at) {
            return Ok(Err(UpstreamError::TooLate.into()));
        }
        let counted = throttle::count_return(store, &app.seals, &app.config.throttle, info.ip, now).await?;
        let attempt = match counted {
            Counted::Allowed(attempt) => attempt,
            Counted::TooMany { retry_after } => return Ok(Err(too_many(retry_after))),
        };
        let once = OneTimeId { id: format!("upstream {}", out.id), expires_at: out.expires_at };
        if !store.use_assertion(&once).await? {
            return Ok(Err(UpstreamError::Replayed.into()));
        }
        Ok(match finish(app, upstream, &out.pending, answer).await {
            Ok(identity) => {
                throttle::take_back(store, &attempt).await?;
                Ok(identity)
            }
            Err(error) => Err(error.into()),
        })
    }

    /// Finds or makes the account that an identity opens, and goes on.
    async fn welcome(&self, came_back: CameBack) -> Result<Result<Response, Problem>, PageError> {
        let app = self.app;
        let CameBack { identity, auth_time } = came_back;
        let asking = self.asking().await?;
        if self.out.links_to.is_some() && asking.is_none() {
            // Signed out meanwhile: nobody is there to be linked to.
            return Ok(Err(Problem::NotLinked));
        }
        let language = self.browser.locale.words_in(&self.out.flow).language();
        for _ in 0..TRIES {
            let linked = app.store.identity(&identity.upstream, &identity.subject).await?;
            let linked = linked.map(|linked| UserId::from(linked.user_id));
            let same_address = match &identity.email {
                Some(email) => app.store.user_by_login(email).await?,
                None => None,
            };
            let situation = Situation {
                linked_to: linked.as_ref(),
                asked_by: asking.as_ref().map(|asking| &asking.user.id),
                same_address: same_address.as_ref(),
                mails: app.mail.is_on(),
            };
            // Whatever is not as it was when it was decided is decided once more.
            let user = match decide(identity.clone(), self.upstream.policy, situation) {
                Decision::SignIn(user) => user,
                Decision::Link(link) if link_now(app, &self.info, &link, language).await? => {
                    link.user().clone()
                }
                Decision::Link(_) => continue,
                Decision::Create(account) => match self.create(&account).await? {
                    Ok(Some(user)) => user,
                    Ok(None) => continue,
                    Err(problem) => return Ok(Err(problem)),
                },
                Decision::SignInFirst => return self.offer(identity).map(Ok),
                Decision::SomebodyElses => return Ok(Err(Problem::NotLinked)),
                Decision::NoAccount => return Ok(Err(Problem::NoAccount)),
            };
            return match asking {
                Some(_) => Ok(Ok(linked::done(Notice::AccountLinked))),
                None => self.sign_in(&user, &identity, auth_time).await,
            };
        }
        Ok(Err(Problem::NotLinked))
    }

    /// Who asked on their account's page for a link, if they are signed in still.
    async fn asking(&self) -> Result<Option<Live>, PageError> {
        let Some(session) = &self.out.links_to else { return Ok(None) };
        let live = session::of_request(self.app, &self.headers).await?;
        Ok(live.filter(|live| live.session.id == *session))
    }

    /// Signs in the user whose identity it is.
    async fn sign_in(
        &self,
        user: &UserId,
        identity: &Identity,
        told: Option<Timestamp>,
    ) -> Result<Result<Response, Problem>, PageError> {
        let app = self.app;
        let user = app.store.asked_anew().user(user).await?.map(|user| (*user).clone());
        let own_page = matches!(self.out.flow.goal, Goal::Page(_));
        let known = SignedInThere {
            told,
            anew_since: self.out.pending.anew_since(),
            nothing_better: match &user {
                Some(user) if own_page => has_providers_alone(app, user).await?,
                _ => false,
            },
        };
        let at = match signed_in_there_at(known, app.clock.now()) {
            Ok(at) => at,
            Err(error) => return Ok(Err(error.into())),
        };
        let (origin, devices) = (self.info.anonymous(), known_device::of_request(app, &self.headers));
        match prove(app, &origin, &devices, Some(&identity.subject), user, &Vouched(identity)).await? {
            Ok(proved) => {
                let (flow, proof) = (self.out.flow.clone(), proved.proof.of_earlier(at));
                login::take_in(app, &self.info, &self.headers, flow, proof).await.map(Ok)
            }
            Err(authn::Refusal::TooManyAttempts { retry_after_seconds }) => {
                Ok(Err(Problem::TooMany { retry_after_seconds }))
            }
            Err(_) => Ok(Err(Problem::Closed)),
        }
    }

    /// Makes an account. Answers none where the address or the identity was taken meanwhile.
    async fn create(&self, account: &NewAccount) -> Result<Result<Option<UserId>, Problem>, PageError> {
        let Self { app, info, upstream, .. } = self;
        let (limits, now) = (&app.config.throttle, app.clock.now());
        // As with accounts that people make by a form.
        let counted = throttle::count_new_account(&app.store, &app.seals, limits, Some(info.ip), now).await?;
        if let Counted::TooMany { retry_after } = counted {
            return Ok(Err(too_many(retry_after)));
        }
        let identity = account.identity();
        for number in 0..TRIES {
            let ending: String = match number {
                0 => String::new(),
                _ => format!("-{}", app.entropy.opaque_id().chars().take(6).collect::<String>()),
            };
            let wanted = UserInput {
                username: Some(format!("{}{ending}", account.user_name())),
                email: identity.email.clone().filter(|_| !account.address_waits()),
                email_verified: Some(account.email_verified()),
                name: identity.name.clone(),
                ..UserInput::default()
            };
            let user = users::prepare(app, wanted).await.map_err(PageError::from)?;
            let detail = format!("{} by {}", user.username, upstream.id);
            let audit = app.audit(&info.anonymous(), "user.create", format!("user:{}", user.id), detail);
            let lost = account.claimant().map(|id| {
                let detail = "its unconfirmed address is somebody else's";
                app.audit(&info.anonymous(), "user.update", format!("user:{id}"), detail)
            });
            let id = app.entropy.opaque_id();
            match app.store.insert_user_with_identity(&id, &user, account, lost.as_ref(), &audit).await {
                Ok(()) => {
                    if account.address_waits() {
                        self.ask_to_confirm(&user, identity).await;
                    }
                    return Ok(Ok(Some(user.id)));
                }
                Err(StoreError::Taken(Unique::Username)) => {}
                Err(StoreError::Taken(_)) => return Ok(Ok(None)),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Ok(None))
    }

    /// Has a new user show that the address is theirs that nobody checked. They can ask for it again on their page.
    async fn ask_to_confirm(&self, user: &User, identity: &Identity) {
        let Some(address) = identity.email.clone() else { return };
        let origin = self.info.anonymous().by_user(&user.id);
        let language = self.browser.locale.words_in(&self.out.flow).language();
        let asked = to_users::link_to_another_address(self.app, &origin, user, address, language).await;
        if let Err(error) = asked {
            tracing::warn!(%error, "a new user is not asked to confirm their address");
        }
    }

    /// Somebody here has this address. Whoever signs in to that account may link the two.
    fn offer(&self, identity: Identity) -> Result<Response, PageError> {
        let mut flow = self.out.flow.clone();
        let voucher = self.out.voucher.clone();
        flow.offer = Some(Offer { identity, voucher, at: self.app.clock.now() });
        Ok(flow.go_to(self.app, "/login")?)
    }

    /// Says why, where it began.
    async fn turn_away(self, problem: Problem) -> Result<Response, PageError> {
        let asking = self.asking().await?;
        let Self { app, browser, info, upstream, out, .. } = self;
        let cause = match &problem {
            Problem::Upstream(error) => error.to_string(),
            Problem::NoAccount => "no account here, and none is made".to_owned(),
            Problem::NotLinked => "not linked".to_owned(),
            Problem::Closed => "the account is switched off".to_owned(),
            Problem::TooMany { .. } => "too many attempts".to_owned(),
        };
        tracing::info!(upstream = upstream.id, cause, "an upstream provider signed nobody in");
        if problem.is_noted() {
            let detail = format!("{}: {cause}", upstream.id);
            let audit = app.audit(&info.anonymous(), "upstream.refused", "user:unknown".to_owned(), detail);
            app.store.audit(&audit).await?;
        }
        let said = match problem {
            Problem::TooMany { retry_after_seconds } => {
                let refusal = authn::Refusal::TooManyAttempts { retry_after_seconds };
                return login::again(app, &browser, &out.flow, refusal).await;
            }
            Problem::Upstream(error) => in_words(&error),
            Problem::NoAccount => key("upstream-no-account"),
            Problem::NotLinked => key("upstream-not-linked"),
            Problem::Closed => key("upstream-closed"),
        };
        let said = said.about("provider", &upstream.name);
        match asking {
            Some(Live { session, user }) => {
                let powers = session::powers_of(app, &user).await?;
                linked::again(app, &SignedIn { user, session, browser, powers }, said).await
            }
            None => login::after_upstream(app, &browser, &out.flow, said).await,
        }
    }
}

/// Links an identity, of which the account's owner is told in this language. Answers whether it is linked now.
///
/// # Errors
/// The database is unavailable.
pub(super) async fn link_now(
    app: &App,
    info: &RequestInfo,
    link: &Link,
    language: Language,
) -> Result<bool, PageError> {
    let origin = info.anonymous().by_user(link.user());
    let id = app.entropy.opaque_id();
    let detail = format!("{} {}", link.identity().upstream, link.identity().label());
    let audit = app.audit(&origin, "identity.link", format!("identity:{id}"), detail);
    let identity = link.identity();
    let change = Change::AccountLinked {
        provider: app.providers().await?.name_of(&identity.upstream),
        label: identity.label().to_owned(),
    };
    let user = app.store.user(link.user()).await?;
    let news = user.and_then(|user| news(app, &origin, &user, language, Event::Methods(change)));
    let noted = audit.telling(news.as_ref());
    Ok(app.store.link_identity(&id, link, app.clock.now(), noted).await? == Linked::Now)
}

/// The providers; looked at anew where this one is not among those that are remembered.
///
/// # Errors
/// The database is unavailable.
pub(crate) async fn knowing(app: &App, id: &str) -> Result<Providers, PageError> {
    let known = app.providers().await?;
    Ok(if known.get(id).is_some() { known } else { app.providers_anew().await? })
}

/// The provider with this id.
pub(crate) fn named<'a>(providers: &'a Providers, id: &str) -> Result<&'a Upstream, PageError> {
    providers.get(id).ok_or_else(|| PageError::not_found(key("upstream-none")))
}

/// A button for every provider.
pub(crate) fn buttons(providers: &Providers) -> Vec<UpstreamButton> {
    let button =
        |upstream: &Upstream| UpstreamButton { id: upstream.id.clone(), name: upstream.name.clone() };
    providers.iter().map(button).collect()
}

/// Lets a page's forms lead to every provider: Chromium applies `form-action` to where a redirect of ours goes, too.
pub(crate) fn reachable(providers: &Providers, csp: Csp) -> Csp {
    providers.iter().fold(csp, |csp, upstream| csp.form_to(upstream.origin()))
}

fn too_many(retry_after: i64) -> Problem {
    Problem::TooMany { retry_after_seconds: u64::try_from(retry_after).unwrap_or(1) }
}

/// For people; the cause is in the log.
fn in_words(error: &UpstreamError) -> Phrase {
    match error {
        UpstreamError::Denied => key("upstream-denied"),
        UpstreamError::Refused(_) => key("upstream-refused"),
        UpstreamError::MixUp => key("upstream-mix-up"),
        UpstreamError::Unreachable(_) => key("upstream-unreachable"),
        UpstreamError::NotBelieved(_) => key("upstream-not-believed"),
        UpstreamError::Replayed => key("upstream-replayed"),
        UpstreamError::TooLate => key("upstream-too-late"),
        UpstreamError::NotAnew => key("upstream-not-anew"),
    }
}
