//! The administrator's pages.

use scraper::{Html, Selector};

use crate::admin_api::{administrator, signed_in};
use crate::support::{Browser, Engine, Page, TestApp, filled, on_both};

const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// Sends the form to `action` on the page `at`, filled in; with what a browser would send of selects and textareas.
pub async fn submit(browser: &mut Browser, at: &str, action: &str, values: &[(&str, &str)]) -> Page {
    let page = browser.get(at).await;
    let mut form = page.form(action);
    assert!(!form.is_empty(), "no form to {action}: {}", page.body);
    let html = Html::parse_document(&page.body);
    let inside = |what: &str| Selector::parse(&format!("form[action='{action}'] {what}")).unwrap();
    for chosen in html.select(&inside("select option[selected]")) {
        let select = chosen.ancestors().find_map(|node| node.value().as_element()?.attr("name")).unwrap();
        form.push((select.to_owned(), chosen.attr("value").unwrap().to_owned()));
    }
    for area in html.select(&inside("textarea")) {
        form.push((area.attr("name").unwrap().to_owned(), area.text().collect::<String>().trim().to_owned()));
    }
    browser.post(action, &filled(form, values)).await
}

/// The text of the first element.
fn first(page: &Page, selector: &str) -> String {
    let html = Html::parse_document(&page.body);
    let found = html.select(&Selector::parse(selector).unwrap()).next();
    found.unwrap_or_else(|| panic!("no {selector} in {}", page.body)).text().collect()
}

on_both!(a_client_is_registered_changed_and_deleted_by_forms, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    let (new, list) = ("/admin/clients/new/other", "/admin/clients");
    let wish = [("name", "Notes"), ("id", "notes"), ("redirect_uris", "https://notes.example/cb\r\n\r\n")];
    let made = submit(&mut ada, new, list, &wish).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let secret = first(&made, "#client-secret");
    assert!(secret.starts_with("cs_cs_"));
    assert_eq!(made.header("cache-control"), Some("no-store"));
    assert!(made.text().contains("shown only this once"));
    let stored = app.stored_client("notes").await;
    assert_eq!(stored.secret_hash, Some(countersign::protocol::secret::sha256_hex(&secret)));
    assert_eq!(stored.metadata.redirect_uris, ["https://notes.example/cb"]);
    assert_eq!(stored.metadata.scope.to_string(), "openid profile email offline_access");
    assert!(stored.metadata.require_pkce);

    let path = "/admin/clients/notes";
    let shown = ada.get(path).await;
    assert!(!shown.body.contains(&secret));
    let unchanged = submit(&mut ada, path, path, &[]).await;
    assert_eq!(unchanged.location(), "/admin/clients/notes?done=client-saved");
    let again = app.stored_client("notes").await;
    assert_eq!(again.metadata, stored.metadata, "saving without a change changes nothing");
    assert_eq!(again.secret_hash, stored.secret_hash);

    let wrong = [
        ("redirect_uris", "http://evil.example/\njavascript:alert(1)"),
        ("logo_uri", "data:x"),
        ("name", ""),
    ];
    let page = submit(&mut ada, path, path, &wrong).await;
    assert_eq!(page.status, 400);
    let text = page.text();
    for words in ["Redirect URIs: http://evil.example/", "Redirect URIs: javascript:", "Logo:", "Name:"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(first(&page, "#redirect_uris").contains("javascript:alert(1)"), "what was typed is kept");

    let rotated = submit(&mut ada, path, "/admin/clients/notes/rotate-secret", &[]).await;
    assert_ne!(first(&rotated, "#client-secret"), secret);
    let public = submit(&mut ada, path, path, &[("auth_method", "none")]).await;
    assert_eq!(public.status, 303);
    assert!(app.stored_client("notes").await.secret_hash.is_none());
    let back = submit(&mut ada, path, path, &[("auth_method", "client_secret_basic")]).await;
    assert!(first(&back, "#client-secret").starts_with("cs_cs_"));

    let deleted = submit(&mut ada, path, "/admin/clients/notes/delete", &[]).await;
    assert_eq!(deleted.location(), "/admin/clients?done=client-deleted");
    assert_eq!(ada.get(path).await.status, 404);
    let log = app.audit_log().await;
    for action in ["create", "update", "rotate_secret", "delete"] {
        assert!(log.contains(&format!("client.{action} client:notes")), "{action}: {log:?}");
    }
});

on_both!(a_user_is_added_changed_and_deleted_by_forms, |app| {
    let (me, mut ada) = administrator(&app, "ada").await;
    let (new, list) = ("/admin/users/new", "/admin/users");
    let page =
        submit(&mut ada, new, list, &[("username", "b b"), ("email", "x"), ("password", "short")]).await;
    assert_eq!(page.status, 400);
    assert!(
        page.text().contains("Username:")
            && page.text().contains("E-mail:")
            && page.text().contains("Password:")
    );
    assert!(!page.body.contains("short"), "a password is not sent back");
    let page = submit(&mut ada, new, list, &[("username", "bob")]).await;
    assert_eq!(page.status, 400, "a form without a password is a mistake");
    let wish = [("username", "Bob"), ("name", "Bob B"), ("password", "correct horse")];
    let made = submit(&mut ada, new, list, &wish).await;
    assert_eq!(made.location(), "/admin/users?done=user-created");
    let taken = submit(&mut ada, new, list, &wish).await;
    assert_eq!(taken.status, 409);
    assert!(taken.text().contains("This user name is already in use."), "{}", taken.text());

    let bob = app.app.store.user_by_login("bob").await.unwrap().unwrap();
    let path = format!("/admin/users/{}", bob.id);
    let mut bobs = signed_in(&app, "bob").await;
    assert!(ada.get(&path).await.text().contains("Last used just now"));
    let ended = submit(&mut ada, &path, &format!("{path}/sessions/end"), &[]).await;
    assert_eq!(ended.location(), format!("{path}?done=user-sessions-ended"));
    assert_eq!(bobs.get("/account").await.status, 303);
    let (mut first, mut second) = (signed_in(&app, "bob").await, signed_in(&app, "bob").await);
    let action =
        ada.get(&path).await.attribute("#g-sessions ~ .rows form, .rows form[action*=sessions]", "action");
    let ended = submit(&mut ada, &path, &action, &[]).await;
    assert_eq!(ended.location(), format!("{path}?done=user-session-ended"));
    let inside = [first.get("/account").await.status, second.get("/account").await.status];
    assert_eq!(inside.iter().filter(|status| **status == 200).count(), 1, "{inside:?}");

    let set = format!("{path}/password");
    assert_eq!(submit(&mut ada, &path, &set, &[("password", "short")]).await.status, 400);
    let page = submit(&mut ada, &path, &set, &[("password", "battery staple")]).await;
    assert_eq!(page.location(), format!("{path}?done=password-set"));

    let page = submit(&mut ada, &path, &path, &[("disabled", "true")]).await;
    assert_eq!(page.status, 303, "{}", page.text());
    assert!(app.stored_user(&bob.id).await.disabled);

    let own = format!("/admin/users/{}", me.id);
    let form: Vec<_> =
        ada.get(&own).await.form(&own).into_iter().filter(|(name, _)| name != "admin").collect();
    let page = ada.post(&own, &form).await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("last administrator"), "{}", page.text());
    let page = submit(&mut ada, &own, &format!("{own}/delete"), &[]).await;
    assert_eq!(page.status, 409);

    let page = submit(&mut ada, &path, &format!("{path}/delete"), &[]).await;
    assert_eq!(page.location(), "/admin/users?done=user-deleted");
    let log = app.audit_log().await;
    for action in ["create", "update", "set_password", "end_sessions", "delete"] {
        assert!(log.contains(&format!("user.{action} user:{}", bob.id)), "{action}: {log:?}");
    }
});

on_both!(a_users_profile_is_filled_in_and_kept_by_forms, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    let bob = app.user("bob").await;
    let path = format!("/admin/users/{}", bob.id);
    let wish = [
        ("given_name", "Bob"),
        ("phone_number", "+1 425 555 1212"),
        ("website", "https://bob.example/"),
        ("address.street_address", "House\r\nStreet 1"),
        ("address.country", "Norway"),
        ("nickname", " "),
    ];
    assert_eq!(submit(&mut ada, &path, &path, &wish).await.status, 303);
    let stored = async || app.stored_user(&bob.id).await;
    let claims = stored().await.claims;
    assert_eq!((claims.given_name.as_deref(), claims.nickname.as_deref()), (Some("Bob"), None));
    assert_eq!(claims.phone_number.as_deref(), Some("+14255551212"));
    let address = claims.address.clone().unwrap();
    assert_eq!(address.street_address.as_deref(), Some("House\nStreet 1"));
    assert_eq!(address.country.as_deref(), Some("Norway"));
    let shown = ada.get(&path).await;
    assert!(shown.text().contains("5 filled in"), "{}", shown.text());
    assert!(!shown.body.contains("<details class=\"panel fold\" open"), "nothing in it wants attention");

    assert_eq!(submit(&mut ada, &path, &path, &[]).await.status, 303);
    assert_eq!(stored().await.claims, claims, "saving without a change changes nothing");

    let evil = "\"><script>alert(1)</script>";
    let wrong = [("picture", "javascript:alert(1)"), ("birthdate", evil), ("address.country", "a\u{202e}b")];
    let page = submit(&mut ada, &path, &path, &wrong).await;
    assert_eq!(page.status, 400);
    page.assert_inert();
    for words in ["Picture: must be an https://", "Date of birth: must be a date", "Country: 128 characters"]
    {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    assert!(page.body.contains("<details class=\"panel fold\" open"), "what is wrong is in sight");
    assert!(page.form(&path).contains(&("birthdate".to_owned(), evil.to_owned())), "what was typed is kept");
    assert_eq!(stored().await.claims, claims);

    assert_eq!(submit(&mut ada, &path, &path, &[("phone_number", ""), ("given_name", "")]).await.status, 303);
    let claims = stored().await.claims;
    assert_eq!((claims.given_name, claims.phone_number, claims.phone_number_verified), (None, None, None));

    let wish = [("username", "eve"), ("password", "correct horse"), ("locale", "nb-NO")];
    assert_eq!(submit(&mut ada, "/admin/users/new", "/admin/users", &wish).await.status, 303);
    let eve = app.app.store.user_by_login("eve").await.unwrap().unwrap();
    assert_eq!(eve.claims.locale.as_deref(), Some("nb-NO"));
});

#[tokio::test]
async fn two_administrators_do_not_undo_each_others_edits() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (_, mut ada) = administrator(&app, "ada").await;
    app.client("notes", |_| {}).await;
    let user = app.user("bob").await;
    for path in ["/admin/clients/notes".to_owned(), format!("/admin/users/{}", user.id)] {
        let stale = ada.get(&path).await.form(&path);
        assert_eq!(submit(&mut ada, &path, &path, &[("name", "First")]).await.status, 303);
        let page = ada.post(&path, &filled(stale, &[("name", "Second")])).await;
        assert_eq!(page.status, 412, "{path}");
        assert!(page.text().contains("changed meanwhile"), "{}", page.text());
        assert!(page.body.contains("value=\"First\""), "the page shows how it is now");
    }
}

#[tokio::test]
async fn zitadel_cve_2026_29192_names_are_text_wherever_they_are_shown() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (me, mut ada) = administrator(&app, "ada").await;
    app.client("evil", |metadata| metadata.client_name = EVIL.to_owned()).await;
    let rp = app.rp("notes").await;
    rp.code(&mut ada, "ada", "openid").await;
    let own = format!("/admin/users/{}", me.id);
    let page = submit(&mut ada, &own, &own, &[("name", EVIL)]).await;
    assert_eq!(page.status, 303, "{}", page.text());
    let query = format!(
        "/admin/users?query={}",
        url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect::<String>()
    );
    for path in ["/account", "/admin", "/admin/clients", "/admin/clients/evil", "/admin/users", &own, &query]
    {
        let page = ada.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            !page.body.contains("<script>") && !page.body.contains("<img src=x"),
            "{path}: {}",
            page.body
        );
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
    }
    let typed =
        submit(&mut ada, "/admin/clients/new/other", "/admin/clients", &[("name", EVIL), ("scope", EVIL)])
            .await;
    assert_eq!(typed.status, 400);
    assert!(!typed.body.contains("<script"), "{}", typed.body);
}

#[tokio::test]
async fn the_overview_counts_and_lists() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (_, mut ada) = administrator(&app, "ada").await;
    app.client("notes", |_| {}).await;
    let page = ada.get("/admin").await;
    for words in ["1 application", "1 user", "1 session", "ES256", "active", "client.create"] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    for n in 0..51 {
        app.user(&format!("user{n:02}")).await;
    }
    let page = ada.get("/admin/users").await;
    assert!(page.body.contains("after=user48"), "{}", page.body);
    let page = ada.get("/admin/users?after=user48").await;
    assert!(page.text().contains("user50") && !page.text().contains("user47"));
    let found = ada.get("/admin/users?query=USER4").await.text();
    assert!(found.contains("user40") && found.contains("user49") && !found.contains("user50"), "{found}");
    assert!(ada.get("/admin/users?query=nobody").await.text().contains("Nobody matches"));
}

on_both!(loading_the_answer_again_neither_registers_nor_rotates_twice, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    let page = ada.get("/admin/clients/new/other").await;
    let form = filled(
        page.form("/admin/clients"),
        &[
            ("name", "Bookshop"),
            ("redirect_uris", "https://shop.example/cb"),
            ("auth_method", "client_secret_basic"),
            ("id_token_alg", "RS256"),
            ("access_token_format", "jwt"),
            ("access_token_alg", "ES256"),
        ],
    );
    let registered = ada.post("/admin/clients", &form).await;
    assert!(first(&registered, "#client-secret").starts_with("cs_cs_"));
    let again = ada.post("/admin/clients", &form).await;
    assert!(again.status.is_client_error() && !again.body.contains("cs_cs_"), "{}", again.body);
    let clients = app.app.store.clients().await.unwrap();
    assert_eq!(clients.len(), 1);

    let path = format!("/admin/clients/{}", clients[0].id);
    let action = format!("{path}/rotate-secret");
    let form = ada.get(&path).await.form(&action);
    let rotated = ada.post(&action, &form).await;
    assert!(first(&rotated, "#client-secret").starts_with("cs_cs_"));
    let again = ada.post(&action, &form).await;
    assert!(again.status.is_client_error() && !again.body.contains("cs_cs_"), "{}", again.body);
});

on_both!(what_the_form_has_no_input_for_is_kept_as_json_and_never_lost, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    let path = "/admin/clients/notes";
    let wish = [
        ("name", "Notes"),
        ("id", "notes"),
        ("redirect_uris", "https://notes.example/cb"),
        ("response_code-id_token", "true"),
        ("initiate_login_uri", "https://notes.example/login"),
        ("backchannel_logout_uri", "https://notes.example/out"),
        ("userinfo_alg", "ES256"),
        ("subject_type", "pairwise"),
        (
            "more",
            r#"{"contacts": ["ada@example.com"], "default_max_age": 60, "localized": {"client_name#ja": "x"},
                "backchannel_logout_session_required": true}"#,
        ),
    ];
    let made = submit(&mut ada, "/admin/clients/new/other", "/admin/clients", &wish).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let stored = async || app.stored_client("notes").await.metadata;
    let first_metadata = stored().await;
    let written = serde_json::to_value(&first_metadata).unwrap();
    for (name, value) in [
        ("response_types", serde_json::json!(["code", "code id_token"])),
        ("grant_types", serde_json::json!(["authorization_code", "implicit", "refresh_token"])),
        ("initiate_login_uri", "https://notes.example/login".into()),
        ("backchannel_logout_uri", "https://notes.example/out".into()),
        ("backchannel_logout_session_required", true.into()),
        ("userinfo_signed_response_alg", "ES256".into()),
        ("subject_type", "pairwise".into()),
        ("contacts", serde_json::json!(["ada@example.com"])),
        ("default_max_age", 60.into()),
        ("localized", serde_json::json!({"client_name#ja": "x"})),
    ] {
        assert_eq!(written[name], value, "{name}");
    }
    assert_eq!(submit(&mut ada, path, path, &[]).await.status, 303);
    assert_eq!(stored().await, first_metadata, "saving without a change changes nothing");
    let page = ada.get(path).await;
    assert!(
        page.body.contains("https://notes.example/login?iss=http%3A%2F%2Flocalhost%3A8080"),
        "{}",
        page.body
    );

    for (json, words) in [
        ("{", "More metadata:"),
        ("[]", "More metadata:"),
        ("{\"contacts\": 7}", "More metadata:"),
        ("{\"contacts\": [], \"contacts\": []}", "duplicate field"),
        ("{\"secret_hash\": \"x\"}", "unknown field"),
        ("{\"client_name\": \"x\"}", "client_name has a field of its own"),
        ("{\"client_id\": \"other\"}", "client_id has a field of its own"),
        ("{\"id_token_encrypted_response_enc\": \"A128GCM\"}", "id_token_encrypted_response_enc:"),
        ("{\"jwks\": {}}", "jwks:"),
    ] {
        let page = submit(&mut ada, path, path, &[("more", json)]).await;
        assert_eq!(page.status, 400, "{json}");
        assert!(page.text().contains(words), "{json}: {}", page.text());
        assert_eq!(first(&page, "#more").trim(), json, "what was typed is kept");
        assert!(page.body.contains("aria-describedby=\"more-problem more-hint\""), "told beside it");
        assert_eq!(stored().await, first_metadata, "{json}");
    }
    assert_eq!(submit(&mut ada, path, path, &[("more", "{}")]).await.status, 303);
    let cleared = stored().await;
    assert!(cleared.contacts.is_empty() && cleared.default_max_age.is_none() && cleared.localized.is_empty());
    assert_eq!(cleared.initiate_login_uri, first_metadata.initiate_login_uri);
});
