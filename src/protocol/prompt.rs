//! The hub of the browser's way: given what is known, what happens next? OpenID Connect Core §3.1.2.3 and §3.1.2.4.
//!
//! Every page (sign-in, consent) returns to the authorization endpoint, which asks again. A page never decides where
//! to go next.

use serde::{Deserialize, Serialize};

use super::assurance::{Classes, Lack, Level, Wanted, lack};
use super::authorize::AuthorizationRequest;
use super::client::Client;
use super::error::{ErrorCode, Rule};
use super::ids::SessionId;
use super::scope::{self, Scope};
use super::session::Session;
use super::timestamp::Timestamp;

/// For how many seconds a sign-in in a flow answers its `prompt=login` or `max_age`: as long as the consent page may take.
/// The flow's address stays in the browser's history, and must not do so for ever.
pub(super) const LONGEST_SINCE_SIGN_IN: i64 = 600;

/// What happened in this flow so far; sealed, so that only our own pages can say it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The session that began in this flow.
    pub signed_in: Option<SessionId>,
    /// What the page asks, and whom.
    pub asked: Option<Question>,
    /// The session whose user consented in this flow.
    pub consented: Option<SessionId>,
    /// The session that a page offered to go on with.
    #[serde(default)]
    pub offered: Option<SessionId>,
    /// The session whose user said that they want to go on with it.
    #[serde(default)]
    pub selected: Option<SessionId>,
}

/// A consent page that was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The session whose user saw it.
    pub session: SessionId,
    /// What it named.
    pub scope: Scope,
}

impl Question {
    /// Does an answer from this session, for this scope, answer it? Not if another user signed in meanwhile, or if
    /// the client may ask for more by now than the page named.
    #[must_use]
    pub fn is_answered_by(&self, session: &SessionId, scope: &Scope) -> bool {
        self.session == *session && self.scope.covers(scope)
    }
}

/// What is known when the question is asked.
pub struct Situation<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// What for.
    pub request: &'a AuthorizationRequest,
    /// Is the session's user the one that the client expects, by `id_token_hint` or by a value for `sub` in `claims`?
    /// None when it expects nobody in particular.
    pub is_expected_user: Option<bool>,
    /// The browser's live session.
    pub session: Option<&'a Session>,
    /// What the session's user allowed this client before.
    pub consented_scope: Option<&'a Scope>,
    /// What happened in this flow.
    pub progress: &'a Progress,
    /// What the levels of assurance are called.
    pub classes: &'a Classes,
    /// What the groups of the session's user ask for, at least.
    pub least_of_groups: Option<Level>,
    /// The highest level that the session's user can reach; none where that was not looked up.
    pub attainable: Option<Level>,
    /// Now.
    pub now: Timestamp,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The user makes an account.
    SignUp,
    /// The user signs in, or says that they want to go on as who they are.
    Login,
    /// The user, who is signed in, proves it by something more (Core §3.1.2.1 `acr_values`).
    StepUp(Level),
    /// The user, who has nothing to prove it by as this deployment asks for, is told so, and how to set it up.
    SetUp(Level),
    /// The user is asked.
    Consent,
    /// The client gets what it asked for.
    Issue,
    /// The client is told no.
    Refuse(Refusal),
}

/// Why the client is told no (Core §3.1.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `prompt=none`, and nobody is signed in freshly enough.
    #[error("the user has to sign in, which prompt=none forbids")]
    LoginRequired,
    /// Another user than the expected one is signed in.
    #[error("the user who is signed in is not the one that the client expects")]
    OtherUser,
    /// Core §5.5.1.1: "the Authorization Server MUST treat that outcome as a failed authentication attempt".
    #[error("the user did not sign in by any of the essential values of acr, and cannot do so here")]
    UnmetAcr,
    /// `prompt=none`, and the client or the user's groups ask for more than the user proved (Core §3.1.2.6:
    /// "requires End-User interaction of some form to proceed").
    #[error("the user has to sign in more surely than they did, which prompt=none forbids")]
    InteractionRequired,
    /// `prompt=none`, and the user did not allow this yet.
    #[error("the user has to be asked for consent, which prompt=none forbids")]
    ConsentRequired,
}

impl Rule for Refusal {
    fn section(&self) -> &'static str {
        match self {
            Self::UnmetAcr => "OpenID Connect Core 1.0 §5.5.1.1",
            _ => "OpenID Connect Core 1.0 §3.1.2.6",
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::UnmetAcr => "The person can add a passkey or an authenticator app to their account.",
            _ => "",
        }
    }
}

impl Refusal {
    /// The code on the wire.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            Self::LoginRequired | Self::OtherUser => ErrorCode::LoginRequired,
            Self::ConsentRequired => ErrorCode::ConsentRequired,
            Self::InteractionRequired => ErrorCode::InteractionRequired,
            // Unmet Authentication Requirements §2
            Self::UnmetAcr => ErrorCode::UnmetAuthenticationRequirements,
        }
    }
}

/// Decides the next step.
#[must_use]
pub fn next_step(situation: &Situation<'_>) -> Step {
    let Situation { request, progress, .. } = situation;
    let Some(session) = situation.session.filter(|session| session_will_do(situation, session)) else {
        // Core §3.1.2.6
        if request.prompt.none {
            return Step::Refuse(Refusal::LoginRequired);
        }
        // Who has an account can go from there to the sign-in page.
        return if request.prompt.create { Step::SignUp } else { Step::Login };
    };
    // Core §3.1.2.1: "the Authorization Server MUST return a login_required error" when the hint names another user.
    if situation.is_expected_user == Some(false) {
        let signed_in_as_somebody_else = progress.signed_in.as_ref() == Some(&session.id);
        return if request.prompt.none || signed_in_as_somebody_else {
            Step::Refuse(Refusal::OtherUser)
        } else {
            Step::Login
        };
    }
    if let Some(step) = step_up(situation, session) {
        return step;
    }
    if consent_is_needed(situation, session) {
        return if request.prompt.none { Step::Refuse(Refusal::ConsentRequired) } else { Step::Consent };
    }
    Step::Issue
}

/// Is the user who is signed in to prove it by something more? By the highest of what the request finds essential (Core
/// §5.5.1.1) and what this deployment asks for with this client and of this user; and, if it can be had, by what the
/// request prefers (§3.1.2.1 `acr_values`). What only the request finds essential is refused to the client where it cannot
/// be met; what the deployment asks for is its users' matter, who are told.
fn step_up(situation: &Situation<'_>, session: &Session) -> Option<Step> {
    let wanted = situation.classes.wanted(situation.request);
    if wanted == Wanted::Impossible {
        return Some(Step::Refuse(Refusal::UnmetAcr));
    }
    let reached = situation.classes.level_of_session(&session.acr);
    let silent = situation.request.prompt.none;
    let essential = wanted.level().filter(|(_, essential)| *essential).map(|(level, _)| level);
    let unmet = match lack(reached, essential, None, situation.attainable) {
        None => false,
        Some(Lack::Proof(_)) => silent,
        Some(Lack::Means(_)) => true,
    };
    if unmet {
        return Some(Step::Refuse(Refusal::UnmetAcr));
    }
    let required = essential.max(situation.client.metadata.least_acr).max(situation.least_of_groups);
    let preferred = wanted.level().map(|(level, _)| level).filter(|_| !silent);
    lack(reached, required, preferred, situation.attainable).map(|lack| match lack {
        _ if silent => Step::Refuse(Refusal::InteractionRequired),
        Lack::Means(level) => Step::SetUp(level),
        Lack::Proof(level) => Step::StepUp(level),
    })
}

/// The level that is asked for at once of whoever is not signed in yet: what their groups ask for is not known then.
#[must_use]
pub fn level_of_sign_in(classes: &Classes, client: &Client, request: &AuthorizationRequest) -> Level {
    let wanted = classes.wanted(request).level().map(|(level, _)| level);
    wanted.max(client.metadata.least_acr).unwrap_or_default()
}

/// Is this session's proof of identity good enough for this request?
fn session_will_do(situation: &Situation<'_>, session: &Session) -> bool {
    let just_now = situation.now.since(session.auth_time) < LONGEST_SINCE_SIGN_IN;
    let in_this_flow = situation.progress.signed_in.as_ref() == Some(&session.id);
    if just_now && in_this_flow {
        // Proved in this very flow: nothing fresher can be asked for.
        return true;
    }
    let request = situation.request;
    // Core §3.1.2.1 `max_age`: "If the elapsed time is greater than this value, the OP MUST attempt to actively
    // re-authenticate the End-User."
    let too_old = request.max_age.is_some_and(|max_age| {
        u64::try_from(situation.now.since(session.auth_time)).unwrap_or(0) > max_age.as_secs()
            || max_age.is_zero()
    });
    let to_be_selected =
        request.prompt.select_account && situation.progress.selected.as_ref() != Some(&session.id);
    // Whoever came in through a provider that they were signed in to proved nothing fresh, and has an account.
    let to_be_made = request.prompt.create && !in_this_flow;
    !(request.prompt.login || to_be_made || to_be_selected || too_old)
}

/// Core §3.1.2.4, §11: must the user be asked?
fn consent_is_needed(situation: &Situation<'_>, session: &Session) -> bool {
    let request = situation.request;
    let asked_in_this_flow = situation.progress.consented.as_ref() == Some(&session.id);
    if request.prompt.consent && !asked_in_this_flow {
        return true;
    }
    if situation.client.metadata.skip_consent {
        return false;
    }
    !situation.consented_scope.is_some_and(|consented| consented.covers(&request.consent_scope))
}

/// The scopes that the consent page names: all of the request's, `openid` first.
#[must_use]
pub fn scopes_to_show(scope: &Scope) -> Vec<&str> {
    let mut shown: Vec<&str> = scope.iter().collect();
    shown.sort_by_key(|token| *token != scope::OPENID);
    shown
}

#[cfg(test)]
mod tests {
    use super::{Progress, Question, Refusal, Situation, Step, next_step};
    use crate::protocol::assurance::{Classes, Level};
    use crate::protocol::authorize::{AuthorizationRequest, RequestPolicy, answer_address};
    use crate::protocol::client::Client;
    use crate::protocol::params::Params;
    use crate::protocol::samples;
    use crate::protocol::scope::Scope;
    use crate::protocol::session::Session;
    use crate::protocol::timestamp::Timestamp;

    const NOW: Timestamp = Timestamp(10_000);

    fn request(extra: &str) -> (Client, AuthorizationRequest) {
        let client = samples::client("c");
        let query = format!(
            "response_type=code&scope=openid+email&redirect_uri=https://app.example/cb&code_challenge_method=S256\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM{extra}"
        );
        let params = Params::parse(query.as_bytes()).unwrap();
        let redirect = answer_address(&client, &params).unwrap().redirect;
        let policy = RequestPolicy { sign_up: true, ..RequestPolicy::default() };
        let request = AuthorizationRequest::validate(&client, &params, redirect, policy).unwrap();
        (client, request)
    }

    fn session() -> Session {
        samples::session("s", "u", Timestamp(9_900))
    }

    /// What is next for a request with `extra` parameters, given a session, a consent and what happened in this flow?
    fn step(extra: &str, session: Option<&Session>, consent: Option<&str>, progress: &Progress) -> Step {
        let (client, request) = request(extra);
        let consented = consent.map(|scope| Scope::parse(scope).unwrap());
        next_step(&Situation {
            client: &client,
            request: &request,
            is_expected_user: None,
            session,
            consented_scope: consented.as_ref(),
            progress,
            classes: &Classes::default(),
            least_of_groups: None,
            attainable: None,
            now: NOW,
        })
    }

    #[test]
    fn openid_core_3_1_2_3_the_way_is_login_then_consent_then_code() {
        let (s, fresh) = (session(), Progress::default());
        assert_eq!(step("", None, None, &fresh), Step::Login);
        assert_eq!(step("", Some(&s), None, &fresh), Step::Consent);
        assert_eq!(step("", Some(&s), Some("openid"), &fresh), Step::Consent, "for what is new");
        assert_eq!(step("", Some(&s), Some("openid email profile"), &fresh), Step::Issue);
    }

    #[test]
    fn openid_core_3_1_2_6_prompt_none_is_never_answered_by_a_page() {
        let (s, fresh) = (session(), Progress::default());
        assert_eq!(step("&prompt=none", None, None, &fresh), Step::Refuse(Refusal::LoginRequired));
        assert_eq!(step("&prompt=none", Some(&s), None, &fresh), Step::Refuse(Refusal::ConsentRequired));
        assert_eq!(
            step("&prompt=none&max_age=50", Some(&s), None, &fresh),
            Step::Refuse(Refusal::LoginRequired)
        );
        assert_eq!(step("&prompt=none", Some(&s), Some("openid email"), &fresh), Step::Issue);
    }

    #[test]
    fn openid_core_3_1_2_1_prompt_login_and_max_age_are_met_only_by_signing_in_again() {
        let (s, fresh) = (session(), Progress::default());
        let signed_in = Progress { signed_in: Some("s".into()), ..Progress::default() };
        let elsewhere = Progress { signed_in: Some("other".into()), ..Progress::default() };
        for extra in ["&prompt=login", "&prompt=select_account", "&max_age=99", "&max_age=0"] {
            assert_eq!(step(extra, Some(&s), Some("openid email"), &fresh), Step::Login, "{extra}");
            assert_eq!(step(extra, Some(&s), Some("openid email"), &elsewhere), Step::Login, "{extra}");
            assert_eq!(step(extra, Some(&s), Some("openid email"), &signed_in), Step::Issue, "{extra}");
            let a_while_ago = samples::session("s", "u", Timestamp(9_400));
            assert_eq!(
                step(extra, Some(&a_while_ago), Some("openid email"), &signed_in),
                Step::Login,
                "{extra}"
            );
        }
        assert_eq!(step("&max_age=100", Some(&s), Some("openid email"), &fresh), Step::Issue);
    }

    #[test]
    fn openid_core_3_1_2_1_select_account_is_met_by_choosing_the_one_that_is_signed_in() {
        let s = session();
        let chosen = |id: &str| Progress { selected: Some(id.into()), ..Progress::default() };
        let of = |extra, progress: &Progress| step(extra, Some(&s), Some("openid email"), progress);
        assert_eq!(of("&prompt=select_account", &chosen("s")), Step::Issue);
        assert_eq!(of("&prompt=select_account", &chosen("other")), Step::Login);
        assert_eq!(of("&prompt=select_account+login", &chosen("s")), Step::Login, "choosing proves nothing");
    }

    #[test]
    fn prompt_create_4_an_account_is_made_unless_somebody_signed_in_in_this_flow() {
        let s = session();
        let signed_in = Progress { signed_in: Some("s".into()), ..Progress::default() };
        let of =
            |session, progress: &Progress| step("&prompt=create", session, Some("openid email"), progress);
        assert_eq!(of(None, &Progress::default()), Step::SignUp);
        assert_eq!(of(Some(&s), &Progress::default()), Step::SignUp);
        assert_eq!(of(Some(&s), &signed_in), Step::Issue);
    }

    /// What is next for a session of this level whose user can reach another one?
    fn step_at(extra: &str, reached: Level, attainable: Option<Level>) -> Step {
        let classes = Classes::default();
        let session = Session { acr: classes.name(reached).to_owned(), ..session() };
        let (client, request) = request(extra);
        let consented = Scope::parse("openid email").unwrap();
        next_step(&Situation {
            client: &client,
            request: &request,
            is_expected_user: None,
            session: Some(&session),
            consented_scope: Some(&consented),
            progress: &Progress::default(),
            classes: &classes,
            least_of_groups: None,
            attainable,
            now: NOW,
        })
    }

    #[test]
    fn openid_core_3_1_2_1_acr_values_are_reached_if_they_can_be() {
        let [one, two, three] = [Level::OneFactor, Level::TwoFactors, Level::PhishingResistant];
        let name = |level| Classes::default().name(level).to_owned();
        let unmet = Step::Refuse(Refusal::UnmetAcr);
        let essential = |values: &[String]| {
            let values = values.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(",");
            format!("&claims={{\"id_token\":{{\"acr\":{{\"essential\":true,\"values\":[{values}]}}}}}}")
        };
        let wished = |values: &[String]| format!("&acr_values={}", values.join("+"));
        let none = |extra: String| format!("{extra}&prompt=none");
        for (extra, reached, attainable, expected) in [
            (wished(&[name(one)]), one, None, Step::Issue),
            (wished(&[name(two)]), one, None, Step::StepUp(two)),
            (wished(&[name(two)]), one, Some(two), Step::StepUp(two)),
            (wished(&[name(two)]), one, Some(one), Step::Issue),
            (wished(&[name(three)]), one, Some(two), Step::StepUp(two)),
            (wished(&[name(three)]), two, Some(two), Step::Issue),
            (wished(&[name(two)]), three, None, Step::Issue),
            (wished(&["unknown".to_owned()]), one, None, Step::Issue),
            (wished(&["unknown".to_owned(), name(two)]), one, None, Step::StepUp(two)),
            (none(wished(&[name(two)])), one, None, Step::Issue),
            (essential(&[name(one)]), one, None, Step::Issue),
            (essential(&[name(two)]), one, None, Step::StepUp(two)),
            (essential(&[name(three), name(two)]), one, Some(two), Step::StepUp(two)),
            (essential(&[name(three)]), one, Some(two), unmet),
            (essential(&[name(two)]), two, None, Step::Issue),
            (essential(&["unknown".to_owned()]), three, None, unmet),
            (none(essential(&[name(two)])), one, None, unmet),
            (none(essential(&[name(two)])), two, None, Step::Issue),
        ] {
            assert_eq!(step_at(&extra, reached, attainable), expected, "{extra} {reached:?} {attainable:?}");
        }
    }

    /// What a request says of levels, by itself.
    fn says(what: &str, level: Level) -> String {
        let name = Classes::default().name(level).to_owned();
        match what {
            "essential" => {
                format!("&claims={{\"id_token\":{{\"acr\":{{\"essential\":true,\"values\":[\"{name}\"]}}}}}}")
            }
            "preferred" => format!("&acr_values={name}"),
            _ => String::new(),
        }
    }

    /// What is next where the client and the user's groups ask for levels of their own?
    fn step_by_policy(
        extra: &str,
        client_asks: Option<Level>,
        groups_ask: Option<Level>,
        reached: Level,
        attainable: Option<Level>,
    ) -> Step {
        let classes = Classes::default();
        let session = Session { acr: classes.name(reached).to_owned(), ..session() };
        let (mut client, request) = request(extra);
        client.metadata.least_acr = client_asks;
        let consented = Scope::parse("openid email").unwrap();
        next_step(&Situation {
            client: &client,
            request: &request,
            is_expected_user: None,
            session: Some(&session),
            consented_scope: Some(&consented),
            progress: &Progress::default(),
            classes: &classes,
            least_of_groups: groups_ask,
            attainable,
            now: NOW,
        })
    }

    #[test]
    fn what_the_deployment_asks_for_is_met_or_shown_to_the_user() {
        let [one, two, three] = [Level::OneFactor, Level::TwoFactors, Level::PhishingResistant];
        let unmet = Step::Refuse(Refusal::UnmetAcr);
        let silent = Step::Refuse(Refusal::InteractionRequired);
        let none = |text: String| format!("{text}&prompt=none");
        let nothing = String::new;
        for (extra, client, groups, reached, attainable, expected) in [
            (nothing(), Some(two), None, one, None, Step::StepUp(two)),
            (nothing(), None, Some(two), one, Some(three), Step::StepUp(two)),
            (nothing(), Some(two), Some(three), one, Some(three), Step::StepUp(three)),
            (nothing(), Some(three), Some(two), two, Some(three), Step::StepUp(three)),
            (nothing(), Some(two), Some(two), two, None, Step::Issue),
            (nothing(), Some(one), Some(one), one, None, Step::Issue),
            (nothing(), Some(two), None, one, Some(one), Step::SetUp(two)),
            (nothing(), Some(two), Some(three), two, Some(two), Step::SetUp(three)),
            (none(nothing()), Some(two), None, one, None, silent),
            (none(nothing()), None, Some(three), two, None, silent),
            (none(nothing()), None, Some(two), two, None, Step::Issue),
            // The client's own demand is answered to the client; more than that is the user's matter.
            (says("essential", two), None, Some(three), one, Some(one), unmet),
            (says("essential", two), None, Some(three), one, Some(two), Step::SetUp(three)),
            (says("essential", three), Some(two), None, one, Some(two), unmet),
            (none(says("essential", two)), Some(three), None, one, None, unmet),
            (none(says("essential", two)), Some(three), None, two, None, silent),
            // What is preferred comes along at once, as far as it can be had.
            (says("preferred", three), Some(two), None, one, Some(three), Step::StepUp(three)),
            (says("preferred", three), Some(two), None, one, Some(two), Step::StepUp(two)),
            (says("preferred", one), Some(two), None, one, Some(two), Step::StepUp(two)),
        ] {
            let step = step_by_policy(&extra, client, groups, reached, attainable);
            assert_eq!(step, expected, "{extra} {client:?} {groups:?} {reached:?} {attainable:?}");
        }
    }

    #[test]
    fn nobody_gets_through_below_what_anybody_asks_for() {
        let levels = || [None].into_iter().chain(Level::ALL.iter().copied().map(Some));
        let mut judged = 0;
        for (what, wanted) in ["nothing", "preferred", "essential"]
            .into_iter()
            .flat_map(|what| Level::ALL.iter().map(move |level| (what, *level)))
        {
            for (prompt, client, groups, reached, attainable) in ["", "&prompt=none"]
                .into_iter()
                .flat_map(|prompt| levels().map(move |client| (prompt, client)))
                .flat_map(|(prompt, client)| levels().map(move |groups| (prompt, client, groups)))
                .flat_map(|(prompt, client, groups)| {
                    Level::ALL.iter().map(move |reached| (prompt, client, groups, *reached))
                })
                .flat_map(|(prompt, client, groups, reached)| {
                    levels().map(move |attainable| (prompt, client, groups, reached, attainable))
                })
            {
                let extra = format!("{}{prompt}", says(what, wanted));
                let step = step_by_policy(&extra, client, groups, reached, attainable);
                let essential = (what == "essential").then_some(wanted);
                let least = client.max(groups).max(essential).unwrap_or_default();
                let context = format!("{extra} {client:?} {groups:?} {reached:?} {attainable:?}: {step:?}");
                let silent = !prompt.is_empty();
                judged += 1;
                match step {
                    Step::Issue => assert!(reached >= least, "{context}"),
                    Step::StepUp(level) => {
                        assert!(!silent && level > reached && level >= least, "{context}");
                        assert!(attainable.is_none_or(|attainable| level <= attainable), "{context}");
                    }
                    Step::SetUp(level) => {
                        assert!(!silent && level == least && reached < least, "{context}");
                        assert!(attainable.is_some_and(|attainable| attainable < level), "{context}");
                    }
                    Step::Refuse(Refusal::InteractionRequired) => {
                        assert!(silent && reached < least, "{context}");
                    }
                    Step::Refuse(Refusal::UnmetAcr) => {
                        assert!(essential.is_some_and(|level| reached < level), "{context}");
                    }
                    other => panic!("{context}: {other:?}"),
                }
            }
        }
        assert_eq!(judged, 9 * 2 * 4 * 4 * 3 * 4);
    }

    #[test]
    fn openid_core_3_1_2_1_prompt_consent_asks_again_once() {
        let (s, fresh) = (session(), Progress::default());
        let asked = Progress { consented: Some("s".into()), ..Progress::default() };
        let another = Progress { consented: Some("other".into()), ..Progress::default() };
        assert_eq!(step("&prompt=consent", Some(&s), Some("openid email"), &fresh), Step::Consent);
        assert_eq!(step("&prompt=consent", Some(&s), Some("openid email"), &another), Step::Consent);
        assert_eq!(step("&prompt=consent", Some(&s), Some("openid email"), &asked), Step::Issue);
        assert_eq!(
            step("", Some(&s), None, &asked),
            Step::Consent,
            "what was withdrawn meanwhile is asked for"
        );
    }

    #[test]
    fn openid_core_3_1_2_1_id_token_hint_of_another_user_is_login_required() {
        let s = session();
        let consented = Scope::parse("openid email").unwrap();
        let hinted = |extra: &str, user: &str, progress: &Progress| {
            let (client, request) = request(extra);
            next_step(&Situation {
                client: &client,
                request: &request,
                is_expected_user: Some(user == "u"),
                session: Some(&s),
                consented_scope: Some(&consented),
                progress,
                classes: &Classes::default(),
                least_of_groups: None,
                attainable: None,
                now: NOW,
            })
        };
        let signed_in = Progress { signed_in: Some("s".into()), ..Progress::default() };
        assert_eq!(hinted("", "u", &Progress::default()), Step::Issue);
        assert_eq!(hinted("", "other", &Progress::default()), Step::Login);
        assert_eq!(hinted("&prompt=none", "other", &Progress::default()), Step::Refuse(Refusal::OtherUser));
        assert_eq!(hinted("", "other", &signed_in), Step::Refuse(Refusal::OtherUser), "no endless loop");
    }

    #[test]
    fn openid_core_3_1_2_4_consent_is_by_whom_and_for_what_the_page_showed() {
        let (_, request) = request("");
        let asked = |scope: &str| Question { session: "s".into(), scope: Scope::parse(scope).unwrap() };
        assert!(asked("openid email").is_answered_by(&"s".into(), &request.consent_scope));
        assert!(!asked("openid email").is_answered_by(&"other".into(), &request.consent_scope));
        assert!(!asked("openid").is_answered_by(&"s".into(), &request.consent_scope));
    }

    #[test]
    fn first_party_clients_need_no_consent_unless_they_ask_for_it() {
        let s = session();
        let ask = |extra: &str| {
            let (mut client, request) = request(extra);
            client.metadata.skip_consent = true;
            next_step(&Situation {
                client: &client,
                request: &request,
                is_expected_user: None,
                session: Some(&s),
                consented_scope: None,
                progress: &Progress::default(),
                classes: &Classes::default(),
                least_of_groups: None,
                attainable: None,
                now: NOW,
            })
        };
        assert_eq!(ask(""), Step::Issue);
        assert_eq!(ask("&prompt=consent"), Step::Consent);
    }
}
