//! Registering an application by its kind, and what it is told to connect.

use axum::http::Method;
use countersign::admin::groups;
use countersign::app::Origin;
use countersign::protocol::client::{AccessTokenFormat, AuthMethod, GrantType, SubjectType};
use countersign::protocol::group::GroupInput;
use countersign::protocol::scope::Scope;
use countersign::protocol::user::User;
use scraper::{Html, Selector};
use serde_json::{Value, json};

use crate::admin_api::{administrator, robot};
use crate::admin_pages::submit;
use crate::support::client_key::sign_with_secret;
use crate::support::{ISSUER, Page, Rp, claims, encode, on_both};

fn texts(page: &Page, selector: &str) -> Vec<String> {
    let html = Html::parse_document(&page.body);
    html.select(&Selector::parse(selector).unwrap()).map(|found| found.text().collect()).collect()
}

on_both!(each_kind_is_registered_with_what_it_needs_and_told_how_to_connect, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    let choice = ada.get("/admin/clients/new").await;
    for kind in ["web", "spa", "native", "machine", "agent", "device", "other"] {
        assert!(choice.body.contains(&format!("href=\"/admin/clients/new/{kind}\"")), "{kind}");
    }
    for (kind, uri, library, method) in [
        ("web", "https://notes.example/cb", "Spring Security", AuthMethod::ClientSecretBasic),
        ("spa", "https://notes.example/cb", "oidc-client-ts", AuthMethod::None),
        ("native", "com.example.notes:/cb", "openidconnect", AuthMethod::None),
        ("machine", "", "Authlib", AuthMethod::ClientSecretBasic),
        ("agent", "http://127.0.0.1/cb", "openid-client", AuthMethod::None),
        ("device", "", "curl", AuthMethod::None),
    ] {
        let path = format!("/admin/clients/new/{kind}");
        let mut wish = vec![("name", kind), ("id", kind)];
        if !uri.is_empty() {
            wish.push(("redirect_uris", uri));
        }
        let made = submit(&mut ada, &path, &path, &wish).await;
        let page = if method == AuthMethod::None {
            assert_eq!(made.location(), format!("/admin/clients/{kind}?done=client-created"));
            ada.get(made.location()).await
        } else {
            made
        };
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.body.contains("id=\"connect\" open"), "{kind}: it is what comes next");
        assert!(texts(&page, ".libraries summary strong").contains(&library.to_owned()), "{kind}");
        let stored = app.stored_client(kind).await;
        assert_eq!(stored.metadata.token_endpoint_auth_method, method, "{kind}");
        assert!(stored.metadata.require_pkce && !stored.metadata.skip_consent);
        let secret = texts(&page, "#client-secret");
        assert_eq!(secret.len(), usize::from(method != AuthMethod::None));
        for text in texts(&page, "pre") {
            assert!(text.contains(kind), "{text}");
            assert!(secret.is_empty() || text.contains(&secret[0]), "the secret is known here: {text}");
        }
        let later = ada.get(&format!("/admin/clients/{kind}")).await;
        assert!(!later.body.contains("id=\"connect\" open"));
        if let Some(secret) = secret.first() {
            assert!(!later.body.contains(secret.as_str()));
            assert!(texts(&later, "pre").iter().all(|text| text.contains("PUT-THE-CLIENT-SECRET-HERE")));
        }
    }
    let log = app.audit_log().await;
    assert!(log.contains(&"client.create client:agent".to_owned()), "{log:?}");
});

on_both!(an_address_is_judged_before_anything_is_registered, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    let path = "/admin/clients/new/web";
    let uris = "https://notes.example/cb/\nhttps://notes.example/#/cb\nhttp://notes.example/cb\nnotes://cb";
    let checked =
        submit(&mut ada, path, path, &[("name", "Notes"), ("redirect_uris", uris), ("check", "true")]).await;
    assert_eq!(checked.status, 200);
    let said = texts(&checked, ".findings li");
    assert_eq!(said.len(), 4, "{said:?}");
    for (said, words) in
        said.iter().zip(["ends with a slash", "has a fragment", "in the clear", "only native applications"])
    {
        assert!(said.contains(words), "{said}");
    }
    assert!(checked.text().contains("Not every address can be registered"));
    assert_eq!(texts(&checked, "textarea")[0].trim(), uris, "what was typed is kept");
    assert!(app.app.store.clients().await.unwrap().is_empty());

    // The button is there for people; registering judges all the same.
    let refused = submit(&mut ada, path, path, &[("name", ""), ("redirect_uris", uris)]).await;
    assert_eq!(refused.status, 400);
    for words in ["fragment", "in the clear", "only native applications", "Name:"] {
        assert!(refused.text().contains(words), "{words}: {}", refused.text());
    }
    assert!(app.app.store.clients().await.unwrap().is_empty());

    assert_eq!(ada.get("/admin/clients/new/toaster").await.status, 404);
    let made = submit(
        &mut ada,
        path,
        path,
        &[("name", "Notes"), ("id", "notes"), ("redirect_uris", "https://notes.example/")],
    )
    .await;
    assert!(made.text().contains("ends with a slash"), "the hint is there when it matters: {}", made.text());
    let again = submit(
        &mut ada,
        path,
        path,
        &[("name", "Notes"), ("id", "notes"), ("redirect_uris", "https://notes.example/")],
    )
    .await;
    assert_eq!(again.status, 409, "no second one");
});

on_both!(the_api_knows_kinds_and_settings, |app| {
    let robot = robot(&app).await;
    let made = robot
        .json(
            Method::POST,
            "/admin/api/clients?kind=machine",
            &json!({"client_name": "Job", "client_id": "job"}),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let client = made.json();
    assert_eq!(client["grant_types"], json!(["client_credentials"]));
    let stored = app.stored_client("job").await;
    assert_eq!(stored.metadata.grant_types, [GrantType::ClientCredentials]);
    for (query, body, words) in [
        ("kind=toaster", json!({"client_name": "x"}), "toaster"),
        ("kind=spa&kind=web", json!({"client_name": "x"}), "kind"),
        ("sort=web", json!({"client_name": "x"}), "sort"),
        ("kind=web", json!({"client_name": "x", "redirect_uris": ["myapp://cb"]}), "native applications"),
        (
            "kind=machine",
            json!({"client_name": "x", "redirect_uris": ["https://a.example/cb"]}),
            "sent anywhere",
        ),
        ("kind=agent", json!({"client_name": "x", "redirect_uris": ["http://a.example/cb"]}), "in the clear"),
    ] {
        let refused = robot.json(Method::POST, &format!("/admin/api/clients?{query}"), &body).await;
        assert_eq!(refused.status, 400, "{query} {}", refused.body);
        assert!(refused.body.contains(words), "{query}: {}", refused.body);
    }
    let settings = robot.get("/admin/api/clients/job/settings").await.json();
    let first = &settings["settings"][0];
    assert_eq!(first["library"], "openid-client");
    assert!(first["text"].as_str().unwrap().contains("\"job\""));
    assert!(!settings.to_string().contains(client["client_secret"].as_str().unwrap()));
    assert_eq!(robot.get("/admin/api/clients/nobody/settings").await.status, 404);
});

/// The members of an object without those that are another every time.
fn same(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        for name in ["jti", "gid", "sid", "at_hash"] {
            if let Some(value) = members.get_mut(name) {
                *value = json!("(another every time)");
            }
        }
        // The one thing that the request adds.
        members.remove("nonce");
    }
    value
}

on_both!(the_preview_is_what_a_code_flow_then_issues, |app| {
    let robot = robot(&app).await;
    let user = app.user("bob").await;
    let input = GroupInput { name: Some("staff".to_owned()), ..GroupInput::default() };
    let group = groups::create(&app.app, &Origin::system(), &input).await.unwrap();
    let audit = app.app.audit(&Origin::system(), "group.add_member", String::new(), "");
    assert!(app.app.store.add_member(&group.id, &user.id, &audit).await.unwrap());
    for (id, subject_type, format) in [
        ("public", SubjectType::Public, AccessTokenFormat::Jwt),
        ("pairwise", SubjectType::Pairwise, AccessTokenFormat::Opaque),
    ] {
        let client = app
            .client(id, |metadata| {
                metadata.scope = Scope::parse("openid profile email groups offline_access").unwrap();
                metadata.subject_type = subject_type;
                metadata.access_token_format = format;
                metadata.skip_consent = true;
            })
            .await;
        let rp = Rp::new(&app, &client);
        for scope in ["openid", "openid email groups", "openid profile groups offline_access phone", "email"]
        {
            let query =
                encode(&[("user".to_owned(), "bob".to_owned()), ("scope".to_owned(), scope.to_owned())]);
            let seen = robot.get(&format!("/admin/api/clients/{id}/preview?{query}")).await;
            assert_eq!(seen.status, 200, "{}", seen.body);
            let seen = seen.json();
            let tokens = rp.tokens(&mut app.browser(), "bob", scope).await;
            let what = format!("{id} {scope}");
            assert_eq!(seen["scope"], tokens.get("scope"), "{what}");
            assert_eq!(seen["left_out"] == "phone", scope.contains("phone"), "{what}");
            let is_openid = scope.contains("openid");
            if is_openid {
                assert_eq!(seen["id_token"], same(&tokens.claims("id_token")), "{what}");
                assert_eq!(seen["userinfo"], rp.userinfo(tokens.access()).await.json(), "{what}");
            } else {
                assert_eq!((&seen["id_token"], &seen["userinfo"]), (&Value::Null, &Value::Null), "{what}");
            }
            match format {
                AccessTokenFormat::Jwt => {
                    assert_eq!(seen["access_token"], same(&claims(tokens.access())), "{what}");
                }
                AccessTokenFormat::Opaque => {
                    assert_eq!(seen["access_token_format"], "opaque");
                    let says = rp.introspect(tokens.access()).await;
                    for name in ["sub", "scope", "client_id", "exp", "iat", "iss"] {
                        assert_eq!(seen["access_token"][name], says[name], "{what} {name}");
                    }
                    assert_ne!(seen["access_token"]["sub"], user.id.as_str());
                }
            }
        }
    }
    let groups = robot.get("/admin/api/clients/public/preview?user=bob@example.com").await.json();
    assert_eq!(groups["userinfo"]["groups"], json!(["staff"]), "all that it is registered for");
    assert_eq!(groups["user_id"], user.id.as_str());
});

on_both!(a_preview_is_on_record_and_issues_nothing, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    let robot = robot(&app).await;
    let bob = app.user("bob").await;
    app.client("notes", |_| {}).await;
    // But for what was asked for wrongly.
    let noted = async || {
        let log = app.audit_log().await;
        log.iter().filter(|row| !row.starts_with("administration.mistake")).count()
    };
    let before = noted().await;
    let path = "/admin/clients/notes/preview";
    let form = ada.get(path).await;
    assert_eq!((form.status.as_u16(), form.text().contains("Granted to")), (200, false));
    assert_eq!(noted().await, before, "nobody was looked at");
    let shown = ada.get(&format!("{path}?user=bob&scope=openid+email")).await;
    for words in ["Granted to bob", "bob@example.com", "ID token", "UserInfo"] {
        assert!(shown.text().contains(words), "{words}: {}", shown.text());
    }
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let looked = format!("client.preview user:{}", bob.id);
    assert!(app.audit_log().await.contains(&looked), "{:?}", app.audit_log().await);
    assert!(app.app.store.grants_of_user(&bob.id).await.unwrap().is_empty());

    let after = noted().await;
    for (query, status, words) in [
        ("user=nobody", 400, "nobody with this user name"),
        ("user=bob&scope=%22", 400, "scope"),
        ("user=bob&scope=unknown", 400, "registered for none"),
        ("user=", 400, "name somebody"),
        ("", 400, "user"),
        ("user=bob&user=ada", 400, "user"),
        ("user=bob&claims=x", 400, "claims"),
    ] {
        let refused = robot.get(&format!("/admin/api/clients/notes/preview?{query}")).await;
        assert_eq!(refused.status.as_u16(), status, "{query} {}", refused.body);
        assert!(refused.body.contains(words), "{query}: {}", refused.body);
    }
    assert!(robot.get("/admin/api/clients/robot/preview?user=bob").await.body.contains("nobody signs in"));
    assert_eq!(robot.get("/admin/api/clients/nobody/preview?user=bob").await.status, 404);
    assert_eq!(ada.get(&format!("{path}?user=nobody")).await.status, 400);
    let off = User { disabled: true, ..bob.clone() };
    let entry = app.app.audit(&Origin::system(), "test", String::new(), "");
    assert!(app.app.store.update_user(&off, bob.updated_at, &entry).await.unwrap());
    let refused = robot.get("/admin/api/clients/notes/preview?user=bob").await;
    assert!(refused.body.contains("switched off"), "{}", refused.body);
    assert_eq!(noted().await, after + 1, "who was refused saw nothing");
});

on_both!(an_old_secret_works_beside_the_new_one_until_its_time, |app| {
    let robot = robot(&app).await;
    for (id, method) in [
        ("basic", AuthMethod::ClientSecretBasic),
        ("post", AuthMethod::ClientSecretPost),
        ("jwt", AuthMethod::ClientSecretJwt),
    ] {
        let made = json!({
            "client_name": id, "client_id": id, "token_endpoint_auth_method": method.as_str(), "scope": "orders:read",
        });
        let made = robot.json(Method::POST, "/admin/api/clients?kind=machine", &made).await.json();
        let path = format!("/admin/api/clients/{id}");
        let rotate = async |query: &str| {
            let page = robot.send(&Method::POST, &format!("{path}/secret{query}"), "").await;
            assert_eq!(page.status, 200, "{}", page.body);
            page.json()["client_secret"].as_str().unwrap().to_owned()
        };
        let number = std::cell::Cell::new(0);
        let works = async |secret: &str| {
            number.set(number.get() + 1);
            let rp = Rp::of(&app.router, id, method, secret, "");
            let page = if method == AuthMethod::ClientSecretJwt {
                let now = app.app.clock.now().0;
                let jti = number.get().to_string();
                let said = json!({"iss": id, "sub": id, "aud": ISSUER, "exp": now + 60, "jti": jti});
                let assertion = sign_with_secret(secret, &said);
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                let public = Rp::of(&app.router, id, AuthMethod::PrivateKeyJwt, "", "");
                public
                    .post(
                        "/token",
                        &[
                            ("grant_type", "client_credentials"),
                            ("client_assertion_type", kind),
                            ("client_assertion", &assertion),
                        ],
                    )
                    .await
            } else {
                rp.token(&[("grant_type", "client_credentials")]).await
            };
            assert!(page.status == 200 || page.status == 401, "{}", page.body);
            page.status == 200
        };
        let first = made["client_secret"].as_str().unwrap();
        assert!(works(first).await, "{id}");
        let second = rotate("").await;
        let until = robot.get(&path).await.json()["old_secret_expires_at"].as_i64().unwrap();
        assert_eq!(until - app.app.clock.now().0, 86_400, "unless told otherwise");
        assert!(works(first).await && works(&second).await, "{id}: both work");
        let first = second.as_str();
        let second = rotate("?keep_old_seconds=60").await;
        app.advance(59);
        assert!(works(first).await, "{id}: its last second");
        app.advance(1);
        assert!(
            !works(first).await && works(&second).await,
            "{id}: its time is over, and nothing had to end it"
        );
        assert_eq!(robot.send(&Method::DELETE, &format!("{path}/old-secret"), "").await.status, 404);

        let third = rotate("?keep_old_seconds=604800").await;
        assert!(works(&second).await && !works(first).await, "{id}");
        assert_eq!(robot.send(&Method::DELETE, &format!("{path}/old-secret"), "").await.status, 204);
        assert!(!works(&second).await && works(&third).await, "{id}: ended by hand");

        let fourth = rotate("?keep_old_seconds=60").await;
        let fifth = rotate("?keep_old_seconds=60").await;
        assert!(
            !works(&third).await && works(&fourth).await && works(&fifth).await,
            "{id}: one old one at most"
        );
        let sixth = rotate("?keep_old_seconds=0").await;
        assert!(!works(&fifth).await && !works(&fourth).await && works(&sixth).await, "{id}: not at all");
        for bad in ["604801", "-1", "x", ""] {
            let refused =
                robot.send(&Method::POST, &format!("{path}/secret?keep_old_seconds={bad}"), "").await;
            assert_eq!(refused.status, 400, "{bad}: {}", refused.body);
        }
        assert!(works(&sixth).await);
        assert!(!app.stored_client(id).await.secret_hash.unwrap().contains(&sixth), "a hash");
    }
});

on_both!(an_old_secret_is_ended_on_the_page, |app| {
    let (_, mut ada) = administrator(&app, "ada").await;
    app.client("notes", |_| {}).await;
    let path = "/admin/clients/notes";
    let rotated = submit(&mut ada, path, &format!("{path}/rotate-secret"), &[]).await;
    assert!(
        rotated.text().contains("The secret before this one works until 2 Jan 2026, 00:00 UTC"),
        "{}",
        rotated.text()
    );
    let old = app.stored_client("notes").await.old_secret.unwrap();
    assert_eq!(old.hash, countersign::protocol::secret::sha256_hex("secret"));
    let ended = submit(&mut ada, path, &format!("{path}/end-old-secret"), &[]).await;
    assert_eq!(ended.location(), "/admin/clients/notes?done=old-secret-ended");
    assert_eq!(app.stored_client("notes").await.old_secret, None);
    assert!(!ada.get(path).await.text().contains("The secret before this one"));
    let now = submit(&mut ada, path, &format!("{path}/rotate-secret"), &[("keep_old", "0")]).await;
    assert_eq!((now.status.as_u16(), app.stored_client("notes").await.old_secret), (200, None));
    for bad in ["x", "604801"] {
        let refused = submit(&mut ada, path, &format!("{path}/rotate-secret"), &[("keep_old", bad)]).await;
        assert_eq!(refused.status, 400, "{bad}");
    }
    let log = app.audit_log().await;
    assert!(log.contains(&"client.end_old_secret client:notes".to_owned()), "{log:?}");
});
