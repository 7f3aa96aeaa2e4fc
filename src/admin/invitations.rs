//! Invitations: make and send, list, withdraw.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Refusal;
use super::access::allow;
use crate::app::{App, Origin};
use crate::config::SignUpMode;
use crate::i18n::Language;
use crate::mail::{Fate, Link, Mail, Message};
use crate::protocol::powers::{Deed, Permission, Resource};
use crate::protocol::registration::FieldProblem;
use crate::protocol::secret::sha256_hex;
use crate::protocol::user::{canonical_email, canonical_username};
use crate::store::{Carried, Invitation, StoreError, Unique};

/// An invitation works for so long unless something else is said.
const DEFAULT_LIFE: Duration = Duration::from_hours(7 * 24);
/// And at least and at most, in seconds.
const SHORTEST_LIFE: u64 = 600;
const LONGEST_LIFE: u64 = 90 * 86_400;

/// An invitation as an administrator wants it.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InvitationInput {
    /// The address to invite, which the account will have.
    pub email: String,
    /// The user name to propose. Default: what the address begins with.
    pub username: Option<String>,
    /// The account may administer this server. Default: no.
    pub is_admin: bool,
    /// The application to lead to. Default: the account's own page.
    pub client_id: Option<String>,
    /// The language of the mail: `en`, `de`, `fr`, `es`, `pt`, `ja`, `zh-Hans` or `ar`. Default: `en`.
    pub language: Option<String>,
    /// For how many seconds it works. Default: seven days.
    #[schema(minimum = 600, maximum = 7_776_000)]
    pub expires_in: Option<u64>,
}

/// An invitation in answers.
#[derive(Serialize, ToSchema)]
pub struct InvitationView {
    /// Its public name.
    pub id: String,
    /// The address that is invited.
    pub email: String,
    /// The user name that is proposed.
    pub username: Option<String>,
    /// The account may administer this server.
    pub is_admin: bool,
    /// The application that it leads to.
    pub client_id: Option<String>,
    /// Did it go by mail? Otherwise whoever made it hands the link on, and the address stays unverified.
    pub mailed: bool,
    /// The link, where no mail is sent; in the answer to the request that made it and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When it was made (Unix seconds).
    pub created_at: i64,
    /// When it stops working (Unix seconds).
    pub expires_at: i64,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            id: invitation.id,
            email: invitation.email,
            username: given(invitation.username),
            is_admin: invitation.is_admin,
            client_id: given(invitation.client_id),
            mailed: invitation.mailed,
            link: None,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}

/// What of an input keeps the rules.
struct Wanted {
    email: String,
    username: String,
    language: Language,
    works_for: Duration,
}

/// Invites somebody: by mail, or, where none is sent, by a link in the answer. The invitation before, if there is one to the
/// same address, ends. `inviter` is who invites, in words; empty where it is nobody in particular.
///
/// # Errors
/// A field breaks a rule, the address or the user name has an account, or the address was written to too often; then nothing
/// was changed.
pub async fn create(
    app: &App,
    origin: &Origin,
    inviter: &str,
    input: InvitationInput,
) -> Result<InvitationView, Refusal> {
    allow(app, origin, &Deed::Invite { is_admin: input.is_admin }, "invitation:").await?;
    let Wanted { email, username, language, works_for } = check(&input).map_err(Refusal::Invalid)?;
    // This one would take the place of the one that is open.
    leaves_administrators(app, origin, |open| open.email == email).await?;
    if app.config.sign_up == SignUpMode::Closed {
        return Err(Refusal::field("email", "nobody can be invited: sign_up.mode is closed"));
    }
    let client_id = input.client_id.filter(|id| !id.is_empty()).unwrap_or_default();
    // PostgreSQL compares no text that holds U+0000.
    let unknown = client_id.contains('\0')
        || (!client_id.is_empty() && app.store.client(&client_id.as_str().into()).await?.is_none());
    if unknown {
        return Err(Refusal::field("client_id", "there is no such application"));
    }
    for (login, what) in [(&email, Unique::Email), (&username, Unique::Username)] {
        if !login.is_empty() && app.store.user_by_login(login).await?.is_some() {
            return Err(StoreError::Taken(what).into());
        }
    }
    let token = app.entropy.secret();
    let link = Link::to(&app.config.issuer, &format!("/invitation?token={token}"));
    let mailed = app.mail.is_on();
    let now = app.clock.now();
    let invitation = Invitation {
        id: app.entropy.ordered_id(&app.clock),
        email,
        self_asked: false,
        username,
        is_admin: input.is_admin,
        mailed,
        client_id,
        flow: String::new(),
        created_at: now.0,
        expires_at: now.plus(works_for).0,
    };
    let detail = format!("{}{}", invitation.email, if input.is_admin { " is_admin=true" } else { "" });
    let audit = app.audit(origin, "invitation.create", target(&invitation.id), detail);
    let token_hash = sha256_hex(&token);
    if !mailed {
        app.store.invite(&invitation, &token_hash, &audit).await?;
        return Ok(InvitationView { link: Some(link.as_str().to_owned()), ..invitation.into() });
    }
    let message = Message::Invitation { inviter: inviter.to_owned(), link, works_for };
    let mail = Mail { to: &invitation.email, language, message };
    match app.mail.send_with(app, mail, Carried::Invitation(&invitation, &token_hash, &audit)).await? {
        Fate::Queued => Ok(invitation.into()),
        Fate::TooMany => {
            Err(Refusal::field("email", "was written to as often as may be within the hour: try again later"))
        }
        Fate::NoAddress | Fate::SwitchedOff => {
            Err(Refusal::field("email", "is no address that mail can be sent to"))
        }
    }
}

/// The invitations that still work.
///
/// # Errors
/// The database is unavailable.
pub async fn list(app: &App) -> Result<Vec<InvitationView>, Refusal> {
    let invitations = app.store.invitations(app.clock.now()).await?;
    Ok(invitations.into_iter().map(InvitationView::from).collect())
}

/// Withdraws an invitation: its link is dead.
///
/// # Errors
/// There is none with this id.
pub async fn withdraw(app: &App, origin: &Origin, id: &str) -> Result<(), Refusal> {
    allow(app, origin, &Deed::Whole(Permission::Write(Resource::Invitations)), &target(id)).await?;
    leaves_administrators(app, origin, |open| open.id == id).await?;
    let audit = app.audit(origin, "invitation.withdraw", target(id), "");
    if app.store.withdraw_invitation(id, &audit).await? {
        Ok(())
    } else {
        Err(Refusal::NotFound("invitation"))
    }
}

/// Whoever may not invite administrators ends no invitation of one.
async fn leaves_administrators(
    app: &App,
    origin: &Origin,
    ended: impl Fn(&Invitation) -> bool,
) -> Result<(), Refusal> {
    let open = app.store.invitations(app.clock.now()).await?;
    match open.iter().find(|open| open.is_admin && ended(open)) {
        Some(open) => allow(app, origin, &Deed::Invite { is_admin: true }, &target(&open.id)).await,
        None => Ok(()),
    }
}

fn check(input: &InvitationInput) -> Result<Wanted, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let email = canonical_email(&input.email)
        .map_err(|problem| problems.push(FieldProblem::new("email", problem)))
        .unwrap_or_default();
    let proposed = input.username.as_deref().filter(|name| !name.trim().is_empty());
    let username = proposed
        .map(canonical_username)
        .transpose()
        .map_err(|problem| problems.push(FieldProblem::new("username", problem)))
        .unwrap_or_default();
    let language = input.language.as_deref().map_or(Some(Language::default()), Language::of_tag);
    if language.is_none() {
        let rule = format!("must be one of {}", Language::TAGS.join(", "));
        problems.push(FieldProblem::new("language", rule));
    }
    let works_for = input.expires_in.unwrap_or(DEFAULT_LIFE.as_secs());
    if !(SHORTEST_LIFE..=LONGEST_LIFE).contains(&works_for) {
        problems.push(FieldProblem::new("expires_in", "from ten minutes to ninety days"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Wanted {
        email,
        username: username.unwrap_or_default(),
        language: language.unwrap_or_default(),
        works_for: Duration::from_secs(works_for),
    })
}

fn target(id: &str) -> String {
    format!("invitation:{id}")
}

#[cfg(test)]
mod tests {
    use super::{InvitationInput, check};

    #[test]
    fn each_wrong_field_of_an_invitation_is_told() {
        let input = || InvitationInput { email: "Ada@Example.com".to_owned(), ..InvitationInput::default() };
        let text = |text: &str| Some(text.to_owned());
        for (field, bad) in [
            ("email", InvitationInput { email: String::new(), ..input() }),
            ("email", InvitationInput { email: "ada".to_owned(), ..input() }),
            ("email", InvitationInput { email: "a\r\nb@example.com".to_owned(), ..input() }),
            ("username", InvitationInput { username: text("a b"), ..input() }),
            ("username", InvitationInput { username: text("ada@example.com"), ..input() }),
            ("language", InvitationInput { language: text("EN"), ..input() }),
            ("language", InvitationInput { language: text(""), ..input() }),
            ("expires_in", InvitationInput { expires_in: Some(0), ..input() }),
            ("expires_in", InvitationInput { expires_in: Some(599), ..input() }),
            ("expires_in", InvitationInput { expires_in: Some(u64::MAX), ..input() }),
        ] {
            let problems = check(&bad).err().expect("a rule is broken");
            assert_eq!(problems.iter().map(|p| p.field).collect::<Vec<_>>(), [field], "{bad:?}");
        }
        let wanted = check(&input()).ok().unwrap();
        assert_eq!((wanted.email.as_str(), wanted.username.as_str()), ("ada@example.com", ""));
        assert_eq!(wanted.works_for.as_secs(), 7 * 86_400);
    }
}
