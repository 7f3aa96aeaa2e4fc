//! `[directory]`, resolved.

use std::time::Duration;

use url::Url;
use zeroize::Zeroizing;

use super::raw;
use super::resolve::{Checks, read_secret_file};
use super::{Attributes, Bind, Directory};

const SECOND: Duration = Duration::from_secs(1);

/// What stands in the place of the name that somebody typed.
const LOGIN: &str = "{login}";

/// Attributes (RFC 4512 §2.5): names or numbers, perhaps with options.
fn is_attribute(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b';'))
}

impl Checks<'_> {
    /// The inner `None`: there is no directory.
    #[expect(clippy::option_option, reason = "refused, or none, or some")]
    pub(super) fn directory(&mut self, mut raw: raw::Directory) -> Option<Option<Directory>> {
        let ca_certificates = raw.ca_file.take().and_then(|file| self.read("directory.ca_file", file));
        let timeout = self.duration("directory.timeout", raw.timeout.take(), 5 * SECOND, SECOND..=8 * SECOND);
        let Some(text) = raw.url.clone() else {
            if raw.base.is_some() || raw.filter.is_some() || raw.bind_dn.is_some() || raw.user_dn.is_some() {
                self.refuse(
                    "directory.url",
                    "is missing; write url = \"ldaps://ldap.example.org\" under [directory]",
                );
            }
            return Some(None);
        };
        let url = Url::parse(&text).ok().filter(|url| {
            let extra = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
            let user = !url.username().is_empty() || url.password().is_some();
            let host = url.host_str().is_some_and(|host| !host.is_empty());
            matches!(url.scheme(), "ldap" | "ldaps") && host && !extra && !user
        });
        if url.is_none() {
            self.refuse_value(
                "directory.url",
                format!("{text:?}"),
                "must be ldaps://host (TLS) or ldap://host (StartTLS), perhaps with a port, and nothing after it",
            );
        }
        let bind = self.bind(&raw);
        let base = match (&bind, raw.base) {
            (_, Some(base)) if !base.trim().is_empty() => base,
            (Some(Bind::AsUser(_)), _) => String::new(),
            _ => {
                self.refuse(
                    "directory.base",
                    "is missing; write base = \"ou=people,dc=example,dc=org\" under [directory]",
                );
                return None;
            }
        };
        let filter = match (&bind, raw.filter) {
            (_, Some(filter)) => Some(filter),
            (Some(Bind::AsUser(_)), None) => Some("(objectClass=*)".to_owned()),
            (_, None) => Some(format!("(uid={LOGIN})")),
        };
        let filter = filter.filter(|filter| {
            let named = filter.contains(LOGIN) || matches!(bind, Some(Bind::AsUser(_)));
            named && ldap3::parse_filter(filter.replace(LOGIN, "x")).is_ok()
        });
        if filter.is_none() {
            self.refuse(
                "directory.filter",
                "must be a filter (RFC 4515) with {login} in it, such as \"(&(objectClass=person)(uid={login}))\"",
            );
        }
        let mut attribute = |key: &str, value: Option<String>, default: &str| {
            let value = value.unwrap_or_else(|| default.to_owned());
            if !is_attribute(&value) {
                self.refuse_value(
                    key,
                    format!("{value:?}"),
                    "must be the name of an attribute, such as \"uid\"",
                );
            }
            value
        };
        let attributes = Attributes {
            id: attribute("directory.id_attribute", raw.id_attribute, "entryUUID"),
            username: attribute("directory.username_attribute", raw.username_attribute, "uid"),
            email: attribute("directory.email_attribute", raw.email_attribute, "mail"),
            name: attribute("directory.name_attribute", raw.name_attribute, "cn"),
            groups: attribute("directory.groups_attribute", raw.groups_attribute, "memberOf"),
        };
        let url = url?;
        Some(Some(Directory {
            start_tls: url.scheme() == "ldap" && !raw.allow_plain,
            url,
            ca_certificates,
            bind: bind?,
            base,
            filter: filter?,
            attributes,
            groups_base: raw.groups_base,
            trust_email: raw.trust_email,
            timeout,
        }))
    }

    fn bind(&mut self, raw: &raw::Directory) -> Option<Bind> {
        match (&raw.bind_dn, &raw.user_dn) {
            (Some(_), Some(_)) => {
                self.refuse("directory.user_dn", "is set beside bind_dn; keep one of the two");
                None
            }
            (None, Some(template)) => {
                if !template.contains(LOGIN) {
                    self.refuse(
                        "directory.user_dn",
                        "must hold {login}, as in \"uid={login},ou=people,dc=example,dc=org\"",
                    );
                }
                Some(Bind::AsUser(template.clone()))
            }
            (None, None) => {
                if raw.bind_password.is_some() || raw.bind_password_file.is_some() {
                    self.refuse("directory.bind_dn", "is missing beside the password");
                }
                Some(Bind::Anonymous)
            }
            (Some(dn), None) => {
                let password = match (&raw.bind_password, &raw.bind_password_file) {
                    (Some(_), Some(_)) => {
                        self.refuse(
                            "directory.bind_password",
                            "is set beside bind_password_file; keep one of the two",
                        );
                        return None;
                    }
                    (Some(text), None) => Zeroizing::new(text.clone()),
                    (None, Some(file)) => {
                        let file = (self.path)("directory.bind_password_file", file.clone());
                        match read_secret_file(&file) {
                            Ok(text) => Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()),
                            Err(what) => {
                                self.refuse_value("directory.bind_password_file", file.display(), what);
                                return None;
                            }
                        }
                    }
                    (None, None) => Zeroizing::new(String::new()),
                };
                // RFC 4513 §5.1.2: it would look like success.
                if password.is_empty() || dn.trim().is_empty() {
                    self.refuse(
                        "directory.bind_password_file",
                        "is missing beside bind_dn; write bind_password_file = \"/path/of/a/file\" under [directory]",
                    );
                    return None;
                }
                Some(Bind::AsService { dn: dn.clone(), password })
            }
        }
    }
}
