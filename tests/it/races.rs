//! Many at once, on two nodes where the engine allows it: a one-time value works once, and whatever ends a grant ends
//! it for good, however the requests interleave.

use std::sync::Arc;
use std::time::Duration;

use countersign::app::Origin;
use countersign::config;
use countersign::protocol::scope::Scope;
use countersign::protocol::timestamp::Timestamp;
use countersign::protocol::user::User;

use crate::support::{
    Browser, PASSWORD, Page, Rp, TestApp, Tokens, VERIFIER, at_once, filled, granted, on_both, only_success,
    refused, successes,
};

/// Requests at once.
const CROWD: usize = 64;
const ROUNDS: usize = 3;

/// One node on SQLite, two on PostgreSQL.
async fn nodes(app: &TestApp) -> Vec<TestApp> {
    match app.app.config.database.engine {
        config::Engine::Sqlite(_) => vec![app.clone()],
        config::Engine::Postgres(_) => vec![app.clone(), app.second_node().await],
    }
}

/// A relying party at each node in turn.
fn everywhere(rp: &Rp, nodes: &[TestApp]) -> impl Fn(usize) -> Rp {
    move |number| rp.at(&nodes[number % nodes.len()].router)
}

/// Nothing of what was handed out counts, anywhere.
async fn assert_dead(what: &str, tokens: &[Tokens], rp: &Rp, nodes: &[TestApp], watch: &Rp) {
    for node in nodes {
        node.hears().await;
        let (rp, watch) = (rp.at(&node.router), watch.at(&node.router));
        for token in tokens {
            assert!(!watch.is_active(token.access()).await, "{what}: access token");
            assert!(!watch.is_active(token.refresh()).await, "{what}: refresh token");
            assert_eq!(rp.userinfo(token.access()).await.status, 401, "{what}");
            assert_eq!(refused(&rp.refresh(token.refresh()).await), "invalid_grant", "{what}");
        }
    }
}

/// A client that may ask about everybody's tokens.
async fn watcher(app: &TestApp) -> Rp {
    Rp::new(app, &app.client("watch", |metadata| metadata.introspects_any_token = true).await)
}

on_both!(rfc6749_4_1_2_of_64_redemptions_of_a_code_one_succeeds_and_the_others_revoke_it, |app| {
    let nodes = nodes(&app).await;
    app.user("ada").await;
    let (rp, watch) = (app.rp("web").await, watcher(&app).await);
    let mut browser = app.browser();
    for scope in ["openid", "openid offline_access"] {
        for _ in 0..ROUNDS {
            let code: Arc<str> = rp.code(&mut browser, "ada", scope).await.into();
            let at = everywhere(&rp, &nodes);
            let answers = at_once((0..CROWD).map(|number| {
                let (rp, code) = (at(number), Arc::clone(&code));
                async move { rp.redeem(&code).await }
            }))
            .await;
            let tokens = only_success(&answers);
            assert_dead("replayed", &[tokens], &rp, &nodes, &watch).await;
        }
    }
    let revoked = app.audit_log().await.iter().filter(|row| row.starts_with("grant.code_replayed")).count();
    assert_eq!(revoked, 2 * ROUNDS, "one audit row for every grant that was revoked");
});

on_both!(wrong_redemptions_at_the_same_moment_neither_win_nor_revoke, |app| {
    let nodes = nodes(&app).await;
    app.user("ada").await;
    let rp = app.rp("web").await;
    let mut thief = app.rp("other").await;
    thief.redirect_uri.clone_from(&rp.redirect_uri);
    let mut browser = app.browser();
    for _ in 0..ROUNDS {
        let code: Arc<str> = rp.code(&mut browser, "ada", "openid").await.into();
        let (honest, thieving) = (everywhere(&rp, &nodes), everywhere(&thief, &nodes));
        let answers = at_once((0..CROWD).map(|number| {
            let (honest, thief, code) = (honest(number / 2), thieving(number / 2), Arc::clone(&code));
            async move {
                let redirect_uri = honest.redirect_uri.clone();
                let with = |verifier| {
                    [
                        ("grant_type", "authorization_code"),
                        ("code", &*code),
                        ("redirect_uri", redirect_uri.as_str()),
                        ("code_verifier", verifier),
                    ]
                };
                match number {
                    40 => honest.token(&with(VERIFIER)).await,
                    even if even % 2 == 0 => honest.token(&with(&VERIFIER.replace('d', "e"))).await,
                    _ => thief.token(&with(VERIFIER)).await,
                }
            }
        }))
        .await;
        let tokens = only_success(&answers);
        assert!(rp.is_active(tokens.access()).await, "still good");
        granted(&rp.refresh(tokens.refresh()).await);
    }
});

on_both!(rfc9700_4_14_2_of_64_refreshes_without_grace_one_succeeds_and_the_others_revoke_it, |app| {
    let nodes = nodes(&app).await;
    app.user("ada").await;
    let (rp, watch) = (app.rp("web").await, watcher(&app).await);
    let mut browser = app.browser();
    for _ in 0..ROUNDS {
        let first = rp.tokens(&mut browser, "ada", "openid").await;
        let (at, token) = (everywhere(&rp, &nodes), Arc::<str>::from(first.refresh()));
        let answers = at_once((0..CROWD).map(|number| {
            let (rp, token) = (at(number), Arc::clone(&token));
            async move { rp.refresh(&token).await }
        }))
        .await;
        let second = only_success(&answers);
        assert_dead("reused", &[first, second], &rp, &nodes, &watch).await;
    }
    let revoked = app.audit_log().await.iter().filter(|row| row.starts_with("grant.refresh_reused")).count();
    assert_eq!(revoked, ROUNDS);
});

on_both!(rfc9700_4_14_2_64_refreshes_within_grace_all_get_the_same_successor, |app| {
    let nodes = nodes(&app).await;
    app.user("ada").await;
    let (rp, other, watch) = (app.public_rp("spa").await, app.public_rp("other").await, watcher(&app).await);
    let mut browser = app.browser();
    for _ in 0..ROUNDS {
        let first = rp.tokens(&mut browser, "ada", "openid").await;
        let (at, others, token) =
            (everywhere(&rp, &nodes), everywhere(&other, &nodes), Arc::<str>::from(first.refresh()));
        // Another client's attempts in between must not disturb anything.
        let answers = at_once((0..CROWD + 16).map(|number| {
            let (rp, token) = (if number < CROWD { at(number) } else { others(number) }, Arc::clone(&token));
            async move { (number, rp.refresh(&token).await) }
        }))
        .await;
        let (ours, theirs): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(number, _)| *number < CROWD);
        let second: Vec<_> = ours.iter().map(|(_, answer)| granted(answer)).collect();
        assert!(second.iter().all(|one| one.refresh() == second[0].refresh()), "never a sibling");
        assert!(theirs.iter().all(|(_, answer)| refused(answer) == "invalid_grant"));

        // One live leaf: the successor. Using it makes the first one a replay, which ends it all.
        assert!(!watch.is_active(first.refresh()).await);
        assert!(watch.is_active(second[0].refresh()).await);
        let third = granted(&rp.refresh(second[0].refresh()).await);
        assert!(watch.is_active(third.refresh()).await);
        assert_eq!(refused(&rp.refresh(first.refresh()).await), "invalid_grant");
        assert_dead("replayed", &[third], &rp, &nodes, &watch).await;
    }
});

/// What ends a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Revocation,
    SignOut,
    Withdrawal,
    Password,
    /// And on again, which must not bring anything back.
    SwitchOff,
    Deletion,
}

/// Everything that one round is about.
struct Scene {
    node: TestApp,
    rp: Rp,
    user: User,
    browser: Browser,
    token: Option<String>,
}

impl End {
    /// Does it, through the product's own pages where there is one, until it is acknowledged.
    async fn happen(self, mut scene: Scene) {
        let app = &scene.node.app;
        let audit = || app.audit(&Origin::system(), "test.end", String::new(), "");
        let changed = |disabled, after: i64| User {
            disabled,
            updated_at: Timestamp(scene.user.updated_at.0 + after),
            ..scene.user.clone()
        };
        match self {
            Self::Revocation => {
                let token = scene.token.unwrap();
                assert_eq!(scene.rp.post("/revoke", &[("token", &token)]).await.status, 200);
            }
            Self::SignOut => {
                let page = scene.browser.get("/logout").await;
                let page = scene.browser.post("/logout", &page.form("/logout")).await;
                assert_eq!(page.status, 200, "{}", page.body);
            }
            Self::Withdrawal => {
                let client = scene.rp.client_id.as_str().into();
                assert!(app.store.withdraw(&scene.user.id, &client, &audit()).await.unwrap());
            }
            Self::Password => {
                let now = app.clock.now();
                assert!(app.store.set_password(&scene.user.id, "x", None, now, &audit()).await.unwrap());
            }
            Self::SwitchOff => {
                let (off, on) = (changed(true, 1), changed(false, 2));
                assert!(app.store.update_user(&off, scene.user.updated_at, &audit()).await.unwrap());
                assert!(app.store.update_user(&on, off.updated_at, &audit()).await.unwrap());
            }
            Self::Deletion => assert!(app.store.delete_user(&scene.user.id, &audit()).await.unwrap()),
        }
    }
}

/// Runs `end` in the middle of `crowd` requests; answers what they were granted.
async fn meanwhile<F: Future<Output = Page> + Send + 'static>(
    end: End,
    scene: Scene,
    delay: usize,
    crowd: impl Iterator<Item = F>,
) -> Vec<Tokens> {
    type Step = std::pin::Pin<Box<dyn Future<Output = Option<Page>> + Send>>;
    let mut steps: Vec<Step> =
        crowd.map(|request| Box::pin(async move { Some(request.await) }) as Step).collect();
    steps.push(Box::pin(async move {
        // Now before them, now among them, now after.
        tokio::time::sleep(Duration::from_micros(400) * u32::try_from(delay).unwrap()).await;
        end.happen(scene).await;
        None
    }));
    successes(&at_once(steps).await.into_iter().flatten().collect::<Vec<_>>())
}

/// Rounds of each race that differ in when the end comes.
const STAGGER: usize = 8;

on_both!(cve_2026_43983_whatever_ends_a_grant_wins_against_refreshes_at_the_same_moment, |app| {
    let nodes = nodes(&app).await;
    let (rp, watch) = (app.public_rp("spa").await, watcher(&app).await);
    for end in [End::Revocation, End::SignOut, End::Withdrawal, End::Password, End::SwitchOff, End::Deletion]
    {
        for round in 0..STAGGER {
            let name = format!("{end:?}{round}").to_lowercase();
            let (user, mut browser) = (app.user(&name).await, app.browser());
            let scope = if end == End::SignOut { "openid" } else { "openid offline_access" };
            let first = rp.tokens(&mut browser, &name, scope).await;
            let node = nodes[round % nodes.len()].clone();
            let token = Arc::<str>::from(first.refresh());
            let scene = Scene {
                rp: rp.at(&node.router),
                browser: browser.at(&node.router),
                node,
                user,
                token: Some(token.to_string()),
            };
            let at = everywhere(&rp, &nodes);
            let crowd = (0..6).map(|number| {
                let (rp, token) = (at(number), Arc::clone(&token));
                async move { rp.refresh(&token).await }
            });
            let mut tokens = meanwhile(end, scene, round, crowd).await;
            tokens.push(first);
            assert_dead(&name, &tokens, &rp, &nodes, &watch).await;
        }
    }
});

on_both!(cve_2026_43983_whatever_ends_a_grant_wins_against_a_redemption_at_the_same_moment, |app| {
    let nodes = nodes(&app).await;
    let (rp, watch) = (app.rp("web").await, watcher(&app).await);
    for (end, scope) in [
        (End::SignOut, "openid"),
        (End::Withdrawal, "openid"),
        (End::Withdrawal, "openid offline_access"),
        (End::Password, "openid offline_access"),
        (End::SwitchOff, "openid offline_access"),
        (End::Deletion, "openid"),
    ] {
        for round in 0..STAGGER {
            let name = format!("{end:?}{}{round}", scope.len()).to_lowercase();
            let (user, mut browser) = (app.user(&name).await, app.browser());
            let code = rp.code(&mut browser, &name, scope).await;
            let node = nodes[round % nodes.len()].clone();
            let scene =
                Scene { rp: rp.at(&node.router), browser: browser.at(&node.router), node, user, token: None };
            let other = everywhere(&rp, &nodes)(round + 1);
            let crowd = std::iter::once(async move { other.redeem(&code).await });
            let tokens = meanwhile(end, scene, round, crowd).await;
            assert_dead(&name, &tokens, &rp, &nodes, &watch).await;
        }
    }
});

on_both!(a_new_password_wins_against_a_sign_in_with_the_old_one_at_the_same_moment, |app| {
    let nodes = nodes(&app).await;
    for round in 0..2 * STAGGER {
        let name = format!("user{round}");
        let user = app.user(&name).await;
        let (node, mut browser) = (nodes[round % nodes.len()].clone(), app.browser());
        let page = browser.get("/login").await;
        let form = filled(page.form("/login"), &[("username", &name), ("password", PASSWORD)]);
        let sign_in = async move { browser.post("/login", &form).await.status.as_u16() };
        let scene = Scene {
            rp: app.rp(&format!("web{round}")).await,
            browser: node.browser(),
            node,
            user,
            token: None,
        };
        let id = scene.user.id.clone();
        let end = async move {
            tokio::time::sleep(Duration::from_micros(300) * u32::try_from(round).unwrap()).await;
            End::Password.happen(scene).await;
        };
        let (status, ()) = tokio::join!(tokio::spawn(sign_in), end);
        let status = status.unwrap();
        // Signed in before; told that the password is wrong; or that the account was changed.
        assert!([303, 401, 409].contains(&status), "{status}");
        let sessions = app.app.store.sessions_of_user(&id, app.app.clock.now()).await.unwrap();
        assert!(sessions.is_empty(), "round {round}: a session outlives the password it was begun with");
    }
});

on_both!(consents_given_in_two_tabs_at_once_are_both_kept, |app| {
    let user = app.user("ada").await;
    let rp = app.rp("web").await;
    let mut browser = app.browser();
    let page = browser.get("/login").await;
    browser.sign_in(&page, "ada").await;
    let mut tabs = Vec::new();
    for scope in ["openid email", "openid profile", "openid api"] {
        let mut tab = browser.clone();
        let page = tab.open(&rp.authorization(scope, &[])).await;
        tabs.push(async move { tab.consent(&page, "allow").await.sent("code").unwrap() });
    }
    for code in at_once(tabs).await {
        granted(&rp.redeem(&code).await);
    }
    let standing = app.app.store.consent(&user.id, &"web".into()).await.unwrap().unwrap();
    assert!(standing.scope.covers(&Scope::parse("openid email profile api").unwrap()));
});
