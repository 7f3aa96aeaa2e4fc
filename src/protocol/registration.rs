//! Registration of clients: what an administrator may ask for, and the defaults of what is left out. RFC 7591 §2 and
//! §3.2.2, OpenID Connect Registration §2.
//!
//! One function judges a new client and a changed one alike: a change is the old registration with some fields
//! replaced, so no rule can be walked around by an edit.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::client::{AccessTokenFormat, AuthMethod, Client, ClientMetadata, GrantType, SigningAlg};
use super::ids::ClientId;
use super::redirect_uri::{self, is_loopback};
use super::scope::{ADMIN, OFFLINE_ACCESS, Scope};
use super::user::changes_the_text_around;

/// URIs in one list at most.
const MOST_URIS: usize = 50;
/// Bytes in a URI, and in a list of scope values, at most.
const LONGEST: usize = 2048;
/// Seconds of refresh grace at most: beyond this it hides replays rather than lost answers.
const LONGEST_GRACE: u32 = 300;

/// A client as somebody wants it to be. Everything that is left out has a default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientInput {
    /// Its `client_id`; made up when left out. Cannot be changed later.
    pub client_id: Option<String>,
    /// Name to show to users; 1 to 64 characters.
    pub client_name: Option<String>,
    /// Where authorization responses may be sent; compared exactly.
    pub redirect_uris: Option<Vec<String>>,
    /// Where a browser may be sent after sign-out; compared exactly.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Grant types it may use. Default: `authorization_code` and `refresh_token`.
    #[schema(value_type = Option<Vec<GrantType>>)]
    pub grant_types: Option<Vec<String>>,
    /// How it authenticates. Default: `client_secret_basic`.
    #[schema(value_type = Option<AuthMethod>)]
    pub token_endpoint_auth_method: Option<String>,
    /// Scope values it may ask for, separated by spaces.
    pub scope: Option<String>,
    /// Signature algorithm of its ID tokens. Default: `RS256`.
    #[schema(value_type = Option<SigningAlg>)]
    pub id_token_signed_response_alg: Option<String>,
    /// Signed (RFC 9068) or opaque access tokens. Default: `jwt`.
    #[schema(value_type = Option<AccessTokenFormat>)]
    pub access_token_format: Option<String>,
    /// Signature algorithm of its access tokens, where they are signed. Default: `ES256`.
    #[schema(value_type = Option<SigningAlg>)]
    pub access_token_signed_response_alg: Option<String>,
    /// Must it send a PKCE challenge? Default: yes.
    pub require_pkce: Option<bool>,
    /// A first-party app, for which users are not asked. Default: no.
    pub skip_consent: Option<bool>,
    /// A resource server that may introspect every client's tokens. Default: no.
    pub introspects_any_token: Option<bool>,
    /// For how many seconds a repeated refresh gets the same successor, 300 at most; without, the server's default.
    pub refresh_grace_seconds: Option<u32>,
    /// Home page, shown to users.
    pub client_uri: Option<String>,
    /// Logo, shown to users.
    pub logo_uri: Option<String>,
    /// How it uses personal data.
    pub policy_uri: Option<String>,
    /// Its terms of service.
    pub tos_uri: Option<String>,
    /// Switched off: every request of it is refused. Default: no.
    pub disabled: Option<bool>,
}

/// A registration that keeps every rule. Only [`check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The `client_id` that was asked for.
    pub client_id: Option<ClientId>,
    /// The metadata, with every default filled in.
    pub metadata: ClientMetadata,
    /// Switched off.
    pub disabled: bool,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// The field's name in the request.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FieldProblem {
    /// A problem with `field`.
    pub fn new(field: &'static str, message: impl fmt::Display) -> Self {
        Self { field, message: message.to_string() }
    }

    /// The error code of RFC 7591 §3.2.2.
    #[must_use]
    pub fn code(&self) -> &'static str {
        if self.field == "redirect_uris" { "invalid_redirect_uri" } else { "invalid_client_metadata" }
    }
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Collects every problem, so that the asker learns all of them at once.
#[derive(Default)]
struct Problems(Vec<FieldProblem>);

impl Problems {
    fn add(&mut self, field: &'static str, message: impl fmt::Display) {
        self.0.push(FieldProblem::new(field, message));
    }

    fn unless(&mut self, holds: bool, field: &'static str, message: &'static str) {
        if !holds {
            self.add(field, message);
        }
    }

    /// The value of a text that names one, or its default.
    fn value<T: FromStr<Err: fmt::Display>>(
        &mut self,
        field: &'static str,
        text: Option<&str>,
        default: T,
    ) -> T {
        match text.map(T::from_str) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                self.add(field, error);
                default
            }
        }
    }
}

/// Judges a registration and fills in its defaults.
///
/// # Errors
/// Every rule that it breaks.
pub fn check(input: &ClientInput) -> Result<Registration, Vec<FieldProblem>> {
    let mut problems = Problems::default();
    let client_id = input.client_id.as_deref().and_then(|id| client_id(&mut problems, id));
    let redirect_uris = uris(&mut problems, "redirect_uris", input.redirect_uris.as_deref());
    // OpenID Connect RP-Initiated Logout §3.1: of the same form.
    let post_logout_redirect_uris =
        uris(&mut problems, "post_logout_redirect_uris", input.post_logout_redirect_uris.as_deref());
    let token_endpoint_auth_method = problems.value(
        "token_endpoint_auth_method",
        input.token_endpoint_auth_method.as_deref(),
        AuthMethod::ClientSecretBasic,
    );
    let grant_types = grant_types(&mut problems, input.grant_types.as_deref());
    let metadata = ClientMetadata {
        client_name: client_name(&mut problems, input.client_name.as_deref()),
        scope: scope(&mut problems, input.scope.as_deref(), &grant_types),
        redirect_uris,
        post_logout_redirect_uris,
        grant_types,
        token_endpoint_auth_method,
        // OpenID Connect Registration §2: RS256 when left out.
        id_token_signed_response_alg: problems.value(
            "id_token_signed_response_alg",
            input.id_token_signed_response_alg.as_deref(),
            SigningAlg::Rs256,
        ),
        access_token_format: problems.value(
            "access_token_format",
            input.access_token_format.as_deref(),
            AccessTokenFormat::Jwt,
        ),
        access_token_signed_response_alg: problems.value(
            "access_token_signed_response_alg",
            input.access_token_signed_response_alg.as_deref(),
            SigningAlg::Es256,
        ),
        require_pkce: input.require_pkce.unwrap_or(true),
        skip_consent: input.skip_consent.unwrap_or(false),
        introspects_any_token: input.introspects_any_token.unwrap_or(false),
        refresh_grace_seconds: input.refresh_grace_seconds,
        client_uri: web_page(&mut problems, "client_uri", input.client_uri.as_deref()),
        logo_uri: web_page(&mut problems, "logo_uri", input.logo_uri.as_deref()),
        policy_uri: web_page(&mut problems, "policy_uri", input.policy_uri.as_deref()),
        tos_uri: web_page(&mut problems, "tos_uri", input.tos_uri.as_deref()),
    };
    // What stands in for a value that cannot be read would only lead to misleading messages.
    if !problems.0.iter().any(|known| matches!(known.field, "grant_types" | "token_endpoint_auth_method")) {
        fits_together(&mut problems, &metadata);
    }
    if problems.0.is_empty() {
        Ok(Registration { client_id, metadata, disabled: input.disabled.unwrap_or(false) })
    } else {
        Err(problems.0)
    }
}

/// The rules between fields.
fn fits_together(problems: &mut Problems, metadata: &ClientMetadata) {
    let uses = |grant| metadata.grant_types.contains(&grant);
    let public = metadata.token_endpoint_auth_method == AuthMethod::None;
    // RFC 7591 §5: a client that is sent responses must say where to.
    problems.unless(
        !uses(GrantType::AuthorizationCode) || !metadata.redirect_uris.is_empty(),
        "redirect_uris",
        "name at least one, or leave authorization_code out of grant_types",
    );
    problems.unless(
        uses(GrantType::AuthorizationCode) || metadata.redirect_uris.is_empty(),
        "redirect_uris",
        "only a client with the grant type authorization_code is sent anywhere",
    );
    problems.unless(
        uses(GrantType::AuthorizationCode) || !uses(GrantType::RefreshToken),
        "grant_types",
        "refresh_token needs authorization_code, which the first refresh token comes from",
    );
    // RFC 6749 §4.4: "MUST only be used by confidential clients".
    problems.unless(
        !public || !uses(GrantType::ClientCredentials),
        "grant_types",
        "client_credentials needs a client with a secret",
    );
    // RFC 9700 §2.1.1: public clients MUST use PKCE.
    problems.unless(!public || metadata.require_pkce, "require_pkce", "a public client always needs PKCE");
    // RFC 7662 §2.1: the endpoint MUST require authorization.
    problems.unless(
        !public || !metadata.introspects_any_token,
        "introspects_any_token",
        "only a client with a secret may introspect tokens of others",
    );
    // No user can hand on what only administrators have.
    problems.unless(
        !metadata.scope.contains(ADMIN) || metadata.grant_types == [GrantType::ClientCredentials],
        "scope",
        "countersign:admin is only for a client whose one grant type is client_credentials",
    );
    problems.unless(
        metadata.refresh_grace_seconds.is_none_or(|seconds| seconds <= LONGEST_GRACE),
        "refresh_grace_seconds",
        "300 seconds at most",
    );
}

/// RFC 9700 §4.15: a client must not be able to pass for a user, whose `sub` is 32 hexadecimal digits.
fn client_id(problems: &mut Problems, text: &str) -> Option<ClientId> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let looks_like_a_user = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let begins_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if text.len() > 64 || !begins_well || !text.bytes().all(allowed) {
        problems.add("client_id", "1 to 64 of: letters, digits and . _ -, beginning with a letter or digit");
        return None;
    }
    if looks_like_a_user {
        problems.add("client_id", "must not look like the identifier of a user (32 hexadecimal digits)");
        return None;
    }
    // The page that registers a client is /admin/clients/new.
    if text == "new" {
        problems.add("client_id", "new is reserved");
        return None;
    }
    Some(text.into())
}

fn client_name(problems: &mut Problems, text: Option<&str>) -> String {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() || text.chars().count() > 64 || text.chars().any(changes_the_text_around) {
        problems.add("client_name", "1 to 64 characters, without control, direction or invisible characters");
    }
    text.to_owned()
}

/// A list of redirect URIs, each once.
fn uris(problems: &mut Problems, field: &'static str, uris: Option<&[String]>) -> Vec<String> {
    let uris = uris.unwrap_or_default();
    if uris.len() > MOST_URIS {
        problems.add(field, format_args!("{MOST_URIS} at most"));
        return Vec::new();
    }
    for uri in uris {
        if let Err(unfit) = redirect_uri::check_for_registration(uri) {
            problems.add(field, format_args!("{} {unfit}", shortened(uri)));
        }
    }
    let mut seen = BTreeSet::new();
    uris.iter().filter(|uri| seen.insert(uri.as_str())).cloned().collect()
}

fn grant_types(problems: &mut Problems, texts: Option<&[String]>) -> Vec<GrantType> {
    let Some(texts) = texts else {
        return vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    };
    let mut grant_types = BTreeSet::new();
    // More than there are can only be repetitions or mistakes; a handful of messages is enough.
    for text in texts.iter().take(10) {
        match text.parse() {
            Ok(grant_type) => {
                grant_types.insert(grant_type);
            }
            Err(error) => problems.add("grant_types", format_args!("{} {error}", shortened(text))),
        }
    }
    if texts.len() > 10 {
        problems.add("grant_types", "10 at most");
    }
    grant_types.into_iter().collect()
}

fn scope(problems: &mut Problems, text: Option<&str>, grant_types: &[GrantType]) -> Scope {
    let code = grant_types.contains(&GrantType::AuthorizationCode);
    let refresh = grant_types.contains(&GrantType::RefreshToken);
    let default = match (code, refresh) {
        (true, true) => "openid profile email offline_access",
        (true, false) => "openid profile email",
        (false, _) => "",
    };
    let text = text.unwrap_or(default);
    if text.len() > LONGEST {
        problems.add("scope", format_args!("{LONGEST} bytes at most"));
        return Scope::default();
    }
    match Scope::parse(text) {
        Ok(scope) => {
            // OpenID Connect Core §11: offline access is a refresh token.
            problems.unless(
                refresh || !scope.contains(OFFLINE_ACCESS),
                "scope",
                "offline_access needs the grant type refresh_token",
            );
            scope
        }
        Err(error) => {
            problems.add("scope", error);
            Scope::default()
        }
    }
}

/// A page that users are led to: https (http on loopback), and nothing that reads like another host.
fn web_page(problems: &mut Problems, field: &'static str, text: Option<&str>) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    if !is_web_page(text) {
        problems.add(
            field,
            "must be an https:// address (http:// only for localhost, 127.0.0.1 and [::1]), in ASCII, without user name",
        );
        return None;
    }
    Some(text.to_owned())
}

fn is_web_page(text: &str) -> bool {
    let characters = text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let Ok(url) = Url::parse(text) else { return false };
    let scheme = text.starts_with("https://") || text.starts_with("http://") && is_loopback(&url);
    let authority = text.split("//").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
    characters && scheme && authority.is_some_and(|authority| !authority.contains('@'))
}

/// Enough of a text to recognise it by.
fn shortened(text: &str) -> String {
    let mut start: String =
        text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

/// The registration as it stands: what an edit begins with.
impl From<&Client> for ClientInput {
    fn from(client: &Client) -> Self {
        let metadata = client.metadata.clone();
        Self {
            client_id: Some(client.id.to_string()),
            client_name: Some(metadata.client_name),
            redirect_uris: Some(metadata.redirect_uris),
            post_logout_redirect_uris: Some(metadata.post_logout_redirect_uris),
            grant_types: Some(metadata.grant_types.iter().map(ToString::to_string).collect()),
            token_endpoint_auth_method: Some(metadata.token_endpoint_auth_method.to_string()),
            scope: Some(metadata.scope.to_string()),
            id_token_signed_response_alg: Some(metadata.id_token_signed_response_alg.to_string()),
            access_token_format: Some(metadata.access_token_format.to_string()),
            access_token_signed_response_alg: Some(metadata.access_token_signed_response_alg.to_string()),
            require_pkce: Some(metadata.require_pkce),
            skip_consent: Some(metadata.skip_consent),
            introspects_any_token: Some(metadata.introspects_any_token),
            refresh_grace_seconds: metadata.refresh_grace_seconds,
            client_uri: metadata.client_uri,
            logo_uri: metadata.logo_uri,
            policy_uri: metadata.policy_uri,
            tos_uri: metadata.tos_uri,
            disabled: Some(client.disabled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientInput, FieldProblem, check};
    use crate::protocol::client::{AccessTokenFormat, AuthMethod, GrantType, SigningAlg};
    use crate::protocol::samples;

    #[expect(clippy::unnecessary_wraps, reason = "as the fields are")]
    fn texts(texts: &[&str]) -> Option<Vec<String>> {
        Some(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the fields are")]
    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    /// The smallest registration that is taken.
    fn app() -> ClientInput {
        ClientInput {
            client_name: text("App"),
            redirect_uris: texts(&["https://app.example/cb"]),
            ..ClientInput::default()
        }
    }

    fn service() -> ClientInput {
        ClientInput {
            client_name: text("Service"),
            grant_types: texts(&["client_credentials"]),
            ..ClientInput::default()
        }
    }

    fn problems(input: &ClientInput) -> Vec<FieldProblem> {
        check(input).expect_err("a rule is broken")
    }

    fn fields(input: &ClientInput) -> Vec<&'static str> {
        problems(input).iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn openid_registration_2_defaults_of_what_is_left_out() {
        let metadata = check(&app()).unwrap().metadata;
        assert_eq!(metadata.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
        assert_eq!(metadata.token_endpoint_auth_method, AuthMethod::ClientSecretBasic);
        assert_eq!(metadata.id_token_signed_response_alg, SigningAlg::Rs256);
        assert_eq!(metadata.access_token_format, AccessTokenFormat::Jwt);
        assert_eq!(metadata.access_token_signed_response_alg, SigningAlg::Es256);
        assert_eq!(metadata.scope.to_string(), "openid profile email offline_access");
        assert!(metadata.require_pkce && !metadata.skip_consent && !metadata.introspects_any_token);
        assert_eq!(check(&service()).unwrap().metadata.scope.to_string(), "");
        let once = ClientInput { grant_types: texts(&["authorization_code"]), ..app() };
        assert_eq!(check(&once).unwrap().metadata.scope.to_string(), "openid profile email");
    }

    #[test]
    fn rfc7591_3_2_2_every_problem_is_told_at_once_with_its_code() {
        let input = ClientInput {
            client_name: None,
            redirect_uris: texts(&["javascript:alert(1)", "http://app.example/"]),
            grant_types: texts(&["authorization_code", "password"]),
            token_endpoint_auth_method: text("private_key_jwt"),
            id_token_signed_response_alg: text("none"),
            logo_uri: text("data:image/png,x"),
            ..ClientInput::default()
        };
        let found: Vec<_> = problems(&input).iter().map(|p| (p.field, p.code())).collect();
        assert_eq!(
            found,
            [
                ("redirect_uris", "invalid_redirect_uri"),
                ("redirect_uris", "invalid_redirect_uri"),
                ("token_endpoint_auth_method", "invalid_client_metadata"),
                ("grant_types", "invalid_client_metadata"),
                ("client_name", "invalid_client_metadata"),
                ("id_token_signed_response_alg", "invalid_client_metadata"),
                ("logo_uri", "invalid_client_metadata"),
            ]
        );
    }

    #[test]
    fn rfc7591_5_redirect_uris_and_the_code_grant_go_together() {
        assert_eq!(fields(&ClientInput { redirect_uris: None, ..app() }), ["redirect_uris"]);
        assert_eq!(
            fields(&ClientInput { redirect_uris: texts(&["https://app.example/cb"]), ..service() }),
            ["redirect_uris"]
        );
    }

    #[test]
    fn rfc6749_3_1_2_no_unfit_uri_is_registered_in_either_list() {
        for bad in [
            "",
            "/cb",
            "https://app.example/cb#x",
            "https://*.example/cb",
            "https://user@app.example/cb",
            "http://app.example/cb",
            "https://app.example/cb?code=1",
            "data:text/html,x",
            &format!("https://app.example/{}", "x".repeat(2048)),
        ] {
            assert_eq!(
                fields(&ClientInput { redirect_uris: texts(&[bad]), ..app() }),
                ["redirect_uris"],
                "{bad}"
            );
            let after = ClientInput { post_logout_redirect_uris: texts(&[bad]), ..app() };
            assert_eq!(fields(&after), ["post_logout_redirect_uris"], "{bad}");
        }
        let many: Vec<String> = (0..51).map(|n| format!("https://app.example/{n}")).collect();
        let input = ClientInput { redirect_uris: Some(many.clone()), ..app() };
        assert!(fields(&input).contains(&"redirect_uris"));
        assert!(check(&ClientInput { redirect_uris: Some(many[..50].to_vec()), ..app() }).is_ok());
    }

    #[test]
    fn a_uri_named_twice_is_registered_once() {
        let uris = ["https://b.example/", "https://a.example/", "https://b.example/"];
        let metadata = check(&ClientInput { redirect_uris: texts(&uris), ..app() }).unwrap().metadata;
        assert_eq!(metadata.redirect_uris, uris[..2]);
    }

    #[test]
    fn rfc6749_6_refresh_tokens_come_from_codes() {
        let input = ClientInput { grant_types: texts(&["refresh_token", "client_credentials"]), ..service() };
        assert_eq!(fields(&input), ["grant_types"]);
    }

    #[test]
    fn openid_core_11_offline_access_needs_refresh_tokens() {
        let input = ClientInput {
            grant_types: texts(&["authorization_code"]),
            scope: text("openid offline_access"),
            ..app()
        };
        assert_eq!(fields(&input), ["scope"]);
    }

    #[test]
    fn rfc6749_4_4_client_credentials_are_for_confidential_clients() {
        let input = ClientInput { token_endpoint_auth_method: text("none"), ..service() };
        assert_eq!(fields(&input), ["grant_types"]);
    }

    #[test]
    fn rfc9700_2_1_1_public_clients_cannot_be_excused_from_pkce() {
        let public = ClientInput { token_endpoint_auth_method: text("none"), ..app() };
        assert!(check(&public).unwrap().metadata.require_pkce);
        assert_eq!(fields(&ClientInput { require_pkce: Some(false), ..public }), ["require_pkce"]);
        assert!(check(&ClientInput { require_pkce: Some(false), ..app() }).is_ok());
    }

    #[test]
    fn rfc7662_2_1_public_clients_introspect_nothing_of_others() {
        let input = ClientInput {
            token_endpoint_auth_method: text("none"),
            introspects_any_token: Some(true),
            ..app()
        };
        assert_eq!(fields(&input), ["introspects_any_token"]);
    }

    #[test]
    fn the_administration_scope_is_for_clients_that_act_on_their_own_and_nothing_else() {
        let scope = text("countersign:admin");
        assert!(check(&ClientInput { scope: scope.clone(), ..service() }).is_ok());
        assert_eq!(fields(&ClientInput { scope: scope.clone(), ..app() }), ["scope"]);
        let both =
            ClientInput { grant_types: texts(&["authorization_code", "client_credentials"]), scope, ..app() };
        assert_eq!(fields(&both), ["scope"]);
    }

    #[test]
    fn rfc9700_4_15_a_client_id_cannot_pass_for_a_user() {
        for good in ["a", "my-app", "App.2_x", &"x".repeat(64), "c-0123456789abcdef0123456789abcdef"] {
            assert!(check(&ClientInput { client_id: text(good), ..app() }).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "-x",
            "new",
            "a b",
            "a/b",
            "a:b",
            "é",
            "a\0",
            "0123456789abcdef0123456789ABCDEF",
            &"x".repeat(65),
        ] {
            assert_eq!(fields(&ClientInput { client_id: text(bad), ..app() }), ["client_id"], "{bad:?}");
        }
    }

    #[test]
    fn names_cannot_change_the_text_around_them() {
        for bad in ["", " ", "a\nb", "a\u{202e}b", "a\u{200b}b", "a\u{e0041}", &"x".repeat(65)] {
            assert_eq!(fields(&ClientInput { client_name: text(bad), ..app() }), ["client_name"], "{bad:?}");
        }
        let name = check(&ClientInput { client_name: text(" <b>Größe</b> "), ..app() }).unwrap();
        assert_eq!(name.metadata.client_name, "<b>Größe</b>", "markup is text, which pages escape");
    }

    #[test]
    fn openid_registration_9_1_pages_of_a_client_are_https_and_hide_no_host() {
        for good in ["https://app.example", "https://app.example/p?q#f", "http://localhost:3000/", " "] {
            assert!(check(&ClientInput { tos_uri: text(good), ..app() }).is_ok(), "{good}");
        }
        for bad in [
            "app.example",
            "http://app.example/",
            "javascript:alert(1)",
            "https:app.example",
            "https://good.example@evil.example/",
            "https://@evil.example/",
            "https://good.example\\@evil.example/",
            "https://äpp.example/",
            "https://app.example/a b",
            "https://",
            &format!("https://app.example/{}", "x".repeat(2048)),
        ] {
            for (field, input) in [
                ("client_uri", ClientInput { client_uri: text(bad), ..app() }),
                ("logo_uri", ClientInput { logo_uri: text(bad), ..app() }),
                ("policy_uri", ClientInput { policy_uri: text(bad), ..app() }),
                ("tos_uri", ClientInput { tos_uri: text(bad), ..app() }),
            ] {
                assert_eq!(fields(&input), [field], "{bad}");
            }
        }
    }

    #[test]
    fn bounds_hold() {
        let grace = |seconds| ClientInput { refresh_grace_seconds: Some(seconds), ..app() };
        assert!(check(&grace(300)).is_ok());
        assert_eq!(fields(&grace(301)), ["refresh_grace_seconds"]);
        assert_eq!(fields(&ClientInput { scope: Some("x".repeat(2049)), ..app() }), ["scope"]);
        assert_eq!(fields(&ClientInput { scope: text("a\"b"), ..app() }), ["scope"]);
        let grants = vec!["authorization_code".to_owned(); 11];
        assert_eq!(fields(&ClientInput { grant_types: Some(grants), ..app() }), ["grant_types"]);
    }

    #[test]
    fn a_registration_survives_being_edited_without_a_change() {
        let mut client = samples::client("sample");
        client.disabled = true;
        client.metadata.logo_uri = text("https://app.example/logo.png");
        let again = check(&ClientInput::from(&client)).unwrap();
        assert_eq!(again.metadata, client.metadata);
        assert_eq!((again.client_id, again.disabled), (Some(client.id), true));
    }

    #[test]
    fn unknown_and_repeated_fields_are_refused() {
        for bad in [
            r#"{"client_name":"a","secret_hash":"x"}"#,
            r#"{"client_name":"a","client_name":"b"}"#,
            r#"{"redirect_uris":"https://app.example/cb"}"#,
            r#"{"client_secret":"chosen"}"#,
            r#"{"refresh_grace_seconds":-1}"#,
        ] {
            assert!(serde_json::from_str::<ClientInput>(bad).is_err(), "{bad}");
        }
    }
}
