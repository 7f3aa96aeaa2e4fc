//! The administrator's pages.

use std::collections::BTreeMap;

use askama::Template;

use super::audit::AdminAudit;
use super::failures::{AdminFailure, AdminFailures};
use super::plot::{Plot, Ranking};
use super::{LinkedRow, Notice, Page, PasskeyRow, Problem, SessionRow, Shell};
use crate::admin::settings::Settings;
use crate::i18n::Words;
use crate::protocol::assurance::Level;
use crate::protocol::client::SigningAlg;
use crate::protocol::group::Membership;

/// How many there are, as far as they were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// All of them.
    Exactly(u64),
    /// Counting stopped there.
    MoreThan(u64),
}

impl Count {
    /// Is it a single one?
    #[must_use]
    pub fn is_one(&self) -> bool {
        *self == Self::Exactly(1)
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(count) => f.write_str(&super::grouped(count)),
            Self::MoreThan(count) => write!(f, "more than {}", super::grouped(count)),
        }
    }
}

/// `GET /admin?span=…`.
#[derive(Template)]
#[template(path = "admin_home.html")]
pub struct AdminHome {
    /// The frame.
    pub shell: Shell,
    /// Registered clients.
    pub clients: Count,
    /// Users.
    pub users: Count,
    /// Live sessions.
    pub sessions: Count,
    /// The times that may be shown.
    pub spans: Vec<SpanLink>,
    /// What to look at.
    pub warnings: Vec<String>,
    /// What went on, over time.
    pub plots: Vec<Plot>,
    /// What went wrong, by cause.
    pub rankings: Vec<Ranking>,
    /// After how many days a signing key is replaced.
    pub rotate_days: i64,
    /// Keys that are published, active or retired.
    pub keys: Vec<KeyRow>,
    /// The latest audit rows, newest first.
    pub audit: Vec<AuditRow>,
}

impl AdminHome {
    /// How old a key is that is in use, and in per cent of how old it gets.
    fn age(&self, key: &KeyRow) -> Option<(String, i64)> {
        let days = (key.state == "active").then(|| (self.shell.now - key.signs_from).max(0) / 86_400)?;
        let words = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        Some((words, (days * 100 / self.rotate_days.max(1)).clamp(1, 100)))
    }
}

/// A time that may be shown.
pub struct SpanLink {
    /// Its name in the address.
    pub name: &'static str,
    /// In words.
    pub label: &'static str,
    /// Is it the one that is shown?
    pub current: bool,
}

/// The administrator's pages have no switch of languages: they are in English.
macro_rules! in_one_language {
    ($($page:ty),*) => {
        $(impl Page for $page {
            fn words(&self) -> Option<&Words> {
                Some(&self.shell.words)
            }
        })*
    };
}
pub(super) use in_one_language;
in_one_language!(
    AdminHome,
    AdminClients,
    AdminClientForm,
    AdminUsers,
    AdminUserForm,
    AdminInvitations,
    AdminGroups,
    AdminGroupForm,
    AdminFailures,
    AdminFailure,
    AdminAudit
);

/// One key of the server.
pub struct KeyRow {
    /// Key id as in the JWKS.
    pub kid: String,
    /// The algorithm that it signs or decrypts by.
    pub alg: String,
    /// `published`, `active` or `retired`.
    pub state: String,
    /// From when on it signs, or signed (unix seconds).
    pub signs_from: i64,
}

/// One recorded change.
pub struct AuditRow {
    /// When (unix seconds).
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: String,
    /// Further words; may be empty.
    pub detail: String,
}

/// `GET /admin/clients`.
#[derive(Template)]
#[template(path = "admin_clients.html")]
pub struct AdminClients {
    /// The frame.
    pub shell: Shell,
    /// What was searched for; may be empty.
    pub query: String,
    /// This page's clients.
    pub rows: Vec<ClientRow>,
    /// Cursor of the next page (`?query=<query>&after=<cursor>`); none on the last one.
    pub next: Option<String>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// One client in the list.
pub struct ClientRow {
    /// Client id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Client authentication method at the token endpoint; `none` makes it a public client.
    pub auth_method: String,
    /// Registration (unix seconds).
    pub created: i64,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it registered itself.
    pub self_registered: bool,
}

/// `GET /admin/clients/new` and `GET /admin/clients/{id}`. Forms, each with `csrf`: `POST /admin/clients` (new) or
/// `POST /admin/clients/{id}` with the inputs named like the fields of [`ClientFields`] (checkboxes
/// `grant_<type>` and `response_<type>` with hyphens for spaces; checkboxes have the value `true`), `POST /admin/clients/{id}/rotate-secret`, `…/delete`.
#[derive(Template)]
#[template(path = "admin_client_form.html")]
pub struct AdminClientForm {
    /// The frame.
    pub shell: Shell,
    /// Whether the client is yet to be registered.
    pub new: bool,
    /// Whether it registered itself.
    pub self_registered: bool,
    /// Whether it has a secret.
    pub has_secret: bool,
    /// Until when the secret before works (unix seconds), if it does.
    pub old_secret_until: Option<i64>,
    /// An address at the application where a sign-in begins.
    pub start: Option<String>,
    /// The response types that may be chosen.
    pub response_types: Vec<ResponseTypeBox>,
    /// The form's contents.
    pub client: ClientFields,
    /// What is wrong with the submitted form.
    pub problems: Vec<Problem>,
    /// A secret just made: shown on this page and never again.
    pub secret_shown_once: Option<String>,
    /// How the application's libraries are set up; nothing when new.
    pub connect: Option<Connect>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// What the application must know about this server.
pub struct Connect {
    /// Was it registered just now?
    pub open: bool,
    /// The issuer identifier.
    pub issuer: String,
    /// Where the rest can be discovered.
    pub discovery: String,
    /// What may go wrong with its redirect URIs: each with what there is to say.
    pub hints: Vec<(String, String)>,
    /// For each library that fits.
    pub settings: Vec<Settings>,
}

/// One response type as a checkbox.
pub struct ResponseTypeBox {
    /// The name of the input.
    pub input: String,
    /// The response type.
    pub name: String,
    /// Whether it is ticked.
    pub on: bool,
}

/// A client's metadata as text for a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a checkbox of the form")]
pub struct ClientFields {
    /// What the form was filled in from, so that two edits at once do not undo each other.
    pub version: i64,
    /// Client id; may be left empty when new.
    pub id: String,
    /// Display name.
    pub name: String,
    /// One of the authentication methods, such as `client_secret_basic`, or `none`.
    pub auth_method: String,
    /// Redirect URIs, one per line.
    pub redirect_uris: String,
    /// Post-logout redirect URIs, one per line.
    pub post_logout_redirect_uris: String,
    /// Of `authorization_code`, `refresh_token`, `client_credentials`.
    pub grant_types: Vec<String>,
    /// Response types.
    pub response_types: Vec<String>,
    /// JWS algorithm of client assertions; empty for any that fits.
    pub auth_alg: String,
    /// Address of its keys.
    pub jwks_uri: String,
    /// JWS algorithm of UserInfo answers; empty for plain JSON.
    pub userinfo_alg: String,
    /// JWS algorithm of request objects; empty for any.
    pub request_object_alg: String,
    /// `public` or `pairwise`.
    pub subject_type: String,
    /// Address of a list of redirect URIs.
    pub sector_identifier_uri: String,
    /// Where a sign-in begins.
    pub initiate_login_uri: String,
    /// Loaded in a frame at sign-out.
    pub frontchannel_logout_uri: String,
    /// Told of a sign-out.
    pub backchannel_logout_uri: String,
    /// Everything else, as JSON.
    pub more: String,
    /// Allowed scope tokens, separated by spaces.
    pub scope: String,
    /// JWS algorithm of ID tokens.
    pub id_token_alg: String,
    /// `jwt` or `opaque`.
    pub access_token_format: String,
    /// JWS algorithm of access tokens in JWT format.
    pub access_token_alg: String,
    /// Whether requests without PKCE are refused.
    pub require_pkce: bool,
    /// Whether authorization requests that were not pushed are refused.
    pub require_pushed: bool,
    /// Whether token requests without a proof of possession are refused.
    pub bound_tokens: bool,
    /// Whether users are not asked for consent.
    pub skip_consent: bool,
    /// A level that its users reach at least; empty for what it asks for itself.
    pub least_acr: String,
    /// Whether it may introspect tokens of other clients.
    pub introspects_any_token: bool,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Home page.
    pub client_uri: String,
    /// Logo.
    pub logo_uri: String,
    /// Accent colour, as `#0d6b60`.
    pub accent_color: String,
    /// Privacy policy.
    pub policy_uri: String,
    /// Terms of service.
    pub tos_uri: String,
}

/// The grant types of the form, with their labels.
pub(super) const GRANT_TYPES: [(&str, &str); 4] = [
    ("authorization_code", "People sign in (authorization_code)"),
    ("refresh_token", "Stay connected (refresh_token)"),
    ("client_credentials", "Act on its own (client_credentials)"),
    ("urn:ietf:params:oauth:grant-type:device_code", "People sign in by a code that it shows (device_code)"),
];

/// For how long an old secret may go on working, in seconds, with labels.
pub(super) const OVERLAPS: [(&str, &str); 4] = [
    ("3600", "an hour"),
    ("86400", "a day"),
    ("604800", "a week"),
    ("0", "not at all: it is known to others"),
];

/// The signature algorithms of the form.
pub(super) const ALGORITHMS: &[SigningAlg] = SigningAlg::ALL;
/// Those with public keys.
pub(super) const ASYMMETRIC_ALGORITHMS: &[SigningAlg] = SigningAlg::ASYMMETRIC;
/// Those of client assertions.
pub(super) const ASSERTION_ALGORITHMS: &[SigningAlg] = SigningAlg::ALL.split_at(SigningAlg::ALL.len() - 1).0;

/// The levels that may be asked for, with their labels.
pub(super) const LEVELS: [(Level, &str); 3] = [
    (Level::OneFactor, "One factor: a password will do"),
    (Level::TwoFactors, "Two factors: a code as well, or a passkey"),
    (Level::PhishingResistant, "A passkey"),
];

/// What a level is called on these pages.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "inside the templates it is a reference")]
pub(super) fn level_label(level: &Level) -> &'static str {
    LEVELS.iter().find(|(known, _)| known == level).map_or("", |(_, label)| label)
}

impl ClientFields {
    fn has_grant(&self, grant: &str) -> bool {
        self.grant_types.iter().any(|have| have == grant)
    }
}

/// `GET /admin/users?query=…`.
#[derive(Template)]
#[template(path = "admin_users.html")]
pub struct AdminUsers {
    /// The frame.
    pub shell: Shell,
    /// What was searched for; may be empty.
    pub query: String,
    /// This page's users.
    pub rows: Vec<UserRow>,
    /// Cursor of the next page (`?query=<query>&after=<cursor>`); none on the last one.
    pub next: Option<String>,
    /// Until which user name everybody was looked at, where somebody is behind it.
    pub reached: Option<String>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// One user in the list.
pub struct UserRow {
    /// User id.
    pub id: String,
    /// Username.
    pub username: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// Full name; may be empty.
    pub name: String,
    /// Whether the user is an administrator.
    pub admin: bool,
    /// Whether the user may not sign in.
    pub disabled: bool,
    /// Creation (unix seconds).
    pub created: i64,
}

/// `GET /admin/invitations`; the form goes to `POST /admin/invitations` with `csrf` and the inputs named like the fields of
/// [`InvitationFields`].
#[derive(Template)]
#[template(path = "admin_invitations.html")]
pub struct AdminInvitations {
    /// The frame.
    pub shell: Shell,
    /// Do invitations go by mail?
    pub by_mail: bool,
    /// Invitations that still work.
    pub rows: Vec<InvitationRow>,
    /// The applications to lead to: id and name; none where there are too many to choose from.
    pub clients: Option<Vec<(String, String)>>,
    /// The form's contents.
    pub fields: InvitationFields,
    /// What is wrong with the submitted form.
    pub problems: Vec<Problem>,
    /// An address and its link, just made: shown on this page and never again.
    pub link_shown_once: Option<(String, String)>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// One invitation in the list.
pub struct InvitationRow {
    /// Its id.
    pub id: String,
    /// Who is invited.
    pub email: String,
    /// Whether they will be an administrator.
    pub admin: bool,
    /// The application that it leads to; empty for the account.
    pub client_id: String,
    /// When it was made (unix seconds).
    pub created: i64,
    /// When it stops working (unix seconds).
    pub expires: i64,
}

/// An invitation as a form has it.
#[derive(Default)]
pub struct InvitationFields {
    /// The address to invite.
    pub email: String,
    /// The user name to propose.
    pub username: String,
    /// Whether they will be an administrator (`admin`, a checkbox).
    pub admin: bool,
    /// The application to lead to; empty for the account.
    pub client_id: String,
    /// Tag of the mail's language.
    pub language: String,
}

/// `GET /admin/users/new` and `GET /admin/users/{id}`. Forms, each with `csrf`: `POST /admin/users` (new; also has
/// `password`) or `POST /admin/users/{id}` with `username`, `email`, `name`, the inputs of [`PROFILE`] and [`ADDRESS`],
/// and the checkboxes `admin`, `disabled` (value `true`); `POST /admin/users/{id}/password` (`password`), `…/password/require` (`by_mail`, a checkbox), `…/sessions/end`,
/// `…/app/remove`, `…/passkeys/{passkey}/remove`, `…/delete`.
#[derive(Template)]
#[template(path = "admin_user_form.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct AdminUserForm {
    /// The frame.
    pub shell: Shell,
    /// Whether the user is yet to be created.
    pub new: bool,
    /// The form's contents.
    pub user: UserFields,
    /// What is wrong with the submitted form; fields as the inputs' names.
    pub problems: Vec<Problem>,
    /// The user's live sessions; empty when new.
    pub sessions: Vec<SessionRow>,
    /// Whether there is a password here.
    pub password: bool,
    /// Whether the password is the directory's.
    pub directory: bool,
    /// Whether another password must be chosen.
    pub new_password_required: bool,
    /// Whether the user can be sent the link to do so.
    pub by_mail: bool,
    /// Accounts elsewhere that open this one; empty when new.
    pub linked: Vec<LinkedRow>,
    /// The user's passkeys; empty when new.
    pub passkeys: Vec<PasskeyRow>,
    /// Since when there is an authenticator app (unix seconds).
    pub app_since: Option<i64>,
    /// Recovery codes that were not used.
    pub recovery_codes: i64,
    /// The user's groups; empty when new.
    pub groups: Vec<Membership>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// A user's attributes as text for a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFields {
    /// User id; empty when new.
    pub id: String,
    /// What the form was filled in from, so that two edits at once do not undo each other.
    pub version: i64,
    /// Username.
    pub username: String,
    /// E-mail address.
    pub email: String,
    /// Full name.
    pub name: String,
    /// Whether the user is an administrator.
    pub admin: bool,
    /// Whether the user may not sign in.
    pub disabled: bool,
    /// What else the profile tells, by the name of the input.
    pub claims: BTreeMap<&'static str, String>,
}

impl UserFields {
    fn claim(&self, name: &str) -> &str {
        self.claims.get(name).map_or("", String::as_str)
    }

    fn claims_told(&self) -> usize {
        self.claims.values().filter(|text| !text.is_empty()).count()
    }
}

/// An input of a user's profile.
pub(super) struct ClaimInput {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    hint: &'static str,
}

const fn input(
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    hint: &'static str,
) -> ClaimInput {
    ClaimInput { name, label, kind, hint }
}

/// What applications may ask for with the scopes profile and phone.
pub(super) const PROFILE: [ClaimInput; 12] = [
    input("given_name", "Given names", "text", ""),
    input("middle_name", "Middle names", "text", ""),
    input("family_name", "Family names", "text", ""),
    input("nickname", "Nickname", "text", ""),
    input("phone_number", "Phone", "tel", "With the country code: +1 425 555 1212"),
    input("locale", "Language", "text", "As in en or en-US"),
    input("birthdate", "Date of birth", "text", "As in 1990-12-31, or the year alone"),
    input("zoneinfo", "Time zone", "text", "As in Europe/Paris"),
    input("gender", "Gender", "text", ""),
    input("profile", "Profile page", "url", ""),
    input("picture", "Picture", "url", ""),
    input("website", "Website", "url", ""),
];

/// What applications may ask for with the scope address.
pub(super) const ADDRESS: [ClaimInput; 6] = [
    input("address.street_address", "Street", "lines", ""),
    input("address.formatted", "Address as on a letter", "lines", ""),
    input("address.postal_code", "Postal code", "text", ""),
    input("address.locality", "City", "text", ""),
    input("address.region", "State or region", "text", ""),
    input("address.country", "Country", "text", ""),
];

/// Is something wrong with an input of the profile?
pub(super) fn any_of_a_claim(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| claim_label(&problem.field).is_some())
}

/// The label of an input of the profile.
#[must_use]
pub fn claim_label(name: &str) -> Option<&'static str> {
    PROFILE.iter().chain(&ADDRESS).find(|input| input.name == name).map(|input| input.label)
}

/// `GET /admin/groups?after=…`.
#[derive(Template)]
#[template(path = "admin_groups.html")]
pub struct AdminGroups {
    /// The frame.
    pub shell: Shell,
    /// This page's groups.
    pub rows: Vec<GroupRow>,
    /// Cursor of the next page; none on the last one.
    pub next: Option<String>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// One group in the list.
pub struct GroupRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// What it asks of its members.
    pub least_acr: Option<Level>,
    /// Creation (unix seconds).
    pub created: i64,
}

/// `GET /admin/groups/new` and `GET /admin/groups/{id}?after=…`. Forms, each with `csrf`: `POST /admin/groups` (new) or
/// `POST /admin/groups/{id}` with `name`, `description`, `least_acr`; `POST /admin/groups/{id}/members` (`member`),
/// `…/members/{user}/remove`, `…/delete`.
#[derive(Template)]
#[template(path = "admin_group_form.html")]
pub struct AdminGroupForm {
    /// The frame.
    pub shell: Shell,
    /// Whether the group is yet to be made.
    pub new: bool,
    /// The form's contents.
    pub group: GroupFields,
    /// What is wrong with the submitted form; fields as the inputs' names.
    pub problems: Vec<Problem>,
    /// Text to put into the field of a new member.
    pub member: String,
    /// This page's members; empty when new.
    pub members: Vec<MemberRow>,
    /// Cursor of the next page of members; none on the last one.
    pub next: Option<String>,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// A group as text for a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupFields {
    /// Its id; empty when new.
    pub id: String,
    /// What the form was filled in from, so that two edits at once do not undo each other.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// A level; empty for what applications ask for.
    pub least_acr: String,
}

/// One member of a group.
pub struct MemberRow {
    /// User id.
    pub id: String,
    /// Username.
    pub username: String,
    /// Full name; may be empty.
    pub name: String,
}
