//! Kinds of applications: what a registration of each needs, and where each may be sent. RFC 6749 §2.1, RFC 8252,
//! RFC 9700 §2.
//!
//! A kind is not stored: it fills in what was left out, and judges redirect URIs by what an application of that kind
//! can be sent to. What comes of it keeps every rule of [`check`](super::check) besides.

use std::fmt;

use url::Url;

use super::{ClientInput, FieldProblem, Registration, RegistrationPolicy, fields::shortened};
use crate::protocol::client::{ApplicationType, AuthMethod, ClientMetadata, GrantType};
use crate::protocol::redirect_uri::{UnfitUri, check_for_registration, is_loopback};
use crate::protocol::wire::wire_enum;

wire_enum! {
    /// Kinds of applications.
    Kind {
        /// Runs on a server, which keeps a secret.
        Web = "web",
        /// Runs in the browser alone.
        Spa = "spa",
        /// Runs on a phone, on a desktop or in a terminal.
        Native = "native",
        /// Acts on its own: nobody signs in.
        Machine = "machine",
        /// Acts for a person with the tools and APIs that it is allowed: an MCP client.
        Agent = "agent",
        /// Has no browser, or no keys to type with: a television, a console, a command line on another machine.
        Device = "device",
    }
}

/// Why an application of a kind cannot be sent there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnfitForKind {
    /// RFC 9700 §2.1: exact matching.
    Wildcard,
    /// RFC 6749 §3.1.2.
    Fragment,
    /// RFC 8252 §7.1: private-use schemes are for native applications.
    PrivateScheme(Kind),
    /// Any other rule of redirect URIs.
    Form(UnfitUri),
}

impl fmt::Display for UnfitForKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wildcard => {
                "has a *, and there are no wildcards: register every address in full (RFC 9700 section 2.1)"
            }
            Self::Fragment => {
                "has a fragment: leave out the # and what follows it, and give the callback a path of its own \
                 (RFC 6749 section 3.1.2)"
            }
            Self::PrivateScheme(Kind::Agent) => {
                "must begin with https:// or be on this machine, such as http://127.0.0.1/callback"
            }
            Self::PrivateScheme(_) => {
                "has a scheme of its own, which only native applications can be called by: use https://"
            }
            Self::Form(UnfitUri::PlainHttp) => {
                "would send the code in the clear: use https:// (http:// only for 127.0.0.1, [::1] and localhost)"
            }
            Self::Form(unfit) => return unfit.fmt(f),
        })
    }
}

/// What may go wrong later with a redirect URI that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriHint {
    /// Nothing follows the host.
    NoPath,
    /// It ends with a slash.
    TrailingSlash,
    /// RFC 8252 §7.3 and §8.3.
    Localhost,
    /// Nobody else's browser gets there.
    Development,
}

impl fmt::Display for UriHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPath => {
                "has no path. Some libraries send it with a slash at the end, which is another address here: look at what \
                 yours sends."
            }
            Self::TrailingSlash => {
                "ends with a slash. The application must send the slash too: addresses are compared character by character."
            }
            Self::Localhost => {
                "is good for this one port only. With 127.0.0.1 in place of localhost the application may listen on any \
                 (RFC 8252 section 7.3)."
            }
            Self::Development => "leads to the machine that the browser runs on: good for development.",
        })
    }
}

impl Kind {
    /// Does anybody sign in to it?
    #[must_use]
    pub const fn signs_people_in(self) -> bool {
        !matches!(self, Self::Machine)
    }

    /// Is a browser sent to it?
    #[must_use]
    pub const fn has_redirect(self) -> bool {
        !matches!(self, Self::Machine | Self::Device)
    }

    /// Can it keep a secret (RFC 6749 §2.1)?
    #[must_use]
    pub const fn is_confidential(self) -> bool {
        matches!(self, Self::Web | Self::Machine)
    }

    /// What a registration of this kind says where nobody said anything else. A refresh token is replaced at every use,
    /// and that of a public client that was used twice ends everything that came of it (RFC 9700 §4.14.2), so each that
    /// signs people in may have them; without `offline_access` they end with the session.
    #[must_use]
    pub fn defaults(self) -> ClientInput {
        let grant_types: &[GrantType] = match self {
            Self::Machine => &[GrantType::ClientCredentials],
            Self::Device => &[GrantType::DeviceCode, GrantType::RefreshToken],
            Self::Web | Self::Spa | Self::Native | Self::Agent => {
                &[GrantType::AuthorizationCode, GrantType::RefreshToken]
            }
        };
        // RFC 9700 §2.5: asymmetric or mutual-TLS methods are better, but need keys; RFC 6749 §2.3.1: Basic before the form.
        let method = if self.is_confidential() { AuthMethod::ClientSecretBasic } else { AuthMethod::None };
        let application_type = match self {
            Self::Native | Self::Agent | Self::Device => ApplicationType::Native,
            Self::Web | Self::Spa | Self::Machine => ApplicationType::Web,
        };
        ClientInput {
            grant_types: Some(grant_types.iter().map(ToString::to_string).collect()),
            application_type: Some(application_type.to_string()),
            token_endpoint_auth_method: Some(method.to_string()),
            scope: Some(self.scope().to_owned()),
            require_pkce: Some(true),
            ..ClientInput::default()
        }
    }

    /// The scope of a registration that names none.
    const fn scope(self) -> &'static str {
        match self {
            // It is not to end because somebody signs out of the browser in which they typed the code.
            Self::Web | Self::Native | Self::Device => "openid profile email offline_access",
            // What a browser keeps, a script that got in there can take: it ends with the session.
            Self::Spa => "openid profile email",
            Self::Agent => "openid offline_access",
            Self::Machine => "",
        }
    }

    /// Which kind a registration is most like: what settings fit it.
    #[must_use]
    pub fn of(metadata: &ClientMetadata) -> Self {
        let public = metadata.token_endpoint_auth_method == AuthMethod::None;
        if metadata.redirect_uris.is_empty() && metadata.grant_types.contains(&GrantType::DeviceCode) {
            Self::Device
        } else if metadata.redirect_uris.is_empty() {
            Self::Machine
        } else if public && metadata.application_type == ApplicationType::Native {
            Self::Native
        } else if public {
            Self::Spa
        } else {
            Self::Web
        }
    }

    /// May an application of this kind be sent there?
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_redirect_uri(self, text: &str) -> Result<Vec<UriHint>, UnfitForKind> {
        if text.contains('*') {
            return Err(UnfitForKind::Wildcard);
        }
        let url = Url::parse(text).ok();
        let private = url.as_ref().is_some_and(|url| !matches!(url.scheme(), "http" | "https"));
        match check_for_registration(text) {
            Err(UnfitUri::Fragment) => return Err(UnfitForKind::Fragment),
            // Better no advice than advice on how to write what this kind cannot have.
            Ok(()) | Err(UnfitUri::Scheme) if private && self != Self::Native => {
                return Err(UnfitForKind::PrivateScheme(self));
            }
            Err(unfit) => return Err(UnfitForKind::Form(unfit)),
            Ok(()) => {}
        }
        let mut hints = Vec::new();
        let Some(url) = url.filter(|_| !private) else { return Ok(hints) };
        let on_device = matches!(self, Self::Native | Self::Agent);
        if is_loopback(&url) && !on_device {
            hints.push(UriHint::Development);
        }
        if url.host_str() == Some("localhost") && on_device {
            hints.push(UriHint::Localhost);
        }
        // The parser gives every address a path; what counts is what was written.
        let path = text.split_once("://").map_or("", |(_, rest)| rest).split('?').next().unwrap_or_default();
        if !path.contains('/') {
            hints.push(UriHint::NoPath);
        } else if path.ends_with('/') {
            hints.push(UriHint::TrailingSlash);
        }
        Ok(hints)
    }

    /// Judges a registration of this kind. What it does not say, [`Kind::defaults`] say.
    ///
    /// # Errors
    /// Every rule that it breaks.
    pub fn check(
        self,
        input: ClientInput,
        policy: RegistrationPolicy,
    ) -> Result<Registration, Vec<FieldProblem>> {
        let unfit = |uri: &String| {
            let problem = self.check_redirect_uri(uri).err()?;
            Some(FieldProblem::new("redirect_uris", format_args!("{} {problem}", shortened(uri))))
        };
        let uris = input.redirect_uris.as_deref().unwrap_or_default();
        // As many as may be registered; the general rules say that there are too many.
        let mut problems: Vec<FieldProblem> = uris.iter().take(super::MOST_URIS).filter_map(unfit).collect();
        let input = input.over(&self.defaults());
        match super::check(&input, policy) {
            Ok(registration) if problems.is_empty() => Ok(registration),
            Ok(_) => Err(problems),
            Err(others) => {
                // Said already, and better.
                let said = !problems.is_empty();
                problems.extend(others.into_iter().filter(|other| !said || other.field != "redirect_uris"));
                Err(problems)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, UnfitForKind, UriHint};
    use crate::protocol::client::{AccessTokenFormat, AuthMethod};
    use crate::protocol::redirect_uri::UnfitUri;
    use crate::protocol::registration::{ClientInput, RegistrationPolicy};

    fn input(redirect_uris: &[&str]) -> ClientInput {
        ClientInput {
            client_name: Some("Notes".to_owned()),
            redirect_uris: Some(redirect_uris.iter().map(|uri| (*uri).to_owned()).collect()),
            ..ClientInput::default()
        }
    }

    #[test]
    fn rfc6749_2_1_each_kind_has_its_defaults() {
        let https = "https://notes.example/cb";
        for (kind, uri, method, grants, native, scope) in [
            (
                Kind::Web,
                Some(https),
                AuthMethod::ClientSecretBasic,
                "authorization_code refresh_token",
                false,
                "openid profile email offline_access",
            ),
            (
                Kind::Spa,
                Some(https),
                AuthMethod::None,
                "authorization_code refresh_token",
                false,
                "openid profile email",
            ),
            (
                Kind::Native,
                Some("com.example.notes:/cb"),
                AuthMethod::None,
                "authorization_code refresh_token",
                true,
                "openid profile email offline_access",
            ),
            (Kind::Machine, None, AuthMethod::ClientSecretBasic, "client_credentials", false, ""),
            (
                Kind::Device,
                None,
                AuthMethod::None,
                "refresh_token urn:ietf:params:oauth:grant-type:device_code",
                true,
                "openid profile email offline_access",
            ),
            (
                Kind::Agent,
                Some("http://127.0.0.1/cb"),
                AuthMethod::None,
                "authorization_code refresh_token",
                true,
                "openid offline_access",
            ),
        ] {
            let made = kind.check(input(uri.as_slice()), RegistrationPolicy::default()).unwrap().metadata;
            assert_eq!(made.token_endpoint_auth_method, method, "{kind}");
            let have: Vec<_> = made.grant_types.iter().map(|grant| grant.as_str()).collect();
            assert_eq!(have.join(" "), grants, "{kind}");
            assert_eq!(made.application_type.as_str() == "native", native, "{kind}");
            assert_eq!(made.scope.to_string(), scope, "{kind}");
            assert!(made.require_pkce && !made.skip_consent && !made.introspects_any_token, "{kind}");
            assert_eq!(made.access_token_format, AccessTokenFormat::Jwt);
            assert_eq!(made.response_types.len(), usize::from(kind.has_redirect()), "{kind}");
            let expected = if kind == Kind::Agent { Kind::Native } else { kind };
            assert_eq!(Kind::of(&made), expected);
        }
    }

    #[test]
    fn what_is_named_stands_over_the_defaults_of_the_kind() {
        let named =
            ClientInput { scope: Some("openid api".to_owned()), ..input(&["https://notes.example/cb"]) };
        let made = Kind::Spa.check(named, RegistrationPolicy::default()).unwrap().metadata;
        assert_eq!(made.scope.to_string(), "openid api");
        assert_eq!(made.token_endpoint_auth_method, AuthMethod::None);
    }

    #[test]
    fn redirect_uris_are_judged_by_the_kind() {
        use Kind::{Agent, Native, Spa, Web};
        use UnfitForKind::{Form, Fragment, PrivateScheme, Wildcard};
        use UriHint::{Development, Localhost, NoPath, TrailingSlash};
        type Judged = Result<&'static [UriHint], fn(Kind) -> UnfitForKind>;
        let cases: [(&[Kind], &str, Judged); 18] = [
            (&[Web, Spa, Native, Agent], "https://notes.example/cb", Ok(&[])),
            (&[Web, Spa, Native, Agent], "https://notes.example/cb?tenant=a/", Ok(&[])),
            (&[Web, Spa, Native, Agent], "https://notes.example", Ok(&[NoPath])),
            (&[Web, Spa, Native, Agent], "https://notes.example?a=/b", Ok(&[NoPath])),
            (&[Web, Spa, Native, Agent], "https://notes.example/", Ok(&[TrailingSlash])),
            (&[Web, Spa, Native, Agent], "https://notes.example/cb/?a=b", Ok(&[TrailingSlash])),
            (&[Web, Spa, Native, Agent], "https://notes.example/#/cb", Err(|_| Fragment)),
            (&[Web, Spa, Native, Agent], "https://*.notes.example/cb", Err(|_| Wildcard)),
            (&[Web, Spa, Native, Agent], "https://notes.example/*#x", Err(|_| Wildcard)),
            (&[Web, Spa, Native, Agent], "http://notes.example/cb", Err(|_| Form(UnfitUri::PlainHttp))),
            (&[Web, Spa, Native, Agent], "notes.example/cb", Err(|_| Form(UnfitUri::NotAbsolute))),
            (
                &[Web, Spa, Native, Agent],
                "https://n.example/cb?code=1",
                Err(|_| Form(UnfitUri::ResponseParameters)),
            ),
            (&[Web, Spa], "http://127.0.0.1:3000/cb", Ok(&[Development])),
            (&[Web, Spa], "http://localhost:3000/", Ok(&[Development, TrailingSlash])),
            (&[Native, Agent], "http://127.0.0.1/cb", Ok(&[])),
            (&[Native, Agent], "http://localhost:3000/cb", Ok(&[Localhost])),
            (&[Web, Spa, Agent], "com.example.notes:/cb", Err(PrivateScheme)),
            (&[Web, Spa, Agent], "notes://cb", Err(PrivateScheme)),
        ];
        for (kinds, uri, expected) in cases {
            for kind in kinds {
                let judged = kind.check_redirect_uri(uri);
                let expected = expected.map(<[_]>::to_vec).map_err(|unfit| unfit(*kind));
                assert_eq!(judged, expected, "{kind} {uri}");
            }
        }
        assert_eq!(Native.check_redirect_uri("com.example.notes:/cb"), Ok(Vec::new()));
        assert_eq!(Native.check_redirect_uri("notes://cb"), Err(Form(UnfitUri::Scheme)));
    }

    #[test]
    fn every_unfit_address_is_named_once() {
        let bad = input(&["http://a.example/cb", "https://b.example/cb#x", "com.example:/cb"]);
        let problems = Kind::Web.check(bad, RegistrationPolicy::default()).unwrap_err();
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert!(texts[0].starts_with("redirect_uris: http://a.example/cb would send the code in the clear"));
        assert!(texts[1].contains("fragment") && texts[2].contains("scheme of its own"), "{texts:?}");

        let none = Kind::Web.check(input(&[]), RegistrationPolicy::default()).unwrap_err();
        assert!(none[0].message.contains("name at least one"), "{none:?}");
        for kind in [Kind::Machine, Kind::Device] {
            let sent = kind.check(input(&["https://a.example/cb"]), RegistrationPolicy::default());
            assert!(sent.unwrap_err()[0].message.contains("is sent anywhere"));
        }
    }
}
