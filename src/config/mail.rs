//! `[mail]`, resolved.

use std::borrow::Cow;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::Zeroizing;

use super::raw;
use super::resolve::{Checks, read_secret_file};
use super::{Mail, MailTransport, Sender, Smtp, SmtpCredentials, SmtpSecurity};
use crate::protocol::user::{canonical_email, display_name};

/// For mail that a program hands in (RFC 6409 §3.1).
const SUBMISSION: u16 = 587;
/// The same over TLS from the first byte (RFC 8314 §7.3).
const SUBMISSION_OVER_TLS: u16 = 465;

/// How `smtp_url` looks, at the end of every refusal of one.
const WRITE_A_URL: &str = "write smtp_url = \"smtp://user@mail.example.org:587\" (STARTTLS) or \
     \"smtps://user@mail.example.org:465\" (TLS) under [mail]";

impl Checks<'_> {
    pub(super) fn mail(&mut self, raw: raw::Mail, data_dir: &Path) -> Option<Mail> {
        let transport = match raw.transport.as_deref() {
            Some("smtp") => MailTransport::Smtp(self.smtp(&raw)?),
            Some("file") => {
                let named = raw.folder.map(|folder| (self.path)("mail.folder", folder));
                MailTransport::File(named.unwrap_or_else(|| data_dir.join("mail")))
            }
            Some("none") => MailTransport::None,
            Some(other) => {
                self.refuse_value(
                    "mail.transport",
                    format!("{other:?}"),
                    "must be \"smtp\", \"file\" or \"none\"",
                );
                return None;
            }
            // Whoever wrote where mail goes wants it sent.
            None if raw.smtp_url.is_some() => {
                self.refuse(
                    "mail.transport",
                    "is missing beside smtp_url; write transport = \"smtp\" under [mail]",
                );
                return None;
            }
            None if raw.folder.is_some() => {
                self.refuse(
                    "mail.transport",
                    "is missing beside folder; write transport = \"file\" under [mail]",
                );
                return None;
            }
            None => MailTransport::None,
        };
        let from = match raw.from {
            Some(text) => self.sender(&text)?,
            None if matches!(transport, MailTransport::Smtp(_)) => {
                self.refuse(
                    "mail.from",
                    "is missing; write from = \"Example <no-reply@example.org>\" under [mail]",
                );
                return None;
            }
            None => Sender { name: Some("Countersign".to_owned()), address: "no-reply@localhost".to_owned() },
        };
        Some(Mail { transport, from })
    }

    /// `Name <address>`, or the address alone.
    fn sender(&mut self, text: &str) -> Option<Sender> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => ("", text),
        };
        let name = if name.is_empty() { Ok(None) } else { display_name(name).map(Some) };
        if let (Ok(name), Ok(address)) = (name, canonical_email(address)) {
            return Some(Sender { name, address });
        }
        self.refuse_value(
            "mail.from",
            format!("{text:?}"),
            "must be an address, or a name and an address, such as \"Example <no-reply@example.org>\"",
        );
        None
    }

    /// The URL may hold a password, so that no refusal repeats it.
    fn smtp(&mut self, raw: &raw::Mail) -> Option<Smtp> {
        const KEY: &str = "mail.smtp_url";
        let Some(text) = &raw.smtp_url else {
            self.refuse(KEY, format!("is missing; {WRITE_A_URL}"));
            return None;
        };
        if !["smtp://", "smtps://"].iter().any(|scheme| text.starts_with(scheme)) {
            self.refuse(KEY, format!("must begin with smtp:// or smtps://; {WRITE_A_URL}"));
            return None;
        }
        let url = Url::parse(text).ok().filter(|url| {
            let extra = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
            !extra && url.host_str().is_some_and(|host| !host.is_empty())
        });
        let Some(url) = url else {
            self.refuse(
                KEY,
                format!(
                    "must have a host, and nothing after host and port; {WRITE_A_URL}, with %-escapes for special \
                     characters in user name and password"
                ),
            );
            return None;
        };
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let loopback = host.eq_ignore_ascii_case("localhost")
            || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        let (security, port) = match url.scheme() {
            "smtps" => (SmtpSecurity::Tls, SUBMISSION_OVER_TLS),
            _ if loopback => (SmtpSecurity::Plain, SUBMISSION),
            _ if raw.allow_plain => (SmtpSecurity::StartTlsIfOffered, SUBMISSION),
            _ => (SmtpSecurity::StartTls, SUBMISSION),
        };
        let credentials = self.credentials(&url, raw.smtp_password_file.clone())?;
        Some(Smtp { host: host.to_owned(), port: url.port().unwrap_or(port), security, credentials })
    }

    /// The inner `None`: the mail server asks for none.
    #[expect(clippy::option_option, reason = "refused, or none, or some")]
    fn credentials(&mut self, url: &Url, file: Option<PathBuf>) -> Option<Option<SmtpCredentials>> {
        let plain = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned);
        let user = plain(url.username());
        let written = url.password().map(plain).transpose();
        let (Ok(user), Ok(written)) = (user, written) else {
            self.refuse("mail.smtp_url", "has a user name or password that is not UTF-8 text");
            return None;
        };
        let password = match (written, file) {
            (None, None) if user.is_empty() => return Some(None),
            (None, None) => {
                self.refuse(
                    "mail.smtp_password_file",
                    "is missing beside the user name in smtp_url; write smtp_password_file = \"/path/of/a/file\" \
                     under [mail]",
                );
                return None;
            }
            (Some(_), Some(_)) => {
                self.refuse(
                    "mail.smtp_password_file",
                    "is set beside a password in smtp_url; keep one of the two",
                );
                return None;
            }
            (Some(password), None) => Zeroizing::new(password),
            (None, Some(file)) => {
                let file = (self.path)("mail.smtp_password_file", file);
                match read_secret_file(&file) {
                    Ok(text) => Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()),
                    Err(what) => {
                        self.refuse_value("mail.smtp_password_file", file.display(), what);
                        return None;
                    }
                }
            }
        };
        if user.is_empty() || password.is_empty() {
            self.refuse(
                "mail.smtp_url",
                format!("has a password without a user name, or an empty one; {WRITE_A_URL}"),
            );
            return None;
        }
        Some(Some(SmtpCredentials { user, password }))
    }
}
