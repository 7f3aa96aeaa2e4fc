//! What may be registered, as tables.

use super::{ClientInput, FieldProblem, Registration, RegistrationPolicy};
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
