//! What may be registered, as tables.

use super::{ClientInput, FieldProblem, Registration, RegistrationPolicy};
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::by_itself;
use crate::protocol::client::{AccessTokenFormat, AuthMethod, Client, GrantType, ResponseType, SigningAlg};
use crate::protocol::samples;

#[expect(clippy::unnecessary_wraps, reason = "as the fields are")]
fn texts(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

#[expect(clippy::unnecessary_wraps, reason = "as the fields are")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn check(input: &ClientInput) -> Result<Registration, Vec<FieldProblem>> {
    super::check(input, RegistrationPolicy::default())
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
    let at_once =
        ClientInput { response_types: texts(&["id_token"]), grant_types: texts(&["implicit"]), ..app() };
    assert_eq!(
        check(&at_once).unwrap().metadata.scope.to_string(),
        "openid profile email",
        "it signs people in"
    );
}

#[test]
fn rfc7591_3_2_2_every_problem_is_told_at_once_with_its_code() {
    let input = ClientInput {
        client_name: None,
        redirect_uris: texts(&["javascript:alert(1)", "http://app.example/"]),
        grant_types: texts(&["authorization_code", "password"]),
        token_endpoint_auth_method: text("tls_client_auth"),
        id_token_signed_response_alg: text("HS1"),
        logo_uri: text("data:image/png,x"),
        ..ClientInput::default()
    };
    let found: Vec<_> = problems(&input).iter().map(|p| (p.field, p.code().as_str())).collect();
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
    let input =
        ClientInput { token_endpoint_auth_method: text("none"), introspects_any_token: Some(true), ..app() };
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
    let grants = vec!["authorization_code".to_owned(); 21];
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

/// What [`app`] says, with these members put over it.
fn with(members: &Value) -> ClientInput {
    let mut all = serde_json::to_value(app()).unwrap();
    all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

/// The fields that are told to be wrong, each once.
fn wrong(members: &Value, policy: RegistrationPolicy) -> Vec<&'static str> {
    let mut fields: Vec<_> = super::check(&with(members), policy)
        .err()
        .unwrap_or_default()
        .iter()
        .map(|problem| problem.field)
        .collect();
    fields.dedup();
    fields
}

fn public_key() -> Value {
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})
}

#[test]
fn openid_registration_2_every_wrong_value_is_told_by_the_name_of_its_field() {
    let long = "x".repeat(257);
    let many = |count: usize| vec!["x"; count];
    let key_with = |member: &str| json!({"keys": [{"kty": "EC", member: "x"}]});
    for (field, bad) in [
        ("redirect_uris", json!(["http://app.example/cb"])),
        ("post_logout_redirect_uris", json!(["https://app.example/#out"])),
        ("grant_types", json!(["password"])),
        ("grant_types", json!(["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"])),
        ("response_types", json!(["token"])),
        ("response_types", json!(["none"])),
        ("response_types", json!(["code code"])),
        ("response_types", json!([""])),
        ("application_type", json!("desktop")),
        ("token_endpoint_auth_method", json!("tls_client_auth")),
        ("token_endpoint_auth_signing_alg", json!("HS1")),
        ("jwks", json!({})),
        ("jwks", json!({"keys": {}})),
        ("jwks", json!({"keys": ["x"]})),
        ("jwks", json!({"keys": [{"kid": "no kty"}]})),
        ("jwks", json!({"keys": [{"kty": "OKP", "x": "x".repeat(33_000)}]})),
        ("jwks", key_with("d")),
        ("jwks", key_with("p")),
        ("jwks", key_with("q")),
        ("jwks", json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]})),
        ("scope", json!("a\"b")),
        ("id_token_signed_response_alg", json!("rs256")),
        ("id_token_encrypted_response_alg", json!("RSA1_5")),
        ("id_token_encrypted_response_enc", json!("A192GCM")),
        ("userinfo_signed_response_alg", json!("")),
        ("userinfo_encrypted_response_alg", json!("dir")),
        ("userinfo_encrypted_response_enc", json!("A128CBC")),
        ("request_object_signing_alg", json!("ES256K")),
        ("request_object_encryption_alg", json!("A128KW")),
        ("request_object_encryption_enc", json!("none")),
        ("request_uris", json!(["ftp://app.example/request"])),
        ("request_uris", json!(["http://app.example/request#x"])),
        ("request_uris", json!(["https://user@app.example/request"])),
        ("request_uris", json!(vec!["https://app.example/r"; 51])),
        ("subject_type", json!("private")),
        ("default_acr_values", json!(many(21))),
        ("default_acr_values", json!([long])),
        ("contacts", json!(many(21))),
        ("contacts", json!(["a\u{202e}b"])),
        ("software_id", json!(long)),
        ("software_version", json!("1\n2")),
        ("access_token_format", json!("paseto")),
        ("access_token_signed_response_alg", json!("x")),
        ("refresh_grace_seconds", json!(301)),
        ("localized", json!({"client_name": "no tag"})),
        ("localized", json!({"client_name#": "an empty one"})),
        ("localized", json!({"client_name#ja#de": "two"})),
        ("localized", json!({"client_name#abcdefghi": "too long a part"})),
        ("localized", json!({"redirect_uris#de": "https://app.example/"})),
        ("client_name", json!(" ")),
    ] {
        assert_eq!(wrong(&json!({field: bad}), RegistrationPolicy::default()), [field], "{field}: {bad}");
    }
    for (member, bad) in [("client_name#ja", "a\u{202e}b"), ("tos_uri#de-CH", "http://app.example/")] {
        let field = member.split('#').next().unwrap();
        assert_eq!(wrong(&json!({"localized": {member: bad}}), RegistrationPolicy::default()), [field]);
    }
    let many: BTreeMap<String, &str> = (0..51).map(|n| (format!("client_name#x{n}"), "x")).collect();
    assert_eq!(wrong(&json!({"localized": many}), RegistrationPolicy::default()), ["localized"]);
}

#[test]
fn openid_registration_2_addresses_that_are_fetched_called_or_led_to_are_https() {
    let development = RegistrationPolicy { development: true, ..RegistrationPolicy::default() };
    for field in [
        "jwks_uri",
        "sector_identifier_uri",
        "initiate_login_uri",
        "frontchannel_logout_uri",
        "backchannel_logout_uri",
    ] {
        for bad in [
            "app.example",
            "http://app.example/x",
            "http://localhost/x",
            "javascript:alert(1)",
            "https://app.example/#x",
            "https://user@app.example/x",
            "https://\u{e4}pp.example/x",
            "https://app.example/a b",
            &format!("https://app.example/{}", "x".repeat(2048)),
        ] {
            assert_eq!(wrong(&json!({field: bad}), RegistrationPolicy::default()), [field], "{field}: {bad}");
        }
        let good = json!({field: "https://app.example/x?y=1"});
        assert_eq!(wrong(&good, RegistrationPolicy::default()), [""; 0], "{field}");
        let local = json!({field: "http://localhost:3000/x", "redirect_uris": ["http://localhost:3000/cb"]});
        assert_eq!(wrong(&local, development), [""; 0], "{field}: http on loopback, in development");
        let elsewhere = json!({field: "http://app.example/x"});
        assert_eq!(wrong(&elsewhere, development), [field], "{field}");
    }
}

#[test]
fn rfc7591_2_1_response_types_and_grant_types_correspond() {
    let legacy = RegistrationPolicy { legacy_front_channel_tokens: true, ..RegistrationPolicy::default() };
    let none: [&str; 0] = [];
    for (response_types, grant_types, expected) in [
        (json!(["code"]), json!(["authorization_code"]), &none[..]),
        (json!(["id_token"]), json!(["implicit"]), &none),
        (json!(["id_token code"]), json!(["implicit", "authorization_code"]), &none),
        (json!(["code id_token token"]), json!(["implicit", "authorization_code"]), &none),
        (json!(["code", "token id_token"]), json!(["implicit", "authorization_code"]), &none),
        (json!(["code"]), json!(["implicit"]), &["grant_types", "response_types"]),
        (json!(["id_token"]), json!(["authorization_code"]), &["grant_types", "response_types"]),
        (json!(["code id_token"]), json!(["authorization_code"]), &["grant_types"]),
        (json!(["code token"]), json!(["implicit"]), &["grant_types"]),
        (json!(["code"]), json!(["authorization_code", "implicit"]), &["response_types"]),
        (json!(["id_token"]), json!(["authorization_code", "implicit"]), &["response_types"]),
        (json!([]), json!(["authorization_code"]), &["response_types"]),
        (json!(["code"]), json!(["client_credentials"]), &["redirect_uris", "grant_types"]),
        (json!(["id_token"]), json!(["implicit", "refresh_token"]), &["grant_types"]),
    ] {
        let members =
            json!({"response_types": response_types, "grant_types": grant_types, "scope": "openid"});
        assert_eq!(wrong(&members, legacy), expected, "{members}");
    }
    // What is left out follows.
    for (members, grant_types, response_types) in [
        (json!({}), &[GrantType::AuthorizationCode, GrantType::RefreshToken][..], &[ResponseType::Code][..]),
        (json!({"response_types": ["id_token"]}), &[GrantType::Implicit], &[ResponseType::IdToken]),
        (json!({"grant_types": ["implicit"]}), &[GrantType::Implicit], &[ResponseType::IdToken]),
        (
            json!({"response_types": ["id_token code"]}),
            &[GrantType::AuthorizationCode, GrantType::Implicit, GrantType::RefreshToken],
            &[ResponseType::CodeIdToken],
        ),
    ] {
        let metadata = check(&with(&members)).unwrap().metadata;
        assert_eq!((&metadata.grant_types[..], &metadata.response_types[..]), (grant_types, response_types));
    }
}

#[test]
fn rfc9700_2_1_2_tokens_from_the_authorization_endpoint_only_where_the_deployment_allows_them() {
    for response_type in ["id_token token", "code token", "code id_token token"] {
        let members = json!({"response_types": [response_type]});
        assert_eq!(wrong(&members, RegistrationPolicy::default()), ["response_types"], "{response_type}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn openid_registration_2_rules_between_fields() {
    let keys = public_key();
    let none: [&str; 0] = [];
    for (members, expected) in [
        // Keys.
        (json!({"jwks": keys, "jwks_uri": "https://app.example/jwks"}), &["jwks"][..]),
        (json!({"token_endpoint_auth_method": "private_key_jwt"}), &["jwks_uri"]),
        (json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": keys}), &none),
        (
            json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/j"}),
            &none,
        ),
        (json!({"request_object_signing_alg": "RS256"}), &none),
        (json!({"request_object_signing_alg": "RS256", "jwks": keys}), &none),
        (json!({"request_object_signing_alg": "none"}), &none),
        (json!({"request_object_signing_alg": "HS256"}), &none),
        // Core §10.1: the secret as a key.
        (json!({"id_token_signed_response_alg": "HS256"}), &none),
        (
            json!({"token_endpoint_auth_method": "none", "id_token_signed_response_alg": "HS256"}),
            &["id_token_signed_response_alg"],
        ),
        (
            json!({"token_endpoint_auth_method": "none", "userinfo_signed_response_alg": "HS384"}),
            &["userinfo_signed_response_alg"],
        ),
        (
            json!({"token_endpoint_auth_method": "none", "request_object_signing_alg": "HS512"}),
            &["request_object_signing_alg"],
        ),
        // Which algorithm fits which method.
        (
            json!({"token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "HS512"}),
            &none,
        ),
        (
            json!({"token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "RS256"}),
            &["token_endpoint_auth_signing_alg"],
        ),
        (
            json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": keys, "token_endpoint_auth_signing_alg": "HS256"}),
            &["token_endpoint_auth_signing_alg"],
        ),
        (
            json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": keys, "token_endpoint_auth_signing_alg": "none"}),
            &["token_endpoint_auth_signing_alg"],
        ),
        (json!({"token_endpoint_auth_signing_alg": "none"}), &["token_endpoint_auth_signing_alg"]),
        // ID tokens that nobody signs.
        (json!({"id_token_signed_response_alg": "none"}), &none),
        (
            json!({"id_token_signed_response_alg": "none", "response_types": ["code", "code id_token"]}),
            &["id_token_signed_response_alg"],
        ),
        (
            json!({"id_token_signed_response_alg": "none", "response_types": ["id_token"], "scope": "openid"}),
            &["id_token_signed_response_alg"],
        ),
        (json!({"access_token_signed_response_alg": "HS256"}), &["access_token_signed_response_alg"]),
        (json!({"access_token_signed_response_alg": "none"}), &["access_token_signed_response_alg"]),
        // Encryption.
        (json!({"id_token_encrypted_response_alg": "RSA-OAEP"}), &["id_token_encrypted_response_alg"]),
        (json!({"id_token_encrypted_response_alg": "RSA-OAEP", "jwks": keys}), &none),
        (
            json!({"id_token_encrypted_response_enc": "A128GCM", "jwks": keys}),
            &["id_token_encrypted_response_enc"],
        ),
        (json!({"userinfo_encrypted_response_alg": "ECDH-ES"}), &["userinfo_encrypted_response_alg"]),
        (json!({"userinfo_encrypted_response_enc": "A128GCM"}), &["userinfo_encrypted_response_enc"]),
        (json!({"request_object_encryption_enc": "A256GCM"}), &["request_object_encryption_enc"]),
        (
            json!({"request_object_encryption_alg": "RSA-OAEP-256", "request_object_encryption_enc": "A256GCM"}),
            &none,
        ),
        // Core §8.1: one sector.
        (json!({"subject_type": "pairwise"}), &none),
        (
            json!({"subject_type": "pairwise", "redirect_uris": ["https://a.example/", "https://b.example/"]}),
            &["sector_identifier_uri"],
        ),
        (
            json!({"subject_type": "pairwise", "redirect_uris": ["com.example.app:/cb"]}),
            &["sector_identifier_uri"],
        ),
        (
            json!({
                "subject_type": "pairwise",
                "redirect_uris": ["https://a.example/", "https://b.example/"],
                "sector_identifier_uri": "https://a.example/sector",
            }),
            &none,
        ),
        // Front-Channel Logout §2: at the place of a redirect URI.
        (json!({"frontchannel_logout_uri": "https://app.example/other"}), &none),
        (json!({"frontchannel_logout_uri": "https://other.example/"}), &["frontchannel_logout_uri"]),
        (json!({"frontchannel_logout_uri": "https://app.example:8443/"}), &["frontchannel_logout_uri"]),
        // Plain http and tokens in the fragment.
        (
            json!({"response_types": ["id_token"], "scope": "openid", "redirect_uris": ["http://localhost:3000/cb"]}),
            &["redirect_uris"],
        ),
        (
            json!({
                "response_types": ["id_token"],
                "scope": "openid",
                "redirect_uris": ["http://localhost:3000/cb"],
                "application_type": "native",
            }),
            &none,
        ),
        (json!({"redirect_uris": ["http://localhost:3000/cb"]}), &none),
    ] {
        assert_eq!(wrong(&members, RegistrationPolicy::default()), expected, "{members}");
    }
}

#[test]
fn a_registration_with_everything_survives_being_edited_without_a_change() {
    let members = json!({
        "response_types": ["code", "id_token"],
        "jwks": public_key(),
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "EdDSA",
        "id_token_encrypted_response_alg": "ECDH-ES",
        "id_token_encrypted_response_enc": "A256GCM",
        "userinfo_signed_response_alg": "RS256",
        "userinfo_encrypted_response_alg": "RSA-OAEP",
        "request_object_signing_alg": "ES256",
        "request_object_encryption_alg": "RSA-OAEP",
        "request_uris": ["https://app.example/request#hash"],
        "subject_type": "pairwise",
        "sector_identifier_uri": "https://app.example/sector",
        "default_max_age": 60,
        "require_auth_time": true,
        "claims_in_id_token": true,
        "default_acr_values": ["1"],
        "initiate_login_uri": "https://app.example/login",
        "frontchannel_logout_uri": "https://app.example/out",
        "frontchannel_logout_session_required": true,
        "backchannel_logout_uri": "https://app.example/out",
        "backchannel_logout_session_required": true,
        "contacts": ["ada@example.com"],
        "software_id": "id",
        "software_version": "1",
        "localized": {"client_name#ja": "\u{30a2}\u{30d7}\u{30ea}", "tos_uri#de-CH": "https://app.example/agb"},
    });
    let metadata = check(&with(&members)).unwrap().metadata;
    let client = Client { metadata, ..samples::client("sample") };
    let written = serde_json::to_value(&client.metadata).unwrap();
    for (name, value) in members.as_object().unwrap() {
        assert_eq!(&written[name], value, "{name}");
    }
    assert_eq!(check(&ClientInput::from(&client)).unwrap().metadata, client.metadata);
}

fn read(members: &Value) -> Result<ClientInput, Vec<FieldProblem>> {
    by_itself(members.as_object().unwrap(), true)
}

/// Of a client that registers itself.
fn registered(members: &Value) -> super::ClientMetadata {
    check(&read(members).unwrap()).unwrap().metadata
}

#[test]
fn rfc7591_2_everything_is_read_but_what_administrators_decide() {
    let Value::Object(all) = serde_json::to_value(ClientInput::default()).unwrap() else {
        panic!("an object")
    };
    for name in all.keys() {
        // A number is the right type for a few only, and an object for one: what is read is refused as one of them.
        let is_read = [json!(-1), json!([7])].iter().all(|odd| {
            let found = by_itself(&Map::from_iter([(name.clone(), odd.clone())]), true);
            found.is_err_and(|problems| problems.iter().any(|problem| problem.field == name))
        });
        let decided_here = [
            "client_id",
            "require_pkce",
            "skip_consent",
            "least_acr",
            "accent_color",
            "introspects_any_token",
            "disabled",
            "localized",
        ]
        .contains(&name.as_str());
        assert_eq!(is_read, !decided_here, "{name}");
    }
}

#[test]
fn rfc7591_3_1_members_of_another_type_are_refused_by_name() {
    for (field, bad) in [
        ("client_name", json!(7)),
        ("redirect_uris", json!("https://app.example/cb")),
        ("redirect_uris", json!([7])),
        ("redirect_uris", json!({"0": "https://app.example/cb"})),
        ("grant_types", json!("authorization_code")),
        ("response_types", json!([["code"]])),
        ("scope", json!(["openid"])),
        ("jwks", json!("{}")),
        ("jwks", json!([])),
        ("default_max_age", json!("60")),
        ("default_max_age", json!(-1)),
        ("default_max_age", json!(1.5)),
        ("default_max_age", json!(4_294_967_296_u64)),
        ("require_auth_time", json!("true")),
        ("require_auth_time", json!(1)),
        ("claims_in_id_token", json!("yes")),
        ("contacts", json!("ada@example.com")),
        ("logo_uri", json!(false)),
        ("localized", json!(null)),
    ] {
        let members = if field == "localized" {
            json!({"redirect_uris": ["https://app.example/cb"], "client_name#ja": 7})
        } else {
            json!({"redirect_uris": ["https://app.example/cb"], field: bad})
        };
        let problems = read(&members).expect_err("a wrong type");
        assert_eq!(problems.iter().map(|p| p.field).collect::<Vec<_>>(), [field], "{bad}");
    }
    let nothing = json!({"redirect_uris": ["https://app.example/cb"], "jwks": null, "contacts": null,
                         "client_name": null, "client_name#ja": null});
    assert_eq!(registered(&nothing).client_name, "app.example", "null is as good as left out");
}

#[test]
fn openid_registration_2_defaults_of_clients_that_register_themselves() {
    let metadata =
        registered(&json!({"redirect_uris": ["https://app.example/cb", "https://other.example/cb"]}));
    assert_eq!(metadata.client_name, "app.example");
    assert_eq!(metadata.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!(metadata.response_types, [ResponseType::Code]);
    assert_eq!(metadata.token_endpoint_auth_method, AuthMethod::ClientSecretBasic);
    assert_eq!(metadata.application_type.as_str(), "web");
    assert_eq!(metadata.id_token_signed_response_alg, SigningAlg::Rs256);
    assert_eq!(metadata.scope.to_string(), "openid profile email address phone");
    assert!(metadata.require_pkce);
    let hybrid = json!({"redirect_uris": ["https://app.example/cb"], "response_types": ["code id_token"]});
    assert_eq!(registered(&hybrid).grant_types, [GrantType::AuthorizationCode, GrantType::Implicit]);
    let implicit = json!({"redirect_uris": ["https://app.example/cb"], "response_types": ["id_token"]});
    assert_eq!(registered(&implicit).grant_types, [GrantType::Implicit]);
    let refreshing = json!({"redirect_uris": ["com.example.app:/cb"],
                            "grant_types": ["authorization_code", "refresh_token"]});
    let refreshing = registered(&refreshing);
    assert_eq!(refreshing.client_name, "com.example.app");
    assert!(refreshing.scope.contains("offline_access"));
    let long = format!("https://{}.example/cb", "x".repeat(60));
    assert_eq!(registered(&json!({"redirect_uris": [long]})).client_name, "Unnamed application");
    let service = json!({"grant_types": ["client_credentials"], "response_types": []});
    assert_eq!(registered(&service).scope.to_string(), "");
}

#[test]
fn what_only_administrators_decide_is_ignored_and_apis_are_refused() {
    let mut members = json!({
        "redirect_uris": ["https://app.example/cb"], "client_id": "admin", "skip_consent": true,
        "introspects_any_token": true, "disabled": true, "require_pkce": false, "secret_hash": "x", "unknown": [1],
        "localized": {"client_name#ja": "x"}, "redirect_uris#ja": "x", "token_endpoint_auth_method": "none",
    });
    let registration = check(&read(&members).unwrap()).unwrap();
    let metadata = registration.metadata;
    assert_eq!((registration.client_id, registration.disabled), (None, false));
    assert!(!metadata.skip_consent && !metadata.introspects_any_token && metadata.require_pkce);
    assert!(metadata.localized.is_empty());
    let excused = |members: &Value| {
        check(&by_itself(members.as_object().unwrap(), false).unwrap()).unwrap().metadata.require_pkce
    };
    assert!(excused(&members), "a public client always needs PKCE");
    members["token_endpoint_auth_method"] = json!("client_secret_post");
    assert!(!excused(&members), "a confidential one as the deployment says");
    for (scope, fine) in [
        ("openid", true),
        ("openid profile email address phone", true),
        ("", true),
        ("openid api", false),
        ("countersign:admin", false),
    ] {
        let members = json!({"redirect_uris": ["https://app.example/cb"], "scope": scope});
        let fields = read(&members).err().unwrap_or_default().iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields, if fine { &[][..] } else { &["scope"] }, "{scope}");
    }
}

#[test]
fn rfc7591_2_2_names_in_other_languages_are_kept() {
    let metadata = registered(&json!({
        "redirect_uris": ["https://app.example/cb"], "client_name#ja": "\u{30a2}\u{30d7}\u{30ea}",
        "tos_uri#de-CH": "https://app.example/agb",
    }));
    assert_eq!(metadata.localized["client_name#ja"], "\u{30a2}\u{30d7}\u{30ea}");
    assert_eq!(metadata.localized["tos_uri#de-CH"], "https://app.example/agb");
}

#[test]
fn rfc7591_2_3_what_a_software_statement_says_takes_precedence() {
    let members = json!({"client_name": "mine", "scope": "openid", "software_id": "mine"});
    let statement = json!({"iss": "x", "client_name": "theirs", "software_id": "theirs", "client_name#ja": "y",
                           "client_id": "x", "client_secret": "x", "skip_consent": true});
    let both = super::over_ridden(members.as_object().unwrap().clone(), statement.as_object().unwrap());
    assert_eq!(
        Value::Object(both),
        json!({"client_name": "theirs", "scope": "openid", "software_id": "theirs", "client_name#ja": "y"})
    );
}
