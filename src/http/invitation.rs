//! `/invitation`: the one-time link of a mail, by which its reader makes the account of the address that it went to: whom an
//! administrator invited, and whoever signs up where everybody may.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use url::Url;

use super::browser::Browser;
use super::error::PageError;
use super::extract::{CheckedForm, FormFields, QueryFields};
use super::flow::{Flow, Goal};
use super::login;
use super::page::{Csp, html};
use super::passkey::asking;
use super::request_info::RequestInfo;
use super::sign_up::{Refused, counted, in_words};
use crate::admin::users;
use crate::app::App;
use crate::authn::by_new_account;
use crate::config::SignUpMode;
use crate::i18n::key;
use crate::pages::{self, FirstKey, PasskeyChallenge, Problem, describe_device};
use crate::protocol::client::Client;
use crate::protocol::ids::UserId;
use crate::protocol::profile::UserInput;
use crate::protocol::secret::sha256_hex;
use crate::protocol::user::canonical_username;
use crate::store::{Invitation, StoreError, StoredPasskey, Unique};

/// The form, as long as the link works. Looking at it does not use it up.
pub async fn get(
    State(app): State<App>,
    browser: Browser,
    QueryFields(params): QueryFields,
) -> Result<Response, PageError> {
    let invited = Invited::by(&app, params.get("token")).await?;
    let username = invited.proposed_username(&app).await?;
    let typed = Typed { username, name: String::new() };
    Ok(browser.remember(&app.config, invited.show(&app, &browser, typed, None, None)?))
}

/// Makes the account, signs its user in, and leads them where the invitation leads.
pub async fn post(
    State(app): State<App>,
    browser: Browser,
    info: RequestInfo,
    headers: HeaderMap,
    CheckedForm(form): CheckedForm,
) -> Result<Response, PageError> {
    let invited = Invited::by(&app, form.get("token")).await?;
    let made = form.get("challenge").zip(form.get("credential"));
    let again = |made, refused| invited.show(&app, &browser, Typed::in_form(&form), made, Some(refused));
    let origin = info.anonymous();
    let attempt = match counted(&app, &origin).await? {
        Ok(attempt) => attempt,
        Err(refused) => return again(made, refused),
    };
    let words = browser.locale.words();
    let no_passkey = || Refused::Mistakes(vec![Problem::new("", words.text("passkey-failed"))]);
    // A passkey first: one that is not right must not be kept in the page.
    let passkey = match made {
        None => None,
        Some((challenge, credential)) => {
            match app.passkeys.finish_account(
                &invited.token_hash(),
                challenge,
                credential,
                &asking(&app, &browser),
            ) {
                Ok(passkey) => Some(passkey),
                Err(error) => {
                    tracing::info!(cause = %error, "passkey not taken");
                    return again(None, no_passkey());
                }
            }
        }
    };
    let mut user = match users::prepare(&app, invited.account(&form, passkey.is_some())).await {
        Ok(user) => user,
        Err(refusal) => return again(made, in_words(&app, &words, &attempt, refusal).await?),
    };
    let passkey = passkey.map(|(owner, new)| {
        user.id = owner;
        StoredPasskey {
            id: new.id,
            user_id: user.id.to_string(),
            name: describe_device(&words, &info.user_agent),
            credential: new.credential,
            sign_count: 0,
            created_at: user.created_at.0,
            last_used_at: user.created_at.0,
        }
    });
    let detail = format!("{}, by invitation {}", user.username, invited.invitation.id);
    let audit = app.audit(&origin, "user.create", format!("user:{}", user.id), detail);
    let claimant = invited.claimant(&app).await?;
    let lost = claimant.as_ref().map(|id| {
        let detail = "its unconfirmed address is somebody else's";
        (id, app.audit(&origin, "user.update", format!("user:{id}"), detail))
    });
    let lost = lost.as_ref().map(|(id, audit)| (*id, audit));
    match app.store.accept_invitation(&invited.token_hash(), &user, passkey.as_ref(), lost, &audit).await {
        Ok(true) => {
            let flow = invited.flow(&app, &browser);
            login::take_in(&app, &info, &headers, flow, by_new_account(&app, &user)).await
        }
        Ok(false) => Err(dead_link()),
        Err(StoreError::Taken(Unique::Passkey)) => again(None, no_passkey()),
        Err(error) => again(made, in_words(&app, &words, &attempt, error.into()).await?),
    }
}

/// Somebody with a link that works.
struct Invited<'a> {
    token: &'a str,
    invitation: Invitation,
    /// The application that it leads to, if it leads to one and that is still there.
    client: Option<Client>,
}

impl<'a> Invited<'a> {
    async fn by(app: &App, token: Option<&'a str>) -> Result<Self, PageError> {
        let token = token.unwrap_or_default();
        let invitation = app.store.invitation(&sha256_hex(token), app.clock.now()).await?;
        // Whatever worked when it was made.
        let still_wanted = |invitation: &Invitation| match app.config.sign_up {
            SignUpMode::Closed => false,
            SignUpMode::Invitation => !invitation.self_asked,
            SignUpMode::Open => true,
        };
        let invitation = invitation.filter(still_wanted).ok_or_else(dead_link)?;
        let client = app.store.client(&invitation.client_id.as_str().into()).await?;
        let client = client.filter(|client| !client.disabled).map(|client| Client::clone(&client));
        Ok(Self { token, invitation, client })
    }

    fn token_hash(&self) -> String {
        sha256_hex(self.token)
    }

    /// An account that has the address without having shown that it is its own, where the reader has.
    async fn claimant(&self, app: &App) -> Result<Option<UserId>, StoreError> {
        if !self.invitation.mailed {
            return Ok(None);
        }
        let known = app.store.asked_anew().user_by_login(&self.invitation.email).await?;
        Ok(known.filter(|user| !user.email_verified).map(|user| user.id))
    }

    /// The one that the administrator proposes, or what the address begins with, if nobody has it.
    async fn proposed_username(&self, app: &App) -> Result<String, PageError> {
        let Invitation { username, email, .. } = &self.invitation;
        let local = email.split('@').next().unwrap_or_default();
        let proposed = if username.is_empty() { local } else { username };
        let Ok(proposed) = canonical_username(proposed) else { return Ok(String::new()) };
        let is_free = app.store.user_by_login(&proposed).await?.is_none();
        Ok(if is_free { proposed } else { String::new() })
    }

    fn account(&self, form: &FormFields, by_passkey: bool) -> UserInput {
        let text = |name| form.get(name).map(str::to_owned);
        UserInput {
            username: text("username"),
            email: Some(self.invitation.email.clone()),
            // Who opened the link reads what comes to the address, if that is how the link came.
            email_verified: Some(self.invitation.mailed),
            name: text("name"),
            is_admin: Some(self.invitation.is_admin),
            password: (!by_passkey).then(|| text("password").unwrap_or_default()),
            ..UserInput::default()
        }
    }

    /// The sign-in that the link is part of, in the browser where that began; in any other, the start of one at the
    /// application, or the account.
    fn flow(&self, app: &App, browser: &Browser) -> Flow {
        let begun = Some(self.invitation.flow.as_str()).filter(|flow| !flow.is_empty());
        if let Some(flow) = begun.and_then(|flow| Flow::open(app, flow, browser).ok()) {
            return flow;
        }
        let goal = self.start(app).map_or_else(|| Goal::Page("/account".to_owned()), Goal::Application);
        Flow::begin(goal, browser, app.clock.now())
    }

    /// Where the application begins its sign-ins, or its home page. Not of one that registered itself, if nobody but the
    /// reader asked: a stranger may have typed the reader's address on the way to an application of the stranger's own.
    fn start(&self, app: &App) -> Option<String> {
        let client = self.client.as_ref()?;
        if self.invitation.self_asked && client.self_registration.is_some() {
            return None;
        }
        let metadata = &client.metadata;
        metadata.start_of_sign_in(&app.config.issuer).or_else(|| metadata.client_uri.clone())
    }

    /// Chromium applies `form-action` to where the answer redirects.
    fn csp(&self, app: &App) -> Csp {
        let start = self.start(app).and_then(|start| Url::parse(&start).ok());
        start.map_or_else(Csp::default, |start| Csp::default().form_to(start.origin().ascii_serialization()))
    }

    /// The page. `made` is a passkey that was made for it, which is kept while something else is wrong.
    fn show(
        &self,
        app: &App,
        browser: &Browser,
        typed: Typed,
        made: Option<(&str, &str)>,
        refused: Option<Refused>,
    ) -> Result<Response, PageError> {
        let (problem, mistakes) = Refused::parts(refused);
        let key = match made {
            Some((challenge, credential)) => {
                FirstKey::Made { challenge: challenge.to_owned(), credential: credential.to_owned() }
            }
            None if app.passkeys.is_possible() => {
                let user = app.entropy.opaque_id().into();
                let (link, email) = (self.token_hash(), &self.invitation.email);
                let challenge = app.passkeys.begin_account(&user, link, email, &asking(app, browser))?;
                FirstKey::PasskeyOrPassword(PasskeyChallenge {
                    options: challenge.options,
                    sealed: challenge.sealed,
                })
            }
            None => FirstKey::Password,
        };
        let invalid = !mistakes.is_empty();
        let page = pages::Invitation {
            words: browser.locale.words(),
            csrf: browser.csrf(&app.seals),
            token: self.token.to_owned(),
            email: self.invitation.email.clone(),
            app: self.client.as_ref().map(|client| client.metadata.client_name.clone()),
            username: typed.username,
            full_name: typed.name,
            key,
            problem,
            mistakes,
        };
        let mut response = html(&page, &self.csp(app).script());
        if invalid {
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        }
        Ok(match problem {
            Some(problem) => login::refused(response, problem),
            None => response,
        })
    }
}

/// What stands in the form; never the password.
struct Typed {
    username: String,
    name: String,
}

impl Typed {
    /// What was sent, as long as it is of any use.
    fn in_form(form: &FormFields) -> Self {
        let text = |name| form.get(name).unwrap_or_default().chars().take(254).collect();
        Self { username: text("username"), name: text("name") }
    }
}

fn dead_link() -> PageError {
    PageError::new(
        StatusCode::FORBIDDEN,
        key("dead-link-title"),
        key("invitation-dead"),
        key("invitation-dead-fix"),
    )
}
