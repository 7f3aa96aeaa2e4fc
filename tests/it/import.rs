//! Users of other systems: what a file brings, what is passed over and why, and that they sign in with their passwords.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::admin::import::{self, Report, Taken, Unreadable};
use countersign::app::Origin;
use countersign::authn::by_password;
use countersign::authn::device::Devices;
use countersign::protocol::client::{AuthMethod, Client, GrantType};
use countersign::protocol::secret::sha256_hex;

use crate::support::{PASSWORD, TestApp, on_both};

type Reader = fn(&Path) -> Result<import::Found, Unreadable>;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/import").join(name)
}

fn read(name: &str) -> import::Found {
    let file = fixture(name);
    match name {
        "realm.json" => import::read_keycloak(&file),
        "users.csv" => import::read_csv(&file),
        _ => import::read_auth0(&file),
    }
    .unwrap()
}

async fn run(app: &TestApp, name: &str, dry_run: bool) -> Report {
    import::run(&app.app, &Origin::cli(), read(name), dry_run, &mut |_| {}).await.unwrap()
}

/// What was passed over, as `place: reason`.
fn skipped(report: &Report) -> Vec<String> {
    report.skipped.iter().map(|note| format!("{}: {}", note.place, note.reason)).collect()
}

async fn hash_of(app: &TestApp, login: &str) -> Option<String> {
    app.app.store.user_by_login(login).await.unwrap().unwrap().password_hash
}

async fn signs_in(app: &TestApp, login: &str, password: &str) -> bool {
    by_password(&app.app, &Origin::cli(), &Devices::default(), login, password).await.unwrap().is_ok()
}

/// A try reports what the real run then does, and leaves nothing behind.
async fn tried(app: &TestApp, name: &str) -> Report {
    let before = app.app.store.recent_audit(1000).await.unwrap().len();
    let would = run(app, name, true).await;
    assert!(would.dry_run && would.secrets.is_empty());
    assert_eq!(app.app.store.recent_audit(1000).await.unwrap().len(), before);
    assert_eq!(app.app.store.users("", 1000).await.unwrap().len(), 0);
    assert!(app.app.store.imported_sorts().await.unwrap().decoys.is_empty());
    let report = run(app, name, false).await;
    assert_eq!(report.taken, would.taken);
    assert_eq!(skipped(&report), skipped(&would));
    report
}

on_both!(a_realm_of_keycloak, |app| {
    let report = tried(&app, "realm.json").await;
    assert_eq!(report.taken, Taken { users: 3, with_password: 2, clients: 3, groups: 2 });
    let passed_over = skipped(&report);
    for (at, reason) in [
        "group: name: a group's name has",
        "client: has no redirect URI that could be compared exactly",
        "client: only checks tokens",
        "client: speaks saml",
        "user 4: is the service account of the client jobs",
        "user 5: comes from a directory",
        "user 6: invalid type: integer",
        "user 7: stands in this file twice (username:ada)",
        "user 8: username: a user name has",
    ]
    .iter()
    .enumerate()
    {
        assert!(passed_over[at].starts_with(reason), "{reason}: {passed_over:?}");
    }
    assert_eq!(passed_over.len(), 9, "{passed_over:?}");
    let tells = |words: &str| report.notes.iter().any(|note| note.reason.contains(words));
    for words in [
        "has to set up again: otp",
        "comes without a password: verifying the password hash would cost too much",
        "left out: https://notes.example/*",
        "password grant",
        "its secret could not be kept",
    ] {
        // The output of carol's hash is too short before it is too dear.
        let words = if words.contains("too much") { "comes without a password" } else { words };
        assert!(tells(words), "{words}: {:?}", report.notes);
    }

    let ada = app.app.store.user_by_login("ada@example.com").await.unwrap().unwrap();
    assert_eq!(ada.id.as_str(), "11111111-1111-4111-8111-111111111111", "applications know her by it");
    assert_eq!((ada.created_at.0, ada.email_verified, ada.is_admin), (1_600_000_000, true, false));
    assert_eq!(ada.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(ada.claims.phone_number_verified, Some(true));
    let groups = app.app.store.group_names(&ada.id).await.unwrap();
    assert_eq!(groups, ["staff", "staff/editors"]);
    let bob = app.app.store.user_by_login("bob@example.com").await.unwrap().unwrap();
    assert_eq!((bob.username.as_str(), bob.disabled, bob.email_verified), ("bob", true, false));
    assert!(hash_of(&app, "carol").await.is_none());

    let old = hash_of(&app, "ada").await.unwrap();
    assert!(old.starts_with("$pbkdf2-sha256$i=27500,l=64$"), "{old}");
    assert!(!signs_in(&app, "ada", "wrong").await);
    assert_eq!(hash_of(&app, "ada").await.unwrap(), old, "a wrong password changes nothing");
    assert!(signs_in(&app, "ada", PASSWORD).await);
    assert!(hash_of(&app, "ada").await.unwrap().starts_with("$argon2id$"), "and now it is this server's own");
    assert!(signs_in(&app, "ada", PASSWORD).await);
    assert!(!signs_in(&app, "bob", PASSWORD).await, "switched off there, switched off here");

    let notes = app.stored_client("notes").await;
    assert_eq!(notes.metadata.redirect_uris, ["https://notes.example/cb"]);
    assert_eq!(
        notes.metadata.post_logout_redirect_uris,
        ["https://notes.example/cb", "https://notes.example/bye"]
    );
    assert_eq!(notes.secret_hash, Some(sha256_hex("0123456789abcdefghijABCDEFGHIJkl")));
    assert!(!notes.metadata.skip_consent && !notes.metadata.require_pkce);
    let spa = app.stored_client("spa").await;
    assert_eq!(spa.metadata.token_endpoint_auth_method, AuthMethod::None);
    assert!(spa.metadata.skip_consent);
    let pushes = |client: &Client| client.metadata.require_pushed_authorization_requests;
    assert!(pushes(&notes) && !pushes(&spa));
    let bound = |client: &Client| client.metadata.dpop_bound_access_tokens;
    assert!(bound(&notes) && !bound(&spa));
    let jobs = app.stored_client("jobs").await;
    assert_eq!(jobs.metadata.grant_types, [GrantType::ClientCredentials]);
    assert_eq!(jobs.secret_hash, Some(sha256_hex(crate::as_code::secret_of(&report.secrets[0]))));

    // Once more: everything is there, nothing changes.
    let before = app.app.store.configuration().await.unwrap();
    let again = run(&app, "realm.json", false).await;
    assert_eq!(again.taken, Taken::default());
    assert!(
        skipped(&again).contains(&"user 1: its id is already in use".to_owned()),
        "{:?}",
        skipped(&again)
    );
    let after = app.app.store.configuration().await.unwrap();
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    assert!(hash_of(&app, "ada").await.unwrap().starts_with("$argon2id$"));
});

on_both!(users_of_auth0, |app| {
    let report = tried(&app, "auth0.ndjson").await;
    assert_eq!(report.taken, Taken { users: 4, with_password: 3, clients: 0, groups: 0 });
    let passed_over = skipped(&report);
    for (at, reason) in [
        "line 5: stands in this file twice (email:ada@example.com)",
        "line 6: email: an e-mail address looks like",
        "line 7: has neither a user name nor an e-mail address",
        "line 8: EOF while parsing",
    ]
    .iter()
    .enumerate()
    {
        assert!(passed_over[at].starts_with(reason), "{reason}: {passed_over:?}");
    }
    let reasons: Vec<&str> = report.notes.iter().map(|note| note.reason.as_str()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("another sub")), "{reasons:?}");
    assert!(reasons.contains(&"left out, as it breaks a rule: phone_number"), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.starts_with("comes without a password: ")), "{reasons:?}");
    for login in ["ada@example.com", "bob", "ada@example.org"] {
        assert!(signs_in(&app, login, PASSWORD).await, "{login}");
        assert!(hash_of(&app, login).await.unwrap().starts_with("$argon2id$"), "{login}");
    }
    let ada = app.app.store.user_by_login("ada@example.com").await.unwrap().unwrap();
    assert_eq!((ada.username.as_str(), ada.name), ("ada", None));
    let other = app.app.store.user_by_login("ada@example.org").await.unwrap().unwrap();
    assert!(other.username.starts_with("ada-"), "{}", other.username);
    // Everybody has a hash of this server's own now: no refused password has to cost what theirs did.
    let sorts = async || app.app.store.imported_sorts().await.unwrap().decoys.len();
    assert_eq!(sorts().await, 3);
    assert_eq!(import::forget_sorts(&app.app).await.unwrap(), 3);
    assert_eq!((sorts().await, import::forget_sorts(&app.app).await.unwrap()), (0, 0));
});

on_both!(a_sort_is_forgotten_with_the_last_of_its_hashes_and_not_before, |app| {
    let file = tempfile::NamedTempFile::new().unwrap();
    let hash = |cost: u32| format!("$2b${cost:02}$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e");
    let text = format!(
        "username,email,password_hash\nada,ada@example.com,{}\nbob,bob@example.com,{}\n",
        hash(4),
        hash(5)
    );
    std::fs::write(file.path(), text).unwrap();
    let store = &app.app.store;
    let there = app.second_node().await;
    // That nothing was imported is remembered. The lease is short: a slow machine is given some attempts.
    let mut is_remembered = false;
    for _ in 0..20 {
        there.hears().await;
        let first = there.app.store.imported_sorts().await.unwrap();
        assert!(first.decoys.is_empty());
        is_remembered |= Arc::ptr_eq(&first, &there.app.store.imported_sorts().await.unwrap());
    }
    assert!(is_remembered, "every password would be a read");
    let found = import::read_csv(file.path()).unwrap();
    let report = import::run(&app.app, &Origin::cli(), found, false, &mut |_| {}).await.unwrap();
    assert_eq!(report.taken.with_password, 2);
    there.hears().await;
    assert_eq!(there.app.store.imported_sorts().await.unwrap().decoys.len(), 2, "the other node heard of it");
    assert_eq!(import::forget_sorts(&app.app).await.unwrap(), 0, "both are there");
    assert!(signs_in(&app, "ada", "correct horse").await);

    // An import that is committed while it is counted: what was counted is not true any more.
    let before = store.imported_sorts().await.unwrap();
    store.import_users(&[], &before.decoys, false).await.unwrap();
    assert!(!store.keep_sorts(&before, Vec::new()).await.unwrap());
    assert_eq!(store.imported_sorts().await.unwrap().decoys, before.decoys);

    assert_eq!(import::forget_sorts(&app.app).await.unwrap(), 1);
    let left = store.imported_sorts().await.unwrap();
    assert!(matches!(left.decoys.as_slice(), [bob] if bob.starts_with("$2b$05$")), "{left:?}");
});

on_both!(users_of_a_table, |app| {
    let report = tried(&app, "users.csv").await;
    assert_eq!(report.taken, Taken { users: 3, with_password: 2, clients: 0, groups: 2 });
    let passed_over = skipped(&report);
    for (at, reason) in [
        "line 4: email_verified: must be true or false",
        "line 6: username: ",
        "line 8: has 2 cells where the heading has 9",
        "line 9: stands in this file twice (email:ada@example.com)",
    ]
    .iter()
    .enumerate()
    {
        assert!(passed_over[at].starts_with(reason), "{reason}: {passed_over:?}");
    }
    let ada = app.app.store.user_by_login("ada").await.unwrap().unwrap();
    assert_eq!(ada.name.as_deref(), Some("Lovelace, Ada"));
    assert_eq!(app.app.store.group_names(&ada.id).await.unwrap(), ["editors", "staff"]);
    assert!(app.app.store.user_by_login("bob").await.unwrap().unwrap().is_admin);
    assert!(signs_in(&app, "ada", PASSWORD).await && signs_in(&app, "bob", PASSWORD).await);
    let log = app.app.store.recent_audit(1000).await.unwrap();
    let mut imported: Vec<&str> =
        log.iter().filter(|row| row.action == "user.import").map(|row| row.detail.as_str()).collect();
    imported.sort_unstable();
    assert_eq!(imported, ["ada", "bob is_admin=true", "dora"]);
});

on_both!(who_is_here_already_stays_as_they_are, |app| {
    let ada = app.user("ada").await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut text = "id,username,email\n".to_owned();
    text.push_str("x-1,ada,new@example.com\nx-2,other,ada@example.com\n");
    writeln!(text, "{},third,third@example.com\nc-9,fourth,fourth@example.com", ada.id).unwrap();
    for row in 0..450 {
        writeln!(text, "u-{row},user{row},user{row}@example.com").unwrap();
    }
    std::fs::write(file.path(), text).unwrap();
    let mut seen = Vec::new();
    let found = import::read_csv(file.path()).unwrap();
    let report =
        import::run(&app.app, &Origin::cli(), found, false, &mut |done| seen.push(done)).await.unwrap();
    assert_eq!(report.taken.users, 451, "more than one batch, and one with another id");
    assert_eq!(
        skipped(&report),
        [
            "line 2: this user name is already in use",
            "line 3: this e-mail address is already in use",
            "line 4: its id is already in use",
        ]
    );
    assert_eq!(seen.last(), Some(&454));
    let after = app.stored_user(&ada.id).await;
    assert_eq!(format!("{ada:?}"), format!("{after:?}"));
});

#[test]
fn files_of_another_form_are_refused_whole() {
    let file = |text: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    };
    for (read, text, words) in [
        (import::read_keycloak as Reader, "", "no realm"),
        (import::read_keycloak, "[]", "no realm"),
        (import::read_keycloak, r#"{"realm": ""}"#, "has no name"),
        (import::read_keycloak, r#"{"users": []}"#, "missing field `realm`"),
        (import::read_auth0, "email,name\n", "neither a JSON array nor"),
        (import::read_auth0, "[{]", "no JSON array of users"),
        (import::read_csv, "", "there must be a column username or email"),
        (import::read_csv, "name\nx\n", "there must be a column username or email"),
        (import::read_csv, "username,shoe_size\n", "unknown column \"shoe_size\""),
        (import::read_csv, "username,username\n", "is there twice"),
    ] {
        let refused = read(file(text).path()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains(words), "{text:?}: {refused}");
    }
    let nowhere = import::read_csv(Path::new("/nowhere/users.csv")).err().unwrap();
    assert!(nowhere.to_string().contains("/nowhere/users.csv"));
    // As spreadsheets and Windows write them.
    let found = import::read_csv(file("\u{feff}username,email\r\nada,ada@example.com\r\n").path()).unwrap();
    assert_eq!(found.users.len(), 1);
    let found = import::read_auth0(file("[{\"email\":\"a@example.com\"},7]").path()).unwrap();
    assert_eq!(found.users.iter().filter(|user| user.what.is_ok()).count(), 1);
}
