//! `/sign-up`: making an account of one's own (Initiating User Registration 1.0, `prompt=create`), where the operator
//! lets everybody do so. Where mail is sent, it begins with the address: nobody learns which addresses have accounts, and
//! `/invitation` goes on.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::browser::Browser;
use super::error::{PageError, sentence};
use super::extract::{CheckedForm, FormFields, QueryFields};
use super::flow::Flow;
use super::login::{self, Purpose};
use super::page::{Csp, html};
use super::request_info::RequestInfo;
use crate::admin::{Refusal, users};
use crate::app::{App, Origin};
use crate::authn::by_new_account;
use crate::authn::throttle::{self, Counted, CountedAttempt};
use crate::i18n::{Language, Words, key};
use crate::mail::{Link, Mail, MailError, Message};
use crate::pages::{self, LoginProblem, Problem, describe_weakness};
use crate::protocol::profile::{self, UserInput};
use crate::protocol::registration::FieldProblem;
use crate::protocol::secret::sha256_hex;
use crate::protocol::user::{User, UserProblem, canonical_email};
use crate::store::{Carried, Invitation, StoreError, Unique};

/// How long the link of a sign-up works: as long as the sign-in that it is part of.
const LINK_WORKS_FOR: Duration = Duration::from_hours(1);

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
    Ok(browser.remember(&app.config, show(&app, purpose, typed, None)))
}

/// Makes the account and signs its user in; or, where mail is sent, mails a link that goes on.
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
    let refused = if app.mail.is_on() {
        match ask_by_mail(&app, &words, &info, &flow, &form).await? {
            Ok(answer) => return Ok(answer),
            Err(refused) => refused,
        }
    } else {
        match create(&app, &words, &info.anonymous(), &form).await? {
            Ok(user) => {
                return login::take_in(&app, &info, &headers, flow, by_new_account(&app, &user)).await;
            }
            Err(refused) => refused,
        }
    };
    let purpose = Purpose::of(&app, &browser, &flow).await?;
    Ok(show(&app, purpose, Typed::in_form(&form), Some(refused)))
}

fn must_be_open(app: &App) -> Result<(), PageError> {
    if app.config.sign_up.is_open() { Ok(()) } else { Err(PageError::not_found(key("sign-up-closed"))) }
}

/// Why there is no account yet.
pub(super) enum Refused {
    /// The form was not looked at.
    NotNow(LoginProblem),
    /// What is wrong with it.
    Mistakes(Vec<Problem>),
}

impl Refused {
    /// As a page shows it.
    pub(super) fn parts(refused: Option<Self>) -> (Option<LoginProblem>, Vec<Problem>) {
        match refused {
            None => (None, Vec::new()),
            Some(Self::NotNow(problem)) => (Some(problem), Vec::new()),
            Some(Self::Mistakes(mistakes)) => (None, mistakes),
        }
    }

    fn too_many(seconds: i64) -> Self {
        Self::NotNow(LoginProblem::TooManyAttempts {
            retry_after_seconds: u64::try_from(seconds).unwrap_or(1),
        })
    }
}

/// Counts an attempt to make an account. Every attempt counts, those that succeed too: nobody makes accounts by the
/// thousand, or learns by trying which there are.
pub(super) async fn counted(
    app: &App,
    origin: &Origin,
) -> Result<Result<CountedAttempt, Refused>, PageError> {
    let now = app.clock.now();
    let counted =
        throttle::count_new_account(&app.store, &app.seals, &app.config.throttle, origin.ip, now).await?;
    Ok(match counted {
        Counted::Allowed(attempt) => Ok(attempt),
        Counted::TooMany { retry_after } => Err(Refused::too_many(retry_after)),
    })
}

/// Why an account was not made, for the page.
pub(super) async fn in_words(
    app: &App,
    words: &Words,
    attempt: &CountedAttempt,
    refusal: Refusal,
) -> Result<Refused, PageError> {
    match refusal {
        Refusal::Busy => {
            throttle::take_back(&app.store, attempt).await?;
            Ok(Refused::NotNow(LoginProblem::Busy))
        }
        Refusal::Invalid(problems) => {
            Ok(Refused::Mistakes(problems.iter().map(|problem| mistake(words, problem)).collect()))
        }
        Refusal::WeakPassword(weakness) => {
            let mistake = Problem::new("password", describe_weakness(words, &weakness));
            Ok(Refused::Mistakes(vec![mistake]))
        }
        // This tells that there is such an account. Of user names, which only one account can have, nothing else can be
        // said; about an address nothing is said where its owner can be asked by mail.
        Refusal::Store(StoreError::Taken(what)) => Ok(Refused::Mistakes(vec![taken(words, what)])),
        other => Err(other.into()),
    }
}

/// Makes the user that the form describes. Their address is not verified.
async fn create(
    app: &App,
    words: &Words,
    origin: &Origin,
    form: &FormFields,
) -> Result<Result<User, Refused>, PageError> {
    let attempt = match counted(app, origin).await? {
        Ok(attempt) => attempt,
        Err(refused) => return Ok(Err(refused)),
    };
    match create_user(app, origin, form).await {
        Ok(user) => Ok(Ok(user)),
        Err(refusal) => Ok(Err(in_words(app, words, &attempt, refusal).await?)),
    }
}

/// Mails a link that goes on, or, to an address that has an account, that it has one. The answer is the same for every
/// address, and does not wait to find out.
async fn ask_by_mail(
    app: &App,
    words: &Words,
    info: &RequestInfo,
    flow: &Flow,
    form: &FormFields,
) -> Result<Result<Response, Refused>, PageError> {
    let Ok(email) = canonical_email(form.get("email").unwrap_or_default()) else {
        let problem = FieldProblem::new("email", UserProblem::Email);
        return Ok(Err(Refused::Mistakes(vec![mistake(words, &problem)])));
    };
    let now = app.clock.now();
    let wait = throttle::count_mail(&app.store, &app.seals, &app.config.throttle, info.ip, now).await?;
    if let Some(seconds) = wait {
        return Ok(Err(Refused::too_many(seconds)));
    }
    let sealed = flow.seal(app)?;
    let page = pages::SignUpSent { words: words.clone(), flow: sealed.clone(), email: email.clone() };
    let response = html(&page, &Csp::default());
    let client_id = flow.params().and_then(|params| params.get("client_id").map(str::to_owned));
    let asked =
        Asked { email, language: words.language(), flow: sealed, client_id, origin: info.anonymous() };
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(error) = asked.answer(&app).await {
            tracing::error!(%error, "the answer to a sign-up was not mailed");
        }
    });
    Ok(Ok(response))
}

/// Who wants an account at this address.
struct Asked {
    email: String,
    language: Language,
    flow: String,
    client_id: Option<String>,
    origin: Origin,
}

impl Asked {
    async fn answer(self, app: &App) -> Result<(), MailError> {
        let Self { email, language, flow, client_id, origin } = self;
        let issuer = &app.config.issuer;
        // Whoever has the address without having shown that it is theirs does not keep its owner out, or get it told as theirs.
        let known = app.store.user_by_login(&email).await?;
        if let Some(user) = known.filter(|user| user.email_verified) {
            let message = Message::AccountExists { account: user.username, link: Link::to(issuer, "/login") };
            app.mail.send(app, Mail { to: &email, language, message }).await?;
            return Ok(());
        }
        let token = app.entropy.secret();
        let link = Link::to(issuer, &format!("/invitation?token={token}"));
        let message = Message::SignUp { link, works_for: LINK_WORKS_FOR };
        let now = app.clock.now();
        let invitation = Invitation {
            id: app.entropy.ordered_id(&app.clock),
            email: email.clone(),
            self_asked: true,
            username: String::new(),
            is_admin: false,
            mailed: true,
            client_id: client_id.unwrap_or_default(),
            flow,
            created_at: now.0,
            expires_at: now.plus(LINK_WORKS_FOR).0,
        };
        let target = format!("invitation:{}", invitation.id);
        let audit = app.audit(&origin, "sign_up.ask", target, &invitation.email[..]);
        let token_hash = sha256_hex(&token);
        let carried = Carried::Invitation(&invitation, &token_hash, &audit);
        app.mail.send_with(app, Mail { to: &email, language, message }, carried).await?;
        Ok(())
    }
}

/// A rule of accounts that a form breaks, in words: each field of these forms has one.
pub(super) fn mistake(words: &Words, problem: &FieldProblem) -> Problem {
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
pub(super) fn taken(words: &Words, what: Unique) -> Problem {
    if what == Unique::Email {
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
    users::insert(app, origin, wanted).await
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

fn show(app: &App, purpose: Purpose, typed: Typed, refused: Option<Refused>) -> Response {
    let (problem, mistakes) = Refused::parts(refused);
    let invalid = !mistakes.is_empty();
    let mut response = if app.mail.is_on() {
        let page = pages::SignUpByMail {
            words: purpose.words,
            flow: purpose.flow,
            csrf: purpose.csrf,
            app: purpose.app,
            email: typed.email,
            problem,
            mistakes,
        };
        html(&page, &purpose.csp)
    } else {
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
        html(&page, &purpose.csp)
    };
    if invalid {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    match problem {
        Some(problem) => login::refused(response, problem),
        None => response,
    }
}
