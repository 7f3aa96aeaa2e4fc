//! Pushed authorization requests: RFC 9126.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Method, Request};
use countersign::config::RegistrationMode;
use countersign::protocol::client::{AuthMethod, ClientMetadata, SigningAlg};
use countersign::protocol::client_assertion::JWT_BEARER;
use serde_json::{Value, json};

use crate::admin_api::{administrator, problem, robot};
use crate::admin_pages::submit;
use crate::support::client_key::{ClientKey, unsigned};
use crate::support::{
    Browser, CHALLENGE, Engine, ISSUER, Page, Rp, START, Site, TestApp, at_once, basic, encode, form,
    granted, on_both, refused,
};

const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// The usual request of a client, as a form, with more parameters or other values for the usual ones; no `client_id`, which
/// comes with the credentials where it is needed.
fn usual(rp: &Rp, scope: &str, extra: &[(&str, &str)]) -> Vec<(String, String)> {
    let address = rp.authorization(scope, extra);
    let query = address.split_once('?').unwrap().1.as_bytes();
    url::form_urlencoded::parse(query).into_owned().filter(|(name, _)| name != "client_id").collect()
}

async fn push_all(rp: &Rp, fields: &[(String, String)]) -> Page {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    rp.post("/par", &fields).await
}

async fn push(rp: &Rp, extra: &[(&str, &str)]) -> Page {
    push_all(rp, &usual(rp, "openid", extra)).await
}

/// The `request_uri` of an answer that must be one.
pub fn taken(page: &Page) -> String {
    assert_eq!(page.status, 201, "{}", page.body);
    assert_eq!(page.header("content-type"), Some("application/json"));
    assert_eq!(page.header("cache-control"), Some("no-cache, no-store"));
    let json = page.json();
    assert_eq!(json.as_object().unwrap().len(), 2, "{json}");
    assert_eq!(json["expires_in"], 300);
    let request_uri = json["request_uri"].as_str().unwrap();
    assert!(request_uri.starts_with(URN), "{request_uri}");
    request_uri.to_owned()
}

/// Where the browser is sent with it.
pub fn address(client_id: &str, request_uri: &str) -> String {
    let fields = [("client_id", client_id), ("request_uri", request_uri)];
    format!("/authorize?{}", encode(&fields.map(|(name, value)| (name.to_owned(), value.to_owned()))))
}

/// Pushes the usual request, and answers where the browser is sent.
async fn pushed(rp: &Rp, extra: &[(&str, &str)]) -> String {
    address(&rp.client_id, &taken(&push(rp, extra).await))
}

/// What the page for whoever comes again says.
const USED: &str = "This sign-in is over already";

on_both!(rfc9126_2_every_kind_of_client_pushes_and_signs_in, |app| {
    app.user("ada").await;
    for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::None] {
        let register = |metadata: &mut ClientMetadata| metadata.token_endpoint_auth_method = method;
        let client = app.client(method.as_str(), register).await;
        let rp = Rp::new(&app, &client);
        let (first, second) = (pushed(&rp, &[]).await, pushed(&rp, &[]).await);
        assert_ne!(first, second, "no two are the same");
        assert!(first.len() < 1500, "{} bytes for a usual request", first.len());
        for text in ["the state", "state", "openid", CHALLENGE, "example"] {
            assert!(!first.contains(text), "§8: the browser does not see what is asked for");
        }

        let mut browser = app.browser();
        let answer = rp.answer(&mut browser, "ada", &first).await;
        assert!(answer.location().starts_with(&rp.redirect_uri), "{}", answer.body);
        assert_eq!(answer.sent("state").as_deref(), Some("the state"));
        assert_eq!(answer.sent("iss").as_deref(), Some(ISSUER), "RFC 9207");
        let tokens = granted(&rp.redeem(&answer.sent("code").unwrap()).await);
        assert_eq!(tokens.claims("id_token")["nonce"], "the nonce");
        granted(&rp.refresh(tokens.refresh()).await);

        // The other one is as good, and needs no page any more.
        let answer = rp.answer(&mut browser, "ada", &second).await;
        granted(&rp.redeem(&answer.sent("code").unwrap()).await);
    }
});

on_both!(rfc9126_2_private_key_jwt_with_each_audience, |app| {
    app.user("ada").await;
    let key = ClientKey::new("k1");
    let client = app
        .client("web", |metadata| {
            metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
            metadata.jwks = Some(key.jwks());
        })
        .await;
    let rp = Rp::new(&app, &client);
    let with = async |number: usize, audience: &str| {
        let assertion = key.sign(&json!({
            "iss": "web", "sub": "web", "aud": audience, "exp": START + 60, "jti": format!("j{number}"),
        }));
        push(&rp, &[("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)]).await
    };
    let audiences = [ISSUER.to_owned(), format!("{ISSUER}/token"), format!("{ISSUER}/par")];
    for (number, audience) in audiences.iter().enumerate() {
        let request_uri = taken(&with(number, audience).await);
        let answer = rp.answer(&mut app.browser(), "ada", &address("web", &request_uri)).await;
        assert!(answer.sent("code").is_some(), "{audience}: {}", answer.body);
    }
    assert_eq!(refused(&with(9, "https://other.example").await), "invalid_client");
    assert_eq!(refused(&with(0, ISSUER).await), "invalid_client", "an assertion counts once");
});

on_both!(rfc9126_4_one_request_is_answered_once, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let at = pushed(&rp, &[]).await;

    // Until then, pages are loaded again as people like: in two tabs, and begun anew.
    let mut browser = app.browser();
    let first = browser.open(&at).await;
    let second = browser.open(&at).await;
    let mut elsewhere = app.browser();
    let third = elsewhere.open(&at).await;
    for page in [&first, &second, &third] {
        assert!(page.body.contains("id=\"login-submit\""), "{}", page.body);
    }
    let consent = browser.sign_in(&second, "ada").await;
    let done = browser.consent(&consent, "allow").await;
    granted(&rp.redeem(&done.sent("code").unwrap()).await);

    // Whoever comes after that is told so at once: where somebody is signed in, where nobody is, and in the other tabs.
    for mut browser in [browser.clone(), app.browser()] {
        let page = browser.open(&at).await;
        let text = page.refusal(400);
        assert!(text.contains(USED) && text.contains("invalid_request_uri"), "{text}");
        assert!(!text.contains("the developer"), "it is no mistake of the application's: {text}");
    }
    let other_tab = browser.sign_in(&first, "ada").await;
    assert!(other_tab.refusal(400).contains(USED));
    let other_browser = elsewhere.sign_in(&third, "ada").await;
    assert!(other_browser.refusal(400).contains(USED));

    // Also when everything of it has expired that could: a sign-in takes an hour at most, which is remembered.
    let late = pushed(&rp, &[]).await;
    app.advance(299);
    let mut slow = app.browser();
    let page = slow.open(&late).await;
    assert!(rp.answer(&mut app.browser(), "ada", &late).await.sent("code").is_some());
    app.advance(3599);
    app.app.store.clean_up(app.app.clock.now()).await.unwrap();
    assert!(slow.sign_in(&page, "ada").await.refusal(400).contains(USED));
});

on_both!(rfc9126_7_3_of_many_at_once_on_two_nodes_one_gets_a_code, |app| {
    app.user("ada").await;
    let client = app.client("web", |metadata| metadata.skip_consent = true).await;
    let rp = Rp::new(&app, &client);
    let mut browser = app.browser();
    rp.code(&mut browser, "ada", "openid").await;
    let node = app.second_node().await;
    let at = pushed(&rp, &[]).await;
    let tries = (0..12).map(|number| {
        let (mut browser, at) = (browser.at([&app.router, &node.router][number % 2]), at.clone());
        async move { browser.get(&at).await }
    });
    let pages = at_once(tries).await;
    let (codes, others): (Vec<&Page>, Vec<&Page>) = pages.iter().partition(|page| page.status == 303);
    assert_eq!(codes.len(), 1);
    granted(&rp.redeem(&codes[0].sent("code").unwrap()).await);
    for page in others {
        assert!(page.refusal(400).contains(USED));
    }
});

on_both!(rfc9126_4_an_answer_that_gives_nothing_uses_nothing_up, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let at = pushed(&rp, &[("prompt", "none")]).await;
    let mut browser = app.browser();
    for _ in 0..2 {
        let page = browser.open(&at).await;
        assert_eq!(page.sent("error").as_deref(), Some("login_required"), "{}", page.body);
        assert_eq!(page.sent("state").as_deref(), Some("the state"));
    }
    rp.code(&mut browser, "ada", "openid").await;
    assert!(browser.open(&at).await.sent("code").is_some());
    assert!(browser.open(&at).await.refusal(400).contains(USED));

    let denied = pushed(&rp, &[("prompt", "consent")]).await;
    let page = browser.open(&denied).await;
    let page = browser.consent(&page, "deny").await;
    assert_eq!(page.sent("error").as_deref(), Some("access_denied"));
    assert!(rp.answer(&mut browser, "ada", &denied).await.sent("code").is_some());
});

on_both!(rfc9126_4_everything_that_was_pushed_arrives_as_it_was, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let state = "as it was: ä&?#%20\"'<b>+ 日本";
    let claims = r#"{"id_token":{"email":null,"auth_time":{"essential":true}}}"#;
    let extra = [
        ("state", state),
        ("nonce", state),
        ("claims", claims),
        ("max_age", "1000"),
        ("login_hint", "ada"),
        ("ui_locales", "de"),
        ("display", "popup"),
        ("unknown", "x"),
    ];
    let at = pushed(&rp, &extra).await;
    let page = browser.open(&at).await;
    assert!(page.body.contains("lang=\"de\""), "{}", page.body);
    assert_eq!(page.attribute("input[name='username']", "value"), "ada");
    let answer = rp.answer(&mut browser, "ada", &at).await;
    assert_eq!(answer.sent("state").as_deref(), Some(state));
    let tokens = granted(&rp.redeem(&answer.sent("code").unwrap()).await);
    let id_token = tokens.claims("id_token");
    assert_eq!(id_token["nonce"], state);
    assert!(id_token["email"].is_string() && id_token["auth_time"].is_number(), "{id_token}");

    // The session is older than is asked for, or another proof is asked for.
    app.advance(100);
    let by =
        async |browser: &mut Browser, extra: &[(&str, &str)]| browser.open(&pushed(&rp, extra).await).await;
    for extra in [("max_age", "99"), ("prompt", "login")] {
        let page = by(&mut browser, &[extra]).await;
        assert!(page.body.contains("id=\"login-submit\""), "{extra:?}");
    }
    assert!(by(&mut browser, &[("max_age", "101")]).await.sent("code").is_some());
    assert!(by(&mut browser, &[("prompt", "consent")]).await.body.contains("id=\"consent-allow\""));
    let essential = r#"{"id_token":{"acr":{"essential":true,"values":["urn:x:unknown"]}}}"#;
    let page = by(&mut browser, &[("claims", essential)]).await;
    assert_eq!(page.sent("error").as_deref(), Some("unmet_authentication_requirements"), "{}", page.body);
    let page = by(&mut browser, &[("acr_values", "urn:countersign:acr:phishing-resistant")]).await;
    let by_value = rp.authorization("openid", &[("acr_values", "urn:countersign:acr:phishing-resistant")]);
    assert_eq!(page.sent("code").is_some(), browser.open(&by_value).await.sent("code").is_some());
    let page = by(&mut browser, &[("response_mode", "fragment")]).await;
    assert!(page.location().starts_with("https://web.example/cb#"), "{}", page.location());
    let page = by(&mut browser, &[("response_mode", "form_post")]).await;
    assert!(page.body.contains("action=\"https://web.example/cb\""), "{}", page.body);
    // PKCE: the verifier belongs to the challenge that was pushed.
    let other = by(&mut browser, &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN")]).await;
    assert_eq!(refused(&rp.redeem(&other.sent("code").unwrap()).await), "invalid_grant");
});

on_both!(rfc9101_6_3_what_stands_beside_the_request_uri_does_not_count, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    rp.code(&mut browser, "ada", "openid").await;
    for beside in [
        "state=outer",
        "redirect_uri=https%3A%2F%2Fevil.example%2F",
        "prompt=none&scope=admin&response_type=token&nonce=outer",
        "code_challenge=x&code_challenge_method=plain",
        "flow=x",
    ] {
        let at = pushed(&rp, &[]).await;
        let answer = browser.open(&format!("{at}&{beside}")).await;
        assert!(answer.location().starts_with("https://web.example/cb?"), "{beside}: {}", answer.location());
        assert_eq!(answer.sent("state").as_deref(), Some("the state"), "{beside}");
        let tokens = granted(&rp.redeem(&answer.sent("code").unwrap()).await);
        assert_eq!(tokens.claims("id_token")["nonce"], "the nonce");
    }
    // By a form, too (OpenID Connect Core §3.1.2.1).
    let at = pushed(&rp, &[]).await;
    let query = at.split_once('?').unwrap().1.to_owned();
    let page = browser.send(form("/authorize", query)).await;
    assert!(browser.follow(page).await.sent("code").is_some());
});

/// Every `request_uri` that is not answered, and the page for it.
#[tokio::test]
async fn rfc9126_4_what_is_not_its_clients_or_not_any_more_sends_nobody_anywhere() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let (rp, _other) = (app.rp("web").await, app.rp("other").await);
    let request_uri = taken(&push(&rp, &[]).await);
    let at = request_uri.len() - 10;
    let other = if request_uri[at..].starts_with('A') { "B" } else { "A" };
    let forged = format!("{}{other}{}", &request_uri[..at], &request_uri[at + 1..]);
    let flow = app.browser().get(&rp.authorization("openid", &[])).await.location().to_owned();
    let sealed_otherwise = format!("{URN}{}", flow.split_once("flow=").unwrap().1);
    let mut transcript = String::new();
    for (name, client, request_uri, extra) in [
        ("forged", "web", forged.as_str(), ""),
        ("sealed for something else", "web", &sealed_otherwise, ""),
        ("empty", "web", URN, ""),
        ("made up", "web", &format!("{URN}6esc_11ACC5bwc014ltc14eY22c"), ""),
        ("no text", "web", &format!("{URN}\u{e4}"), ""),
        ("of another client", "other", &request_uri, ""),
        ("of a client that there is not", "nobody", &request_uri, ""),
        ("beside a request object", "web", &request_uri, "&request=x"),
        ("another URN", "web", "urn:ietf:params:oauth:other:x", ""),
    ] {
        for (prompt, mut browser) in [("", app.browser()), ("&prompt=none", app.browser())] {
            let redirect = "&redirect_uri=https%3A%2F%2Fevil.example%2F";
            let at = format!("{}{extra}{prompt}{redirect}", address(client, request_uri));
            let text = browser.open(&at).await.refusal(400);
            if prompt.is_empty() {
                let text = text.split(" Reference ").next().unwrap();
                writeln!(transcript, "{name}\n    {text}").unwrap();
            }
        }
    }
    app.advance(300);
    let text = app.browser().open(&address("web", &request_uri)).await.refusal(400);
    writeln!(transcript, "expired\n    {}", text.split(" Reference ").next().unwrap()).unwrap();
    let repeated = format!("{}&request_uri=x", address("web", &request_uri));
    let text = app.browser().open(&repeated).await.refusal(400);
    writeln!(transcript, "twice\n    {}", text.split(" Reference ").next().unwrap()).unwrap();
    let nameless = format!("/authorize?{}", encode(&[("request_uri".to_owned(), request_uri)]));
    let text = app.browser().open(&nameless).await.refusal(400);
    writeln!(transcript, "without client_id\n    {}", text.split(" Reference ").next().unwrap()).unwrap();
    let at = pushed(&rp, &[]).await;
    assert!(rp.answer(&mut app.browser(), "ada", &at).await.sent("code").is_some());
    let text = app.browser().open(&at).await.refusal(400);
    writeln!(transcript, "used\n    {}", text.split(" Reference ").next().unwrap()).unwrap();
    insta::assert_snapshot!("par_pages", transcript);
}

on_both!(rfc9126_7_4_a_client_that_changed_meanwhile_is_judged_as_it_is, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let [moved, narrowed, off] =
        [pushed(&rp, &[]).await, pushed(&rp, &[("scope", "openid api")]).await, pushed(&rp, &[]).await];
    let redirect_uri = rp.redirect_uri.clone();
    app.change_client("web", |client| {
        client.metadata.redirect_uris = vec!["https://new.example/cb".to_owned()];
    })
    .await;
    let text = app.browser().open(&moved).await.refusal(400);
    assert!(text.contains("redirect_uri is not registered for this client"), "{text}");
    app.change_client("web", |client| {
        client.metadata.redirect_uris = vec![redirect_uri];
        client.metadata.response_types.clear();
    })
    .await;
    let page = app.browser().open(&narrowed).await;
    assert_eq!(page.sent("error").as_deref(), Some("unauthorized_client"), "{}", page.body);
    app.change_client("web", |client| client.disabled = true).await;
    let text = app.browser().open(&off).await.refusal(400);
    assert!(text.contains("the client is disabled"), "{text}");
    let page = push(&rp, &[]).await;
    assert_eq!((refused(&page).as_str(), page.status.as_u16()), ("invalid_client", 401));
});

/// Every wrong request, and the whole answer to each.
#[tokio::test]
async fn rfc9126_2_3_the_errors() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (rp, spa) = (app.rp("web").await, app.public_rp("spa").await);
    let several =
        |metadata: &mut ClientMetadata| metadata.redirect_uris.push("https://two.example/".to_owned());
    app.client("several", several).await;
    app.client("machine", |metadata| {
        metadata.grant_types.retain(|grant| grant.as_str() == "client_credentials");
        metadata.redirect_uris.clear();
    })
    .await;
    let (web, several, machine) = (basic("web"), basic("several"), basic("machine"));
    let fields = |rp: &Rp, extra: &[(&str, &str)]| encode(&usual(rp, "openid", extra));
    let good = |extra: &[(&str, &str)]| fields(&rp, extra);
    let long = "s".repeat(8193);
    let cases: Vec<(&str, String, &str, u16)> = vec![
        // Who asks.
        ("", good(&[]), "invalid_client", 401),
        ("", good(&[]) + "&client_id=web", "invalid_client", 401),
        ("", good(&[]) + "&client_id=nobody", "invalid_client", 401),
        ("", good(&[]) + "&client_id=web&client_secret=secret", "invalid_client", 401),
        ("", fields(&spa, &[]) + "&client_id=spa&client_secret=x", "invalid_client", 401),
        ("Bearer x", good(&[]) + "&client_id=web", "invalid_client", 401),
        (&web, good(&[]) + "&client_secret=secret", "invalid_request", 400),
        (&web, good(&[]) + "&client_id=other", "invalid_request", 400),
        // What cannot be pushed, or read.
        (&web, good(&[("request_uri", "https://web.example/r")]), "invalid_request", 400),
        (&web, good(&[("request_uri", &format!("{URN}x"))]), "invalid_request", 400),
        (&web, good(&[("request", "x"), ("request_uri", "x")]), "invalid_request", 400),
        (&web, good(&[("request", "x")]), "invalid_request_object", 400),
        (&web, good(&[]) + "&state=twice", "invalid_request", 400),
        (&web, good(&[]) + "&x=%ff", "invalid_request", 400),
        (&web, good(&[]) + "&x=%00", "invalid_request", 400),
        (&web, String::new(), "invalid_request", 400),
        // Where answers would go.
        (&web, good(&[("redirect_uri", "https://evil.example/")]), "invalid_request", 400),
        (&web, good(&[("redirect_uri", "https://web.example/cb/")]), "invalid_request", 400),
        (&web, good(&[("redirect_uri", "")]), "invalid_request", 400),
        (&several, good(&[("redirect_uri", ""), ("scope", "email")]), "invalid_request", 400),
        (&machine, good(&[]), "invalid_request", 400),
        // The request, by the rules of the authorization endpoint.
        (&web, good(&[("response_type", "")]), "invalid_request", 400),
        (&web, good(&[("response_type", "token")]), "unsupported_response_type", 400),
        (&web, good(&[("response_type", "id_token")]), "unauthorized_client", 400),
        (&web, good(&[("response_mode", "jwt")]), "invalid_request", 400),
        (&web, good(&[("scope", "")]), "invalid_scope", 400),
        (&web, good(&[("scope", "admin")]), "invalid_scope", 400),
        (&web, good(&[("scope", "openid\"")]), "invalid_scope", 400),
        (&web, good(&[("code_challenge", "")]), "invalid_request", 400),
        (&web, good(&[("code_challenge", "short")]), "invalid_request", 400),
        (&web, good(&[("code_challenge_method", "plain")]), "invalid_request", 400),
        (&web, good(&[("prompt", "none login")]), "invalid_request", 400),
        (&web, good(&[("prompt", "create")]), "invalid_request", 400),
        (&web, good(&[("max_age", "-1")]), "invalid_request", 400),
        (&web, good(&[("claims", "x")]), "invalid_request", 400),
        (&web, good(&[("registration", "{}")]), "registration_not_supported", 400),
        (&web, good(&[("id_token_hint", "x")]), "invalid_request", 400),
        (&web, good(&[("state", &long)]), "invalid_request", 400),
        (&web, good(&[("nonce", &long)]), "invalid_request", 400),
        (&web, good(&[("x", &"x".repeat(30_000))]), "invalid_request", 413),
    ];
    let mut transcript = String::new();
    for (authorization, body, error, status) in &cases {
        let mut request = form("/par", body.clone());
        if !authorization.is_empty() {
            request.headers_mut().insert("authorization", authorization.parse().unwrap());
        }
        let page = app.send(request).await;
        let described = page.json();
        let shown: String = body.replace(&good(&[]), "…").chars().take(300).collect();
        let who = if authorization.is_empty() { "" } else { "with credentials" };
        writeln!(transcript, "[{who}] [{shown}]\n    {} {described}", page.status.as_u16()).unwrap();
        assert_eq!((refused(&page).as_str(), page.status.as_u16()), (*error, *status), "{shown}");
        assert_eq!(described.as_object().unwrap().len(), 2, "{described}");
        assert_eq!(page.header("content-type"), Some("application/json"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("www-authenticate").is_some(), *status == 401);
        let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
        assert!(described["error_description"].as_str().unwrap().chars().all(allowed), "{described}");
    }
    insta::assert_snapshot!("par_errors", transcript);
}

#[tokio::test]
async fn rfc9126_2_3_only_forms_by_post_and_nothing_in_the_address() {
    let app = TestApp::start(Engine::Sqlite).await;
    let rp = app.rp("web").await;
    let body = encode(&usual(&rp, "openid", &[]));
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD] {
        let head = method == Method::HEAD;
        let request = Request::builder().method(method).uri(format!("/par?{body}"));
        let page = app.send(request.header("authorization", basic("web")).body(Body::empty()).unwrap()).await;
        assert_eq!(page.status, 405);
        assert!(page.header("allow").unwrap().contains("POST"));
        assert!(head || page.json()["error"] == "method_not_allowed", "{}", page.body);
    }
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x", ""] {
        let request =
            Request::post("/par").header("authorization", basic("web")).header("content-type", kind);
        let page = app.send(request.body(Body::from(body.clone())).unwrap()).await;
        assert_eq!((refused(&page).as_str(), page.status.as_u16()), ("invalid_request", 400), "{kind}");
    }
    let mut request = form(&format!("/par?{body}"), String::new());
    request.headers_mut().insert("authorization", basic("web").parse().unwrap());
    assert_eq!(refused(&app.send(request).await), "invalid_request");
    let mut request = form("/par", format!("{body}&x={}", "x".repeat(64 * 1024)));
    request.headers_mut().insert("authorization", basic("web").parse().unwrap());
    let page = app.send(request).await;
    assert_eq!((page.status.as_u16(), page.json()["error"].as_str()), (413, Some("too_large")));
}

#[tokio::test]
async fn what_is_large_goes_through_as_far_as_the_authorization_endpoint_takes_it() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    // The longest of each, and claims of some kilobytes.
    let (state, nonce) = ("s".repeat(8192), "n".repeat(2048));
    let values: Vec<String> = (0..300).map(|number| format!("urn:example:class:{number}")).collect();
    let claims = json!({ "id_token": { "acr": { "values": values }, "email": null } }).to_string();
    let at = pushed(&rp, &[("state", &state), ("nonce", &nonce), ("claims", &claims)]).await;
    assert!(at.len() < 33 * 1024);
    let answer = rp.answer(&mut app.browser(), "ada", &at).await;
    assert_eq!(answer.sent("state"), Some(state));
    let tokens = granted(&rp.redeem(&answer.sent("code").unwrap()).await);
    assert_eq!(tokens.claims("id_token")["nonce"], nonce);
    // The largest of all, through every page.
    let mut length = 24_000;
    let largest = loop {
        let page = push(&rp, &[("x", &"x".repeat(length))]).await;
        if page.status == 201 {
            break page;
        }
        assert_eq!(page.status, 413);
        length -= 1;
    };
    let at = address("web", &taken(&largest));
    assert!(rp.answer(&mut app.browser(), "ada", &at).await.sent("code").is_some());
}

/// A request object that holds everything.
pub fn object() -> Value {
    json!({
        "iss": "web", "aud": ISSUER, "client_id": "web", "response_type": "code", "scope": "openid",
        "redirect_uri": "https://web.example/cb", "state": "inner", "nonce": "inner nonce", "max_age": 1000,
        "code_challenge": CHALLENGE, "code_challenge_method": "S256", "exp": START + 60,
    })
}

on_both!(rfc9126_3_request_objects_are_pushed, |app| {
    app.user("ada").await;
    let key = ClientKey::new("k1");
    let client = app.client("web", |metadata| metadata.jwks = Some(key.jwks())).await;
    let rp = Rp::new(&app, &client);
    let alone = rp.post("/par", &[("request", &key.sign(&object()))]).await;
    // What stands beside it does not count, not even where it is wrong.
    let beside = [("state", "outer"), ("prompt", "none"), ("redirect_uri", "https://evil.example/")];
    let both = push(&rp, &[&beside[..], &[("request", &key.sign(&object()))]].concat()).await;
    // When its own time is over, it was judged long ago.
    app.advance(100);
    for page in [alone, both] {
        let answer = rp.answer(&mut app.browser(), "ada", &address("web", &taken(&page))).await;
        assert_eq!(answer.sent("state").as_deref(), Some("inner"), "{}", answer.location());
        let tokens = granted(&rp.redeem(&answer.sent("code").unwrap()).await);
        assert_eq!(tokens.claims("id_token")["nonce"], "inner nonce");
    }
});

#[tokio::test]
async fn rfc9126_3_whatever_is_wrong_with_a_request_object_is_said() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (key, other) = (ClientKey::new("k1"), ClientKey::new("k1"));
    let client = app.client("web", |metadata| metadata.jwks = Some(key.jwks())).await;
    let rp = Rp::new(&app, &client);
    let with = |name: &str, value: Value| {
        let mut object = object();
        object[name] = value;
        key.sign(&object)
    };
    for (name, text, error) in [
        ("another's key", other.sign(&object()), "invalid_request_object"),
        ("unsigned", unsigned(&object()), "invalid_request_object"),
        ("no JWT", "a.b.c".to_owned(), "invalid_request_object"),
        ("another client", with("client_id", json!("other")), "invalid_request_object"),
        ("no client", with("client_id", Value::Null), "invalid_request_object"),
        ("another iss", with("iss", json!("other")), "invalid_request_object"),
        ("another aud", with("aud", json!("https://other.example")), "invalid_request_object"),
        ("expired", with("exp", json!(START)), "invalid_request_object"),
        ("nested", with("request_uri", json!("https://web.example/r")), "invalid_request_object"),
        ("nested", with("request", json!("x")), "invalid_request_object"),
        ("an assertion", with("sub", json!("web")), "invalid_request_object"),
        ("incomplete", with("response_type", Value::Null), "invalid_request"),
        ("elsewhere", with("redirect_uri", json!("https://evil.example/")), "invalid_request"),
        ("no PKCE", with("code_challenge", Value::Null), "invalid_request"),
    ] {
        let page = rp.post("/par", &[("request", &text)]).await;
        assert_eq!((refused(&page).as_str(), page.status.as_u16()), (error, 400), "{name}: {}", page.body);
    }
    // Where it is registered so, it need not be signed: the client has proved who it is.
    let unsigned_is_registered =
        |metadata: &mut ClientMetadata| metadata.request_object_signing_alg = Some(SigningAlg::None);
    let rp = Rp::new(&app, &app.client("plain", unsigned_is_registered).await);
    let mut plain = object();
    for name in ["iss", "client_id"] {
        plain[name] = json!("plain");
    }
    plain["redirect_uri"] = json!("https://plain.example/cb");
    taken(&rp.post("/par", &[("request", &unsigned(&plain))]).await);
}

on_both!(rfc9126_6_who_must_push_is_answered_in_no_other_way, |app| {
    app.user("ada").await;
    let site = Site::open().await;
    let key = ClientKey::new("k1");
    let by_reference = site.put("/request.jwt", key.sign(&object()));
    let registered = vec![by_reference.clone()];
    let client = app
        .client("web", |metadata| {
            metadata.jwks = Some(key.jwks());
            metadata.request_uris = registered;
        })
        .await;
    let rp = Rp::new(&app, &client);
    // Begun before, it is not finished after.
    let mut early = app.browser();
    let begun = early.open(&rp.authorization("openid", &[])).await;
    app.change_client("web", |client| client.metadata.require_pushed_authorization_requests = true).await;
    let refused_with = |page: &Page| {
        assert_eq!(page.sent("error").as_deref(), Some("invalid_request"), "{}", page.body);
        assert!(page.sent("error_description").unwrap().contains("must be pushed first"));
        assert_eq!(page.sent("iss").as_deref(), Some(ISSUER), "RFC 9207");
        assert!(page.location().starts_with("https://web.example/cb?"));
    };
    refused_with(&early.sign_in(&begun, "ada").await);
    for extra in [
        &[][..],
        &[("prompt", "none")],
        &[("request", &key.sign(&object()))],
        &[("request_uri", by_reference.as_str())],
    ] {
        let page = app.browser().get(&rp.authorization("openid", extra)).await;
        refused_with(&page);
        assert_eq!(page.sent("state").as_deref(), Some("the state"));
    }
    assert_eq!(site.asked("/request.jwt"), 0, "nothing is fetched for it");
    let mut browser = app.browser();
    let query = rp.authorization("openid", &[]).split_once('?').unwrap().1.to_owned();
    let page = browser.send(form("/authorize", query)).await;
    refused_with(&browser.follow(page).await);
    // The address may be inside the object alone, which is not read.
    let object_alone = format!("/authorize?client_id=web&request={}", key.sign(&object()));
    refused_with(&app.browser().get(&object_alone).await);
    let two = vec![rp.redirect_uri.clone(), "https://two.example/cb".to_owned()];
    app.change_client("web", |client| client.metadata.redirect_uris = two).await;
    let text = app.browser().get(&object_alone).await.refusal(400);
    assert!(
        text.contains("must be pushed first") && text.contains("pushed authorization requests (PAR)"),
        "{text}"
    );

    let at = pushed(&rp, &[]).await;
    assert!(rp.answer(&mut app.browser(), "ada", &at).await.sent("code").is_some());
    let page = rp.post("/par", &[("request", &key.sign(&object()))]).await;
    let at = address("web", &taken(&page));
    assert!(rp.answer(&mut app.browser(), "ada", &at).await.sent("code").is_some());
});

on_both!(rfc9126_5_a_server_may_want_it_of_everybody_and_says_so, |app| {
    app.user("ada").await;
    let strict = app.configured(|config| config.authorization.require_pushed_requests = true);
    for (app, required) in [(&app, false), (&strict, true)] {
        for document in ["openid-configuration", "oauth-authorization-server"] {
            let metadata = app.browser().get(&format!("/.well-known/{document}")).await.json();
            assert_eq!(metadata["pushed_authorization_request_endpoint"], format!("{ISSUER}/par"));
            assert_eq!(metadata["require_pushed_authorization_requests"], required);
        }
    }
    for rp in [strict.rp("web").await, strict.public_rp("spa").await] {
        let page = strict.browser().get(&rp.authorization("openid", &[])).await;
        assert_eq!(page.sent("error").as_deref(), Some("invalid_request"));
        assert!(page.sent("error_description").unwrap().contains("must be pushed first"));
        let at = pushed(&rp, &[]).await;
        let answer = rp.answer(&mut strict.browser(), "ada", &at).await;
        granted(&rp.redeem(&answer.sent("code").unwrap()).await);
    }
});

on_both!(why_a_pushed_request_was_refused_is_explained, |app| {
    app.user("ada").await;
    let rp = app.rp("web").await;
    let robot = robot(&app).await;
    let explained = async |page: &Page| {
        let reference = page.header("x-request-id").unwrap();
        let page = robot.get(&format!("/admin/api/failures/{reference}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.json()
    };
    let wrong = push(&rp, &[("redirect_uri", "https://web.example/cb/"), ("state", "s3cret")]).await;
    let found = explained(&wrong).await;
    assert_eq!((&found["endpoint"], &found["client_id"]), (&json!("/par"), &json!("web")));
    assert_eq!(found["redirect_uri"]["difference"], "the slash at the end");
    assert_eq!(found["redirect_uri"]["can_be_registered"], true);
    assert_eq!(
        (&found["request"]["state"], &found["section"]),
        (&json!("(sent)"), &json!("RFC 9700 §4.1.3"))
    );
    assert!(!found.to_string().contains("s3cret"));

    let at = pushed(&rp, &[]).await;
    assert!(rp.answer(&mut app.browser(), "ada", &at).await.sent("code").is_some());
    app.change_client("web", |client| client.metadata.require_pushed_authorization_requests = true).await;
    for (page, section, error) in [
        (push(&rp, &[("request_uri", "x")]).await, "RFC 9126 §2.1", "invalid_request"),
        (push(&rp, &[("x", &"x".repeat(30_000))]).await, "RFC 9126 §2.3", "invalid_request"),
        (app.browser().open(&at).await, "RFC 9126 §4", "invalid_request_uri"),
        (
            app.browser().open(&address("web", &format!("{URN}x"))).await,
            "RFC 9126 §2.2",
            "invalid_request_uri",
        ),
        (app.browser().get(&rp.authorization("openid", &[])).await, "RFC 9126 §4", "invalid_request"),
    ] {
        let found = explained(&page).await;
        assert_eq!((&found["section"], &found["error"]), (&json!(section), &json!(error)), "{found}");
        assert_eq!(found["client_id"], "web", "{found}");
        assert!(!found["advice"].as_str().unwrap().is_empty() || section == "RFC 9126 §2.1", "{found}");
    }
});

/// A switch of a client's metadata that is off by default is flipped in every way that there is to register one.
pub async fn is_registered_in_every_way(app: &TestApp, name: &str, stored: fn(&ClientMetadata) -> bool) {
    app.rp("web").await;
    let is_on = async || stored(&app.stored_client("web").await.metadata);
    assert!(!is_on().await, "the default");

    // By the API.
    let robot = robot(app).await;
    let at = "/admin/api/clients/web";
    let page = robot.json(Method::PATCH, at, &json!({ name: true })).await;
    assert_eq!((page.status.as_u16(), &page.json()[name]), (200, &json!(true)), "{}", page.body);
    assert!(is_on().await);
    problem(&robot.json(Method::PATCH, at, &json!({ name: "yes" })).await, 400);

    // On the page.
    let (_, mut admin) = administrator(app, "root").await;
    let at = "/admin/clients/web";
    let saved = submit(&mut admin, at, at, &[("name", "Renamed")]).await;
    assert!(saved.status.is_success() || saved.status == 303, "{}", saved.body);
    assert!(is_on().await, "what was ticked stays so");
    let mut unticked = admin.get(at).await.form(at);
    unticked.retain(|(field, _)| field != name);
    let texts = [
        ("redirect_uris", "https://web.example/cb"),
        ("auth_method", "client_secret_basic"),
        ("id_token_alg", "RS256"),
    ];
    unticked.extend(texts.map(|(field, value)| (field.to_owned(), value.to_owned())));
    let saved = admin.post(at, &unticked).await;
    assert!(!is_on().await, "{}", saved.body);

    // By itself.
    let open = app.configured(|config| config.registration.mode = RegistrationMode::Open);
    for (value, status) in [(json!(true), 201), (json!(false), 201), (json!("yes"), 400)] {
        let wish = json!({ "redirect_uris": ["https://app.example/cb"], name: value });
        let request = Request::post("/register").header("content-type", "application/json");
        let page = open.send(request.body(Body::from(wish.to_string())).unwrap()).await;
        assert_eq!(page.status, status, "{}", page.body);
        if status == 201 {
            // What is not required is left out, as every such member is.
            let made = page.json();
            assert_eq!(made[name].as_bool().unwrap_or_default(), value == true, "{made}");
            // What is asked of it, it does not take back.
            let wish = json!({ "client_id": made["client_id"], "redirect_uris": made["redirect_uris"] });
            let at = format!("/register/{}", made["client_id"].as_str().unwrap());
            let bearer = format!("Bearer {}", made["registration_access_token"].as_str().unwrap());
            let again = Request::put(at).header("content-type", "application/json");
            let again = again.header("authorization", bearer).body(Body::from(wish.to_string())).unwrap();
            let again = open.send(again).await;
            assert_eq!(again.status, 200, "{}", again.body);
            assert_eq!(again.json()[name].as_bool().unwrap_or_default(), value == true, "{}", again.body);
        } else {
            assert_eq!(refused(&page), "invalid_client_metadata");
            assert!(page.body.contains(name), "{}", page.body);
        }
    }
}

on_both!(rfc9126_6_the_requirement_is_registered_in_every_way, |app| {
    let stored = |metadata: &ClientMetadata| metadata.require_pushed_authorization_requests;
    is_registered_in_every_way(&app, "require_pushed_authorization_requests", stored).await;
});
