//! Every HTML page: one struct per page, one template of the same name in `templates/`.
//!
//! A pure room: a handler fills a struct and renders it. The words that users read are in the catalogues of
//! [`i18n`](crate::i18n): a page has [`Words`], and asks them by a message's key. Administration and the demo are in English,
//! and have theirs in the templates. Values are escaped by askama; no template marks anything as safe.
//! Points in time are unix seconds and are shown in UTC.

mod account;
mod admin;
pub mod assets;
mod audit;
mod branding;
mod by_mail;
mod delegation;
mod demo;
mod device;
mod failures;
mod operations;
mod plot;
mod preview;
mod providers;
mod scopes;
mod sign_in;
mod wizard;
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "inside the templates' macros and loops a value is a reference of any depth"
)]
mod words;

pub use account::{
    Account, AccountDeleted, Activity, AppRow, Event, LinkedAccounts, LinkedRow, NewAddress, NewApp,
    NewPasskey, PasskeyRow, PasswordProblem, Profile, RecoveryCodes, SessionRow, SignInMethods, YourData,
    profile_label,
};
pub use admin::{
    AdminClientForm, AdminClients, AdminGroupForm, AdminGroups, AdminHome, AdminInvitations, AdminUserForm,
    AdminUsers, AuditRow, ClientFields, ClientRow, Connect, Count, GroupFields, GroupRow, InvitationFields,
    InvitationRow, KeyRow, MemberRow, ResponseTypeBox, SpanLink, UserFields, UserRow, claim_label,
};
pub use audit::{AdminAudit, AuditFields, AuditLine, Party};
pub use branding::{AdminBranding, AdminPolicies, BrandingFields, BrandingPart};
pub use by_mail::{AskForCode, CodeElsewhere, EnterCode, FirstKey, Invitation, SignUpByMail, SignUpSent};
pub use delegation::{
    AdminDelegations, AdminReference, AdminReferencePart, DelegationFields, DelegationRow, RefAnswer,
    RefField, RefOperation, RefSchema, RefTag,
};
pub use demo::{DemoClaims, DemoCredentials, DemoHome, DemoProblem};
pub use device::{AllowDevice, DeviceDone, DeviceProblem, EnterUserCode};
pub use failures::{AdminFailure, AdminFailures, FailedRedirectUri, FailureLine};
pub use operations::{
    AdminKeyQuestion, AdminKeys, AdminMails, AdminRegistration, AdminWebhookForm, AdminWebhooks, DeliveryRow,
    EventBox, KeyLine, KeyQuestion, MailRow, RegisteredRow, TokenFields, TokenRow, WebhookFields, WebhookRow,
};
pub use plot::{Axis, Layer, Plot, Ranking, Values, bars, lines, millis, whole};
pub use preview::AdminClientPreview;
pub use providers::{
    AdminProvider, AdminProviderDelete, AdminProviderForm, AdminProviderKinds, AdminProviders, ExaminedRow,
    ProviderFields, ProviderKind, ProviderRow,
};
pub use scopes::{
    AdminScopeForm, AdminScopes, MappingFields, ScopeFields, ScopePreview, ScopeRow, SourceGroup,
    blank_mapping,
};
pub use sign_in::{
    CheckSession, Consent, ErrorPage, FormPost, LinkAccount, Login, LoginProblem, LogoutConfirm, NewPassword,
    PasskeyChallenge, Recover, RecoverySent, RequiredPassword, ReturnTo, SecondFactor, SetUp, Setup,
    SetupDone, SignUp, SignedOut, SigningOut, UpstreamButton, VerifyAddress,
};
pub use wizard::{AdminClientKinds, AdminClientWizard, Finding, WizardFields};
pub use words::{describe_device, describe_scope, describe_weakness, duration};

pub use crate::protocol::logout::LogoutFrame;

use askama::Template;

use crate::i18n::{Language, Phrase, Words, key};

use account::{ADDRESS_INPUTS, PROFILE_INPUTS, TABS};
use admin::{
    ADDRESS, ALGORITHMS, ASSERTION_ALGORITHMS, ASYMMETRIC_ALGORITHMS, GRANT_TYPES, LEVELS, OVERLAPS, PROFILE,
    any_of_a_claim, level_label,
};
use operations::{delivery_tone, mail_tone};
use wizard::KINDS;
use words::{ago, day_time, grouped, iso, signed_in};

/// A page as it is sent: in which language, and where it is found again.
pub trait Page: Template {
    /// Its words; none where it has none.
    fn words(&self) -> Option<&Words>;

    /// An address on this server that shows it again, for its switch of languages; none where there is none.
    fn here(&self) -> Option<String> {
        None
    }
}

/// An address with parameters.
fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// What the frame around every account and administration page needs.
pub struct Shell {
    /// The language.
    pub words: Words,
    /// Name of the signed-in person, shown in the header.
    pub name: String,
    /// CSRF token for every form of the page, the sign-out form in the header included.
    pub csrf: String,
    /// Whether to offer the way to the administration pages.
    pub is_admin: bool,
    /// Whether they lead to everything, and not only to what was delegated.
    pub manages_all: bool,
    /// Time of the request (unix seconds), for "5 minutes ago".
    pub now: i64,
}

/// An application (OAuth client) as end users see it.
pub struct App {
    /// Display name.
    pub name: String,
    /// Where this server serves its logo, if it has one.
    pub logo: Option<String>,
    /// Where this server serves a style sheet of its colour, if it has one.
    pub accent: Option<String>,
    /// Home page; shown as a link when it is a web address.
    pub client_uri: Option<String>,
    /// Privacy policy; shown as a link when it is a web address.
    pub policy_uri: Option<String>,
    /// Terms of service; shown as a link when it is a web address.
    pub tos_uri: Option<String>,
    /// Host (ASCII form, with the port when it is not the default) that the browser is sent to afterwards; empty where it is sent
    /// nowhere.
    pub redirect_host: String,
    /// It registered itself: nobody here has looked at what it says about itself.
    pub unverified: bool,
}

impl App {
    fn home(&self) -> Option<&str> {
        web_address(self.client_uri.as_deref())
    }

    fn policy(&self) -> Option<&str> {
        web_address(self.policy_uri.as_deref())
    }

    fn terms(&self) -> Option<&str> {
        web_address(self.tos_uri.as_deref())
    }

    /// The letter that stands in for a missing logo.
    fn initial(&self) -> String {
        self.name
            .chars()
            .find(|c| c.is_alphanumeric())
            .map_or_else(|| "?".into(), |c| c.to_uppercase().collect())
    }
}

/// Only web addresses become links: a registered `javascript:` or `data:` URI stays without effect.
fn web_address(uri: Option<&str>) -> Option<&str> {
    uri.filter(|uri| uri.starts_with("https://") || uri.starts_with("http://"))
}

/// A scope in words.
pub struct Scope {
    /// The scope token as the application sent it.
    pub name: String,
    /// What the application gets, as the continuation of "It will be able to …" in a list.
    pub title: String,
    /// One sentence more.
    pub description: String,
}

/// What is wrong with one field of a submitted form.
pub struct Problem {
    /// The `name` of the input, or the empty string when the form as a whole is meant.
    pub field: String,
    /// A full sentence that says how to correct it.
    pub message: String,
}

impl Problem {
    /// A problem of `field` with the sentence `message`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// The first problem of a field.
fn problem_of<'a>(problems: &'a [Problem], field: &str) -> Option<&'a str> {
    problems.iter().find(|problem| problem.field == field).map(|problem| problem.message.as_str())
}

/// What was just done, shown once on top of the page a form leads to. It travels in the address of that page as
/// `?done=<code>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// One session was signed out.
    SessionEnded,
    /// All sessions but this one were signed out.
    OtherSessionsEnded,
    /// An application's access was withdrawn.
    AppRevoked,
    /// The password was changed.
    PasswordChanged,
    /// One's own profile was changed.
    ProfileSaved,
    /// One's own e-mail address was changed.
    AddressChanged,
    /// The authenticator app was removed.
    AppRemoved,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was renamed.
    PasskeyRenamed,
    /// A passkey was removed.
    PasskeyRemoved,
    /// The mail that shows that an address is one's own is on its way.
    AddressMailed,
    /// The address was shown to be one's own.
    AddressVerified,
    /// An account elsewhere was linked.
    AccountLinked,
    /// An account elsewhere was unlinked.
    AccountUnlinked,
    /// A client was registered.
    ClientCreated,
    /// A client was changed.
    ClientSaved,
    /// A client was deleted.
    ClientDeleted,
    /// A client's old secret was ended.
    OldSecretEnded,
    /// A user was created.
    UserCreated,
    /// A user was changed.
    UserSaved,
    /// A user was deleted.
    UserDeleted,
    /// A user's password was set.
    UserPasswordSet,
    /// One session of a user was signed out.
    UserSessionEnded,
    /// All sessions of a user were signed out.
    UserSessionsEnded,
    /// An invitation went by mail.
    InvitationSent,
    /// An invitation was withdrawn.
    InvitationWithdrawn,
    /// A passkey or an authenticator app was taken off an account.
    UserMethodRemoved,
    /// A group was made.
    GroupCreated,
    /// A group was changed.
    GroupSaved,
    /// A group was deleted.
    GroupDeleted,
    /// A user was put into a group.
    MemberAdded,
    /// A user was taken out of a group.
    MemberRemoved,
    /// A redirect URI was registered from a failed request.
    RedirectUriRegistered,
    /// An upstream provider was registered.
    ProviderCreated,
    /// An upstream provider was changed.
    ProviderSaved,
    /// An upstream provider was deleted.
    ProviderDeleted,
    /// A scope was defined.
    ScopeCreated,
    /// A scope was changed.
    ScopeSaved,
    /// A scope was deleted.
    ScopeDeleted,
    /// A webhook was changed.
    WebhookSaved,
    /// A webhook was deleted.
    WebhookDeleted,
    /// A message to a webhook was asked for.
    WebhookAsked,
    /// A webhook leaves out what it was not told.
    WebhookSkipped,
    /// A webhook's old secret was ended.
    WebhookOldSecretEnded,
    /// A mail is tried at once.
    MailHurried,
    /// A mail is not sent.
    MailCancelled,
    /// The next key was made.
    KeyMade,
    /// A key was revoked.
    KeyRevoked,
    /// An initial access token was revoked.
    RegistrationTokenRevoked,
    /// A user must choose a new password.
    PasswordRequired,
    /// A user must choose a new password, and has the link by mail.
    PasswordRequiredByMail,
    /// Something was delegated.
    Delegated,
    /// Something that was delegated was taken back.
    DelegationEnded,
    /// What administrators chose for how this server looks was changed.
    BrandingSaved,
    /// It was taken back.
    BrandingReset,
}

impl Notice {
    const ALL: &'static [(Notice, &'static str, Phrase)] = &[
        (Notice::SessionEnded, "session-ended", key("notice-session-ended")),
        (Notice::OtherSessionsEnded, "others-ended", key("notice-others-ended")),
        (Notice::AppRevoked, "app-revoked", key("notice-app-revoked")),
        (Notice::PasswordChanged, "password-changed", key("notice-password-changed")),
        (Notice::ProfileSaved, "profile-saved", key("notice-profile-saved")),
        (Notice::AddressChanged, "address-changed", key("notice-address-changed")),
        (Notice::AppRemoved, "app-removed", key("notice-app-removed")),
        (Notice::PasskeyAdded, "passkey-added", key("notice-passkey-added")),
        (Notice::PasskeyRenamed, "passkey-renamed", key("notice-passkey-renamed")),
        (Notice::PasskeyRemoved, "passkey-removed", key("notice-passkey-removed")),
        (Notice::AddressMailed, "address-mailed", key("notice-address-mailed")),
        (Notice::AddressVerified, "address-verified", key("notice-address-verified")),
        (Notice::AccountLinked, "account-linked", key("notice-account-linked")),
        (Notice::AccountUnlinked, "account-unlinked", key("notice-account-unlinked")),
        (Notice::ClientCreated, "client-created", Phrase::english("The application is registered.")),
        (Notice::ClientSaved, "client-saved", Phrase::english("The application is saved.")),
        (Notice::ClientDeleted, "client-deleted", Phrase::english("The application is deleted.")),
        (
            Notice::OldSecretEnded,
            "old-secret-ended",
            Phrase::english("The old secret does not work any more."),
        ),
        (Notice::UserCreated, "user-created", Phrase::english("The user is created.")),
        (Notice::UserSaved, "user-saved", Phrase::english("The user is saved.")),
        (Notice::UserDeleted, "user-deleted", Phrase::english("The user is deleted.")),
        (Notice::UserPasswordSet, "password-set", Phrase::english("The password is set.")),
        (Notice::UserSessionEnded, "user-session-ended", Phrase::english("The device is signed out.")),
        (
            Notice::UserSessionsEnded,
            "user-sessions-ended",
            Phrase::english("The user is signed out everywhere."),
        ),
        (Notice::InvitationSent, "invitation-sent", Phrase::english("The invitation is on its way.")),
        (
            Notice::InvitationWithdrawn,
            "invitation-withdrawn",
            Phrase::english("The invitation is withdrawn: its link does not work any more."),
        ),
        (
            Notice::UserMethodRemoved,
            "method-removed",
            Phrase::english("It is removed, and signs nobody in any more."),
        ),
        (
            Notice::GroupCreated,
            "group-created",
            Phrase::english("The group is there. Add its members below."),
        ),
        (Notice::GroupSaved, "group-saved", Phrase::english("The changes are saved.")),
        (Notice::GroupDeleted, "group-deleted", Phrase::english("The group is deleted.")),
        (Notice::MemberAdded, "member-added", Phrase::english("The user is in the group.")),
        (Notice::MemberRemoved, "member-removed", Phrase::english("The user is not in the group any more.")),
        (
            Notice::RedirectUriRegistered,
            "redirect-uri-registered",
            Phrase::english("The address is registered: try it again."),
        ),
        (
            Notice::ProviderCreated,
            "provider-created",
            Phrase::english("The provider is there. Register the address below with it, then test it."),
        ),
        (Notice::ProviderSaved, "provider-saved", Phrase::english("The provider is saved.")),
        (Notice::ProviderDeleted, "provider-deleted", Phrase::english("The provider is deleted.")),
        (Notice::ScopeCreated, "scope-created", Phrase::english("The scope is defined.")),
        (Notice::ScopeSaved, "scope-saved", Phrase::english("The scope is saved.")),
        (
            Notice::ScopeDeleted,
            "scope-deleted",
            Phrase::english("The scope is deleted: it brings no claims any more."),
        ),
        (Notice::WebhookSaved, "webhook-saved", Phrase::english("The webhook is saved.")),
        (Notice::WebhookDeleted, "webhook-deleted", Phrase::english("The webhook is deleted.")),
        (
            Notice::WebhookAsked,
            "webhook-asked",
            Phrase::english("It is on its way: load the page again to see what became of it."),
        ),
        (Notice::WebhookSkipped, "webhook-skipped", Phrase::english("What it was not told is left out.")),
        (
            Notice::WebhookOldSecretEnded,
            "webhook-old-secret-ended",
            Phrase::english("Nothing is signed with the old secret any more."),
        ),
        (Notice::MailHurried, "mail-hurried", Phrase::english("The mail is tried now.")),
        (Notice::MailCancelled, "mail-cancelled", Phrase::english("The mail is not sent.")),
        (Notice::KeyMade, "key-made", Phrase::english("The next key is made.")),
        (
            Notice::KeyRevoked,
            "key-revoked",
            Phrase::english("The key is revoked: nothing that it signed counts any more."),
        ),
        (
            Notice::RegistrationTokenRevoked,
            "registration-token-revoked",
            Phrase::english("The token registers nothing any more."),
        ),
        (
            Notice::PasswordRequired,
            "password-required",
            Phrase::english("The user is signed out everywhere, and must choose a new password."),
        ),
        (
            Notice::PasswordRequiredByMail,
            "password-required-by-mail",
            Phrase::english(
                "The user is signed out everywhere, and must choose a new password. The link to do so is on its way.",
            ),
        ),
        (Notice::Delegated, "delegated", Phrase::english("It is delegated.")),
        (Notice::DelegationEnded, "delegation-ended", Phrase::english("It is taken back.")),
        (Notice::BrandingSaved, "branding-saved", Phrase::english("It is saved, and shown on every page.")),
        (Notice::BrandingReset, "branding-reset", Phrase::english("What was chosen here is taken back.")),
    ];

    /// The code for the address.
    #[must_use]
    pub fn code(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The notice of a code; none for anything else.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().find(|row| row.1 == code).map(|row| row.0)
    }

    fn say(self, words: &Words) -> String {
        Self::ALL
            .iter()
            .find(|row| row.0 == self)
            .map_or_else(String::new, |row| words.phrase(&row.2).into_owned())
    }
}

#[cfg(test)]
mod tests;
