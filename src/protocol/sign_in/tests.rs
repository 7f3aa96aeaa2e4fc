//! The machine, explored: every order of a few events, by two people in one flow, against a plain retelling of the rules.

use super::{Account, LONGEST_BETWEEN_PROOFS, Method, Next, Proof, SignIn};
use crate::protocol::assurance::Level;
use crate::protocol::ids::SessionId;
use crate::protocol::recovery::{Aim, MailedLink, may_reset};
use crate::protocol::samples;
use crate::protocol::session::Session;
use crate::protocol::timestamp::Timestamp;
use crate::protocol::user::User;

const START: i64 = 1_000_000;

/// Of a link with which a password is chosen.
const LINK_WORKS_FOR: i64 = 3600;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    /// Somebody proves something.
    Proof(&'static str, Method),
    /// Time goes by.
    Wait(i64),
    /// Ada's account is changed: another password, for example.
    Change,
    /// Ada sets an authenticator app up, or removes it.
    SecondFactor(bool),
    /// An administrator wants Ada to choose another password.
    Require,
    /// Whoever has this flow chooses another password, if the machine says that they must.
    Choose,
    /// Somebody has a link mailed to Ada, with which a new password is chosen.
    Mailed,
    /// Somebody who reads Ada's mail chooses a new password by the last link, whether it works or not.
    Reset,
}

fn events() -> Vec<Event> {
    let mut events: Vec<Event> = Method::ALL.into_iter().map(|method| Event::Proof("ada", method)).collect();
    events.extend([Method::Password, Method::Totp].map(|method| Event::Proof("eve", method)));
    events.extend([Event::Wait(LONGEST_BETWEEN_PROOFS / 2), Event::Wait(LONGEST_BETWEEN_PROOFS)]);
    events.extend([Event::Wait(LINK_WORKS_FOR), Event::Mailed, Event::Reset]);
    events.extend([Event::Change, Event::SecondFactor(true), Event::SecondFactor(false)]);
    events.extend([Event::Require, Event::Choose]);
    events
}

/// What happened, remembered in the plainest way: everything ever proved, with the state of the world then.
#[derive(Clone, Default)]
struct World {
    now: i64,
    version: i64,
    second_factor: bool,
    required: bool,
    choices: usize,
    proved: Vec<(&'static str, Method, i64, i64)>,
    /// Everything before a change of hands counts for nothing.
    since: usize,
    /// The link that was mailed last, as the database has it; and in the plainest words, when and in which state of the
    /// account.
    link: Option<MailedLink>,
    mailed: Option<(i64, i64)>,
    resets: usize,
}

impl World {
    fn account(&self) -> Account {
        Account {
            unchanged_since: Timestamp(self.version),
            has_second_factor: self.second_factor,
            attainable: Level::PhishingResistant,
            new_password_required: self.required,
        }
    }

    fn happens(&mut self, event: Event, sign_in: &mut SignIn) {
        match event {
            Event::Proof(who, method) => self.proves(who, method, sign_in),
            Event::Wait(seconds) => self.now += seconds,
            Event::Change => self.version += 1,
            Event::SecondFactor(on) => self.second_factor = on,
            Event::Require => {
                self.version += 1;
                self.required = true;
            }
            Event::Choose => self.chooses(sign_in),
            Event::Mailed => {
                let now = Timestamp(START + self.now);
                self.link = MailedLink::for_user(Aim::ResetPassword, &self.ada(), "hash".to_owned(), now);
                self.mailed = Some((self.now, self.version));
            }
            Event::Reset => self.resets_password(sign_in),
        }
    }

    fn ada(&self) -> User {
        User {
            updated_at: Timestamp(self.version),
            password_hash: Some("hash".to_owned()),
            ..samples::user("ada")
        }
    }

    /// What the endpoint does: the rule, the gate, and the proof that is left of it.
    fn resets_password(&mut self, sign_in: &mut SignIn) {
        let now = Timestamp(START + self.now);
        let may = self.link.as_ref().and_then(|link| may_reset(link, &self.ada(), now));
        let works = self
            .mailed
            .is_some_and(|(at, version)| self.now - at < LINK_WORKS_FOR && version == self.version);
        assert_eq!(may.is_some(), works, "mailed {:?}, now {} {}", self.mailed, self.now, self.version);
        if let Some(reset) = may {
            assert_eq!(reset.user().as_str(), "ada", "nobody else's");
            (self.link, self.mailed) = (None, None);
            self.version += 1;
            self.required = false;
            self.resets += 1;
            self.proves("ada", Method::Password, sign_in);
        }
    }

    /// What the page does: the machine's leave, the gate, and the proof that is left of it.
    fn chooses(&mut self, sign_in: &mut SignIn) {
        let now = Timestamp(START + self.now);
        let Next::NewPassword(required) = sign_in.next(&self.account(), None, Level::OneFactor, now) else {
            return;
        };
        if required.user().as_str() != "ada" {
            return;
        }
        assert_eq!(required.unchanged_since(), Timestamp(self.version));
        let before = self.version;
        self.version += 1;
        self.required = false;
        self.choices += 1;
        // What was proved of the account as it was just now is not proved anew.
        for (who, _, _, version) in &mut self.proved {
            if *who == "ada" && *version == before {
                *version = self.version;
            }
        }
        let proof = sign_in.chosen(&required, now, Timestamp(self.version));
        assert_eq!((proof.user().as_str(), proof.method()), ("ada", Method::Password));
        self.proved.push(("ada", Method::Password, self.now, self.version));
        sign_in.proved(proof);
    }

    fn proves(&mut self, who: &'static str, method: Method, sign_in: &mut SignIn) {
        if self.proved.last().is_some_and(|(other, ..)| *other != who) {
            self.since = self.proved.len();
        }
        self.proved.push((who, method, self.now, self.version));
        sign_in.proved(Proof::new(who.into(), method, Timestamp(START + self.now), Timestamp(self.version)));
    }

    /// Does this person hold a proof of such a method now?
    fn holds(&self, who: &str, wanted: impl Fn(Method) -> bool) -> bool {
        self.proved[self.since..].iter().any(|(by, method, at, version)| {
            *by == who
                && wanted(*method)
                && self.now - at < LONGEST_BETWEEN_PROOFS
                && *version == self.version
        })
    }
}

#[test]
fn nobody_is_authenticated_without_the_proofs_whatever_happens_in_whatever_order() {
    let mut seen = [0_usize; 4];
    let mut resets = [0_usize; 2];
    let mut choices = 0_usize;
    let mut worlds = vec![(World::default(), SignIn::default())];
    for _ in 0..4 {
        let mut next = Vec::new();
        for (world, sign_in) in &worlds {
            for event in events() {
                let (mut world, mut sign_in) = (world.clone(), sign_in.clone());
                world.happens(event, &mut sign_in);
                for &wanted in Level::ALL {
                    let outcome = sign_in.next(&world.account(), None, wanted, Timestamp(START + world.now));
                    check(&world, &sign_in, wanted, &outcome);
                    seen[match outcome {
                        Next::First => 0,
                        Next::Second { .. } => 1,
                        Next::NewPassword(_) => 2,
                        Next::Done(_) => 3,
                    }] += 1;
                    choices += usize::from(world.choices > 0 && matches!(outcome, Next::Done(_)));
                    if world.resets > 0 {
                        resets[usize::from(matches!(outcome, Next::Done(_)))] += 1;
                    }
                }
                next.push((world, sign_in));
            }
        }
        worlds = next;
    }
    assert!(seen.iter().all(|times| *times > 500), "each outcome is reached: {seen:?}");
    assert!(choices > 50, "and after a choice: {choices}");
    assert!(resets.iter().all(|times| *times > 100), "and after a reset: {resets:?}");
}

fn check(world: &World, sign_in: &SignIn, wanted: Level, outcome: &Next) {
    let story = || format!("{:?} since {} wanting {wanted:?}: {outcome:?}", world.proved, world.since);
    let who = world.proved.last().map_or("nobody", |(who, ..)| who);
    assert_eq!(sign_in.user().map_or("nobody", |user| user.as_str()), who, "{}", story());
    let first = world.holds(who, |method| {
        matches!(method, Method::Password | Method::Passkey | Method::EmailCode | Method::Upstream)
    });
    let second =
        world.holds(who, |method| matches!(method, Method::Passkey | Method::Totp | Method::RecoveryCode));
    let passkey = world.holds(who, |method| method == Method::Passkey);
    let password = world.holds(who, |method| method == Method::Password);
    let upstream = world.holds(who, |method| method == Method::Upstream);
    let known = password || upstream;
    let held = world.holds(who, |method| matches!(method, Method::Totp | Method::RecoveryCode));
    let level = match (passkey, known && held) {
        (true, _) => Level::PhishingResistant,
        (false, true) => Level::TwoFactors,
        (false, false) => Level::OneFactor,
    };
    // A code by mail and one of the app are no two factors, and only a password or a passkey makes them more.
    let begins_again = held && !(password || upstream) && !passkey && wanted == Level::TwoFactors;
    let complete = first && (second || !world.second_factor) && level >= wanted;
    match outcome {
        Next::First => assert!(!first || begins_again, "{}", story()),
        Next::Second { level } => {
            assert!(first && !complete && !begins_again && *level >= wanted, "{}", story());
        }
        Next::NewPassword(required) => {
            assert!(complete && world.required && password, "{}", story());
            assert_eq!(required.user().as_str(), who, "{}", story());
        }
        Next::Done(authenticated) => {
            assert!(complete && !(world.required && password), "{}", story());
            assert_eq!(authenticated.user().as_str(), who, "{}", story());
            assert_eq!(authenticated.level(), level, "{}", story());
            assert_eq!(authenticated.unchanged_since(), Timestamp(world.version), "{}", story());
            let amr = authenticated.amr();
            let names: Vec<&str> = amr.split(' ').collect();
            assert_eq!(names.contains(&"mfa"), level >= Level::TwoFactors, "{}", story());
            assert_eq!(names.contains(&"pwd"), password, "{}", story());
            assert_eq!(names.contains(&"fed"), upstream, "{}", story());
            assert_eq!(names.contains(&"pop"), passkey, "{}", story());
            assert_eq!(names.contains(&"otp"), held, "{}", story());
            let mailed = world.holds(who, |method| method == Method::EmailCode);
            assert_eq!(names.contains(&"mca"), mailed, "{}", story());
        }
    }
}

#[test]
fn what_nobody_can_reach_is_not_asked_for() {
    let mut sign_in = SignIn::default();
    sign_in.proved(Proof::new("ada".into(), Method::Password, Timestamp(START), Timestamp(1)));
    let account = |attainable| Account {
        unchanged_since: Timestamp(1),
        has_second_factor: false,
        attainable,
        new_password_required: false,
    };
    let next = |attainable, wanted| sign_in.next(&account(attainable), None, wanted, Timestamp(START));
    assert!(matches!(next(Level::OneFactor, Level::PhishingResistant), Next::Done(_)));
    let second = |level| Next::Second { level };
    assert_eq!(next(Level::TwoFactors, Level::PhishingResistant), second(Level::TwoFactors));
    assert_eq!(next(Level::PhishingResistant, Level::TwoFactors), second(Level::TwoFactors));
}

#[test]
fn a_session_is_raised_by_what_is_missing_and_by_nothing_old() {
    let session = Session { methods: "pwd".to_owned(), ..samples::session("s", "ada", Timestamp(START)) };
    let account = Account {
        unchanged_since: Timestamp(1),
        has_second_factor: false,
        attainable: Level::PhishingResistant,
        new_password_required: false,
    };
    let now = Timestamp(START + 50_000);
    let mut sign_in = SignIn::raising(&session, Timestamp(1), now);
    let live = session.id.clone();
    let next = |sign_in: &SignIn, level| sign_in.next(&account, Some(&live), level, now);
    assert_eq!(next(&sign_in, Level::TwoFactors), Next::Second { level: Level::TwoFactors });
    sign_in.proved(Proof::new("ada".into(), Method::Totp, now, Timestamp(1)));
    let Next::Done(raised) = next(&sign_in, Level::TwoFactors) else { panic!("not raised") };
    assert_eq!((raised.amr().as_str(), raised.level()), ("pwd otp mfa", Level::TwoFactors));
    // Not once the session is over, or where another one is live.
    for live in [None, Some("other".into())] {
        assert_eq!(sign_in.next(&account, live.as_ref(), Level::TwoFactors, now), Next::First);
    }
    // Somebody else's does not raise it.
    let mut sign_in = SignIn::raising(&session, Timestamp(1), now);
    sign_in.proved(Proof::new("eve".into(), Method::Totp, now, Timestamp(1)));
    assert_eq!(next(&sign_in, Level::TwoFactors), Next::First);
}

#[test]
fn a_mailed_code_opens_an_account_and_adds_to_nothing() {
    let now = Timestamp(START);
    let next = |methods: &[Method], has_second_factor, wanted| {
        let mut sign_in = SignIn::default();
        for method in methods {
            sign_in.proved(Proof::new("ada".into(), *method, now, Timestamp(1)));
        }
        let account = Account {
            unchanged_since: Timestamp(1),
            has_second_factor,
            attainable: Level::PhishingResistant,
            new_password_required: false,
        };
        sign_in.next(&account, None, wanted, now)
    };
    let done =
        |methods: &[Method], has_second_factor| match next(methods, has_second_factor, Level::OneFactor) {
            Next::Done(who) => (who.level(), who.amr()),
            other => panic!("{methods:?}: {other:?}"),
        };
    let (mailed, password, app) = (Method::EmailCode, Method::Password, Method::Totp);
    assert_eq!(done(&[mailed], false), (Level::OneFactor, "mca".to_owned()));
    assert_eq!(done(&[password, mailed], false), (Level::OneFactor, "pwd mca".to_owned()));
    assert_eq!(done(&[mailed, app], true), (Level::OneFactor, "mca otp".to_owned()));
    assert_eq!(done(&[mailed, app, password], true), (Level::TwoFactors, "mca otp pwd mfa".to_owned()));
    // It is not the second factor that an account asks for.
    for first in [&[mailed][..], &[mailed, password], &[password, mailed]] {
        assert!(matches!(next(first, true, Level::OneFactor), Next::Second { .. }), "{first:?}");
    }
    // Two things that one holds are no two factors: a password is asked for, and then there is nothing missing.
    assert_eq!(next(&[mailed, app], true, Level::TwoFactors), Next::First);
    assert!(matches!(next(&[mailed, app, password], true, Level::TwoFactors), Next::Done(_)));
    // A session that was begun with it goes on from there, and not from an app's code.
    let session = Session { methods: "mca".to_owned(), ..samples::session("s", "ada", now) };
    let account = Account {
        unchanged_since: Timestamp(1),
        has_second_factor: true,
        attainable: Level::PhishingResistant,
        new_password_required: false,
    };
    let raised = SignIn::raising(&session, Timestamp(1), now);
    let next = raised.next(&account, Some(&session.id), Level::OneFactor, now);
    assert_eq!(next, Next::Second { level: Level::TwoFactors });
}

#[test]
fn whoever_signs_in_again_is_not_held_up_by_a_session_that_is_over() {
    let now = Timestamp(START + 10);
    let account = |version, new_password_required| Account {
        unchanged_since: Timestamp(version),
        has_second_factor: true,
        attainable: Level::TwoFactors,
        new_password_required,
    };
    let session = Session { methods: "otp".to_owned(), ..samples::session("s", "ada", Timestamp(START)) };
    let password = Proof::new("ada".into(), Method::Password, now, Timestamp(1));
    let mut raised = SignIn::raising(&session, Timestamp(1), now);
    raised.without_ended(Some(&session.id));
    raised.proved(password.clone());
    let next = raised.next(&account(1, true), Some(&session.id), Level::TwoFactors, now);
    let Next::NewPassword(required) = next else { panic!("{next:?}") };
    // The session ends with the password that is replaced, and takes its second factor with it.
    let mut chosen = raised.clone();
    let proof = chosen.chosen(&required, now, Timestamp(2));
    for (mut sign_in, version, proof) in [(chosen, 2, proof), (raised, 1, password)] {
        assert_eq!(sign_in.next(&account(version, false), None, Level::TwoFactors, now), Next::First);
        sign_in.without_ended(None);
        sign_in.proved(proof);
        let next = sign_in.next(&account(version, false), None, Level::TwoFactors, now);
        assert_eq!(next, Next::Second { level: Level::TwoFactors });
    }
}

#[test]
fn core_2_auth_time_is_when_the_user_last_did_something_for_it() {
    let account = Account {
        unchanged_since: Timestamp(1),
        has_second_factor: false,
        new_password_required: false,
        attainable: Level::PhishingResistant,
    };
    let now = Timestamp(START + 5000);
    let proof = |method, at: i64| Proof::new("ada".into(), method, Timestamp(START + at), Timestamp(1));
    let of = |sign_in: &SignIn, live: Option<&SessionId>| match sign_in.next(
        &account,
        live,
        Level::OneFactor,
        now,
    ) {
        Next::Done(who) => who.auth_time().0 - START,
        other => panic!("{other:?}"),
    };
    // What was proved, and how long ago it was done.
    for (proofs, expected) in [
        (vec![proof(Method::Password, 4900)], 4900),
        (vec![proof(Method::Password, 4800), proof(Method::Totp, 4990)], 4990),
        (vec![proof(Method::Upstream, 5000).of_earlier(Timestamp(START + 100))], 100),
        (vec![proof(Method::Upstream, 5000).of_earlier(Timestamp(START + 9000))], 5000),
        // Something that is typed here is fresh, whatever it is added to.
        (vec![proof(Method::Upstream, 4990).of_earlier(Timestamp(START)), proof(Method::Totp, 5000)], 5000),
    ] {
        let mut sign_in = SignIn::default();
        for proof in proofs {
            sign_in.proved(proof);
        }
        assert_eq!(of(&sign_in, None), expected, "{sign_in:?}");
    }
    // A session that is raised by nothing is not newer than it was.
    let session = Session { methods: "pwd".to_owned(), ..samples::session("s", "ada", Timestamp(START + 7)) };
    let raised = SignIn::raising(&session, Timestamp(1), now);
    assert_eq!(of(&raised, Some(&session.id)), session.auth_time.0 - START);
}

/// What may happen in a street with two browsers and two sign-ins in progress, either of which may turn up in either browser.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Somebody proves something in a sign-in.
    Prove(usize, &'static str, Method),
    /// A sign-in takes the place of another, which is to raise the session of a browser.
    Raise(usize, usize),
    /// The session of a browser ends.
    SignOut(usize),
    /// A browser asks for this level with a sign-in.
    Finish(usize, usize, Level),
    /// Ada's account is changed.
    Change,
    Wait,
}

fn steps() -> Vec<Step> {
    let mut steps = vec![Step::Change, Step::Wait];
    for browser in 0..2 {
        steps.push(Step::SignOut(browser));
        for flow in 0..2 {
            steps.push(Step::Raise(flow, browser));
            steps.extend(
                [Level::OneFactor, Level::TwoFactors].map(|level| Step::Finish(flow, browser, level)),
            );
        }
    }
    for flow in 0..2 {
        let proofs = [
            ("ada", Method::Password),
            ("ada", Method::Totp),
            ("eve", Method::Password),
            ("eve", Method::Totp),
        ];
        steps.extend(proofs.map(|(who, method)| Step::Prove(flow, who, method)));
    }
    steps
}

/// A sign-in, and the same in the plainest words: by whom, what, when and of which state of the account, and which session it
/// is to raise.
#[derive(Clone, Default)]
struct Told {
    machine: SignIn,
    who: &'static str,
    proofs: Vec<(Method, i64, i64)>,
    raises: Option<SessionId>,
}

#[derive(Clone)]
struct Street {
    now: i64,
    version: i64,
    live: [Option<Session>; 2],
    flows: [Told; 2],
    begun: usize,
}

#[derive(Default)]
struct Seen {
    begun: usize,
    raised: usize,
    /// A session that was to be raised is over, or another browser's.
    not_raised: usize,
}

impl Street {
    /// Ada is signed in by her password in the first browser, and nobody in the second.
    fn new() -> Self {
        let session = Session { methods: "pwd".to_owned(), ..samples::session("s", "ada", Timestamp(START)) };
        Self { now: 0, version: 1, live: [Some(session), None], flows: Default::default(), begun: 0 }
    }

    fn version_of(&self, who: &str) -> i64 {
        if who == "ada" { self.version } else { 1 }
    }

    fn happens(&mut self, step: Step, seen: &mut Seen) {
        match step {
            Step::Change => self.version += 1,
            Step::Wait => self.now += LONGEST_BETWEEN_PROOFS / 2,
            Step::SignOut(browser) => self.live[browser] = None,
            Step::Prove(flow, who, method) => {
                let (now, version) = (self.now, self.version_of(who));
                let told = &mut self.flows[flow];
                if told.who != who {
                    (told.proofs, told.raises) = (Vec::new(), None);
                }
                told.who = who;
                told.proofs.push((method, now, version));
                let at = Timestamp(START + now);
                told.machine.proved(Proof::new(who.into(), method, at, Timestamp(version)));
            }
            Step::Raise(flow, browser) => {
                let Some(session) = self.live[browser].clone() else { return };
                let who = if session.user_id.as_str() == "ada" { "ada" } else { "eve" };
                let (now, version) = (self.now, self.version_of(who));
                let of_session = [("pwd", Method::Password), ("otp", Method::Totp)];
                let has = |name: &str| session.methods.split(' ').any(|method| method == name);
                self.flows[flow] = Told {
                    machine: SignIn::raising(&session, Timestamp(version), Timestamp(START + now)),
                    who,
                    proofs: of_session
                        .into_iter()
                        .filter(|(name, _)| has(name))
                        .map(|(_, method)| (method, now, version))
                        .collect(),
                    raises: Some(session.id.clone()),
                };
            }
            Step::Finish(flow, browser, wanted) => self.finishes(flow, browser, wanted, seen),
        }
    }

    fn finishes(&mut self, flow: usize, browser: usize, wanted: Level, seen: &mut Seen) {
        let told = &self.flows[flow];
        let live = self.live[browser].as_ref();
        let account = Account {
            unchanged_since: Timestamp(self.version_of(told.who)),
            has_second_factor: false,
            attainable: Level::PhishingResistant,
            new_password_required: false,
        };
        let live_id = live.map(|session| &session.id);
        let outcome = told.machine.next(&account, live_id, wanted, Timestamp(START + self.now));
        let holds = |wanted: Method| {
            told.proofs.iter().any(|(method, at, version)| {
                *method == wanted
                    && self.now - at < LONGEST_BETWEEN_PROOFS
                    && *version == self.version_of(told.who)
            })
        };
        let (password, app) = (holds(Method::Password), holds(Method::Totp));
        let stands = told.raises.is_none() || told.raises.as_ref() == live_id;
        let complete = password && (app || wanted == Level::OneFactor);
        let story =
            || format!("{} {:?} {:?} in {live_id:?}: {outcome:?}", told.who, told.proofs, told.raises);
        let Next::Done(who) = &outcome else {
            assert!(!(complete && stands), "{}", story());
            seen.not_raised += usize::from(complete && !stands);
            return;
        };
        assert!(complete && stands && who.user().as_str() == told.who, "{}", story());
        // Nobody's session is raised by anybody else, in any browser but its own, or once it is over.
        let same_user = live.filter(|session| session.user_id == *who.user());
        if told.raises.is_some() {
            assert!(same_user.is_some(), "{}", story());
            seen.raised += 1;
        }
        seen.begun += 1;
        self.begun += 1;
        let id = same_user.map_or_else(|| format!("s{}", self.begun), |session| session.id.to_string());
        let session = Session { methods: who.amr(), ..samples::session(&id, told.who, who.auth_time()) };
        self.live[browser] = Some(session);
    }
}

#[test]
fn two_browsers_that_swap_their_sign_ins_raise_no_session_but_their_own() {
    let mut seen = Seen::default();
    let mut streets = vec![Street::new()];
    for _ in 0..4 {
        let mut next = Vec::new();
        for street in &streets {
            for step in steps() {
                let mut street = street.clone();
                street.happens(step, &mut seen);
                next.push(street);
            }
        }
        streets = next;
    }
    assert!(
        seen.begun > 1000 && seen.raised > 300 && seen.not_raised > 300,
        "{} {} {}",
        seen.begun,
        seen.raised,
        seen.not_raised
    );
}
