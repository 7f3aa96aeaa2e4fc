//! `/account/profile`: what applications may be told about oneself, and the address that mail goes to.
//!
//! The user name is an administrator's to change: applications know people by it (`preferred_username`), and one that is given
//! up could be taken by somebody else.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::shell;
use crate::admin::{Refusal, users};
use crate::app::App;
use crate::authn::throttle::{self, Counted};
use crate::http::error::PageError;
use crate::http::extract::{OwnForm, QueryFields};
use crate::http::page::{Csp, html};
use crate::http::request_info::RequestInfo;
use crate::http::session::{JustSignedIn, SignedIn};
use crate::i18n::{Words, key};
use crate::mail::to_users;
use crate::pages::{self, Notice, Page, Problem, duration, profile_label};
use crate::protocol::profile::UserInput;
use crate::protocol::registration::FieldProblem;
use crate::protocol::standard_claims::StandardClaims;
use crate::protocol::user::{User, canonical_email};
use crate::store::StoreError;

/// The profile.
pub async fn show(
    State(app): State<App>,
    me: SignedIn,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let user = users::find(&app, me.user.id.as_str()).await?;
    let page = pages::Profile {
        notice: query.get("done").and_then(Notice::parse),
        waiting: app.store.waiting_address(&user.id, app.clock.now()).await?,
        ..page(&app, &me, &user, &UserInput::from(&user))
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Changes it; name and claims only, whatever else the form sends.
pub async fn save(
    State(app): State<App>,
    me: SignedIn,
    info: RequestInfo,
    OwnForm(form): OwnForm,
) -> Result<Response, PageError> {
    let before = users::find(&app, me.user.id.as_str()).await?;
    let text = |name: &'static str| form.get(name).map(str::to_owned);
    let wanted = UserInput {
        name: text("name"),
        claims: StandardClaims::from_texts(text),
        ..UserInput::from(&before)
    };
    match users::store_change(&app, &me.origin(&info), &before, &wanted, me.browser.locale.words().language())
        .await
    {
        Ok(_) => Ok(done(Notice::ProfileSaved)),
        Err(Refusal::Invalid(problems)) => {
            let words = me.browser.locale.words();
            let problems = problems.iter().map(|problem| mistake(&words, problem)).collect();
            let page = pages::Profile { problems, ..page(&app, &me, &before, &wanted) };
            Ok(shown(&app, &me, StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(other) => Err(other.into()),
    }
}

fn page(app: &App, me: &SignedIn, user: &User, typed: &UserInput) -> pages::Profile {
    let told = |text: Option<&str>| text.unwrap_or_default().to_owned();
    pages::Profile {
        shell: shell(app, me.browser.locale.words(), me),
        username: user.username.clone(),
        email: told(user.email.as_deref()),
        email_verified: user.email_verified,
        waiting: None,
        full_name: told(typed.name.as_deref()),
        claims: typed.claims.texts().into_iter().map(|(name, text)| (name, told(text))).collect(),
        problems: Vec::new(),
        notice: None,
    }
}

/// A rule of profiles that the form breaks, in words.
fn mistake(words: &Words, problem: &FieldProblem) -> Problem {
    let said = match profile_label(problem.field) {
        Some(label) => words.with("mistake-claim", "field", words.phrase(&label)),
        None => words.text("mistake-name"),
    };
    Problem::new(problem.field, said)
}

/// The form for another address. Whoever has the mailbox can get into the account.
pub async fn new_address(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
) -> Result<Response, PageError> {
    must_be_kept_here(&app, &me.user).await?;
    Ok(address_page(&app, &me, StatusCode::OK, "", Vec::new()))
}

/// A directory would have its own address back at the next sign-in.
pub(crate) async fn must_be_kept_here(app: &App, user: &User) -> Result<(), PageError> {
    if app.directory.is_some() && app.store.entry_of_user(&user.id).await?.is_some() {
        return Err(PageError::forbidden(key("address-of-directory"), key("password-of-directory-fix")));
    }
    Ok(())
}

/// Asks for another address. Where mail is sent, the account has the one that it had until the other is confirmed by what is mailed
/// there, and the answer is the same whomever it belongs to. Elsewhere it is changed at once, and counts as unconfirmed.
pub async fn change_address(
    State(app): State<App>,
    JustSignedIn(me): JustSignedIn,
    info: RequestInfo,
    OwnForm(form): OwnForm,
) -> Result<Response, PageError> {
    must_be_kept_here(&app, &me.user).await?;
    let words = me.browser.locale.words();
    let typed = form.get("email").unwrap_or_default();
    let again = |status, problem| Ok(address_page(&app, &me, status, typed, vec![problem]));
    let Ok(email) = canonical_email(typed) else {
        return again(StatusCode::UNPROCESSABLE_ENTITY, Problem::new("email", words.text("mistake-email")));
    };
    let before = users::find(&app, me.user.id.as_str()).await?;
    if before.email.as_deref() == Some(email.as_str()) {
        return Ok(done(Notice::AddressChanged));
    }
    // As at a sign-up: nobody has mail sent by the thousand, or, where none is sent, learns which accounts there are.
    let now = app.clock.now();
    let limits = &app.config.throttle;
    let counted = throttle::count_new_account(&app.store, &app.seals, limits, Some(info.ip), now).await?;
    if let Counted::TooMany { retry_after } = counted {
        let wait = duration(&words, &u64::try_from(retry_after).unwrap_or(1));
        let said = words.with("too-many-attempts", "wait", wait);
        return again(StatusCode::TOO_MANY_REQUESTS, Problem::new("email", said));
    }
    if app.mail.is_on() {
        to_users::link_to_another_address(&app, &me.origin(&info), &before, email, words.language()).await?;
        return Ok(done(Notice::AddressMailed));
    }
    let wanted = UserInput { email: Some(email), ..UserInput::from(&before) };
    match users::store_change(&app, &me.origin(&info), &before, &wanted, me.browser.locale.words().language())
        .await
    {
        Ok(_) => {}
        Err(Refusal::Store(StoreError::Taken(_))) => {
            return again(StatusCode::CONFLICT, Problem::new("email", words.text("email-taken")));
        }
        Err(other) => return Err(other.into()),
    }
    Ok(done(Notice::AddressChanged))
}

fn address_page(
    app: &App,
    me: &SignedIn,
    status: StatusCode,
    typed: &str,
    problems: Vec<Problem>,
) -> Response {
    let page = pages::NewAddress {
        shell: shell(app, me.browser.locale.words(), me),
        confirmed_first: app.mail.is_on(),
        told: me.user.email.clone().filter(|_| me.user.email_verified && app.mail.is_on()),
        email: typed.chars().take(254).collect(),
        problems,
    };
    shown(app, me, status, &page)
}

fn done(notice: Notice) -> Response {
    Redirect::to(&format!("/account/profile?done={}", notice.code())).into_response()
}

fn shown(app: &App, me: &SignedIn, status: StatusCode, page: &impl Page) -> Response {
    let mut response = me.browser.remember(&app.config, html(page, &Csp::default()));
    *response.status_mut() = status;
    response
}
