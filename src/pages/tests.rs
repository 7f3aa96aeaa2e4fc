//! Every page with sample data: as snapshots, as files to look at in `target/pages/`, and checked for what must hold
//! on each of them.

use std::collections::HashSet;
use std::path::Path;

use askama::Template;
use scraper::{Html, Selector};

use super::*;
use crate::admin::policies::{Policies, Policy, Section};
use crate::admin::preview::{Because, Preview};
use crate::admin::settings::Settings;
use crate::branding::{Choices, accent_address, accent_file, sample_address, sample_file};
use crate::i18n::Language;
use crate::protocol::assurance::Level;
use crate::protocol::client::AccessTokenFormat;
use crate::protocol::diagnosis::flow;
use crate::protocol::group::Membership;
use crate::protocol::password_strength::Weakness;
use crate::protocol::registration::Kind;
use crate::protocol::scope_definition::{Definitions, ScopeDefinition};
use crate::protocol::timestamp::Timestamp;
use crate::protocol::webhook::EVENTS;

const NOW: i64 = 1_795_471_200; // 2026-11-23 22:00 UTC

/// A scope with words of its own, in two languages.
fn defined_scopes() -> Definitions {
    Definitions::of(vec![ScopeDefinition {
        name: "notes.read".to_owned(),
        title: "Read your notes".to_owned(),
        description: "And see who else can.".to_owned(),
        localized: [("title#de".to_owned(), "Ihre Notizen lesen".to_owned())].into(),
        claims: vec![],
        published: true,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }])
}

/// Every page in its important states. All text that comes from outside passes through `text`.
#[expect(clippy::too_many_lines, reason = "one list of samples, to be read from top to bottom")]
fn pages(words: Words, text: &dyn Fn(&str) -> String) -> Vec<(&'static str, String)> {
    let shell = |words: Words, is_admin| Shell {
        words: words.clone(),
        name: text("Ada Lovelace"),
        csrf: text("csrf-token"),
        is_admin,
        manages_all: is_admin,
        now: NOW,
    };
    let branding = || {
        let part = |value: &str, from: &'static str, beneath: &str| BrandingPart {
            value: text(value),
            from,
            beneath: text(beneath),
        };
        AdminBranding {
            shell: shell(Words::ENGLISH, true),
            version: 0,
            fields: BrandingFields::default(),
            sample_name: text("Countersign"),
            sample_style: None,
            has_logo: false,
            chosen: false,
            in_file: false,
            name: part("Example", "chosen here", "Countersign"),
            logo: part(&assets::url("mark.svg"), "the product’s own", &assets::url("mark.svg")),
            accent_light: part("#0d6b60", "the product’s own", "#0d6b60"),
            accent_dark: part("#6fd3c3", "from countersign.toml", "#6fd3c3"),
            problems: Vec::new(),
            notice: Some(Notice::BrandingSaved),
        }
    };
    let operation = || RefOperation {
        id: text("show_client"),
        method: text("GET"),
        path: text("/admin/api/clients/{id}"),
        summary: text("One client."),
        about: text("And more."),
        scopes: vec![text("countersign:clients:read"), text("countersign:admin")],
        parameters: vec![RefField {
            name: text("id"),
            place: text("path"),
            kind: text("string"),
            of: None,
            required: true,
            about: text("Which"),
        }],
        body: Some(text("ClientInput")),
        answers: vec![RefAnswer { status: text("200"), about: text("It"), schema: Some(text("ClientView")) }],
    };
    let app = || App {
        name: text("Lighthouse Travel"),
        logo: None,
        accent: None,
        client_uri: Some(text("https://travel.example")),
        policy_uri: Some(text("https://travel.example/privacy")),
        tos_uri: Some(text("https://travel.example/terms")),
        redirect_host: text("travel.example"),
        unverified: true,
    };
    let plain_app = || App {
        name: text("Acme Notes"),
        logo: Some(text("/apps/acme-notes/logo")),
        accent: accent_address("#a52a22".parse().unwrap()),
        client_uri: None,
        policy_uri: None,
        tos_uri: None,
        redirect_host: text("localhost:8081"),
        unverified: false,
    };
    let login = |app, username: &str, problem| Login {
        words: words.clone(),
        signed_in_as: None,
        flow: text("sealed-flow"),
        passkey: None,
        signals: None,
        upstreams: Vec::new(),
        offer: None,
        upstream_problem: None,
        csrf: text("csrf-token"),
        app,
        username: text(username),
        remember: false,
        email_code: false,
        recover: None,
        sign_up: None,
        problem,
    };
    let recover = |problem, mistakes| Recover {
        words: words.clone(),
        flow: text("sealed-flow"),
        csrf: text("csrf-token"),
        username: text("ada"),
        problem,
        mistakes,
    };
    let new_password = |problems| NewPassword {
        words: words.clone(),
        csrf: text("csrf-token"),
        token: text("token"),
        account: text("ada"),
        problems,
    };
    let scope_form = || AdminScopeForm {
        shell: shell(Words::ENGLISH, true),
        new: true,
        scope: ScopeFields { published: true, ..ScopeFields::default() },
        rows: vec![blank_mapping(0)],
        sources: crate::admin::pages::scopes::sources(),
        problems: vec![],
        applications: vec![],
        more: false,
        user: String::new(),
        preview: None,
        notice: None,
    };
    let webhook_form = || AdminWebhookForm {
        shell: shell(Words::ENGLISH, true),
        new: true,
        webhook: WebhookFields { enabled: true, ..WebhookFields::default() },
        events: EVENTS[..3]
            .iter()
            .map(|event| EventBox {
                input: format!("event_{}", event.name),
                name: event.name,
                means: event.means,
                on: event.name == "session.refused",
            })
            .collect(),
        state: String::new(),
        cause: String::new(),
        failing_since: None,
        next_attempt: None,
        behind: 0,
        old_secret_until: None,
        deliveries: vec![],
        problems: vec![
            Problem::new("url", text("Address: is missing.")),
            Problem::new("events", text("Events: choose at least one.")),
        ],
        secret_shown_once: None,
        notice: None,
    };
    let provider_row = |id: &str, name: &str| ProviderRow {
        id: text(id),
        name: text(name),
        protocol: "OpenID Connect",
        host: text("login.example"),
        of_file: false,
        enabled: true,
        hidden: false,
        broken: false,
    };
    let provider_form = |kind: ProviderKind, new| AdminProviderForm {
        shell: shell(Words::ENGLISH, true),
        kind,
        new,
        redirect_uri: text("https://id.example/upstream/…/callback"),
        fields: ProviderFields {
            id: text("hub"),
            name: text("Hub"),
            version: 7,
            client_auth: "post".to_owned(),
            subject_claim: "id".to_owned(),
            scopes: text("read:user"),
            enabled: true,
            ..ProviderFields::default()
        },
        has_proof: !new,
        asks_to_keep_links: false,
        problems: vec![],
    };
    let upstream = |id: &str, name: &str| UpstreamButton { id: text(id), name: text(name) };
    let linked = |linked, problem| LinkedAccounts {
        shell: shell(words.clone(), false),
        linked,
        upstreams: vec![upstream("google", "Google")],
        notice: None,
        problem,
    };
    let sign_up = |app| SignUp {
        words: words.clone(),
        flow: text("sealed-flow"),
        csrf: text("csrf-token"),
        app,
        username: text(""),
        email: text(""),
        full_name: text(""),
        problem: None,
        mistakes: vec![],
    };
    let passkey = || {
        FirstKey::PasskeyOrPassword(PasskeyChallenge {
            options: text("{\"pubKeyCredParams\":[]}"),
            sealed: text("sealed-challenge"),
        })
    };
    let invitation = |app: Option<&str>, key| Invitation {
        words: words.clone(),
        csrf: text("csrf-token"),
        token: text("one-time-token"),
        email: text("ada@example.com"),
        app: app.map(text),
        username: text("ada"),
        full_name: text("Ada Lovelace"),
        key,
        problem: None,
        mistakes: vec![],
    };
    let sign_up_by_mail = |mistakes| SignUpByMail {
        words: words.clone(),
        flow: text("sealed-flow"),
        csrf: text("csrf-token"),
        app: Some(app()),
        email: text("ada@example.com"),
        problem: None,
        mistakes,
    };
    let enter_code = |app, code: &str, problem| EnterCode {
        words: words.clone(),
        flow: text("sealed-flow"),
        csrf: text("csrf-token"),
        app,
        account: text("ada"),
        code: text(code),
        problem,
    };
    let admin_invitations = |by_mail, problems, link_shown_once| AdminInvitations {
        shell: shell(Words::ENGLISH, true),
        by_mail,
        rows: vec![InvitationRow {
            id: text("i1"),
            email: text("grace@example.com"),
            admin: true,
            client_id: text("acme-notes"),
            created: NOW - 300,
            expires: NOW + 604_500,
        }],
        clients: Some(vec![(text("acme-notes"), text("Acme Notes"))]),
        fields: InvitationFields { client_id: text("acme-notes"), ..InvitationFields::default() },
        problems,
        link_shown_once,
        notice: None,
    };
    let defined = defined_scopes();
    let scopes = |names: &[&str]| {
        names.iter().map(|name| describe_scope(&words, &text(name), &defined)).collect::<Vec<_>>()
    };
    let consent = |app, names: &[&str]| Consent {
        words: words.clone(),
        flow: text("sealed-flow"),
        csrf: text("csrf-token"),
        app,
        account: text("ada@example.com"),
        scopes: scopes(names),
    };
    let user_code = |code: &str, problem| EnterUserCode {
        words: words.clone(),
        flow: text("sealed-flow"),
        csrf: text("csrf-token"),
        account: text("ada@example.com"),
        code: text(code),
        problem,
    };
    let allow_device = |app, names: &[&str]| AllowDevice {
        words: words.clone(),
        flow: text("sealed-flow"),
        csrf: text("csrf-token"),
        app: App { redirect_host: String::new(), ..app },
        account: text("ada@example.com"),
        code: text("WDJB-MJHT"),
        scopes: scopes(names),
    };
    let device_done = |allowed| DeviceDone {
        words: words.clone(),
        flow: text("sealed-flow"),
        app: text("Acme <TV>"),
        allowed,
    };
    let session = |id: &str, device: &str, ip: &str, last_seen, current| SessionRow {
        id: text(id),
        device: text(device),
        ip: text(ip),
        place: if current { text("Berlin, Germany") } else { String::new() },
        methods: vec![text("pwd")],
        first_seen: NOW - 400_000,
        last_seen,
        expires: NOW + 800_000,
        current,
    };
    let failure = || FailureLine {
        at: NOW - 90,
        reference: text("Zx81kQ"),
        endpoint: text("/authorize"),
        client: text("web"),
        error: text("invalid_request"),
        cause: text("redirect_uri is not registered for this client"),
    };
    let sessions = || {
        vec![
            session("s1", "Firefox on Linux", "203.0.113.7", NOW, true),
            session("s2", "Safari on iPhone", "2001:db8:85a3::8a2e:370:7334", NOW - 300, false),
            session("s3", "Chrome on Windows", "198.51.100.23", NOW - 200_000, false),
        ]
    };
    let account = |sessions, apps, notice, password_problem| Account {
        shell: shell(words.clone(), true),
        username: text("ada"),
        name: text("Ada Lovelace"),
        email: text("ada@example.com"),
        unverified: false,
        sessions,
        apps,
        notice,
        password_problem,
    };
    let app_row = |id: &str, name: &str, names: &[&str]| AppRow {
        client_id: text(id),
        name: text(name),
        scopes: scopes(names),
        since: NOW - 9_000_000,
        last_used: (id == "acme-notes").then_some(NOW - 7_200),
        open: (id == "acme-notes").then(|| text("https://notes.example/login?iss=x")),
    };
    let profile = |problems, notice| Profile {
        shell: shell(words.clone(), false),
        username: text("ada"),
        email: text("ada@example.com"),
        email_verified: true,
        waiting: Some(text("new@example.com")),
        full_name: text("Ada Lovelace"),
        claims: [("given_name", text("Ada")), ("address.formatted", text("1 St James's Square\nLondon"))]
            .into(),
        problems,
        notice,
    };
    let event = |what: &str, device: &str, ip: &str, by_administrator| Event {
        at: NOW - 300,
        what: text(what),
        device: text(device),
        ip: text(ip),
        place: if ip.is_empty() { String::new() } else { text("Berlin, Germany") },
        by_administrator,
        times: 1,
    };
    let key_row = |kid: &str, alg: &str, state: &str| KeyRow {
        kid: text(kid),
        alg: text(alg),
        state: text(state),
        signs_from: NOW - 5_000_000,
    };
    let audit = |at, actor: &str, action: &str, target: &str, detail: &str| AuditRow {
        at,
        actor: text(actor),
        action: text(action),
        target: text(target),
        detail: text(detail),
    };
    let client_row = |id: &str, name: &str, auth_method: &str, disabled| ClientRow {
        id: text(id),
        name: text(name),
        auth_method: text(auth_method),
        created: NOW - 90_000_000,
        self_registered: disabled,
        disabled,
    };
    let client = || ClientFields {
        id: text("lighthouse-travel"),
        name: text("Lighthouse Travel"),
        auth_method: text("client_secret_basic"),
        redirect_uris: text("https://travel.example/callback\nhttps://staging.travel.example/callback"),
        post_logout_redirect_uris: text("https://travel.example/bye"),
        grant_types: vec![text("authorization_code"), text("refresh_token")],
        scope: text("openid profile email offline_access"),
        id_token_alg: text("RS256"),
        access_token_format: text("jwt"),
        access_token_alg: text("ES256"),
        require_pkce: true,
        client_uri: text("https://travel.example"),
        initiate_login_uri: text("https://travel.example/login"),
        more: text("{\n  \"contacts\": [\"ada@example.com\"]\n}"),
        ..ClientFields::default()
    };
    let client_form = |new, client, problems, secret_shown_once, notice| AdminClientForm {
        shell: shell(Words::ENGLISH, true),
        new,
        self_registered: !new,
        has_secret: true,
        old_secret_until: (!new).then_some(NOW + 86_400),
        start: (!new).then(|| text("https://travel.example/login?iss=x")),
        response_types: vec![
            ResponseTypeBox { input: "response_code".to_owned(), name: text("code"), on: true },
            ResponseTypeBox {
                input: "response_code-id_token".to_owned(),
                name: text("code id_token"),
                on: false,
            },
        ],
        client,
        problems,
        connect: (!new).then(|| Connect {
            open: true,
            issuer: text("https://id.example"),
            discovery: text("https://id.example/.well-known/openid-configuration"),
            hints: vec![(text("https://travel.example/"), text("ends with a slash."))],
            settings: vec![Settings {
                library: "openid-client",
                platform: "Node.js",
                file: "auth.mjs",
                text: text("await client.discovery(\n  new URL(\"https://id.example\"),\n)\n"),
            }],
        }),
        secret_shown_once,
        notice,
    };
    let wizard = |kind, findings, problems| AdminClientWizard {
        shell: shell(Words::ENGLISH, true),
        kind,
        fields: WizardFields {
            id: text("c-1"),
            name: text("Lighthouse Travel"),
            redirect_uris: text("https://travel.example/"),
            scope: text("orders:read"),
        },
        findings,
        problems,
    };
    let preview = || AdminClientPreview {
        shell: shell(Words::ENGLISH, true),
        client_id: text("lighthouse-travel"),
        client_name: text("Lighthouse Travel"),
        user: text("ada"),
        scope: String::new(),
        preview: Some(Preview {
            user_id: text("u1"),
            username: text("ada"),
            scope: crate::protocol::scope::Scope::parse("openid groups").unwrap(),
            left_out: crate::protocol::scope::Scope::parse("phone").unwrap(),
            id_token: None,
            access_token_format: AccessTokenFormat::Opaque,
            access_token: [("sub".to_owned(), text("u1").into())].into_iter().collect(),
            userinfo: Some([("groups".to_owned(), vec![text("staff")].into())].into_iter().collect()),
            refresh_token: true,
            because: Because {
                userinfo: [("groups".to_owned(), text("scope groups"))].into(),
                ..Because::default()
            },
        }),
        problems: vec![],
    };
    let finding = |uri: &str, good, messages: &[&str]| Finding {
        uri: text(uri),
        good,
        messages: messages.iter().map(|message| text(message)).collect(),
    };
    let user_row = |username: &str, name: &str, email: &str, admin, disabled| UserRow {
        id: text(username),
        username: text(username),
        email: text(email),
        name: text(name),
        admin,
        disabled,
        created: NOW - 30_000_000,
    };
    let user = || UserFields {
        version: NOW,
        id: text("u1"),
        username: text("grace"),
        email: text("grace@example.com"),
        name: text("Grace Hopper"),
        admin: true,
        disabled: false,
        claims: [
            ("given_name", text("Grace")),
            ("family_name", text("Hopper")),
            ("phone_number", text("+14255551212;ext=5678")),
            ("website", text("https://grace.example/")),
            ("locale", text("en-US")),
            ("address.formatted", text("1 Navy Yard\nArlington")),
            ("address.country", String::new()),
        ]
        .into(),
    };
    let problem = |field: &str, message: &str| Problem::new(field, text(message));
    let frame = |name: &str, origin: &str| LogoutFrame {
        name: text(name),
        address: text(&format!("{origin}/logout?iss=https%3A%2F%2Fid.example&sid=0193")),
        csp_source: text(origin),
    };
    let claims = "{\n  \"iss\": \"http://localhost:8080\",\n  \"sub\": \"5a1c2f0b9d7e4c63\",\n  \"aud\": \"acme-notes\",\n  \
                  \"exp\": 1795471500,\n  \"iat\": 1795471200,\n  \"auth_time\": 1795471190,\n  \"nonce\": \
                  \"n-0S6_WzA2Mj-7f9d1e\",\n  \"sid\": \"c2Vzc2lvbi1pZA\",\n  \"amr\": [\n    \"pwd\"\n  ]\n}";
    let userinfo = "{\n  \"sub\": \"5a1c2f0b9d7e4c63\",\n  \"name\": \"Demo User\",\n  \"preferred_username\": \
                    \"demo\",\n  \"email\": \"demo@example.com\",\n  \"email_verified\": true\n}";

    vec![
        ("login", html(&login(None, "", None))),
        ("login-for-an-application", html(&login(Some(app()), "", None))),
        (
            "login-wrong-password",
            html(&login(Some(plain_app()), "ada", Some(LoginProblem::WrongCredentials))),
        ),
        (
            "login-throttled",
            html(&login(None, "ada", Some(LoginProblem::TooManyAttempts { retry_after_seconds: 840 }))),
        ),
        (
            "login-or-sign-up",
            html(&Login { sign_up: Some(text("/sign-up?flow=sealed-flow")), ..login(None, "", None) }),
        ),
        (
            "login-with-mail",
            html(&Login { recover: Some(text("/recover?flow=sealed-flow")), ..login(None, "", None) }),
        ),
        ("recover", html(&recover(None, vec![]))),
        (
            "recover-throttled",
            html(&recover(Some(LoginProblem::TooManyAttempts { retry_after_seconds: 600 }), vec![])),
        ),
        ("recovery-sent", html(&RecoverySent { words: words.clone(), flow: text("sealed-flow") })),
        ("new-password", html(&new_password(vec![]))),
        (
            "required-password",
            html(&RequiredPassword {
                words: words.clone(),
                csrf: text("csrf-token"),
                flow: text("flow"),
                account: text("ada"),
                problems: vec![problem("password", "Choose another password than the one you have.")],
            }),
        ),
        (
            "new-password-weak",
            html(&new_password(vec![Problem::new(
                "password",
                describe_weakness(&words, &Weakness::Personal),
            )])),
        ),
        (
            "verify-address",
            html(&VerifyAddress {
                words: words.clone(),
                csrf: text("csrf-token"),
                token: text("token"),
                account: text("ada"),
                address: text("ada@example.com"),
            }),
        ),
        (
            "login-with-accounts-elsewhere",
            html(&Login {
                upstreams: vec![upstream("google", "Google"), upstream("acme", "Acme & Söhne")],
                upstream_problem: Some(key("upstream-denied").about("provider", "Google")),
                offer: Some(text("Acme & Söhne")),
                ..login(Some(plain_app()), "", None)
            }),
        ),
        (
            "link-account",
            html(&LinkAccount {
                words: words.clone(),
                flow: text("sealed-flow"),
                csrf: text("csrf-token"),
                provider: text("Google"),
                label: text("ada@example.org"),
                account: text("Ada Lovelace"),
            }),
        ),
        ("linked-accounts", html(&linked(Vec::new(), None))),
        (
            "linked-accounts-some",
            html(&linked(
                vec![LinkedRow {
                    id: text("0193/x"),
                    provider: text("Google"),
                    label: text("ada@example.org"),
                    since: NOW - 8_000_000,
                    last_used: Some(NOW - 300),
                }],
                Some(key("linked-only-way")),
            )),
        ),
        ("sign-up", html(&sign_up(None))),
        (
            "sign-up-for-an-application",
            html(&SignUp { email: text("ada@example.com"), ..sign_up(Some(app())) }),
        ),
        (
            "sign-up-mistakes",
            html(&SignUp {
                username: text("ada"),
                email: text("ada"),
                full_name: text("Ada Lovelace"),
                mistakes: vec![
                    problem("username", "This user name is already in use."),
                    problem("email", "An e-mail address looks like name@example.com."),
                    problem("password", "A password has 8 to 1024 characters."),
                ],
                ..sign_up(Some(plain_app()))
            }),
        ),
        (
            "sign-up-throttled",
            html(&SignUp {
                problem: Some(LoginProblem::TooManyAttempts { retry_after_seconds: 840 }),
                ..sign_up(None)
            }),
        ),
        ("login-or-code", html(&Login { email_code: true, ..login(None, "ada", None) })),
        ("invitation", html(&invitation(Some("Acme Notes"), passkey()))),
        (
            "invitation-mistakes",
            html(&Invitation {
                mistakes: vec![problem("username", "This user name is already in use.")],
                ..invitation(
                    None,
                    FirstKey::Made {
                        challenge: text("sealed-challenge"),
                        credential: text("{\"id\":\"x\"}"),
                    },
                )
            }),
        ),
        (
            "invitation-throttled",
            html(&Invitation {
                problem: Some(LoginProblem::TooManyAttempts { retry_after_seconds: 840 }),
                ..invitation(None, FirstKey::Password)
            }),
        ),
        ("sign-up-by-mail", html(&sign_up_by_mail(vec![]))),
        (
            "sign-up-by-mail-mistakes",
            html(&sign_up_by_mail(vec![problem("email", "An e-mail address looks like name@example.com.")])),
        ),
        (
            "sign-up-sent",
            html(&SignUpSent {
                words: words.clone(),
                flow: text("sealed-flow"),
                email: text("ada@example.com"),
            }),
        ),
        (
            "code-ask",
            html(&AskForCode {
                words: words.clone(),
                flow: text("sealed-flow"),
                csrf: text("csrf-token"),
                app: Some(app()),
                username: text("ada"),
                remember: true,
                problem: Some(LoginProblem::TooManyAttempts { retry_after_seconds: 840 }),
            }),
        ),
        ("code-enter", html(&enter_code(None, "", None))),
        ("code-enter-by-link", html(&enter_code(Some(app()), "1234 5678", None))),
        ("code-enter-wrong", html(&enter_code(None, "", Some(LoginProblem::WrongMailedCode)))),
        ("device", html(&user_code("", None))),
        ("device-malformed", html(&user_code("<AB>", Some(DeviceProblem::Malformed)))),
        ("device-wrong", html(&user_code("WDJB-MJHT", Some(DeviceProblem::NotWaiting)))),
        (
            "device-throttled",
            html(&user_code("WDJB-MJHT", Some(DeviceProblem::TooManyAttempts { retry_after_seconds: 840 }))),
        ),
        ("device-allow", html(&allow_device(app(), &["openid", "profile", "offline_access"]))),
        ("device-allow-unverified", html(&allow_device(App { unverified: true, ..app() }, &["openid"]))),
        ("device-allowed", html(&device_done(true))),
        ("device-denied", html(&device_done(false))),
        ("code-elsewhere", html(&CodeElsewhere { words: words.clone(), code: text("1234 5678") })),
        (
            "admin-invitations",
            html(&admin_invitations(
                true,
                vec![problem("email", "E-mail: it has an account already.")],
                None,
            )),
        ),
        (
            "admin-invitations-link",
            html(&admin_invitations(
                false,
                vec![],
                Some((text("ada@example.com"), text("https://id.example/invitation?token=t"))),
            )),
        ),
        ("login-busy", html(&login(None, "ada", Some(LoginProblem::Busy)))),
        (
            "set-up",
            html(&SetUp {
                words: words.clone(),
                flow: text("flow"),
                app: Some(app()),
                account: text("Ada Lovelace"),
                only_passkey: false,
                next: text("/authorize?flow=x"),
            }),
        ),
        (
            "set-up-passkey",
            html(&SetUp {
                words: words.clone(),
                flow: text("flow"),
                app: None,
                account: text("Ada Lovelace"),
                only_passkey: true,
                next: text("/authorize?flow=x"),
            }),
        ),
        ("consent", html(&consent(app(), &["openid", "profile", "email", "notes.read", "offline_access"]))),
        (
            "consent-ten-scopes",
            html(&consent(
                plain_app(),
                &[
                    "openid",
                    "profile",
                    "email",
                    "address",
                    "phone",
                    "groups",
                    "offline_access",
                    "notes:read",
                    "notes:write",
                    "https://api.example.com/auth/calendar.events.readonly",
                    "admin",
                ],
            )),
        ),
        (
            "error",
            html(&ErrorPage {
                words: words.clone(),
                status: 400,
                title: text("This sign-in link is not set up").into(),
                what: text("The redirect_uri of this request is not registered for Lighthouse Travel.")
                    .into(),
                for_whom: Some(key("error-developer-of").about("app", text("Lighthouse Travel"))),
                how_to_fix: text(
                    "Register exactly this address for the client, or send one that is registered.",
                )
                .into(),
                facts: vec![
                    (
                        text("redirect_uri"),
                        text("https://travel.example/callback?from=a-rather-long-campaign-name"),
                    ),
                    (text("client_id"), text("lighthouse-travel")),
                ],
                error_code: Some(text("invalid_request")),
                correlation_id: text("01JD9QK3V7Z8N2M4"),
                here: Some(text("/authorize?client_id=x")),
            }),
        ),
        (
            "error-not-found",
            html(&ErrorPage {
                words: words.clone(),
                status: 404,
                title: key("not-found-title"),
                what: key("no-such-app"),
                for_whom: None,
                how_to_fix: key("not-found-fix"),
                facts: vec![],
                error_code: None,
                correlation_id: text("01JD9QK3V7Z8N2M4"),
                here: None,
            }),
        ),
        (
            "logout-confirm",
            html(&LogoutConfirm {
                words: words.clone(),
                csrf: text("csrf-token"),
                account: Some(text("ada@example.com")),
                app: Some(text("Lighthouse Travel")),
                fields: vec![(text("state"), text("xyz")), (text("client_id"), text("lighthouse-travel"))],
            }),
        ),
        (
            "logout-confirm-bare",
            html(&LogoutConfirm {
                words: words.clone(),
                csrf: text("csrf-token"),
                account: None,
                app: None,
                fields: vec![],
            }),
        ),
        ("signed-out", html(&SignedOut { words: words.clone(), return_to: None, client_id: None })),
        (
            "signed-out-return",
            html(&SignedOut {
                words: words.clone(),
                return_to: Some(ReturnTo {
                    name: text("Lighthouse Travel"),
                    uri: text("https://travel.example"),
                }),
                client_id: Some(text("lighthouse-travel")),
            }),
        ),
        (
            "signing-out",
            html(&SigningOut {
                words: words.clone(),
                frames: vec![
                    frame("Lighthouse Travel", "https://travel.example"),
                    frame("Acme Notes", "https://notes.example:8443"),
                ],
                next: text("https://travel.example/goodbye?state=a&b"),
            }),
        ),
        (
            "signing-out-one",
            html(&SigningOut {
                words: words.clone(),
                frames: vec![frame("Acme Notes", "https://notes.example")],
                next: text("/logout"),
            }),
        ),
        (
            "setup",
            html(&Setup {
                words: words.clone(),
                csrf: text("csrf-token"),
                token: text("one-time"),
                username: text("admin"),
                email: text(""),
                problems: vec![],
            }),
        ),
        (
            "setup-problems",
            html(&Setup {
                words: words.clone(),
                csrf: text("csrf-token"),
                token: text("one-time"),
                username: text("ad min"),
                email: text("admin"),
                problems: vec![
                    problem("username", "A username has no spaces."),
                    problem("password", "Use at least 8 characters."),
                ],
            }),
        ),
        ("setup-done", html(&SetupDone { words: words.clone(), username: text("admin") })),
        (
            "account",
            html(&account(
                sessions(),
                vec![
                    app_row("lighthouse-travel", "Lighthouse Travel", &["openid", "profile", "email"]),
                    app_row("acme-notes", "Acme Notes", &["openid", "offline_access"]),
                ],
                Some(Notice::SessionEnded),
                None,
            )),
        ),
        (
            "account-new",
            html(&Account {
                shell: shell(words.clone(), false),
                name: String::new(),
                unverified: true,
                ..account(
                    vec![session("s1", "Firefox on Linux", "203.0.113.7", NOW, true)],
                    vec![],
                    None,
                    Some(PasswordProblem::TooShort { minimum: 8 }),
                )
            }),
        ),
        ("profile", html(&profile(vec![], Some(Notice::ProfileSaved)))),
        (
            "profile-mistakes",
            html(&profile(
                vec![problem("name", "A name has 1 to 128 characters."), problem("locale", "Too long.")],
                None,
            )),
        ),
        (
            "new-address",
            html(&NewAddress {
                shell: shell(words.clone(), false),
                confirmed_first: true,
                told: Some(text("ada@example.com")),
                email: text("ada@"),
                problems: vec![problem("email", "An e-mail address looks like name@example.com.")],
            }),
        ),
        (
            "activity",
            html(&Activity {
                shell: shell(words.clone(), false),
                events: vec![
                    event("Signed in", "Firefox on Linux", "203.0.113.7", false),
                    event("Devices were signed out", "", "", true),
                ],
            }),
        ),
        (
            "your-data",
            html(&YourData {
                shell: shell(words.clone(), false),
                username: text("ada"),
                problems: vec![problem("username", "That is not your user name.")],
            }),
        ),
        ("account-deleted", html(&AccountDeleted { words })),
        (
            "admin-home",
            html(&AdminHome {
                shell: shell(Words::ENGLISH, true),
                clients: Count::Exactly(12),
                users: Count::MoreThan(10_000),
                sessions: Count::Exactly(1),
                spans: spans(),
                warnings: vec![text(
                    "31 sign-ins were refused, and 2 worked: somebody may be guessing <passwords>.",
                )],
                plots: vec![
                    bars(
                        "p-sign-ins",
                        "Sign-ins",
                        "",
                        axis(),
                        &[values("worked", 3.0), values("refused", 1.0)],
                    ),
                    lines(
                        "p-latency",
                        "Time to answer",
                        "Estimated.",
                        axis(),
                        &[values("half within", 0.4)],
                        millis,
                    ),
                ],
                rankings: vec![Ranking::new(
                    "p-refused",
                    "Refused sign-ins by cause",
                    "Why.",
                    "None.",
                    vec![(text("wrong password"), 20), (text("too many attempts"), 11)],
                )],
                rotate_days: 90,
                keys: vec![
                    key_row("sjrFTfOWbT4yVyK1O6zBqK5R2f3u0p9wq1e8c7b6a5d", "ES256", "active"),
                    key_row("Kx9mZ2hQ8nLw4vR7tY1uI3oP6aS5dF0gHjK8lZxCvBn", "RS256", "active"),
                    key_row("Qw3eR5tY7uI9oP1aS2dF4gH6jK8lZ0xCvBnM5qWeRtY", "EdDSA", "published"),
                    key_row("Zx1cV2bN3mA4sD5fG6hJ7kL8qW9eR0tYuIoPpOiUyTr", "RS256", "retired"),
                ],
                audit: vec![
                    audit(NOW - 20, "ada", "client.create", "lighthouse-travel", "Lighthouse Travel"),
                    audit(NOW - 4_000, "command line", "user.create", "grace", ""),
                    audit(NOW - 300_000, "grace", "client.rotate_secret", "acme-notes", "from 203.0.113.7"),
                ],
            }),
        ),
        (
            "admin-home-new",
            html(&AdminHome {
                shell: shell(Words::ENGLISH, true),
                clients: Count::Exactly(1),
                users: Count::Exactly(1),
                sessions: Count::Exactly(1),
                spans: spans(),
                warnings: vec![],
                plots: vec![bars("p-sign-ins", "Sign-ins", "", axis(), &[])],
                rankings: vec![Ranking::new(
                    "p-refused",
                    "Refused sign-ins by cause",
                    "Why.",
                    "None.",
                    vec![],
                )],
                rotate_days: 1,
                keys: vec![key_row("sjrFTfOWbT4yVyK1O6zBqK5R2f3u0p9wq1e8c7b6a5d", "ES256", "active")],
                audit: vec![],
            }),
        ),
        (
            "admin-clients",
            html(&AdminClients {
                shell: shell(Words::ENGLISH, true),
                query: text("a"),
                next: Some(text("cursor")),
                rows: vec![
                    client_row("acme-notes", "Acme Notes", "none", false),
                    client_row("lighthouse-travel", "Lighthouse Travel", "client_secret_basic", false),
                    client_row(
                        "c_7f3a9b2e5d1c8f60",
                        "Archive of the Old Harbour Office",
                        "client_secret_post",
                        true,
                    ),
                ],
                notice: Some(Notice::ClientDeleted),
            }),
        ),
        (
            "admin-clients-none",
            html(&AdminClients {
                shell: shell(Words::ENGLISH, true),
                query: String::new(),
                rows: vec![],
                next: None,
                notice: None,
            }),
        ),
        ("admin-client-preview", html(&preview())),
        ("admin-client-kinds", html(&AdminClientKinds { shell: shell(Words::ENGLISH, true) })),
        ("admin-client-wizard", html(&wizard(Kind::Web, None, vec![]))),
        ("admin-client-wizard-device", html(&wizard(Kind::Device, None, vec![]))),
        ("admin-client-wizard-machine", html(&wizard(Kind::Machine, None, vec![]))),
        (
            "admin-client-wizard-checked",
            html(&wizard(
                Kind::Agent,
                Some(vec![
                    finding("https://travel.example/", true, &["ends with a slash."]),
                    finding("https://travel.example/#/cb", false, &["has a fragment."]),
                ]),
                vec![problem("redirect_uris", "https://travel.example/#/cb has a fragment.")],
            )),
        ),
        (
            "admin-client-new",
            html(&client_form(
                true,
                ClientFields { id: String::new(), ..client() },
                vec![
                    problem("redirect_uris", "Line 2: “http” is only for this machine itself. Use https."),
                    problem("grant_types", "Tick at least one grant type."),
                    problem("", "The list of clients has changed meanwhile."),
                ],
                None,
                None,
            )),
        ),
        ("admin-client", html(&client_form(false, client(), vec![], None, Some(Notice::ClientSaved)))),
        (
            "admin-client-secret",
            html(&client_form(
                false,
                client(),
                vec![],
                Some(text("cs_secret_Vt3p0nXqYb7LwZr2KdHs9UeMf5GjCa8RxTn4Qi6Bo1A")),
                Some(Notice::ClientCreated),
            )),
        ),
        (
            "admin-users",
            html(&AdminUsers {
                shell: shell(Words::ENGLISH, true),
                query: text("a"),
                rows: vec![
                    user_row("ada", "Ada Lovelace", "ada@example.com", true, false),
                    user_row("grace", "Grace Hopper", "grace@example.com", false, false),
                    user_row(
                        "wolfe-plus-five-hundred-and-ninety",
                        "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff Sr.",
                        "hubert.blaine.wolfeschlegelsteinhausenbergerdorff@a-very-long-department.example.com",
                        false,
                        true,
                    ),
                ],
                next: Some(text("cursor")),
                reached: None,
                notice: None,
            }),
        ),
        (
            "admin-users-none",
            html(&AdminUsers {
                shell: shell(Words::ENGLISH, true),
                query: text("zzz"),
                rows: vec![],
                next: Some(text("cursor")),
                reached: Some(text("filler4999")),
                notice: Some(Notice::UserDeleted),
            }),
        ),
        (
            "admin-user-new",
            html(&AdminUserForm {
                shell: shell(Words::ENGLISH, true),
                new: true,
                user: UserFields::default(),
                problems: vec![problem("password", "Use at least 8 characters.")],
                sessions: vec![],
                password: false,
                directory: false,
                new_password_required: false,
                by_mail: false,
                linked: vec![],
                passkeys: vec![],
                app_since: None,
                recovery_codes: 0,
                groups: vec![],
                notice: None,
            }),
        ),
        (
            "admin-user",
            html(&AdminUserForm {
                shell: shell(Words::ENGLISH, true),
                new: false,
                user: user(),
                problems: vec![],
                sessions: sessions(),
                password: true,
                directory: false,
                new_password_required: true,
                by_mail: true,
                linked: vec![LinkedRow {
                    id: text("l"),
                    provider: text("Google"),
                    label: text("ada@example.org"),
                    since: NOW - 86_400,
                    last_used: Some(NOW - 60),
                }],
                passkeys: vec![PasskeyRow {
                    id: text("cHJldHR5"),
                    name: text("Blue phone"),
                    since: NOW - 86_400,
                    last_used: Some(NOW - 60),
                }],
                app_since: Some(1_767_225_600),
                recovery_codes: 8,
                groups: vec![Membership {
                    id: "g".into(),
                    name: text("Editors"),
                    least_acr: Some(Level::TwoFactors),
                }],
                notice: Some(Notice::UserSaved),
            }),
        ),
        (
            "admin-user-mistakes",
            html(&AdminUserForm {
                shell: shell(Words::ENGLISH, true),
                new: false,
                user: user(),
                problems: vec![
                    problem("phone_number", "Phone: must be a number with its country code."),
                    problem("address.formatted", "Address as on a letter: 512 characters at most."),
                ],
                sessions: vec![],
                password: false,
                directory: false,
                new_password_required: false,
                by_mail: false,
                linked: vec![],
                passkeys: vec![],
                app_since: None,
                recovery_codes: 0,
                groups: vec![],
                notice: None,
            }),
        ),
        (
            "admin-scopes",
            html(&AdminScopes {
                shell: shell(Words::ENGLISH, true),
                rows: vec![
                    ScopeRow {
                        name: text("notes.read"),
                        title: text("Read your notes"),
                        claims: vec![text("roles"), text("https://notes.example/tenant")],
                        published: true,
                    },
                    ScopeRow {
                        name: text("https://api.example/billing"),
                        title: text("See your invoices"),
                        claims: vec![],
                        published: false,
                    },
                ],
                notice: Some(Notice::ScopeSaved),
            }),
        ),
        (
            "admin-scopes-none",
            html(&AdminScopes { shell: shell(Words::ENGLISH, true), rows: vec![], notice: None }),
        ),
        ("admin-scope-new", html(&scope_form())),
        (
            "admin-scope",
            html(&AdminScopeForm {
                new: false,
                scope: ScopeFields {
                    name: text("notes.read"),
                    version: 7,
                    title: text("Read your notes"),
                    description: text("And see who else can."),
                    published: true,
                    localized: text("title#de: Ihre Notizen lesen\n"),
                },
                rows: vec![
                    MappingFields {
                        claim: text("roles"),
                        detail: text("notes:"),
                        id_token: true,
                        access_token: true,
                        ..blank_mapping(0)
                    },
                    blank_mapping(1),
                ],
                problems: vec![Problem::new("claims", text("Claims: (1, roles) stands here twice."))],
                applications: vec![(text("notes"), text("Notes")), (text("wiki"), text("Wiki"))],
                more: true,
                user: text("ada"),
                preview: Some(ScopePreview {
                    username: text("ada"),
                    rows: vec![(text("roles"), text("[\"editor\"]"), text("all groups"), text("id_token"))],
                }),
                ..scope_form()
            }),
        ),
        (
            "admin-webhooks",
            html(&AdminWebhooks {
                shell: shell(Words::ENGLISH, true),
                rows: vec![
                    WebhookRow {
                        id: text("w"),
                        host: text("siem.example"),
                        description: text("SIEM"),
                        events: vec![text("session.refused"), text("grant.replayed")],
                        state: "active".to_owned(),
                        failing_since: None,
                        behind: 0,
                    },
                    WebhookRow {
                        id: text("v"),
                        host: text("chat.example"),
                        description: String::new(),
                        events: ["a", "b", "c", "d"].map(&text).into(),
                        state: "stopped".to_owned(),
                        failing_since: Some(NOW - 86_400),
                        behind: 70,
                    },
                ],
                notice: None,
            }),
        ),
        (
            "admin-webhooks-none",
            html(&AdminWebhooks {
                shell: shell(Words::ENGLISH, true),
                rows: vec![],
                notice: Some(Notice::WebhookDeleted),
            }),
        ),
        ("admin-branding", html(&branding())),
        (
            "admin-policies",
            html(&AdminPolicies {
                shell: shell(Words::ENGLISH, true),
                policies: Policies {
                    sections: vec![Section {
                        title: "Levels of assurance",
                        policies: vec![
                            Policy {
                                name: "Administration pages".to_owned(),
                                value: "two-factors".to_owned(),
                                means: "Administrators sign in with two factors at least.".to_owned(),
                                key: Some("assurance.administrators"),
                                page: None,
                            },
                            Policy {
                                name: text("Group editors"),
                                value: "phishing-resistant".to_owned(),
                                means: "Whoever is in this group signs in with a passkey at least."
                                    .to_owned(),
                                key: None,
                                page: Some("/admin/groups/g".to_owned()),
                            },
                        ],
                    }],
                    more: true,
                },
            }),
        ),
        (
            "admin-branding-wrong",
            html(&AdminBranding {
                fields: BrandingFields {
                    name: text("Example"),
                    accent_light: text("yellow"),
                    accent_dark: String::new(),
                    logo_kept: text("iVBORw0KGgo="),
                    remove_logo: false,
                },
                sample_name: text("Example"),
                sample_style: sample_address(&Choices {
                    accent_light: "#a52a22".parse().map(crate::protocol::colour::Accent::on_light).ok(),
                    ..Choices::default()
                }),
                has_logo: true,
                chosen: true,
                in_file: true,
                problems: vec![Problem::new(
                    "accent_light",
                    "Colour on light pages: must be a colour as in \"#0d6b60\".",
                )],
                notice: None,
                ..branding()
            }),
        ),
        ("admin-webhook-new", html(&webhook_form())),
        (
            "admin-webhook",
            html(&AdminWebhookForm {
                new: false,
                webhook: WebhookFields {
                    id: text("w"),
                    version: 7,
                    url: text("https://siem.example/in"),
                    description: text("SIEM"),
                    enabled: true,
                },
                state: "active".to_owned(),
                cause: text("answered with status 500"),
                failing_since: Some(NOW - 60),
                next_attempt: Some(NOW + 300),
                behind: 2,
                old_secret_until: Some(NOW + 3600),
                deliveries: vec![
                    DeliveryRow {
                        id: text("msg_2"),
                        event: text("user.disabled"),
                        state: "retrying".to_owned(),
                        status: Some(500),
                        cause: text("answered with status 500"),
                        attempts: 3,
                        tried: NOW - 10,
                    },
                    DeliveryRow {
                        id: text("msg_1"),
                        event: text("session.refused"),
                        state: "delivered".to_owned(),
                        status: Some(204),
                        cause: String::new(),
                        attempts: 1,
                        tried: NOW - 60,
                    },
                ],
                problems: vec![],
                ..webhook_form()
            }),
        ),
        (
            "admin-webhook-secret",
            html(&AdminWebhookForm {
                new: false,
                webhook: WebhookFields {
                    id: text("w"),
                    url: text("https://a.example/"),
                    ..WebhookFields::default()
                },
                state: "stopped".to_owned(),
                cause: text("did not answer in time"),
                secret_shown_once: Some(text("whsec_BwcHBwcH")),
                notice: Some(Notice::WebhookSaved),
                problems: vec![],
                ..webhook_form()
            }),
        ),
        (
            "admin-providers",
            html(&AdminProviders {
                shell: shell(Words::ENGLISH, true),
                rows: vec![
                    ProviderRow { of_file: true, ..provider_row("corp", "Corporate") },
                    ProviderRow { hidden: true, ..provider_row("corp", "Another") },
                    ProviderRow { enabled: false, ..provider_row("google", "Google") },
                    ProviderRow { broken: true, protocol: "OAuth 2", ..provider_row("hub", "Hub <&>") },
                ],
                notice: Some(Notice::ProviderSaved),
            }),
        ),
        (
            "admin-providers-none",
            html(&AdminProviders {
                shell: shell(Words::ENGLISH, true),
                rows: vec![],
                notice: Some(Notice::ProviderDeleted),
            }),
        ),
        ("admin-provider-kinds", html(&AdminProviderKinds { shell: shell(Words::ENGLISH, true) })),
        ("admin-provider-google", html(&provider_form(ProviderKind::Google, true))),
        ("admin-provider-apple", html(&provider_form(ProviderKind::Apple, true))),
        ("admin-provider-oauth2", html(&provider_form(ProviderKind::OAuth2, false))),
        (
            "admin-provider-wrong",
            html(&AdminProviderForm {
                problems: vec![
                    Problem::new("issuer", text("Issuer: must be an address that begins with https://.")),
                    Problem::new("keep_links", text("Linked accounts: 2 accounts are linked already.")),
                ],
                asks_to_keep_links: true,
                ..provider_form(ProviderKind::OpenIdConnect, true)
            }),
        ),
        (
            "admin-provider",
            html(&AdminProvider {
                shell: shell(Words::ENGLISH, true),
                row: provider_row("google", "Google"),
                redirect_uri: text("https://id.example/upstream/google/callback"),
                facts: vec![("Issuer", text("https://accounts.google.com")), ("Client ID", text("1234"))],
                broken: vec![],
                accounts: 12,
                only_way: 1,
                examined: Some(vec![
                    ExaminedRow { check: "discovery", good: true, found: text("it answers") },
                    ExaminedRow {
                        check: "issuer",
                        good: false,
                        found: text("it calls itself \"https://b\""),
                    },
                ]),
                notice: None,
            }),
        ),
        (
            "admin-provider-of-file",
            html(&AdminProvider {
                shell: shell(Words::ENGLISH, true),
                row: ProviderRow { of_file: true, ..provider_row("corp", "Corporate") },
                redirect_uri: text("https://id.example/upstream/corp/callback"),
                facts: vec![("Issuer", text("https://login.corp.example"))],
                broken: vec![],
                accounts: 10_001,
                only_way: 0,
                examined: Some(vec![ExaminedRow {
                    check: "discovery",
                    good: true,
                    found: text("it answers"),
                }]),
                notice: None,
            }),
        ),
        (
            "admin-provider-broken",
            html(&AdminProvider {
                shell: shell(Words::ENGLISH, true),
                row: ProviderRow { broken: true, ..provider_row("hub", "Hub") },
                redirect_uri: text("https://id.example/upstream/hub/callback"),
                facts: vec![],
                broken: vec![text("client_secret: cannot be opened with this server's secret: set it anew")],
                accounts: 0,
                only_way: 0,
                examined: None,
                notice: Some(Notice::ProviderCreated),
            }),
        ),
        (
            "admin-provider-delete",
            html(&AdminProviderDelete {
                shell: shell(Words::ENGLISH, true),
                id: text("google"),
                name: text("Google"),
                version: 7,
                accounts: 12,
                only_way: 3,
            }),
        ),
        (
            "admin-mails",
            html(&AdminMails {
                shell: shell(Words::ENGLISH, true),
                is_on: true,
                state: String::new(),
                rows: vec![
                    MailRow {
                        id: text("m2"),
                        to: text("ada@example.org"),
                        kind: text("reset password"),
                        state: "waiting".to_owned(),
                        attempts: 4,
                        created: NOW - 900,
                        next_attempt: Some(NOW + 800),
                        cause: text("the mail server does not answer"),
                        may_hurry: true,
                    },
                    MailRow {
                        id: text("m1"),
                        to: text("bob@example.org"),
                        kind: text("invitation"),
                        state: "failed".to_owned(),
                        attempts: 1,
                        created: NOW - 86_400,
                        next_attempt: None,
                        cause: text("550 no such user"),
                        may_hurry: false,
                    },
                    MailRow {
                        id: text("m0"),
                        to: text("cy@example.org"),
                        kind: text("new sign in"),
                        state: "sent".to_owned(),
                        attempts: 1,
                        created: NOW - 90_000,
                        next_attempt: None,
                        cause: String::new(),
                        may_hurry: false,
                    },
                ],
                next: Some(text("m0")),
                notice: Some(Notice::MailHurried),
            }),
        ),
        (
            "admin-mails-none",
            html(&AdminMails {
                shell: shell(Words::ENGLISH, true),
                is_on: false,
                state: "failed".to_owned(),
                rows: vec![],
                next: None,
                notice: None,
            }),
        ),
        (
            "admin-keys",
            html(&AdminKeys {
                shell: shell(Words::ENGLISH, true),
                rows: ["published", "active", "retired", "revoked"]
                    .map(|state| KeyLine {
                        kid: text("Kx9mZ2hQ8nLw4vR7"),
                        alg: text("ES256"),
                        state: state.to_owned(),
                        signs_from: NOW - 86_400,
                        next: (state == "active").then_some(NOW + 86_400),
                    })
                    .into(),
                rotate_days: 90,
                publish_hours: 24,
                overdue: true,
                notice: Some(Notice::KeyMade),
            }),
        ),
        (
            "admin-keys-rotate",
            html(&AdminKeyQuestion {
                shell: shell(Words::ENGLISH, true),
                question: KeyQuestion::Rotate { algs: vec![text("ES256"), text("RS256")], publish_hours: 24 },
            }),
        ),
        (
            "admin-key-revoke",
            html(&AdminKeyQuestion {
                shell: shell(Words::ENGLISH, true),
                question: KeyQuestion::Revoke {
                    kid: text("Kx9mZ2hQ8nLw4vR7"),
                    alg: text("ES256"),
                    state: "active".to_owned(),
                    decrypts: false,
                },
            }),
        ),
        (
            "admin-registration",
            html(&AdminRegistration {
                shell: shell(Words::ENGLISH, true),
                mode: "token",
                unused_days: 30,
                tokens: vec![TokenRow {
                    id: text("t"),
                    note: text("Conference"),
                    created: NOW - 86_400,
                    expires: NOW + 86_400,
                    uses_left: Some(3),
                }],
                registered: vec![
                    RegisteredRow {
                        at: NOW - 3600,
                        by: text("Conference"),
                        ip: "203.0.113.7".to_owned(),
                        id: text("c1"),
                        name: text("Lighthouse Travel"),
                        state: "in use",
                    },
                    RegisteredRow {
                        at: NOW - 7200,
                        by: text("no token"),
                        ip: "203.0.113.8".to_owned(),
                        id: text("c0"),
                        name: text("Gone Fishing"),
                        state: "gone",
                    },
                ],
                fields: TokenFields { note: text("x"), days: text("30"), uses: text("0") },
                problems: vec![problem("uses", "Applications: from 1 to 1000000.")],
                token_shown_once: Some(text("cs_iat_x")),
                notice: None,
            }),
        ),
        (
            "admin-registration-off",
            html(&AdminRegistration {
                shell: shell(Words::ENGLISH, true),
                mode: "off",
                unused_days: 30,
                tokens: vec![],
                registered: vec![],
                fields: TokenFields::default(),
                problems: vec![],
                token_shown_once: None,
                notice: Some(Notice::RegistrationTokenRevoked),
            }),
        ),
        (
            "admin-groups",
            html(&AdminGroups {
                shell: shell(Words::ENGLISH, true),
                rows: vec![GroupRow {
                    id: text("g"),
                    name: text("Editors"),
                    description: text("Who may publish"),
                    least_acr: Some(Level::TwoFactors),
                    created: NOW - 86_400,
                }],
                next: Some(text("Editors")),
                notice: Some(Notice::GroupDeleted),
            }),
        ),
        (
            "admin-delegations",
            html(&AdminDelegations {
                shell: shell(Words::ENGLISH, true),
                rows: vec![DelegationRow {
                    id: text("d"),
                    holder_kind: "group",
                    holder: Party { name: text("Editors"), link: Some(text("/admin/groups/g")) },
                    over_kind: "application",
                    over: Party { name: text("Lighthouse Travel"), link: None },
                    created: NOW - 86_400,
                }],
                next: Some(text("d")),
                fields: DelegationFields {
                    holder_kind: text("group"),
                    holder: text("Editors"),
                    over_kind: text("client"),
                    over: text("travel"),
                },
                problems: vec![problem("over", "What: there is no such application.")],
                notice: Some(Notice::Delegated),
            }),
        ),
        (
            "admin-reference",
            html(&AdminReference {
                shell: shell(Words::ENGLISH, true),
                about: text("Every request needs a token."),
                token_endpoint: text("https://id.example/token"),
                scopes: vec![(text("countersign:clients:read"), text("Read applications"))],
                tags: vec![RefTag { name: text("clients"), operations: vec![operation()] }],
                problems: vec![(412, "Precondition Failed", "It was changed.")],
            }),
        ),
        (
            "admin-reference-operation",
            html(&AdminReferencePart {
                shell: shell(Words::ENGLISH, true),
                name: text("show_client"),
                operation: Some(operation()),
                schema: None,
            }),
        ),
        (
            "admin-reference-schema",
            html(&AdminReferencePart {
                shell: shell(Words::ENGLISH, true),
                name: text("ClientView"),
                operation: None,
                schema: Some(RefSchema {
                    name: text("ClientView"),
                    about: text("A client in answers."),
                    values: vec![text("one")],
                    fields: vec![RefField {
                        name: text("client_id"),
                        place: String::new(),
                        kind: text("string"),
                        of: Some(text("ClientInput")),
                        required: true,
                        about: text("Its client_id."),
                    }],
                    with: vec![text("ClientMetadata")],
                }),
            }),
        ),
        (
            "admin-group",
            html(&AdminGroupForm {
                shell: shell(Words::ENGLISH, true),
                new: false,
                group: GroupFields {
                    id: text("g"),
                    version: 7,
                    name: text("Editors"),
                    description: text("Who may <publish>"),
                    least_acr: text("phishing-resistant"),
                },
                problems: vec![problem("member", "Username or e-mail: nobody has this.")],
                member: text("eve"),
                members: vec![MemberRow { id: text("u"), username: text("ada"), name: text("Ada Lovelace") }],
                next: None,
                notice: None,
            }),
        ),
        (
            "admin-audit",
            html(&AdminAudit {
                shell: shell(Words::ENGLISH, true),
                fields: AuditFields {
                    actor: text("ada"),
                    action: text("client.create"),
                    ..AuditFields::default()
                },
                actions: vec![text("client.create"), text("session.begin")],
                rows: vec![AuditLine {
                    at: NOW - 20,
                    actor: Party { name: text("ada"), link: Some(text("/admin/users/u")) },
                    action: text("client.create"),
                    target: Party { name: text("Notes <b>"), link: Some(text("/admin/clients/notes")) },
                    detail: text("<script>"),
                    ip: text("192.0.2.7"),
                    reference: text("0123456789abcdef0123456789abcdef"),
                }],
                reached: Some(NOW - 86_400),
                next: Some(text("/admin/audit?actor=ada&after=x")),
                exports: Some((
                    text("/admin/api/audit/export?format=csv"),
                    text("/admin/api/audit/export?format=jsonl"),
                )),
                problems: vec![],
            }),
        ),
        (
            "admin-audit-wrong",
            html(&AdminAudit {
                shell: shell(Words::ENGLISH, true),
                fields: AuditFields { since: text("yesterday"), ..AuditFields::default() },
                actions: vec![],
                rows: vec![],
                reached: None,
                next: None,
                exports: None,
                problems: vec![problem("since", "From: is not a time.")],
            }),
        ),
        (
            "admin-failures",
            html(&AdminFailures {
                shell: shell(Words::ENGLISH, true),
                client: text("web"),
                rows: vec![failure()],
                next: Some(text("row-50")),
            }),
        ),
        (
            "admin-failure",
            html(&AdminFailure {
                shell: shell(Words::ENGLISH, true),
                failure: failure(),
                client_name: Some(text("Notes")),
                section: text("RFC 9700 §4.1.3"),
                advice: text("Send a redirect_uri exactly as it is registered."),
                request: vec![(text("response_type"), text("code")), (text("state"), text("(sent)"))],
                redirect_uri: Some(FailedRedirectUri {
                    received: text("https://notes.example/callback/"),
                    nearest: Some(text("https://notes.example/callback")),
                    difference: Some("the slash at the end"),
                    can_be_registered: true,
                }),
                flow: flow("/authorize", None, "invalid_request", ""),
                problems: vec![],
                notice: None,
            }),
        ),
        (
            "demo-home",
            html(&DemoHome {
                issuer: text("http://localhost:8080"),
                try_with: Some(DemoCredentials {
                    username: text("demo"),
                    password: text("countersign-demo"),
                }),
            }),
        ),
        (
            "demo-claims",
            html(&DemoClaims {
                issuer: text("http://localhost:8080"),
                name: text("Demo User"),
                csrf: text("csrf-token"),
                id_token_header_json: text("{\n  \"alg\": \"RS256\",\n  \"kid\": \"Kx9mZ2hQ8nLw4vR7\"\n}"),
                claims_json: text(claims),
                userinfo_json: text(userinfo),
            }),
        ),
        (
            "demo-problem",
            html(&DemoProblem {
                error: text("access_denied"),
                description: text("You did not allow Acme Notes to use your account."),
            }),
        ),
    ]
}

fn html(page: &impl Template) -> String {
    page.render().unwrap()
}

/// Calls `check` with each page's name and parsed document, in every language.
fn on_every_page(check: impl Fn(&str, &Html)) {
    for language in Language::ALL {
        for (name, html) in pages(Words::of(language), &str::to_owned) {
            check(&format!("{name} ({})", language.tag()), &Html::parse_document(&html));
        }
    }
}

fn select(css: &str) -> Selector {
    Selector::parse(css).unwrap()
}

#[test]
fn every_page_renders() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    for asset in assets::all() {
        std::fs::write(folder.join("assets").join(asset.name), &asset.bytes).unwrap();
    }
    let long = |text: &str| {
        if text.is_empty() || text.contains(':') || text.contains('_') {
            text.to_owned()
        } else {
            format!("{text} {text}-{}", text.repeat(9))
        }
    };
    for (name, html) in pages(Words::ENGLISH, &long) {
        std::fs::write(folder.join(format!("long-{name}.html")), html).unwrap();
    }
    for language in Language::ALL {
        for (name, mut html) in pages(Words::of(language), &str::to_owned) {
            let english = language == Language::English;
            let name = if english { name.to_owned() } else { format!("{name}-{}", language.tag()) };
            std::fs::write(folder.join(format!("{name}.html")), &html).unwrap();
            for asset in assets::all() {
                html = html.replace(&asset.version, "[version]");
            }
            if english || ["login-for-an-application-ar", "login-for-an-application-ja"].contains(&&*name) {
                insta::assert_snapshot!(name, html);
            }
        }
    }
}

#[test]
fn text_from_outside_stays_text() {
    /// Element names with the names of their attributes, in document order.
    fn skeleton(html: &str) -> Vec<String> {
        let document = Html::parse_document(html);
        let mut found = vec![];
        for element in document.select(&select("*")) {
            let mut attributes: Vec<_> = element
                .value()
                .attrs()
                .map(|(name, _)| name)
                .filter(|name| !["selected", "checked"].contains(name))
                .collect();
            attributes.sort_unstable();
            found.push(format!("{} {}", element.value().name(), attributes.join(" ")));
        }
        found
    }
    let evils = [
        "\"'><script>alert(1)</script>",
        "</textarea></pre></title><img src=x onerror=alert(1)>",
        "' onfocus='alert(1)' \" onfocus=\"alert(1)",
        "&lt;script&gt;{{239*4649}}${239*4649}",
    ];
    for (evil, language) in
        evils.into_iter().zip([Language::English, Language::Arabic, Language::Japanese, Language::German])
    {
        let words = Words::of(language);
        let harmless = pages(words.clone(), &|text| format!("{text}evil"));
        let hostile = pages(words, &|text| format!("{text}{evil}"));
        for ((name, harmless), (_, hostile)) in harmless.iter().zip(&hostile) {
            assert_eq!(skeleton(harmless), skeleton(hostile), "{evil} changed {name}");
            assert!(!hostile.contains("1111111"), "{evil} was computed on {name}");
        }
    }
}

#[test]
fn only_web_addresses_become_links() {
    for uri in [
        "javascript:alert(1)",
        "data:text/html,x",
        "JAVASCRIPT:alert(1)",
        " javascript:alert(1)",
        "//evil.example",
        "",
    ] {
        let app = App {
            name: "App".into(),
            logo: None,
            accent: None,
            client_uri: Some(uri.into()),
            policy_uri: Some(uri.into()),
            tos_uri: Some(uri.into()),
            redirect_host: "app.example".into(),
            unverified: true,
        };
        let words = Words::ENGLISH;
        let back = SignedOut {
            words: words.clone(),
            return_to: Some(ReturnTo { name: "App".into(), uri: uri.into() }),
            client_id: None,
        };
        let login = Login {
            words: words.clone(),
            signed_in_as: None,
            flow: "sealed-flow".to_owned(),
            passkey: None,
            signals: None,
            upstreams: Vec::new(),
            offer: None,
            upstream_problem: None,
            csrf: String::new(),
            app: Some(app),
            username: String::new(),
            remember: false,
            email_code: false,
            recover: None,
            sign_up: None,
            problem: None,
        };
        for page in [html(&back), html(&login)] {
            for element in Html::parse_document(&page).select(&select("[href], [src]")) {
                let target = element.attr("href").or(element.attr("src")).unwrap();
                assert!(target.starts_with("/assets/") || target == "/login", "{uri} became {target}");
            }
        }
    }
}

#[test]
fn every_page_is_accessible() {
    on_every_page(|name, page| {
        let root = page.root_element();
        let spoken =
            Language::ALL.into_iter().find(|language| Some(language.tag()) == root.attr("lang")).unwrap();
        let right_to_left = root.attr("dir") == Some("rtl");
        assert_eq!(right_to_left, spoken.is_right_to_left(), "{name}");
        assert!(
            name.contains("admin-")
                || name.contains("demo-")
                || name.ends_with(&format!("({})", spoken.tag()))
        );
        assert_eq!(page.select(&select("main")).count(), 1, "{name}");
        assert_eq!(page.select(&select("h1")).count(), 1, "{name}");
        let title: String = page.select(&select("title")).flat_map(|title| title.text()).collect();
        assert!(title.ends_with(" · Countersign") || title.ends_with(" · Acme Notes"), "{name}: {title}");

        let ids: Vec<_> = page.select(&select("[id]")).filter_map(|element| element.attr("id")).collect();
        let known: HashSet<_> = ids.iter().copied().collect();
        assert_eq!(ids.len(), known.len(), "{name} repeats an id: {ids:?}");
        for attribute in ["aria-describedby", "aria-labelledby", "for"] {
            for element in page.select(&select(&format!("[{attribute}]"))) {
                for id in element.attr(attribute).unwrap().split(' ') {
                    assert!(known.contains(id), "{name}: {attribute} names no element: {id:?}");
                }
            }
        }
        for link in page.select(&select("a[href^='#']")) {
            assert!(known.contains(&link.attr("href").unwrap()[1..]), "{name}: {:?}", link.attr("href"));
        }
        let labelled: HashSet<_> =
            page.select(&select("label")).filter_map(|label| label.attr("for")).collect();
        for input in page.select(&select("input:not([type=hidden]):not([hidden]), select, textarea")) {
            assert!(labelled.contains(input.attr("id").unwrap()), "{name}: {}", input.html());
        }
        for table in page.select(&select("table")) {
            assert_eq!(table.select(&select("caption")).count(), 1, "{name}");
        }
        for image in page.select(&select("img")) {
            assert!(image.attr("alt").is_some(), "{name}: {}", image.html());
        }
    });
}

#[test]
fn every_page_suits_a_strict_content_security_policy() {
    on_every_page(|name, page| {
        assert_eq!(page.select(&select("style, [style], object, embed, base")).count(), 0, "{name}");
        let runs_a_script = [
            "signing-out",
            "invitation",
            "admin-client-secret",
            "admin-client (",
            "admin-branding",
            "admin-invitations",
            "admin-webhook",
            "admin-provider",
            "admin-registration",
        ]
        .iter()
        .any(|page| name.starts_with(page));
        let others = if runs_a_script { "script:not([src])" } else { "script, iframe" };
        assert_eq!(page.select(&select(others)).count(), 0, "{name}");
        for element in page.select(&select("*")) {
            assert!(element.value().attrs().all(|(attribute, _)| !attribute.starts_with("on")), "{name}");
        }
        for element in page.select(&select("link, script, img[src^='/assets/']")) {
            let address = element.attr("href").or(element.attr("src")).unwrap();
            let (file, version) = address.strip_prefix("/assets/").unwrap().split_once("?v=").unwrap();
            let accent = accent_file(file).or_else(|| sample_file(file));
            assert_eq!(assets::find(file).or(accent.as_ref()).unwrap().version, version, "{name}");
        }
    });
}

#[test]
fn every_form_that_changes_something_is_a_post_with_a_csrf_token() {
    on_every_page(|name, page| {
        for form in page.select(&select("form")) {
            let guarded =
                form.attr("method") == Some("post") && form.select(&select("input[name=csrf]")).count() == 1;
            let search = form.attr("role") == Some("search");
            // A preference and nothing else.
            let language = form.attr("action") == Some("/language") && form.attr("method") == Some("post");
            assert!(guarded || search || language, "{name}: {}", form.html());
        }
    });
}

#[test]
fn every_page_with_its_style_is_below_60_kb() {
    let style = assets::find("style.css").unwrap().bytes.len();
    for language in Language::ALL {
        for (name, html) in pages(Words::of(language), &str::to_owned) {
            assert!(html.len() + style < 60_000, "{name} ({}): {}", language.tag(), html.len());
        }
    }
}

#[test]
fn the_style_sheet_is_sent_without_its_comments_and_nothing_else_is_missing() {
    let (written, sent) = (include_str!("../../static/style.css"), assets::find("style.css").unwrap());
    let sent = std::str::from_utf8(&sent.bytes).unwrap();
    assert!(written.contains("/*") && !sent.contains("/*") && !sent.contains("*/"));
    let rules = written.lines().filter(|line| !line.contains("/*") && line.ends_with('}'));
    for rule in rules {
        assert!(sent.contains(rule.trim()), "{rule}");
    }
}

#[test]
fn notices_survive_the_way_through_the_address() {
    for (notice, ..) in Notice::ALL {
        assert_eq!(Notice::parse(notice.code()), Some(*notice));
        assert!(notice.say(&Words::ENGLISH).ends_with('.'));
    }
    assert_eq!(Notice::parse("nonsense"), None);
}

#[test]
fn devices_are_named_by_browser_and_system() {
    let table = [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
            "Chrome on Windows",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
            "Safari on Mac",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.14.1", "curl"),
        ("", "Unknown device"),
        ("<script>", "Unknown device"),
    ];
    for (user_agent, device) in table {
        assert_eq!(describe_device(&Words::ENGLISH, user_agent), device, "{user_agent}");
    }
}

#[test]
fn times_and_numbers_read_like_speech() {
    assert_eq!(day_time(&Words::ENGLISH, &NOW), "23 Nov 2026, 22:00 UTC");
    assert_eq!(iso(&NOW), "2026-11-23T22:00:00Z");
    assert_eq!(day_time(&Words::ENGLISH, &i64::MAX), "at an unknown time");
    let table = [
        (-5, "just now"),
        (0, "just now"),
        (59, "just now"),
        (119, "1 minute ago"),
        (120, "2 minutes ago"),
        (7_200, "2 hours ago"),
        (86_400, "22 Nov 2026, 22:00 UTC"),
    ];
    for (seconds, words) in table {
        assert_eq!(ago(&Words::ENGLISH, &NOW, &(NOW - seconds)), words);
    }
    assert_eq!(duration(&Words::ENGLISH, &1), "1 second");
    assert_eq!(duration(&Words::ENGLISH, &840), "14 minutes");
    assert_eq!(duration(&Words::ENGLISH, &5_401), "2 hours");
    for (number, words) in
        [(0, "0"), (999, "999"), (1_000, "1,000"), (48_211, "48,211"), (1_234_567, "1,234,567")]
    {
        assert_eq!(grouped(&number), words);
    }
}

#[test]
fn times_follow_the_plural_forms_of_each_language() {
    let spoken = |language| {
        let words = Words::of(language);
        [ago(&words, &NOW, &(NOW - 60)), ago(&words, &NOW, &(NOW - 7_200)), day_time(&words, &NOW)]
    };
    let table = [
        (Language::German, ["vor 1 Minute", "vor 2 Stunden", "23. Nov. 2026, 22:00 UTC"]),
        (Language::French, ["il y a 1 minute", "il y a 2 heures", "23 nov. 2026 à 22:00 UTC"]),
        (Language::Spanish, ["hace 1 minuto", "hace 2 horas", "23 nov 2026, 22:00 UTC"]),
        (Language::Portuguese, ["há 1 minuto", "há 2 horas", "23 de nov. de 2026, 22:00 UTC"]),
        (Language::Japanese, ["1 分前", "2 時間前", "2026年11月23日 22:00 UTC"]),
        (Language::Chinese, ["1 分钟前", "2 小时前", "2026年11月23日 22:00 UTC"]),
        (
            Language::Arabic,
            ["قبل دقيقة واحدة", "قبل ساعتين", "23 نوفمبر 2026، \u{2068}22:00\u{2069} بتوقيت UTC"],
        ),
    ];
    for (language, expected) in table {
        assert_eq!(spoken(language), expected, "{language:?}");
    }
    let arabic = [
        (1, "دقيقة واحدة"),
        (2, "دقيقتين"),
        (3, "3 دقائق"),
        (10, "10 دقائق"),
        (11, "11 دقيقة"),
        (59, "59 دقيقة"),
    ];
    for (minutes, words) in arabic {
        assert_eq!(ago(&Words::of(Language::Arabic), &NOW, &(NOW - minutes * 60)), format!("قبل {words}"));
    }
    for month in 1..=12 {
        let at = i64::from(month) * 30 * 86_400 - 10 * 86_400;
        for language in Language::ALL {
            assert!(day_time(&Words::of(language), &at).contains("1970"), "{language:?} {month}");
        }
    }
}

#[test]
fn every_page_says_where_it_is_found_in_another_language() {
    let words = Words::ENGLISH;
    let login = |flow| Login {
        passkey: None,
        signals: None,
        upstreams: Vec::new(),
        offer: None,
        upstream_problem: None,
        words: words.clone(),
        flow,
        csrf: String::new(),
        app: None,
        signed_in_as: None,
        username: String::new(),
        remember: false,
        email_code: false,
        recover: None,
        sign_up: None,
        problem: None,
    };
    assert_eq!(login("a.b&c".to_owned()).here().as_deref(), Some("/login?flow=a.b%26c"));
    let text = |text: &str| text.to_owned();
    let logout = LogoutConfirm {
        words: words.clone(),
        csrf: String::new(),
        account: None,
        app: None,
        fields: vec![
            (text("state"), text("a b")),
            (text("ui_locales"), text("de")),
            (text("client_id"), text("x")),
        ],
    };
    assert_eq!(
        logout.here().as_deref(),
        Some("/logout?state=a+b&client_id=x"),
        "another language than the asked one"
    );
    let out = SignedOut { words: words.clone(), return_to: None, client_id: Some(text("x")) };
    assert_eq!(out.here().as_deref(), Some("/logout?client_id=x"));
    assert_eq!(SetupDone { words: words.clone(), username: text("a") }.here(), None);
}

fn spans() -> Vec<SpanLink> {
    vec![
        SpanLink { name: "hour", label: "Hour", current: true },
        SpanLink { name: "day", label: "Day", current: false },
    ]
}

const fn axis() -> Axis {
    Axis { begin: NOW - 240, step: 60, parts: 4, in_row: 2 }
}

fn values(name: &str, value: f64) -> Values {
    Values {
        name: name.to_owned(),
        values: vec![Some(value), Some(0.0), None, Some(value / 2.0)],
        bad: name == "refused",
    }
}
