//! `/account/sign-in`: what one proves who one is with. Every change asks for a sign-in of the last minutes.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::shell;
use crate::app::App;

use crate::authn::recovery_code;
use crate::authn::totp::{Shared, qr_path};
use crate::http::error::PageError;
use crate::http::extract::{OwnForm, PathPart, QueryFields};
use crate::http::known_device;
use crate::http::page::{Csp, html};
use crate::http::passkey::asking;
use crate::http::request_info::RequestInfo;
use crate::http::session::{self, JustSignedIn, SignedIn};
use crate::i18n::key;
use crate::mail::Change;
use crate::mail::to_users::{Event, news};
use crate::pages::{self, Notice, PasskeyChallenge, PasskeyRow, describe_device};
use crate::protocol::sign_in::Method;
use crate::sealing::Purpose;
use crate::store::{AuthenticatorApp, News, StoredPasskey};

/// A passkey's name is as long as this at most, in characters.
const LONGEST_NAME: usize = 60;

/// The page.
pub async fn show(
    State(app): State<App>,
    me: SignedIn,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let notice = query.get("done").and_then(Notice::parse);
    let means = app.store.means(&me.user.id).await?;
    let authenticator = app.store.authenticator_app(&me.user.id).await?;
    let passkeys = app.store.passkeys_of_user(&me.user.id).await?;
    let page = pages::SignInMethods {
        shell: shell(&app, me.browser.locale.words(), &me),
        has_password: me.user.password_hash.is_some(),
        passkeys_possible: app.passkeys.is_possible(),
        signals: app.passkeys.signals_of_user(&me.user, &passkeys),
        passkeys: passkeys.into_iter().map(row).collect(),
        app_since: authenticator.map(|authenticator| authenticator.created_at),
        recovery_codes: u64::try_from(means.recovery_codes).unwrap_or(0),
        upstreams: !app.providers().await?.is_empty(),
        notice,
    };
    Ok(me.browser.remember(&app.config, html(&page, &Csp::default().script())))
}

fn row(passkey: StoredPasskey) -> PasskeyRow {
    PasskeyRow {
        id: passkey.id,
        name: passkey.name,
        since: passkey.created_at,
        last_used: (passkey.last_used_at > passkey.created_at).then_some(passkey.last_used_at),
    }
}

/// A new secret for an authenticator app, which nothing keeps until its first code is right.
pub async fn new_app(State(app): State<App>, JustSignedIn(me): JustSignedIn) -> Result<Response, PageError> {
    let shared = Shared::new(me.user.id.clone(), &app.entropy);
    app_page(&app, &me, &shared, false)
}

/// The first code: the app is set up, with new recovery codes.
pub async fn add_app(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
    info: RequestInfo,
    headers: HeaderMap,
    OwnForm(form): OwnForm,
) -> Result<Response, PageError> {
    let sealed = form.get("secret").unwrap_or_default();
    let shared = app.seals.open::<Shared>(Purpose::AuthenticatorApp, sealed).ok();
    let shared = shared.filter(|shared| shared.user == me.user.id).ok_or_else(|| {
        PageError::malformed("the secret is not one that this server made for this account")
    })?;
    let now = app.clock.now();
    let Some(step) = shared.step_of(form.get("code").unwrap_or_default(), now) else {
        return app_page(&app, &me, &shared, true);
    };
    let (codes, hashes) = recovery_code::make(&app.entropy);
    let authenticator = AuthenticatorApp {
        sealed_secret: sealed.to_owned(),
        last_step: step,
        created_at: now.0,
        last_used_at: now.0,
    };
    let audit = app.audit(&me.origin(&info), "app.add", format!("user:{}", me.user.id), "");
    let news = tell(&app, &me, &info, Event::Methods(Change::AppAdded));
    let noted = audit.telling(news.as_ref());
    app.store.set_authenticator_app(&me.user.id, &authenticator, &hashes, noted).await?;
    let mut response = codes_page(&app, &me, codes);
    let devices = known_device::of_request(&app, &headers);
    match session::raise(&app, &info, &devices, &me.session, Method::Totp).await? {
        Some(cookies) => cookies.set_on(&mut response),
        None => known_device::remember(&app, &headers, &me.user, &mut response).await?,
    }
    Ok(response)
}

/// Removes the app and the recovery codes.
pub async fn remove_app(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
    info: RequestInfo,
    headers: HeaderMap,
    _: OwnForm,
) -> Result<Response, PageError> {
    let audit = app.audit(&me.origin(&info), "app.remove", format!("user:{}", me.user.id), "");
    let news = tell(&app, &me, &info, Event::Methods(Change::AppRemoved));
    if app.store.remove_authenticator_app(&me.user.id, audit.telling(news.as_ref())).await? {
        let mut response = done(Notice::AppRemoved);
        known_device::remember(&app, &headers, &me.user, &mut response).await?;
        Ok(response)
    } else {
        Err(PageError::not_found(key("app-none")))
    }
}

/// New recovery codes in place of the old ones.
pub async fn new_recovery_codes(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
    info: RequestInfo,
    _: OwnForm,
) -> Result<Response, PageError> {
    if app.store.authenticator_app(&me.user.id).await?.is_none() {
        return Err(PageError::not_found(key("codes-without-app")));
    }
    let (codes, hashes) = recovery_code::make(&app.entropy);
    let audit = app.audit(&me.origin(&info), "recovery_codes.make", format!("user:{}", me.user.id), "");
    let news = tell(&app, &me, &info, Event::Methods(Change::RecoveryCodesMade));
    app.store.set_recovery_codes(&me.user.id, &hashes, audit.telling(news.as_ref())).await?;
    Ok(codes_page(&app, &me, codes))
}

/// The page that makes a passkey.
pub async fn new_passkey(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
    info: RequestInfo,
) -> Result<Response, PageError> {
    let existing = app.store.passkeys_of_user(&me.user.id).await?;
    let challenge = app.passkeys.begin_registration(&me.user, &existing, &asking(&app, &me.browser))?;
    let page = pages::NewPasskey {
        shell: shell(&app, me.browser.locale.words(), &me),
        name: describe_device(&me.browser.locale.words(), &info.user_agent),
        passkey: PasskeyChallenge { options: challenge.options, sealed: challenge.sealed },
    };
    Ok(me.browser.remember(&app.config, html(&page, &Csp::default().script())))
}

/// Keeps a passkey that was just made.
pub async fn add_passkey(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
    info: RequestInfo,
    headers: HeaderMap,
    OwnForm(form): OwnForm,
) -> Result<Response, PageError> {
    let field = |name| form.get(name).unwrap_or_default();
    let new = app.passkeys.finish_registration(
        &me.user,
        field("challenge"),
        field("credential"),
        &asking(&app, &me.browser),
    )?;
    let now = app.clock.now().0;
    let passkey = StoredPasskey {
        id: new.id,
        user_id: me.user.id.to_string(),
        name: name_of(field("name"))
            .unwrap_or_else(|| describe_device(&me.browser.locale.words(), &info.user_agent)),
        credential: new.credential,
        sign_count: 0,
        created_at: now,
        last_used_at: now,
    };
    let audit =
        app.audit(&me.origin(&info), "passkey.add", format!("passkey:{}", passkey.id), &passkey.name[..]);
    let news = tell(&app, &me, &info, Event::PasskeyAdded(&passkey.name));
    if app.store.add_passkey(&passkey, audit.telling(news.as_ref())).await? {
        let mut response = done(Notice::PasskeyAdded);
        let devices = known_device::of_request(&app, &headers);
        let raised = session::raise(&app, &info, &devices, &me.session, Method::Passkey).await?;
        if let Some(cookies) = raised {
            cookies.set_on(&mut response);
        }
        Ok(response)
    } else {
        Err(PageError::new(
            StatusCode::CONFLICT,
            key("passkey-not-added-title"),
            key("passkey-not-added"),
            key("passkey-not-added-fix"),
        ))
    }
}

/// Gives a passkey another name.
pub async fn rename_passkey(
    State(app): State<App>,
    me: SignedIn,
    PathPart(id): PathPart,
    OwnForm(form): OwnForm,
) -> Result<Response, PageError> {
    let Some(name) = name_of(form.get("name").unwrap_or_default()) else {
        return Err(PageError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            key("passkey-name-title"),
            key("passkey-name"),
            key("passkey-name-fix"),
        ));
    };
    if app.store.rename_passkey(&me.user.id, &id, &name).await? {
        Ok(done(Notice::PasskeyRenamed))
    } else {
        Err(no_such_passkey())
    }
}

/// Removes a passkey.
pub async fn remove_passkey(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let audit = app.audit(&me.origin(&info), "passkey.remove", format!("passkey:{id}"), "");
    // As it is now: one that was switched off a moment ago is no way to sign in.
    let providers = app.providers_anew().await?;
    let usable = providers.ids();
    let passkeys = app.store.passkeys_of_user(&me.user.id).await?;
    let Some(passkey) = passkeys.into_iter().find(|passkey| passkey.id == id) else {
        return Err(no_such_passkey());
    };
    let change = Change::PasskeyRemoved { passkey: passkey.name };
    let news = tell(&app, &me, &info, Event::Methods(change));
    let noted = audit.telling(news.as_ref());
    if app.store.remove_spare_passkey(&me.user.id, &id, &usable, noted).await? {
        return Ok(done(Notice::PasskeyRemoved));
    }
    if !app.store.passkeys_of_user(&me.user.id).await?.iter().any(|passkey| passkey.id == id) {
        return Err(no_such_passkey());
    }
    Err(PageError::new(StatusCode::CONFLICT, key("only-way-title"), key("only-way"), key("only-way-fix")))
}

fn no_such_passkey() -> PageError {
    PageError::not_found(key("no-such-passkey"))
}

/// What the owner is told of.
fn tell(app: &App, me: &SignedIn, info: &RequestInfo, event: Event<'_>) -> Option<News> {
    news(app, &me.origin(info), &me.user, me.browser.locale.words().language(), event)
}

/// A name as it was typed, if it is one.
fn name_of(text: &str) -> Option<String> {
    let name: String =
        text.trim().chars().filter(|c| !crate::protocol::user::changes_the_text_around(*c)).collect();
    (!name.is_empty() && name.chars().count() <= LONGEST_NAME).then_some(name)
}

fn done(notice: Notice) -> Response {
    Redirect::to(&format!("/account/sign-in?done={}", notice.code())).into_response()
}

fn app_page(app: &App, me: &SignedIn, shared: &Shared, wrong: bool) -> Result<Response, PageError> {
    let account = me.user.email.as_deref().unwrap_or(&me.user.username);
    let address = shared
        .address(&app.config.issuer.host(), account)
        .map_err(|error| PageError::unavailable(&format!("{error:?}")))?;
    let (qr, width) = qr_path(&address).ok_or_else(|| PageError::unavailable(&"the QR code is too large"))?;
    let page = pages::NewApp {
        shell: shell(app, me.browser.locale.words(), me),
        sealed: app.seals.seal(Purpose::AuthenticatorApp, shared, &app.entropy)?,
        secret: grouped(shared.base32()),
        address,
        qr,
        width,
        wrong,
    };
    let mut response = html(&page, &Csp::default());
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(me.browser.remember(&app.config, response))
}

/// In fours, as people type.
fn grouped(secret: &str) -> String {
    let characters: Vec<char> = secret.chars().collect();
    characters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

fn codes_page(app: &App, me: &SignedIn, codes: Vec<String>) -> Response {
    let page = pages::RecoveryCodes { shell: shell(app, me.browser.locale.words(), me), codes };
    me.browser.remember(&app.config, html(&page, &Csp::default()))
}
