//! What holds for every way to prove who one is, whatever it is: limits, the audit log, switched-off accounts, and the level
//! that it brings.

use countersign::app::{App, Origin};
use countersign::authn::device::Devices;
use countersign::authn::{Check, Refusal, SignInError, prove};
use countersign::protocol::assurance::Level;
use countersign::protocol::sign_in::{Account, Method, Next, SignIn};
use countersign::protocol::user::User;

use crate::support::{TestApp, on_both};

/// Something brought forward, right or wrong.
pub struct Brought(pub Method, pub bool);

impl Check for Brought {
    fn method(&self) -> Method {
        self.0
    }

    async fn is_right(&self, _: &App, user: Option<&User>) -> Result<bool, SignInError> {
        Ok(self.1 && user.is_some())
    }
}

async fn bring(app: &TestApp, user: &User, what: &Brought) -> Result<SignIn, Refusal> {
    let outcome = prove(
        &app.app,
        &Origin::system(),
        &Devices::default(),
        Some(&user.username),
        Some(user.clone()),
        what,
    )
    .await
    .unwrap();
    outcome.map(|proved| {
        let mut sign_in = SignIn::default();
        sign_in.proved(proved.proof);
        sign_in
    })
}

/// What each method brings by itself: the level and `amr`, or nothing, where one cannot begin with it.
fn alone(method: Method) -> Option<(Level, &'static str)> {
    match method {
        Method::Password => Some((Level::OneFactor, "pwd")),
        Method::EmailCode => Some((Level::OneFactor, "mca")),
        Method::Upstream => Some((Level::OneFactor, "fed")),
        Method::Passkey => Some((Level::PhishingResistant, "pop user mfa")),
        Method::Totp | Method::RecoveryCode => None,
    }
}

on_both!(every_method_keeps_limits_is_audited_and_brings_its_own_level, |app| {
    let app = app.configured(|config| config.throttle.account_failures = 3);
    for method in Method::ALL {
        let name = format!("user{}", method as u8);
        let user = app.user(&name).await;
        let account = Account {
            new_password_required: false,
            unchanged_since: user.updated_at,
            has_second_factor: false,
            attainable: Level::PhishingResistant,
        };
        let sign_in = bring(&app, &user, &Brought(method, true)).await.unwrap();
        let next = sign_in.next(&account, None, Level::OneFactor, app.app.clock.now());
        let reached = match &next {
            Next::Done(who) => Some((who.level(), who.amr())),
            Next::First | Next::Second { .. } | Next::NewPassword(_) => None,
        };
        assert_eq!(reached, alone(method).map(|(level, amr)| (level, amr.to_owned())), "{method:?}");

        // A switched-off account stays out, however right it is.
        let off = User { disabled: true, ..user.clone() };
        assert_eq!(
            bring(&app, &off, &Brought(method, true)).await,
            Err(Refusal::WrongCredentials),
            "{method:?}"
        );
        // Nobody's account is nobody's, however right it is.
        let nobody = format!("nobody{}", method as u8);
        let nobody = prove(
            &app.app,
            &Origin::system(),
            &Devices::default(),
            Some(&nobody),
            None,
            &Brought(method, true),
        )
        .await
        .unwrap();
        assert_eq!(nobody.err(), Some(Refusal::WrongCredentials), "{method:?}");

        for _ in 0..2 {
            let refused = bring(&app, &user, &Brought(method, false)).await;
            assert_eq!(refused, Err(Refusal::WrongCredentials), "{method:?}");
        }
        let refused = bring(&app, &user, &Brought(method, true)).await;
        assert!(matches!(refused, Err(Refusal::TooManyAttempts { .. })), "{method:?}: {refused:?}");

        let rows = app.app.store.recent_audit(100).await.unwrap();
        let target = format!("user:{}", user.id);
        let written = rows.iter().filter(|row| row.action == "session.refused" && row.target == target);
        let details: Vec<_> = written.map(|row| row.detail.as_str()).collect();
        assert_eq!(details, [method.as_str(); 3], "what was refused, and not what was throttled");
    }
});
