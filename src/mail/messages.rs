//! The messages, each with what it is about; and how each reads in a language.
//!
//! Pure. All words are in the catalogues (`locales/<language>/mail.ftl`). Whatever people chose themselves is made harmless
//! here, before it stands in a subject or a text: one line, not long, nothing that moves the text around it, no address that
//! a mail program would make a link of.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use askama::Template;
use fluent_bundle::FluentValue;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::i18n::{Language, Words};
use crate::protocol::issuer::Issuer;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::changes_the_text_around;

/// A name that somebody chose is cut after so many characters.
const LONGEST_NAME: usize = 64;

/// Stands at the end of what was cut.
const CUT: char = '…';

/// An address of this server. It begins with the configured issuer, whatever a request says about its host: there is no
/// other way to make one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link(String);

impl Link {
    /// The link to a path (which begins with a slash) on this server.
    #[must_use]
    pub fn to(issuer: &Issuer, path: &str) -> Self {
        Self(issuer.at(path))
    }

    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A link may hold a secret, so it is never printed by accident.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}

/// When something happened, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// On what, in words: "Firefox on Linux".
    pub device: String,
    /// From which address; none where somebody else did it, whose address is nobody's business.
    pub ip: Option<IpAddr>,
}

/// What happened to how somebody signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// An authenticator app was set up, with recovery codes.
    AppAdded,
    /// It was turned off.
    AppRemoved,
    /// New recovery codes took the place of the old ones.
    RecoveryCodesMade,
    /// A recovery code was used in place of the app.
    RecoveryCodeUsed,
    /// A passkey is gone.
    PasskeyRemoved {
        /// What its owner called it.
        passkey: String,
    },
    /// An account elsewhere opens this one from now on.
    AccountLinked {
        /// Where.
        provider: String,
        /// What it is known by there.
        label: String,
    },
    /// An account elsewhere opens this one no more.
    AccountUnlinked {
        /// Where.
        provider: String,
        /// What it is known by there.
        label: String,
    },
}

impl Change {
    const fn kind(&self) -> &'static str {
        match self {
            Self::AppAdded => "app_added",
            Self::AppRemoved => "app_removed",
            Self::RecoveryCodesMade => "recovery_codes_made",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::PasskeyRemoved { .. } => "passkey_removed",
            Self::AccountLinked { .. } => "account_linked",
            Self::AccountUnlinked { .. } => "account_unlinked",
        }
    }
}

/// What this server writes to people.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Message {
    /// To an address that was given for an account: is it theirs?
    VerifyAddress {
        /// User name.
        account: String,
        /// Confirms the address.
        link: Link,
        /// For how long.
        works_for: Duration,
    },
    /// To somebody who forgot their password.
    ResetPassword {
        /// User name.
        account: String,
        /// Where to choose a new one.
        link: Link,
        /// For how long.
        works_for: Duration,
    },
    /// To somebody who wants to sign in.
    SignInCode {
        /// What to type.
        code: String,
        /// What to open instead.
        link: Link,
        /// For how long both work.
        works_for: Duration,
    },
    /// To whose password was changed.
    PasswordChanged {
        /// User name.
        account: String,
        /// When and where.
        happened: Happened,
        /// Where a new one can be chosen.
        link: Link,
    },
    /// To whose account got another passkey.
    PasskeyAdded {
        /// User name.
        account: String,
        /// What its owner calls it.
        passkey: String,
        /// When and where.
        happened: Happened,
        /// The account's page.
        link: Link,
    },
    /// To an address that an account had until now.
    AddressChanged {
        /// User name.
        account: String,
        /// When and where.
        happened: Happened,
        /// The account's page.
        link: Link,
    },
    /// To whose ways to sign in changed.
    MethodsChanged {
        /// User name.
        account: String,
        /// How.
        change: Change,
        /// When and where.
        happened: Happened,
        /// The account's page.
        link: Link,
    },
    /// To somebody who may make an account.
    Invitation {
        /// Who invites, in words; empty where it is nobody in particular.
        inviter: String,
        /// Where to make it.
        link: Link,
        /// For how long.
        works_for: Duration,
    },
    /// To an address that was given to make an account with.
    SignUp {
        /// Where to make it.
        link: Link,
        /// For how long.
        works_for: Duration,
    },
    /// To an address that was given to make an account with, and has one.
    AccountExists {
        /// User name.
        account: String,
        /// Where to sign in.
        link: Link,
    },
    /// To whose right password was followed by a wrong second factor.
    SecondFactorRefused {
        /// User name.
        account: String,
        /// When and where.
        happened: Happened,
        /// Where a new password can be chosen.
        link: Link,
    },
    /// To whose account is no more.
    AccountDeleted {
        /// User name.
        account: String,
        /// When and where.
        happened: Happened,
        /// The server's front page.
        link: Link,
    },
    /// To whose account was signed in to on a device that was not used before.
    NewSignIn {
        /// User name.
        account: String,
        /// When and where.
        happened: Happened,
        /// The account's page.
        link: Link,
    },
}

/// Links and codes are secrets.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({})", self.kind())
    }
}

impl Message {
    /// What the store, the logs and the operator call it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::VerifyAddress { .. } => "verify_address",
            Self::ResetPassword { .. } => "reset_password",
            Self::SignInCode { .. } => "sign_in_code",
            Self::PasswordChanged { .. } => "password_changed",
            Self::PasskeyAdded { .. } => "passkey_added",
            Self::AddressChanged { .. } => "address_changed",
            Self::MethodsChanged { change, .. } => change.kind(),
            Self::Invitation { .. } => "invitation",
            Self::SignUp { .. } => "sign_up",
            Self::AccountExists { .. } => "account_exists",
            Self::SecondFactorRefused { .. } => "second_factor_refused",
            Self::AccountDeleted { .. } => "account_deleted",
            Self::NewSignIn { .. } => "new_sign_in",
        }
    }

    /// Where it leads.
    #[must_use]
    pub const fn link(&self) -> &Link {
        match self {
            Self::VerifyAddress { link, .. }
            | Self::ResetPassword { link, .. }
            | Self::SignInCode { link, .. }
            | Self::PasswordChanged { link, .. }
            | Self::PasskeyAdded { link, .. }
            | Self::AddressChanged { link, .. }
            | Self::MethodsChanged { link, .. }
            | Self::Invitation { link, .. }
            | Self::SignUp { link, .. }
            | Self::AccountExists { link, .. }
            | Self::SecondFactorRefused { link, .. }
            | Self::AccountDeleted { link, .. }
            | Self::NewSignIn { link, .. } => link,
        }
    }

    /// What is to be typed, where something is.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::SignInCode { code, .. } => Some(code),
            _ => None,
        }
    }

    /// For how long it is of use; for ever, if it tells of something that happened.
    #[must_use]
    pub const fn works_for(&self) -> Option<Duration> {
        match self {
            Self::VerifyAddress { works_for, .. }
            | Self::ResetPassword { works_for, .. }
            | Self::SignInCode { works_for, .. }
            | Self::Invitation { works_for, .. }
            | Self::SignUp { works_for, .. } => Some(*works_for),
            // Somebody waits for it now.
            Self::AccountExists { .. } => Some(Duration::from_hours(1)),
            Self::PasswordChanged { .. }
            | Self::PasskeyAdded { .. }
            | Self::AddressChanged { .. }
            | Self::MethodsChanged { .. }
            | Self::SecondFactorRefused { .. }
            | Self::AccountDeleted { .. }
            | Self::NewSignIn { .. } => None,
        }
    }

    /// How it reads. `site` is this server's host.
    #[must_use]
    pub fn letter(&self, language: Language, site: &str) -> Letter {
        let words = Words::of(language);
        let (subject, blocks) = Pen { words: words.clone(), site }.write(self);
        let footer = words.with_all("mail-footer", &[("site", site.into())]);
        Letter { words, subject: one_line(&subject), blocks, footer: footer.into_owned() }
    }
}

/// A part of a letter.
#[derive(Clone, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// Something to type.
    Code(String),
    /// Something to open.
    Button {
        /// What it says.
        label: String,
        /// Where it leads.
        link: Link,
    },
    /// Names and values.
    Facts(Vec<(String, String)>),
}

/// A message in words.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    words: Words,
    /// One line.
    pub subject: String,
    blocks: Vec<Block>,
    footer: String,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a>(&'a Letter);

#[derive(Template)]
#[template(path = "mail/letter.txt", whitespace = "preserve")]
struct Text<'a>(&'a Letter);

impl Letter {
    /// As HTML: no script, nothing that is loaded from anywhere, and all there is to read without images.
    ///
    /// # Errors
    /// Never for a letter; templates can fail in general.
    pub fn html(&self) -> Result<String, askama::Error> {
        Html(self).render()
    }

    /// As plain text.
    ///
    /// # Errors
    /// Never for a letter; templates can fail in general.
    pub fn text(&self) -> Result<String, askama::Error> {
        Text(self).render()
    }
}

/// Writes in one language about one server.
struct Pen<'a> {
    words: Words,
    site: &'a str,
}

impl Pen<'_> {
    /// Subject and text.
    #[expect(clippy::too_many_lines, reason = "one arm for each message")]
    fn write(&self, message: &Message) -> (String, Vec<Block>) {
        let words = &self.words;
        let site: FluentValue<'_> = self.site.into();
        let about = |account: &str| [("account", shown(account)), ("site", site.clone())];
        let only_site = [("site", site.clone())];
        match message {
            Message::VerifyAddress { account, link, works_for } => (
                words.with_all("mail-verify-subject", &only_site).into_owned(),
                vec![
                    text(words.with_all("mail-verify-text", &about(account))),
                    button(words.text("mail-verify-button"), link),
                    text(self.works(*works_for)),
                    text(words.text("mail-verify-ignore")),
                ],
            ),
            Message::ResetPassword { account, link, works_for } => (
                words.with_all("mail-reset-subject", &only_site).into_owned(),
                vec![
                    text(words.with_all("mail-reset-text", &about(account))),
                    button(words.text("mail-reset-button"), link),
                    text(self.works(*works_for)),
                    text(words.text("mail-reset-ignore")),
                ],
            ),
            Message::SignInCode { code, link, works_for } => (
                words.with_all("mail-code-subject", &only_site).into_owned(),
                vec![
                    text(words.with_all("mail-code-text", &only_site)),
                    Block::Code(harmless(code)),
                    text(words.text("mail-code-link")),
                    button(words.text("mail-code-button"), link),
                    text(self.works(*works_for)),
                    text(words.text("mail-code-ignore")),
                ],
            ),
            Message::PasswordChanged { account, happened, link } => (
                words.with_all("mail-password-subject", &only_site).into_owned(),
                vec![
                    text(words.with_all("mail-password-text", &about(account))),
                    self.facts(happened),
                    text(words.text("mail-password-not-you")),
                    button(words.text("mail-password-button"), link),
                ],
            ),
            Message::PasskeyAdded { account, passkey, happened, link } => {
                let about = [("passkey", shown(passkey)), ("account", shown(account)), ("site", site)];
                (
                    words.with_all("mail-passkey-subject", &only_site).into_owned(),
                    vec![
                        text(words.with_all("mail-passkey-text", &about)),
                        self.facts(happened),
                        text(words.text("mail-passkey-not-you")),
                        button(words.text("mail-passkey-button"), link),
                    ],
                )
            }
            Message::AddressChanged { account, happened, link } => (
                words.with_all("mail-moved-subject", &only_site).into_owned(),
                vec![
                    text(words.with_all("mail-moved-text", &about(account))),
                    self.facts(happened),
                    text(words.text("mail-moved-not-you")),
                    button(words.text("mail-sign-in-button"), link),
                ],
            ),
            Message::MethodsChanged { account, change, happened, link } => {
                let (subject, said) = self.change(change, account);
                (
                    subject,
                    vec![
                        text(said),
                        self.facts(happened),
                        text(words.text("mail-change-not-you")),
                        button(words.text("mail-sign-in-button"), link),
                    ],
                )
            }
            Message::Invitation { inviter, link, works_for } => (
                words.with_all("mail-invitation-subject", &only_site).into_owned(),
                vec![
                    text(if inviter.is_empty() {
                        words.with_all("mail-invitation-by-nobody", &only_site)
                    } else {
                        words.with_all("mail-invitation-text", &[("inviter", shown(inviter)), ("site", site)])
                    }),
                    button(words.text("mail-invitation-button"), link),
                    text(self.works(*works_for)),
                    text(words.text("mail-invitation-ignore")),
                ],
            ),
            Message::SignUp { link, works_for } => (
                words.with_all("mail-sign-up-subject", &only_site).into_owned(),
                vec![
                    text(words.with_all("mail-sign-up-text", &only_site)),
                    button(words.text("mail-sign-up-button"), link),
                    text(self.works(*works_for)),
                    text(words.text("mail-sign-up-ignore")),
                ],
            ),
            Message::AccountExists { account, link } => (
                words.with_all("mail-exists-subject", &only_site).into_owned(),
                vec![
                    text(words.with_all("mail-exists-text", &about(account))),
                    button(words.text("mail-exists-button"), link),
                    text(words.text("mail-exists-ignore")),
                ],
            ),
            Message::SecondFactorRefused { account, happened, link } => (
                words.with_all("mail-second-refused-subject", &only_site).into_owned(),
                vec![
                    text(words.with_all("mail-second-refused-text", &about(account))),
                    self.facts(happened),
                    text(words.text("mail-sign-in-you")),
                    text(words.text("mail-second-refused-not-you")),
                    button(words.text("mail-password-button"), link),
                ],
            ),
            Message::AccountDeleted { account, happened, link } => (
                words.with_all("mail-deleted-subject", &only_site).into_owned(),
                vec![
                    text(words.with_all("mail-deleted-text", &about(account))),
                    self.facts(happened),
                    text(words.text("mail-deleted-not-you")),
                    button(words.with_all("mail-deleted-button", &only_site), link),
                ],
            ),
            Message::NewSignIn { account, happened, link } => (
                words.with_all("mail-sign-in-subject", &only_site).into_owned(),
                vec![
                    text(words.with_all("mail-sign-in-text", &about(account))),
                    self.facts(happened),
                    text(words.text("mail-sign-in-you")),
                    text(words.text("mail-sign-in-not-you")),
                    button(words.text("mail-sign-in-button"), link),
                ],
            ),
        }
    }

    /// Subject and first sentence about a change.
    fn change(&self, change: &Change, account: &str) -> (String, String) {
        let words = &self.words;
        let mut site = vec![("site", self.site.into())];
        let mut about = vec![("account", shown(account)), ("site", self.site.into())];
        match change {
            Change::PasskeyRemoved { passkey } => about.push(("passkey", shown(passkey))),
            Change::AccountLinked { provider, label } | Change::AccountUnlinked { provider, label } => {
                site.push(("provider", shown(provider)));
                about.extend([("provider", shown(provider)), ("label", shown(label))]);
            }
            _ => {}
        }
        let (subject, text) = match change {
            Change::AppAdded => (
                words.with_all("mail-app-added-subject", &site),
                words.with_all("mail-app-added-text", &about),
            ),
            Change::AppRemoved => (
                words.with_all("mail-app-removed-subject", &site),
                words.with_all("mail-app-removed-text", &about),
            ),
            Change::RecoveryCodesMade => (
                words.with_all("mail-codes-made-subject", &site),
                words.with_all("mail-codes-made-text", &about),
            ),
            Change::RecoveryCodeUsed => (
                words.with_all("mail-code-used-subject", &site),
                words.with_all("mail-code-used-text", &about),
            ),
            Change::PasskeyRemoved { .. } => (
                words.with_all("mail-passkey-removed-subject", &site),
                words.with_all("mail-passkey-removed-text", &about),
            ),
            Change::AccountLinked { .. } => {
                (words.with_all("mail-linked-subject", &site), words.with_all("mail-linked-text", &about))
            }
            Change::AccountUnlinked { .. } => {
                (words.with_all("mail-unlinked-subject", &site), words.with_all("mail-unlinked-text", &about))
            }
        };
        (subject.into_owned(), text.into_owned())
    }

    /// In the largest unit that tells the time exactly; less than a minute is told as one.
    fn works(&self, length: Duration) -> String {
        let minutes = (length.as_secs() / 60).max(1);
        let count = |number: u64| [("count", FluentValue::from(number))];
        let words = &self.words;
        if minutes.is_multiple_of(24 * 60) {
            words.with_all("mail-works-days", &count(minutes / (24 * 60)))
        } else if minutes.is_multiple_of(60) {
            words.with_all("mail-works-hours", &count(minutes / 60))
        } else {
            words.with_all("mail-works-minutes", &count(minutes))
        }
        .into_owned()
    }

    fn facts(&self, happened: &Happened) -> Block {
        let words = &self.words;
        let mut facts = vec![(words.text("mail-time").into_owned(), in_utc(happened.at))];
        let device = harmless(&happened.device);
        if !device.is_empty() {
            facts.push((words.text("mail-device").into_owned(), device));
        }
        if let Some(ip) = happened.ip {
            facts.push((words.text("mail-address").into_owned(), ip.to_canonical().to_string()));
        }
        Block::Facts(facts)
    }
}

fn text(text: impl Into<String>) -> Block {
    Block::Text(text.into())
}

fn button(label: impl Into<String>, link: &Link) -> Block {
    Block::Button { label: label.into(), link: link.clone() }
}

/// A name that somebody chose, within a sentence.
fn shown(name: &str) -> FluentValue<'static> {
    harmless(name).into()
}

/// One line of at most [`LONGEST_NAME`] characters, in which no mail program finds an address to make a link of.
fn harmless(text: &str) -> String {
    let text: String = text.chars().map(|c| if changes_the_text_around(c) { ' ' } else { c }).collect();
    let text = text.trim().replace("://", " ").replace("www.", "www ");
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(LONGEST_NAME).collect();
    if characters.next().is_some() {
        short.pop();
        short.push(CUT);
    }
    short
}

/// A text of this server's own on one line, whatever stands in it. The marks around names in Arabic stay.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// The same in every language.
fn in_utc(at: Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    OffsetDateTime::from_unix_timestamp(at.0)
        .ok()
        .and_then(|at| at.format(format).ok())
        .unwrap_or_else(|| at.0.to_string())
}
