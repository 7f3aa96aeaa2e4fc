//! `countersign user …`

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::output::say;
use super::{Place, output};
use crate::admin::Refusal;
use crate::admin::invitations::{self, InvitationInput, InvitationView};
use crate::admin::sign_in_methods;
use crate::admin::users::{self, UserView};
use crate::app::{App, Origin};
use crate::i18n::Language;
use crate::mail::Fate;
use crate::protocol::ids::SessionId;
use crate::protocol::merge_patch::merge;
use crate::protocol::profile::UserInput;
use crate::protocol::standard_claims::StandardClaims;
use crate::protocol::user::User;

/// Users read from the database at once.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a user; asks for the password at a terminal
    Create {
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        password: PasswordSource,
        #[command(flatten)]
        print: Print,
    },
    /// Users by user name
    List {
        /// Only those whose name, user name or e-mail address holds each word of this
        #[arg(long, default_value = "")]
        query: String,
        #[command(flatten)]
        print: Print,
    },
    /// One user
    Show {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        print: Print,
    },
    /// Change what is named, keep the rest
    Update {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        print: Print,
    },
    /// Set a password; signs the user out everywhere
    SetPassword {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        password: PasswordSource,
        #[command(flatten)]
        print: Print,
    },
    /// Have a user choose another password at the next sign-in; signs them out everywhere
    RequireNewPassword {
        #[command(flatten)]
        who: Who,
        /// Mail them the link to choose one, if their address is known to be theirs
        #[arg(long)]
        by_mail: bool,
        #[command(flatten)]
        print: Print,
    },
    /// Where a user is signed in
    Sessions {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        print: Print,
    },
    /// Sign a user out, everywhere or on one device
    SignOut {
        #[command(flatten)]
        who: Who,
        /// Only this session, as `user sessions` shows it
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        #[command(flatten)]
        print: Print,
    },
    /// How a user signs in: password, passkeys, authenticator app, accounts elsewhere
    SignInMethods {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        print: Print,
    },
    /// Take a lost authenticator app and its recovery codes off an account
    RemoveApp {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        print: Print,
    },
    /// Let anybody have the user name again of an account that was deleted or renamed
    FreeName {
        /// The name
        username: String,
        #[command(flatten)]
        print: Print,
    },
    /// Take a lost passkey off an account
    RemovePasskey {
        #[command(flatten)]
        who: Who,
        /// Its id, as `user sign-in-methods` shows it
        passkey: String,
        #[command(flatten)]
        print: Print,
    },
    /// Switch a user off: signed out everywhere, and every token refused
    Disable {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        print: Print,
    },
    /// Switch a user on again
    Enable {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        print: Print,
    },
    /// Invite somebody to make an account: by mail, or by a link to hand on where this server sends none
    Invite {
        /// E-mail address to invite
        address: String,
        /// User name to propose [default: what the address begins with]
        #[arg(long)]
        username: Option<String>,
        /// May administer this server
        #[arg(long)]
        admin: bool,
        /// Application to lead to, by its id [default: the account's own page]
        #[arg(long, value_name = "ID")]
        client: Option<String>,
        /// Language of the mail: en, de, fr, es, pt, ja, zh-Hans, ar [default: en]
        #[arg(long, value_name = "TAG")]
        language: Option<String>,
        #[command(flatten)]
        print: Print,
    },
    /// Delete a user with their sessions, consents and tokens
    Delete {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Args, Debug)]
pub(super) struct Who {
    /// User name, e-mail address or id
    user: String,
}

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Print {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct PasswordSource {
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

/// What a profile says. An empty text clears an address, a name or a number: `--email ""`.
#[derive(Args, Debug)]
pub(super) struct Fields {
    /// User name to sign in with
    #[arg(long)]
    username: Option<String>,
    /// E-mail address to sign in with
    #[arg(long)]
    email: Option<String>,
    /// The address was shown to be the user's
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    email_verified: Option<bool>,
    /// Name to show
    #[arg(long)]
    name: Option<String>,
    /// May administer this server
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    admin: Option<bool>,
    /// Given names
    #[arg(long)]
    given_name: Option<String>,
    /// Family names
    #[arg(long)]
    family_name: Option<String>,
    /// Telephone number with its country code, as in +14255551212
    #[arg(long)]
    phone_number: Option<String>,
    /// Any standard claims, as in '{"locale": "en-US", "address": {"country": "USA"}}'; null removes one
    #[arg(long, value_name = "JSON", value_parser = claims)]
    claims: Option<Map<String, Value>>,
}

impl Fields {
    /// These fields on top of what there is.
    fn onto(self, base: UserInput) -> anyhow::Result<UserInput> {
        let mut claims = base.claims;
        if let Some(patch) = self.claims {
            let mut merged = serde_json::to_value(&claims)?;
            if let Some(members) = merged.as_object_mut() {
                merge(members, patch);
            }
            claims = serde_json::from_value(merged)?;
        }
        Ok(UserInput {
            username: self.username.or(base.username),
            email: self.email.or(base.email),
            email_verified: self.email_verified.or(base.email_verified),
            name: self.name.or(base.name),
            is_admin: self.admin.or(base.is_admin),
            claims: StandardClaims {
                given_name: self.given_name.or(claims.given_name),
                family_name: self.family_name.or(claims.family_name),
                phone_number: self.phone_number.or(claims.phone_number),
                ..claims
            },
            ..base
        })
    }
}

/// Claims as JSON: a merge patch (RFC 7396) with nothing in it that is no standard claim.
fn claims(text: &str) -> Result<Map<String, Value>, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        #[serde(flatten)]
        _claims: StandardClaims,
    }
    // Read as what it is for, it tells of every name that is unknown or there twice.
    serde_json::from_str::<Whole>(text)?;
    serde_json::from_str(text)
}

pub(super) async fn run(place: &Place, command: Command) -> anyhow::Result<()> {
    let app = place.app().await?;
    let origin = Origin::cli();
    match command {
        Command::Create { fields, password, print } => {
            let input =
                fields.onto(UserInput { password: password.read_optional()?, ..UserInput::default() })?;
            let user = users::create(&app, &origin, input).await.map_err(output::refused)?;
            show(user.into(), print)
        }
        Command::List { query, print } => list(&app, &query, print).await,
        Command::Show { who, print } => show(who.find(&app).await?.into(), print),
        Command::Update { who, fields, print } => {
            let before = who.find(&app).await?;
            let input = fields.onto(UserInput::from(&before))?;
            let user = users::change(&app, &origin, &before, &input, Language::English)
                .await
                .map_err(output::refused)?;
            show(user.into(), print)
        }
        Command::SetPassword { who, password, print } => {
            let user = who.find(&app).await?;
            let password = password.read()?;
            users::set_password(&app, &origin, &user, password, Language::English)
                .await
                .map_err(output::refused)?;
            let sentence =
                format!("the password of {} is set; they are signed out everywhere", user.username);
            done(&user, print, &json!({ "password": "set" }), &sentence)
        }
        Command::RequireNewPassword { who, by_mail, print } => {
            let user = who.find(&app).await?;
            let fate = users::require_new_password(&app, &origin, &user, by_mail).await;
            let mailed = matches!(fate.map_err(output::refused)?, Some(Fate::Queued));
            let link = match (by_mail, mailed) {
                (false, _) => "",
                (true, true) => "\nthe link is on its way",
                (true, false) => "\nno link was mailed",
            };
            let sentence =
                format!("{} is signed out everywhere, and must choose a new password{link}", user.username);
            done(&user, print, &json!({ "new_password_required": true, "mailed": mailed }), &sentence)
        }
        Command::Sessions { who, print } => show_sessions(&app, &who.find(&app).await?, print).await,
        Command::SignOut { who, session, print } => {
            let user = who.find(&app).await?;
            let ended = match session {
                Some(id) => users::end_session(&app, &origin, &user, &SessionId::from(id)).await.map(|()| 1),
                None => users::end_sessions(&app, &origin, &user).await,
            };
            let ended = ended.map_err(output::refused)?;
            let sessions = if ended == 1 { "session" } else { "sessions" };
            let sentence = format!("{} is signed out of {ended} {sessions}", user.username);
            done(&user, print, &json!({ "ended": ended }), &sentence)
        }
        Command::SignInMethods { who, print } => show_methods(&app, &who.find(&app).await?, print).await,
        Command::FreeName { username, print } => {
            users::free_name(&app, &origin, &username).await.map_err(output::refused)?;
            let sentence = format!("{username} can be given to anybody");
            output::done(print.json, &json!({ "username": username, "free": true }), &sentence)
        }
        Command::RemoveApp { who, print } => {
            let user = who.find(&app).await?;
            let removed = sign_in_methods::remove_authenticator_app(&app, &origin, &user).await;
            removed.map_err(output::refused)?;
            let sentence = format!("{} signs in without an authenticator app", user.username);
            done(&user, print, &json!({ "removed": "authenticator_app" }), &sentence)
        }
        Command::RemovePasskey { who, passkey, print } => {
            let user = who.find(&app).await?;
            let removed = sign_in_methods::remove_passkey(&app, &origin, &user, &passkey).await;
            removed.map_err(output::refused)?;
            let sentence = format!("the passkey of {} is removed", user.username);
            done(&user, print, &json!({ "removed": "passkey", "passkey": passkey }), &sentence)
        }
        Command::Disable { who, print } => switch(&app, &origin, &who, true, print).await,
        Command::Enable { who, print } => switch(&app, &origin, &who, false, print).await,
        Command::Invite { address, username, admin, client, language, print } => {
            let input = InvitationInput {
                email: address,
                username,
                is_admin: admin,
                client_id: client,
                language,
                expires_in: None,
            };
            let invitation = invitations::create(&app, &origin, "", input).await.map_err(output::refused)?;
            show_invitation(invitation, print)
        }
        Command::Delete { who, print } => {
            let user = who.find(&app).await?;
            users::delete(&app, &origin, &user).await.map_err(output::refused)?;
            let sentence = format!("{} is deleted", user.username);
            done(&user, print, &json!({ "deleted": true }), &sentence)
        }
    }
}

impl Who {
    /// The user that is meant.
    pub(super) async fn find(&self, app: &App) -> anyhow::Result<User> {
        let by_login = app.store.user_by_login(&self.user.to_lowercase()).await?;
        match by_login {
            Some(user) => Ok(user),
            None => users::find(app, &self.user).await.map_err(output::refused),
        }
    }
}

impl PasswordSource {
    /// A password from standard input or from the person at the terminal.
    fn read(self) -> anyhow::Result<String> {
        self.read_optional()?.context("no password: use --password-stdin, or run this at a terminal")
    }

    /// The same, or none where there is neither.
    fn read_optional(self) -> anyhow::Result<Option<String>> {
        let stdin = std::io::stdin();
        if self.password_stdin {
            let mut line = String::new();
            stdin.lock().read_line(&mut line).context("the password cannot be read")?;
            return Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()));
        }
        if !stdin.is_terminal() {
            return Ok(None);
        }
        let password = dialoguer::Password::new()
            .with_prompt("Password")
            .with_confirmation("The same again", "The two are not the same. Once more")
            .interact()?;
        Ok(Some(password))
    }
}

/// Says what was done to a user: who that is, and what.
fn done(user: &User, print: Print, what: &Value, sentence: &str) -> anyhow::Result<()> {
    let mut all = json!({ "id": user.id.to_string(), "username": user.username });
    if let (Some(all), Some(what)) = (all.as_object_mut(), what.as_object()) {
        all.extend(what.clone());
    }
    output::done(print.json, &all, sentence)
}

async fn switch(app: &App, origin: &Origin, who: &Who, disabled: bool, print: Print) -> anyhow::Result<()> {
    let before = who.find(app).await?;
    let input = UserInput { disabled: Some(disabled), ..UserInput::from(&before) };
    users::change(app, origin, &before, &input, Language::English).await.map_err(output::refused)?;
    let sentence = format!("{} is switched {}", before.username, if disabled { "off" } else { "on" });
    done(&before, print, &json!({ "disabled": disabled }), &sentence)
}

fn show_invitation(invitation: InvitationView, print: Print) -> anyhow::Result<()> {
    if print.json {
        return output::json(&invitation);
    }
    let until = output::date(invitation.expires_at);
    match invitation.link {
        None => say!("the invitation of {} is on its way, and works until {until}", invitation.email),
        Some(link) => {
            say!("{link}\ngive this link to {}; it works once, until {until}", invitation.email);
        }
    }
    Ok(())
}

async fn list(app: &App, query: &str, print: Print) -> anyhow::Result<()> {
    let mut views: Vec<UserView> = Vec::new();
    let mut after = String::new();
    let bar = output::progress_without_end("users");
    loop {
        let page =
            users::list(app, query, &after, PAGE).await.map_err(|error: Refusal| output::refused(error))?;
        views.extend(page.users.into_iter().map(UserView::from));
        bar.set_position(views.len() as u64);
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    bar.finish_and_clear();
    if print.json {
        return output::json(&views);
    }
    let rows = views.into_iter().map(|user| {
        [
            user.username,
            user.name.unwrap_or_default(),
            user.email.unwrap_or_default(),
            user.id,
            output::flag(user.is_admin),
            output::flag(user.disabled),
        ]
    });
    output::table(["username", "name", "e-mail", "id", "admin", "off"], rows);
    Ok(())
}

async fn show_sessions(app: &App, user: &User, print: Print) -> anyhow::Result<()> {
    let sessions = users::sessions(app, user).await.map_err(output::refused)?;
    if print.json {
        return output::json(&sessions);
    }
    let rows = sessions.into_iter().map(|session| {
        let (begun, seen) = (output::date(session.created_at), output::date(session.last_seen_at));
        [session.device, session.methods.join(" "), session.ip, begun, seen, session.id]
    });
    output::table(["device", "by", "from", "since", "last used", "id"], rows);
    Ok(())
}

async fn show_methods(app: &App, user: &User, print: Print) -> anyhow::Result<()> {
    let methods = sign_in_methods::of(app, user).await.map_err(output::refused)?;
    if print.json {
        return output::json(&methods);
    }
    let row = |method: &str, name: String, id: String, since: Option<i64>, used: Option<i64>| {
        let date = |at: Option<i64>| at.map(output::date).unwrap_or_default();
        [method.to_owned(), name, date(since), date(used), id]
    };
    let mut rows = Vec::new();
    if methods.password {
        rows.push(row("password", String::new(), String::new(), None, None));
    }
    if methods.directory {
        rows.push(row("directory", String::new(), String::new(), None, None));
    }
    if let Some(app) = methods.authenticator_app {
        let left = format!("{} recovery codes left", methods.recovery_codes);
        rows.push(row("app", left, String::new(), Some(app.created_at), Some(app.last_used_at)));
    }
    for passkey in methods.passkeys {
        let (added, seen) = (passkey.created_at, passkey.last_used_at);
        rows.push(row("passkey", passkey.name, passkey.id, Some(added), Some(seen)));
    }
    for account in methods.linked_accounts {
        let (added, seen) = (account.created_at, account.last_used_at);
        rows.push(row(&account.upstream, account.label, String::new(), Some(added), Some(seen)));
    }
    output::table(["method", "name", "since", "last used", "id"], rows.into_iter());
    Ok(())
}

fn show(user: UserView, print: Print) -> anyhow::Result<()> {
    if print.json {
        return output::json(&user);
    }
    let claims = user.claims.texts().map(|(name, text)| (name, text.unwrap_or_default().to_owned()));
    let details = [
        ("id", user.id),
        ("username", user.username),
        ("name", user.name.unwrap_or_default()),
        ("e-mail", user.email.unwrap_or_default()),
        ("e-mail verified", output::flag(user.email_verified)),
        ("administrator", output::flag(user.is_admin)),
        ("password", if user.has_password { "set" } else { "none" }.to_owned()),
        ("created", output::date(user.created_at)),
        ("changed", output::date(user.updated_at)),
        ("switched off", output::flag(user.disabled)),
    ];
    output::details(details.into_iter().chain(claims));
    Ok(())
}
