//! `/sign-up`: making an account of one's own (Initiating User Registration 1.0, `prompt=create`), where the operator
//! lets everybody do so.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::browser::Browser;
use super::error::{PageError, sentence};
use super::extract::{CheckedForm, FormFields, QueryFields};
use super::flow::Flow;
use super::login::{self, Purpose};
use super::page::html;
use super::request_info::RequestInfo;
use crate::admin::{Refusal, users};
use crate::app::{App, Origin};
use crate::authn::by_new_account;
use crate::authn::throttle::{self, Counted};
use crate::i18n::{Words, key};
use crate::mail::to_users;
use crate::pages::{self, LoginProblem, Problem, describe_weakness};
use crate::protocol::profile::{self, UserInput};
use crate::protocol::registration::FieldProblem;
use crate::protocol::user::{User, UserProblem};
use crate::store::StoreError;

/// The form.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    must_be_open(&app)?;
    let flow = Flow::of_page(&app, params.get("flow"), &browser)?;
    let purpose = Purpose::of(&app, &browser, &flow).await?;
    let typed = Typed::expected(&purpose.login_hint);
    Ok(browser.remember(&app.config, show(purpose, typed, None)))
}

/// Makes the account and signs its user in.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    CheckedForm(form): CheckedForm,
) -> Result<Response, PageError> {
    must_be_open(&app)?;
    let flow = Flow::of_page(&app, form.get("flow"), &browser)?;
    let words = browser.locale.words_in(&flow);
    match create(&app, words, &info.anonymous(), &form).await? {
        Ok(user) => {
            let origin = info.anonymous().by_user(&user.id);
            to_users::ask_to_verify(&app, &origin, &user, words.language()).await;
            login::take_in(&app, &info, &headers, flow, by_new_account(&app, &user)).await
        }
        Err(refused) => {
            let purpose = Purpose::of(&app, &browser, &flow).await?;
            Ok(show(purpose, Typed::in_form(&form), Some(refused)))
        }
    }
}

fn must_be_open(app: &App) -> Result<(), PageError> {
    if app.config.accounts.sign_up { Ok(()) } else { Err(PageError::not_found(key("sign-up-closed"))) }
}

/// Why there is no account yet.
enum Refused {
    /// The form was not looked at.
    NotNow(LoginProblem),
    /// What is wrong with it.
    Mistakes(Vec<Problem>),
}

/// Makes the user that the form describes. Their address is not verified.
async fn create(
    app: &App,
    words: Words,
    origin: &Origin,
    form: &FormFields,
) -> Result<Result<User, Refused>, PageError> {
    let now = app.clock.now();
    // Every attempt counts, those that succeed too: nobody makes accounts by the thousand, or learns by trying which
    // there are.
    let counted = throttle::count(&app.store, &app.seals, &app.config.throttle, None, origin.ip, now).await?;
    let attempt = match counted {
        Counted::Allowed(attempt) => attempt,
        Counted::TooMany { retry_after } => {
            let retry_after_seconds = u64::try_from(retry_after).unwrap_or(1);
            return Ok(Err(Refused::NotNow(LoginProblem::TooManyAttempts { retry_after_seconds })));
        }
    };
    match create_user(app, origin, form).await {
        Ok(user) => Ok(Ok(user)),
        Err(Refusal::Busy) => {
            throttle::take_back(&app.store, &attempt).await?;
            Ok(Err(Refused::NotNow(LoginProblem::Busy)))
        }
        Err(Refusal::Invalid(problems)) => {
            Ok(Err(Refused::Mistakes(problems.iter().map(|problem| mistake(words, problem)).collect())))
        }
        Err(Refusal::WeakPassword(weakness)) => {
            let mistake = Problem::new("password", describe_weakness(&words, &weakness));
            Ok(Err(Refused::Mistakes(vec![mistake])))
        }
        // This tells that there is such an account. Of user names, which only one account can have, nothing else can be
        // said; and an address could only be kept quiet about where its owner is asked by mail instead.
        Err(Refusal::Store(StoreError::Taken(what))) => Ok(Err(Refused::Mistakes(vec![taken(words, what)]))),
        Err(other) => Err(other.into()),
    }
}

/// A rule of accounts that a form breaks, in words: each field of these forms has one.
pub(super) fn mistake(words: Words, problem: &FieldProblem) -> Problem {
    let said = match problem.field {
        "username" => words.text("mistake-username"),
        "email" => words.text("mistake-email"),
        "name" => words.text("mistake-name"),
        "password" => words.text("mistake-password"),
        _ => sentence(&problem.message).into(),
    };
    Problem::new(problem.field, said)
}

/// Another account has this name or address.
pub(super) fn taken(words: Words, what: &str) -> Problem {
    if what == "this e-mail address" {
        Problem::new("email", words.text("email-taken"))
    } else {
        Problem::new("username", words.text("username-taken"))
    }
}

async fn create_user(app: &App, origin: &Origin, form: &FormFields) -> Result<User, Refusal> {
    let text = |name| form.get(name).map(str::to_owned);
    let wanted = UserInput {
        username: text("username"),
        email: text("email"),
        name: text("name"),
        // Unlike an administrator's new user, this one cannot wait for a first password.
        password: Some(text("password").unwrap_or_default()),
        ..UserInput::default()
    };
    // Nor could anybody else be reached when the password is forgotten.
    if wanted.email.as_deref().is_none_or(|email| email.trim().is_empty()) {
        let mut problems = profile::check(&wanted, None).err().unwrap_or_default();
        problems.push(FieldProblem::new("email", UserProblem::Email));
        return Err(Refusal::Invalid(problems));
    }
    users::create(app, origin, wanted).await
}

/// What stands in the form; never the password.
struct Typed {
    username: String,
    email: String,
    name: String,
}

impl Typed {
    /// Core §3.1.2.1 `login_hint`: a user name or an address, as the application knows it.
    fn expected(hint: &str) -> Self {
        let (username, email) = if hint.contains('@') { ("", hint) } else { (hint, "") };
        Self { username: username.to_owned(), email: email.to_owned(), name: String::new() }
    }

    /// What was sent, as long as it is of any use.
    fn in_form(form: &FormFields) -> Self {
        let text = |name| form.get(name).unwrap_or_default().chars().take(254).collect();
        Self { username: text("username"), email: text("email"), name: text("name") }
    }
}

fn show(purpose: Purpose, typed: Typed, refused: Option<Refused>) -> Response {
    let (problem, mistakes) = match refused {
        None => (None, Vec::new()),
        Some(Refused::NotNow(problem)) => (Some(problem), Vec::new()),
        Some(Refused::Mistakes(mistakes)) => (None, mistakes),
    };
    let invalid = !mistakes.is_empty();
    let page = pages::SignUp {
        words: purpose.words,
        flow: purpose.flow,
        csrf: purpose.csrf,
        app: purpose.app,
        username: typed.username,
        email: typed.email,
        full_name: typed.name,
        problem,
        mistakes,
    };
    let mut response = html(&page, &purpose.csp);
    if invalid {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    match problem {
        Some(problem) => login::refused(response, problem),
        None => response,
    }
}
