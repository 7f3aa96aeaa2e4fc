//! What a stolen database does not tell.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use countersign::config;
use countersign::sealing::Purpose;

use crate::support::{Engine, PASSWORD, Rp, TestApp, VERIFIER, filled, granted};

/// The bytes of the database with everything that is written ahead of it.
fn database(app: &TestApp) -> Vec<u8> {
    let config::Engine::Sqlite(file) = &app.app.config.database.engine else { panic!("not SQLite") };
    let mut bytes = std::fs::read(file).unwrap();
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut name = file.clone().into_os_string();
        name.push(suffix);
        bytes.extend(std::fs::read(name).unwrap_or_default());
    }
    bytes
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn nothing_that_opens_a_door_is_stored() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.user("ada").await;
    let client = app.client("web", |_| {}).await;
    let secret = "a client secret of a good length";
    let audit = app.app.audit(&countersign::app::Origin::system(), "test", String::new(), "");
    let with_secret = countersign::protocol::client::Client {
        secret_hash: Some(countersign::protocol::secret::sha256_hex(secret)),
        ..client.clone()
    };
    assert!(app.app.store.update_client(&with_secret, client.updated_at, &audit).await.unwrap());
    let mut rp = Rp::new(&app, &client);
    rp.secret = secret.to_owned();

    let mut browser = app.browser();
    let login = browser.open(&rp.authorization("openid offline_access", &[])).await;
    let hidden = login.form("/login");
    let wrong = "a wrong password, but perhaps a right one elsewhere";
    browser.post("/login", &filled(hidden.clone(), &[("username", "ada"), ("password", wrong)])).await;
    let consent = browser.sign_in(&login, "ada").await;
    let code = browser.consent(&consent, "allow").await.sent("code").unwrap();
    let first = granted(&rp.redeem(&code).await);
    let second = granted(&rp.refresh(first.refresh()).await);
    assert!(rp.is_active(second.access()).await);
    rp.post("/revoke", &[("token", second.access())]).await;
    let link = "a one-time link's token";
    let now = app.app.clock.now();
    app.app
        .store
        .offer_administrator_link(&countersign::protocol::secret::sha256_hex(link), now, now)
        .await
        .unwrap();

    let bytes = database(&app);
    assert!(holds(&bytes, b"ada@example.com"), "the search itself works");
    let session = browser.cookies["countersign-session"].split_once('.').unwrap();
    assert!(holds(&bytes, session.0.as_bytes()), "the public half of the cookie names the row");
    let mut secrets: Vec<(&str, String)> = vec![
        ("password", PASSWORD.to_owned()),
        ("wrong password", wrong.to_owned()),
        ("session secret", session.1.to_owned()),
        ("browser secret", browser.cookies["countersign-browser"].clone()),
        ("client secret", secret.to_owned()),
        ("link", link.to_owned()),
        ("code", code),
        ("verifier", VERIFIER.to_owned()),
        ("state", "the state".to_owned()),
        ("nonce", "the nonce".to_owned()),
    ];
    secrets.extend(
        hidden.into_iter().filter(|(_, value)| value.len() > 20).map(|(_, value)| ("hidden field", value)),
    );
    for tokens in [&first, &second] {
        for name in ["access_token", "id_token"] {
            let token = tokens.get(name);
            secrets.push((name, token.to_owned()));
            secrets.push(("signature", token.rsplit_once('.').unwrap().1.to_owned()));
        }
        secrets.push(("refresh token", tokens.refresh().to_owned()));
        secrets.push(("refresh token's code", tokens.refresh().rsplit_once('.').unwrap().1.to_owned()));
    }
    for key in app.app.store.signing_keys().await.unwrap().0 {
        assert!(holds(&bytes, key.private_key.as_bytes()), "sealed, it is there");
        let text: String = app.app.seals.open(Purpose::SigningKey, &key.private_key).unwrap();
        let pkcs8 = STANDARD_NO_PAD.decode(&text).unwrap();
        // The last bytes of each are key material, whatever comes before it.
        assert!(!holds(&bytes, &pkcs8[pkcs8.len() - 24..]), "{}", key.alg);
        secrets.push(("private key", text[text.len() - 32..].to_owned()));
    }
    for (what, text) in secrets {
        assert!(!holds(&bytes, text.as_bytes()), "{what} is stored: {text}");
    }
    assert!(!holds(&bytes, &app.app.config.secret.0), "the master secret");
}
