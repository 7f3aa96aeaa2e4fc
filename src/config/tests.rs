//! What is refused, in which words.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{
    Bind, Config, Engine, MailTransport, Problems, RegistrationMode, SignUpMode, Smtp, SmtpSecurity,
    UpstreamProtocol, UpstreamSecret,
};

const SECRET: &str = "kJ2v9Qm4Xr7Lw0Zt5Yb8Nc1Hf6Ds3Ga+PeVuTiRoEqM=";

/// A folder with `countersign.toml` in it.
fn written(text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("countersign.toml"), text).unwrap();
    folder
}

fn environment(variables: &[(&str, &str)]) -> std::vec::IntoIter<(OsString, OsString)> {
    variables.iter().map(|(name, value)| (name.into(), value.into())).collect::<Vec<_>>().into_iter()
}

fn load_in(folder: &TempDir, variables: &[(&str, &str)]) -> Result<Config, Problems> {
    Config::load(Some(&folder.path().join("countersign.toml")), environment(variables))
}

fn load(text: &str) -> Result<Config, Problems> {
    load_in(&written(text), &[])
}

/// A minimal configuration with this besides.
fn besides(text: &str) -> String {
    format!("issuer = \"https://id.example.com\"\nsecret = \"{SECRET}\"\n{text}")
}

fn problems(text: &str) -> Vec<String> {
    load(text).map_or_else(|Problems(problems)| problems, |config| panic!("accepted: {config:?}"))
}

#[test]
fn defaults_need_an_issuer_and_a_secret_only() {
    let config = load(&besides("")).unwrap();
    assert_eq!(config.issuer.as_str(), "https://id.example.com");
    assert_eq!(config.secret.0.len(), 32);
    assert_eq!(config.listen.address.to_string(), "127.0.0.1:8080");
    assert_eq!(config.tokens.code, Duration::from_mins(1));
    assert_eq!(config.sessions.remembered_absolute, Duration::from_hours(90 * 24));
    assert_eq!(config.passwords.memory_kib, 19_456);
    assert_eq!(config.database.engine.to_string(), "SQLite in countersign-data/countersign.db");
    assert!(!config.log.json);
}

#[test]
fn every_setting_can_stand_in_the_file() {
    let config = load(&besides(
        r##"
data_dir = "data"
[database]
url = "postgres://countersign:s3cret@db.example:5433/identity"
max_connections = 3
[listen]
address = "[::]:8443"
trusted_proxies = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]
[sessions]
idle = "1h"
absolute = "8h"
remembered_idle = "7d"
remembered_absolute = "30d"
[tokens]
code = "30s"
access_token = "10m"
id_token = "2m"
refresh_idle = "1d"
refresh_absolute = "2d"
refresh_grace = "0s"
[passwords]
memory_kib = 47104
iterations = 1
parallelism = 2
queue = 10
[throttle]
account_failures = 5
address_failures = 50
window = "30m"
[keys]
rotate_every = "30d"
publish_before = "2h"
[mail]
transport = "smtp"
smtp_url = "smtps://post%40example.org:p%40st%2Fsecret@mail.example.org"
from = "Example <No-Reply@Example.org>"
[log]
format = "json"
filter = "warn,countersign=debug"
[branding]
name = "Example"
accent_light = "#a52a22"
accent_dark = "#FFA39B"
[metrics]
token = "a-scrapers-token"
"##,
    ))
    .unwrap();
    assert_eq!(config.branding.name(), "Example");
    assert!(config.branding.style.is_some() && config.branding.logo().is_none());
    assert_eq!(config.database.engine.to_string(), "PostgreSQL at db.example:5433/identity");
    assert_eq!(config.listen.trusted_proxies.len(), 3);
    assert_eq!(config.tokens.refresh_grace, Duration::ZERO);
    assert_eq!(config.keys.publish_before, Duration::from_hours(2));
    assert_eq!((config.passwords.parallelism, config.passwords.queue), (2, 10));
    assert!(config.log.json);
    let shown = format!("{config:?}");
    for secret in [SECRET, "s3cret", "a-scrapers-token", "p@st/secret", "p%40st"] {
        assert!(!shown.contains(secret), "{secret} is printed");
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let folder = written(&besides("[tokens]\ncode = \"30s\"\n[listen]\naddress = \"127.0.0.1:1\""));
    let config = load_in(
        &folder,
        &[
            ("COUNTERSIGN_ISSUER", "https://other.example"),
            ("COUNTERSIGN_TOKENS_CODE", "20s"),
            ("COUNTERSIGN_LISTEN_TRUSTED_PROXIES", "10.0.0.1, 10.1.0.0/16,"),
            ("COUNTERSIGN_PASSWORDS_QUEUE", "7"),
            ("COUNTERSIGN_LISTEN_ADDRESS", ""),
            ("COUNTERSIGN_CONFIG", "read by the command line"),
            ("PATH", "not ours"),
        ],
    )
    .unwrap();
    assert_eq!(config.issuer.as_str(), "https://other.example");
    assert_eq!(config.tokens.code, Duration::from_secs(20));
    assert_eq!(config.listen.trusted_proxies.len(), 2);
    assert_eq!(config.passwords.queue, 7);
    assert_eq!(config.listen.address.port(), 1, "an empty variable is as good as none");
}

#[test]
fn the_environment_alone_is_enough() {
    let variables = [("COUNTERSIGN_ISSUER", "https://id.example.com"), ("COUNTERSIGN_SECRET", SECRET)];
    assert!(Config::load(None, environment(&variables)).is_ok());
}

#[test]
fn paths_start_from_the_folder_of_the_file() {
    let folder = written(&besides("data_dir = \"data\"\n[database]\nurl = \"sqlite:id.db\""));
    let config = load_in(&folder, &[]).unwrap();
    let Engine::Sqlite(file) = config.database.engine else { panic!("not SQLite") };
    assert_eq!(file, folder.path().join("data/id.db"));
    let config = load_in(&folder, &[("COUNTERSIGN_DATA_DIR", "/var/lib/id")]).unwrap();
    let Engine::Sqlite(file) = config.database.engine else { panic!("not SQLite") };
    assert_eq!(file, Path::new("/var/lib/id/id.db"));
}

#[test]
fn every_problem_is_told_at_once() {
    let found = problems("[tokens]\ncode = \"11m\"\n[keys]\nrotate_every = \"soon\"");
    assert_eq!(
        found,
        [
            "issuer: is missing; write the address that browsers will use, as in issuer = \"https://id.example.com\", \
             at the top of countersign.toml, or set COUNTERSIGN_ISSUER",
            "secret: is missing; write secret_file = \"/path/of/a/file\" at the top of countersign.toml, or set \
             COUNTERSIGN_SECRET; make one with: openssl rand -base64 32",
            "tokens.code = \"11m\": must be from 1s to 10m",
            "keys.rotate_every = \"soon\": must be a whole number and one of s, m, h, d, such as \"90s\", \"10m\", \
             \"12h\" or \"30d\"",
        ]
    );
}

#[test]
fn each_wrong_value_is_refused_in_its_own_words() {
    for (text, expected) in [
        ("[tokens]\ncode = \"0s\"", "tokens.code = \"0s\": must be from 1s to 10m"),
        ("[tokens]\naccess_token = \"2d\"", "tokens.access_token = \"2d\": must be from 1s to 1d"),
        ("[tokens]\nrefresh_grace = \"61s\"", "tokens.refresh_grace = \"61s\": must be from 0s to 1m"),
        (
            "[tokens]\nrefresh_idle = \"200d\"",
            "tokens.refresh_idle = 200d: must not be longer than tokens.refresh_absolute, which is 180d",
        ),
        ("[sessions]\nidle = \"0m\"", "sessions.idle = \"0m\": must be from 1m to 3650d"),
        (
            "[sessions]\nidle = \"13h\"",
            "sessions.idle = 13h: must not be longer than sessions.absolute, which is 12h",
        ),
        (
            "[sessions]\nremembered_idle = \"91d\"",
            "sessions.remembered_idle = 91d: must not be longer than sessions.remembered_absolute, which is 90d",
        ),
        (
            "[keys]\nrotate_every = \"1d\"",
            "keys.publish_before = 1d: must be shorter than keys.rotate_every, which is 1d",
        ),
        ("[throttle]\nwindow = \"25h\"", "throttle.window = \"25h\": must be from 1s to 1d"),
        ("[throttle]\naccount_failures = 0", "throttle.account_failures = 0: must be from 1 to 100000"),
        ("[passwords]\nqueue = 0", "passwords.queue = 0: must be from 1 to 10000"),
        ("[passwords]\nmemory_kib = 7", "passwords.memory_kib = 7: must be from 8 to 4194304"),
        (
            "[passwords]\nmemory_kib = 15\nparallelism = 2",
            "passwords.memory_kib = 15: must be from 16 to 4194304",
        ),
        ("[database]\nmax_connections = 0", "database.max_connections = 0: must be from 1 to 1000"),
        (
            "[database]\nurl = \"mysql://db\"",
            "database.url: must begin with sqlite: or postgres://; write url = \"sqlite:countersign.db\" or url = \
             \"postgres://user:password@host:5432/database\" under [database]",
        ),
        (
            "[database]\nurl = \"sqlite::memory:\"",
            "database.url: names no file; write url = \"sqlite:countersign.db\" under [database]",
        ),
        (
            "[database]\nurl = \"postgres://u:p/w@host/db\"",
            "database.url: is not a URL; write url = \"postgres://user:password@host:5432/database\" under \
             [database], with %-escapes for special characters in the password",
        ),
        (
            // A slash in a password would make the rest of it a database name, which is shown.
            "[database]\nurl = \"postgres://u:1/w@host/db\"",
            "database.url: is not a URL; write url = \"postgres://user:password@host:5432/database\" under \
             [database], with %-escapes for special characters in the password",
        ),
        (
            "[listen]\naddress = \"8080\"",
            "listen.address = \"8080\": must be an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or \
             [::]:8080",
        ),
        (
            "[listen]\ntrusted_proxies = [\"proxy.example\"]",
            "listen.trusted_proxies = \"proxy.example\": must be an address or a network, such as 10.0.0.7 or 10.0.0.0/8",
        ),
        (
            "[listen]\ntrusted_proxies = [\"0.0.0.0/0\"]",
            "listen.trusted_proxies = \"0.0.0.0/0\": would be everybody; name the addresses that are meant",
        ),
        (
            "[listen]\ntls_certificate = \"cert.pem\"",
            "listen.tls_key: is missing beside tls_certificate; write tls_key = \"key.pem\" under [listen]",
        ),
        (
            "[listen]\ntls_key = \"key.pem\"",
            "listen.tls_certificate: is missing beside tls_key; write tls_certificate = \"cert.pem\" under [listen]",
        ),
        (
            "[registration]\nmode = \"on\"",
            "registration.mode = \"on\": must be \"off\", \"token\" or \"open\"",
        ),
        (
            "[registration]\nunused_expiry = \"1s\"",
            "registration.unused_expiry = \"1s\": must be from 1m to 3650d",
        ),
        ("[registration]\nmost_unused = 0", "registration.most_unused = 0: must be from 1 to 1000000"),
        (
            // A file that is there and is no JWK set: the configuration itself.
            "[registration]\nsoftware_statement_keys = \"countersign.toml\"",
            "registration.software_statement_keys: is not a JWK set: {\"keys\": […]}",
        ),
        (
            "[outgoing]\nallowed_networks = [\"::/0\"]",
            "outgoing.allowed_networks = \"::/0\": would be everybody; name the addresses that are meant",
        ),
        (
            "[outgoing]\nallowed_networks = [\"intranet\"]",
            "outgoing.allowed_networks = \"intranet\": must be an address or a network, such as 10.0.0.7 or 10.0.0.0/8",
        ),
        ("[log]\nformat = \"xml\"", "log.format = \"xml\": must be \"text\" or \"json\""),
        (
            "[metrics]\ntoken = \"short\"",
            "metrics.token: must have at least 16 visible ASCII characters; make one with: openssl rand -base64 32",
        ),
    ] {
        assert_eq!(problems(&besides(text)), [expected], "{text}");
    }
}

#[test]
fn what_is_open_to_others_is_closed_unless_it_is_opened() {
    let folder = written(&besides(""));
    let config = load_in(&folder, &[]).unwrap();
    assert_eq!(config.registration.mode, RegistrationMode::Off);
    assert!(
        config.registration.require_pkce && !config.sign_in.email_code && !config.legacy.front_channel_tokens
    );
    assert!(!config.authorization.require_pushed_requests);
    assert_eq!(config.sign_up, SignUpMode::Invitation);
    assert!(config.outgoing.allowed_hosts.is_empty() && config.outgoing.allowed_networks.is_empty());
    let opened = [
        ("COUNTERSIGN_REGISTRATION_MODE", "open"),
        ("COUNTERSIGN_REGISTRATION_REQUIRE_PKCE", "false"),
        ("COUNTERSIGN_SIGN_UP_MODE", "open"),
        ("COUNTERSIGN_SIGN_IN_EMAIL_CODE", "true"),
        ("COUNTERSIGN_LEGACY_FRONT_CHANNEL_TOKENS", "true"),
        ("COUNTERSIGN_AUTHORIZATION_REQUIRE_PUSHED_REQUESTS", "true"),
        ("COUNTERSIGN_OUTGOING_ALLOWED_HOSTS", "Intranet.example., other.example"),
        ("COUNTERSIGN_OUTGOING_ALLOWED_NETWORKS", "10.0.0.0/8,192.0.2.7"),
    ];
    let config = load_in(&folder, &opened).unwrap();
    assert_eq!(config.registration.mode, RegistrationMode::Open);
    assert!(
        !config.registration.require_pkce && config.sign_in.email_code && config.legacy.front_channel_tokens
    );
    assert!(config.authorization.require_pushed_requests);
    assert_eq!(config.sign_up, SignUpMode::Open);
    assert!(config.notes().iter().any(|note| note.contains("no mail is sent")), "{:?}", config.notes());
    assert_eq!(config.outgoing.allowed_hosts, ["intranet.example", "other.example"]);
    assert_eq!(config.outgoing.allowed_networks.len(), 2);
    let found = load_in(&folder, &[("COUNTERSIGN_ACCOUNTS_SIGN_UP", "yes")]).unwrap_err();
    assert_eq!(found.0, ["COUNTERSIGN_ACCOUNTS_SIGN_UP = \"yes\": must be true or false"]);
}

#[test]
fn who_may_sign_up_is_said_in_one_place_or_in_the_older_one() {
    let mode = |text: &str| load(&besides(text)).map(|config| config.sign_up).map_err(|problems| problems.0);
    assert_eq!(mode("[accounts]\nsign_up = true"), Ok(SignUpMode::Open));
    assert_eq!(mode("[accounts]\nsign_up = false\n[sign_up]\nmode = \"open\""), Ok(SignUpMode::Open));
    assert_eq!(mode("[sign_up]\nmode = \"closed\""), Ok(SignUpMode::Closed));
    let both = mode("[accounts]\nsign_up = true\n[sign_up]\nmode = \"invitation\"").unwrap_err();
    assert_eq!(
        both,
        ["accounts.sign_up: says that everybody may sign up, and sign_up.mode does not: leave it out"]
    );
    let other = mode("[sign_up]\nmode = \"on\"").unwrap_err();
    assert_eq!(other, ["sign_up.mode = \"on\": must be \"closed\", \"invitation\" or \"open\""]);
}

/// The mail section of a configuration that is fine.
fn mail(text: &str) -> super::Mail {
    load(&besides(&format!("[mail]\n{text}"))).unwrap().mail
}

#[test]
fn mail_is_off_unless_it_is_configured() {
    assert!(matches!(mail("").transport, MailTransport::None));
    assert!(matches!(mail("transport = \"none\"\nsmtp_url = \"smtp://x\"").transport, MailTransport::None));
    let off = [("COUNTERSIGN_MAIL_TRANSPORT", "none")];
    let folder = written(&besides("[mail]\ntransport = \"smtp\"\nsmtp_url = \"smtp://x\"\nfrom = \"a@b.c\""));
    assert!(matches!(load_in(&folder, &off).unwrap().mail.transport, MailTransport::None));

    let quickstart =
        Config::quickstart(Path::new("/data"), 8080, environment(&[("COUNTERSIGN_SECRET", SECRET)]));
    let quickstart = quickstart.unwrap().mail;
    let MailTransport::File(folder) = &quickstart.transport else { panic!("{quickstart:?}") };
    assert_eq!(folder, Path::new("/data/mail"));
    assert_eq!(quickstart.from.address, "no-reply@localhost");
    let elsewhere = written(&besides("[mail]\ntransport = \"file\"\nfolder = \"out\""));
    let MailTransport::File(folder) = load_in(&elsewhere, &[]).unwrap().mail.transport else { panic!() };
    assert_eq!(folder, elsewhere.path().join("out"));
}

#[test]
fn where_mail_goes_and_how_it_is_protected() {
    let from = "from = \"a@b.c\"";
    let (tls, starttls) = (SmtpSecurity::Tls, SmtpSecurity::StartTls);
    for (url, more, host, port, security) in [
        ("smtp://mail.example.org", "", "mail.example.org", 587, starttls),
        ("smtp://mail.example.org/", "", "mail.example.org", 587, starttls),
        ("smtp://mail.example.org:25", "", "mail.example.org", 25, starttls),
        ("smtp://192.0.2.7:25", "", "192.0.2.7", 25, starttls),
        (
            "smtp://mail.example.org",
            "allow_plain = true",
            "mail.example.org",
            587,
            SmtpSecurity::StartTlsIfOffered,
        ),
        ("smtps://mail.example.org", "", "mail.example.org", 465, tls),
        ("smtps://mail.example.org", "allow_plain = true", "mail.example.org", 465, tls),
        ("smtps://localhost:4650", "", "localhost", 4650, tls),
        ("smtp://localhost", "", "localhost", 587, SmtpSecurity::Plain),
        ("smtp://127.0.0.1:1025", "", "127.0.0.1", 1025, SmtpSecurity::Plain),
        ("smtp://[::1]:1025", "", "::1", 1025, SmtpSecurity::Plain),
        ("smtp://localhost.example.org", "", "localhost.example.org", 587, starttls),
    ] {
        let mail = mail(&format!("transport = \"smtp\"\nsmtp_url = \"{url}\"\n{from}\n{more}"));
        let MailTransport::Smtp(smtp) = mail.transport else { panic!("{url}") };
        assert_eq!((smtp.host.as_str(), smtp.port, smtp.security), (host, port, security), "{url} {more}");
        assert!(smtp.credentials.is_none());
    }
    for (text, name, address) in [
        ("Example <no-reply@example.org>", Some("Example"), "no-reply@example.org"),
        ("\\\"Example, Inc.\\\" <no-reply@example.org>", Some("Example, Inc."), "no-reply@example.org"),
        ("<no-reply@example.org>", None, "no-reply@example.org"),
        ("No-Reply@Example.org", None, "no-reply@example.org"),
    ] {
        let found = mail(&format!("from = \"{text}\"")).from;
        assert_eq!((found.name.as_deref(), found.address.as_str()), (name, address), "{text}");
    }
}

#[test]
fn a_mail_servers_password_comes_from_the_url_or_from_a_file_for_its_owner_alone() {
    let section = |url: &str, more: &str| {
        format!("[mail]\ntransport = \"smtp\"\nsmtp_url = \"{url}\"\nfrom = \"a@b.c\"\n{more}")
    };
    let credentials = |config: Config| {
        let MailTransport::Smtp(Smtp { credentials: Some(known), .. }) = config.mail.transport else {
            panic!()
        };
        (known.user, known.password.to_string())
    };
    let in_url = load(&besides(&section("smtp://post%40example.org:p%40st%2F%C3%A9@m.example", ""))).unwrap();
    assert_eq!(credentials(in_url), ("post@example.org".to_owned(), "p@st/é".to_owned()));

    let folder = written(&besides(&section("smtp://post@m.example", "smtp_password_file = \"password\"")));
    let file = folder.path().join("password");
    let refused = || load_in(&folder, &[]).map_or_else(|Problems(found)| found, |_| panic!("accepted"));
    let named = format!("mail.smtp_password_file = {}: ", file.display());
    assert_eq!(refused(), [format!("{named}cannot be read: No such file or directory (os error 2)")]);
    std::fs::write(&file, " p@st \n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(refused(), [format!("{named}others can read it; run: chmod 600 {}", file.display())]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let from_file = load_in(&folder, &[]).unwrap();
    assert_eq!(
        credentials(from_file),
        ("post".to_owned(), " p@st ".to_owned()),
        "as it stands, but for the line's end"
    );
}

#[test]
fn wrong_mail_settings_are_refused_without_a_password() {
    let write = "write smtp_url = \"smtp://user@mail.example.org:587\" (STARTTLS) or \"smtps://user@mail.example.org:465\" \
                 (TLS) under [mail]";
    let rest = format!(
        "must have a host, and nothing after host and port; {write}, with %-escapes for special characters in user name \
         and password"
    );
    let smtp = |url: &str| format!("transport = \"smtp\"\nfrom = \"a@b.c\"\nsmtp_url = \"{url}\"");
    let address = "must be an address, or a name and an address, such as \"Example <no-reply@example.org>\"";
    for (text, expected) in [
        (
            "transport = \"sendmail\"".to_owned(),
            "mail.transport = \"sendmail\": must be \"smtp\", \"file\" or \"none\"".to_owned(),
        ),
        (
            "smtp_url = \"smtp://id:s3cret@m.example\"".to_owned(),
            "mail.transport: is missing beside smtp_url; write transport = \"smtp\" under [mail]".to_owned(),
        ),
        (
            "folder = \"mail\"".to_owned(),
            "mail.transport: is missing beside folder; write transport = \"file\" under [mail]".to_owned(),
        ),
        (
            "transport = \"smtp\"\nfrom = \"a@b.c\"".to_owned(),
            format!("mail.smtp_url: is missing; {write}"),
        ),
        (
            "transport = \"smtp\"\nsmtp_url = \"smtp://m.example\"".to_owned(),
            "mail.from: is missing; write from = \"Example <no-reply@example.org>\" under [mail]".to_owned(),
        ),
        (smtp("m.example:587"), format!("mail.smtp_url: must begin with smtp:// or smtps://; {write}")),
        (smtp("https://id:s3cret@m.example"), format!("mail.smtp_url: must begin with smtp:// or smtps://; {write}")),
        (smtp("smtp://m.example:99999"), format!("mail.smtp_url: {rest}")),
        (smtp("smtp://"), format!("mail.smtp_url: {rest}")),
        (smtp("smtp:m.example"), format!("mail.smtp_url: must begin with smtp:// or smtps://; {write}")),
        (smtp("smtp://id:s3/cret@m.example"), format!("mail.smtp_url: {rest}")),
        (smtp("smtp://m.example/path"), format!("mail.smtp_url: {rest}")),
        (smtp("smtp://m.example?tls=none"), format!("mail.smtp_url: {rest}")),
        (
            smtp("smtp://id@m.example"),
            "mail.smtp_password_file: is missing beside the user name in smtp_url; write smtp_password_file = \
             \"/path/of/a/file\" under [mail]"
                .to_owned(),
        ),
        (
            format!("{}\nsmtp_password_file = \"x\"", smtp("smtp://id:s3cret@m.example")),
            "mail.smtp_password_file: is set beside a password in smtp_url; keep one of the two".to_owned(),
        ),
        (
            smtp("smtp://:s3cret@m.example"),
            format!("mail.smtp_url: has a password without a user name, or an empty one; {write}"),
        ),
        (
            smtp("smtp://id:%FF@m.example"),
            "mail.smtp_url: has a user name or password that is not UTF-8 text".to_owned(),
        ),
        ("from = \"Example\"".to_owned(), format!("mail.from = \"Example\": {address}")),
        ("from = \"a@b.c <d@e.f\"".to_owned(), format!("mail.from = \"a@b.c <d@e.f\": {address}")),
        ("from = \"X <a@b.c> <d@e.f>x\"".to_owned(), format!("mail.from = \"X <a@b.c> <d@e.f>x\": {address}")),
        (
            "from = \"X\\r\\nBcc: v@e.f <a@b.c>\"".to_owned(),
            format!("mail.from = \"X\\r\\nBcc: v@e.f <a@b.c>\": {address}"),
        ),
        ("from = \"\"".to_owned(), format!("mail.from = \"\": {address}")),
    ] {
        let found = problems(&besides(&format!("[mail]\n{text}")));
        assert_eq!(found, [expected], "{text}");
        assert!(!found.concat().contains("s3cret"), "{found:?}");
    }
    let note = load(&besides(
        "[listen]\ntrusted_proxies = [\"10.0.0.1\"]\n[mail]\ntransport = \"smtp\"\nallow_plain = true\n\
         smtp_url = \"smtp://m.example\"\nfrom = \"a@b.c\"",
    ));
    assert_eq!(
        note.unwrap().notes()[1],
        "mail.allow_plain is true: mails with links and codes may go to m.example unencrypted"
    );
}

/// The TOML blocks of a page of the documentation that hold this text, one after the other.
fn documented(page: &str, text: &str) -> String {
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.contains(text)).collect()
}

#[test]
fn the_documented_directory_is_accepted() {
    let example = documented(include_str!("../../docs/sign-in.md"), "[directory]");
    let example = example.replace("/etc/ssl/", "").replace("/etc/countersign/", "");
    let folder = written(&besides(&example));
    let pem = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap().cert.pem();
    for (name, text) in [("example-ca.pem", pem.as_str()), ("directory-password", "a secret word\n")] {
        std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::set_permissions(folder.path().join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let config = load_in(&folder, &[]).unwrap();
    assert!(!format!("{config:?}").contains("a secret word"));
    let directory = config.directory.unwrap();
    assert!(!directory.start_tls && !directory.trust_email);
    let Bind::AsService { password, .. } = directory.bind else { panic!("another bind") };
    assert_eq!(*password, "a secret word");

    let url = [("COUNTERSIGN_DIRECTORY_URL", "ldap://ldap.example.org")];
    assert!(load_in(&folder, &url).unwrap().directory.unwrap().start_tls);
    let plain = [url[0], ("COUNTERSIGN_DIRECTORY_ALLOW_PLAIN", "true")];
    let config = load_in(&folder, &plain).unwrap();
    assert!(config.notes().iter().any(|note| note.contains("directory.allow_plain")));
    assert!(load(&besides("")).unwrap().directory.is_none());
}

#[test]
fn wrong_directory_settings_are_refused() {
    const URL: &str = "url = \"ldaps://ldap.example.org\"\n";
    const BASE: &str = "base = \"dc=example\"\n";
    for (text, expected) in [
        ("base = \"dc=example\"".to_owned(), "directory.url: is missing"),
        (format!("url = \"http://ldap.example.org\"\n{BASE}"), "directory.url = \"http://"),
        (format!("url = \"ldapi:///run/slapd\"\n{BASE}"), "directory.url = "),
        (format!("url = \"ldaps://\"\n{BASE}"), "directory.url = "),
        (format!("url = \"ldaps://a/dc=example\"\n{BASE}"), "directory.url = "),
        (format!("url = \"ldaps://a:b@c\"\n{BASE}"), "directory.url = "),
        (URL.to_owned(), "directory.base: is missing"),
        (format!("{URL}{BASE}filter = \"(uid=ada)\""), "directory.filter: must be a filter"),
        (format!("{URL}{BASE}filter = \"(uid={{login}}\""), "directory.filter: must be a filter"),
        (format!("{URL}{BASE}filter = \"uid={{login}})(x=y\""), "directory.filter: must be a filter"),
        (format!("{URL}{BASE}bind_dn = \"cn=x\""), "directory.bind_password_file: is missing"),
        (
            format!("{URL}{BASE}bind_dn = \"cn=x\"\nbind_password = \"\""),
            "directory.bind_password_file: is missing",
        ),
        (format!("{URL}{BASE}bind_password = \"x\""), "directory.bind_dn: is missing"),
        (
            format!("{URL}{BASE}bind_dn = \"x\"\nbind_password = \"x\"\nbind_password_file = \"x\""),
            "directory.bind_password: is set beside",
        ),
        (format!("{URL}{BASE}bind_dn = \"x\"\nuser_dn = \"x\""), "directory.user_dn: is set beside"),
        (format!("{URL}user_dn = \"uid=ada,dc=example\""), "directory.user_dn: must hold {login}"),
        (format!("{URL}{BASE}id_attribute = \"a)(b\""), "directory.id_attribute = "),
        (format!("{URL}{BASE}timeout = \"1m\""), "directory.timeout = "),
        (format!("{URL}{BASE}ca_file = \"missing.pem\""), "directory.ca_file = "),
        (
            format!("{URL}{BASE}bind_dn = \"x\"\nbind_password_file = \"missing\""),
            "directory.bind_password_file = ",
        ),
    ] {
        let told = problems(&besides(&format!("[directory]\n{text}")));
        assert!(told.iter().any(|problem| problem.starts_with(expected)), "{text}: {told:?}");
    }
}

#[test]
fn applications_behind_a_proxy_have_hosts_of_their_own() {
    let example = documented(include_str!("../../docs/forward-auth.md"), "[[forward_auth]]");
    let config = load(&besides(&example)).unwrap();
    assert!(!config.notes().iter().any(|note| note.contains("forward_auth")));
    let [app, vault] = config.forward_auth.as_slice() else { panic!("not two") };
    assert_eq!((app.host.as_str(), app.basic, app.scope.as_deref()), ("app.example.org", false, None));
    assert_eq!(vault.groups, ["staff", "board"]);
    assert_eq!(vault.level, crate::protocol::assurance::Level::TwoFactors);

    let unasked = load(&besides("[[forward_auth]]\nhost = \"App.Example.org:443\"")).unwrap();
    assert_eq!(unasked.forward_auth[0].host, "app.example.org");
    assert!(unasked.notes().iter().any(|note| note.contains("no proxy may ask")));

    let app = |text: &str| format!("[[forward_auth]]\n{text}\n");
    let good = app("host = \"app.example.org\"");
    for (text, expected) in [
        (app(""), "forward_auth.host = \"\": must be a host name"),
        (app("host = \"https://app.example.org\""), "forward_auth.host = "),
        (app("host = \"*.example.org\""), "forward_auth.host = "),
        (app("host = \"app.example.org/\""), "forward_auth.host = "),
        (app("host = \"ID.example.com\""), "forward_auth.host = id.example.com: is the issuer's own"),
        (
            app("host = \"id.example.com:8443\""),
            "forward_auth.host = id.example.com:8443: is the issuer's own",
        ),
        (format!("{good}{good}"), "forward_auth.host = app.example.org: stands in two"),
        (format!("{good}level = \"high\""), "forward_auth.level = high"),
        (format!("{good}scope = \"a b\""), "forward_auth.scope = "),
        (format!("{good}scope = \"\""), "forward_auth.scope = "),
        (format!("{good}domain = \"example.org\""), ""),
    ] {
        let told = problems(&besides(&text));
        assert!(told.iter().any(|problem| problem.starts_with(expected)), "{text}: {told:?}");
    }
}

#[test]
fn a_branding_that_would_break_a_page_is_refused() {
    for (text, expected) in [
        (
            "[branding]\naccent_light = \"red;}\"",
            "branding.accent_light = \"red;}\": must be a colour as in \"#0d6b60\"",
        ),
        (
            "[branding]\naccent_dark = \"#0d6b60\"",
            "branding.accent_dark = \"#0d6b60\": cannot be read on #1f2725: its contrast is 2.4, and must be 4.5 at least; \
             take a lighter one",
        ),
        (
            "[branding]\nname = \"\"",
            "branding.name = \"\": must have 1 to 32 characters, without control or direction characters",
        ),
    ] {
        assert_eq!(problems(&besides(text)), [expected], "{text}");
    }
}

#[test]
fn a_logo_is_read_from_its_file_and_judged() {
    let folder = written(&besides("[branding]\nlogo_file = \"logo.svg\""));
    let logo = folder.path().join("logo.svg");
    std::fs::write(&logo, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    let config = load_in(&folder, &[]).unwrap();
    assert_eq!(config.branding.logo().unwrap().content_type, "image/svg+xml");
    std::fs::write(&logo, "<svg onload=\"alert(1)\"/>").unwrap();
    let Problems(found) = load_in(&folder, &[]).unwrap_err();
    assert_eq!(
        found,
        ["branding.logo_file: holds \"on…=\", and could do more than show itself; save it as a plain SVG"]
    );
}

#[test]
fn files_that_cannot_be_read_are_named() {
    for key in ["registration.software_statement_keys", "outgoing.ca_file", "branding.logo_file"] {
        let (section, name) = key.split_once('.').unwrap();
        let found = problems(&besides(&format!("[{section}]\n{name} = \"missing\""))).join("\n");
        assert!(found.starts_with(&format!("{key} = ")) && found.contains("cannot be read"), "{found}");
    }
}

#[test]
fn a_log_filter_that_nothing_understands_is_refused() {
    let found = problems(&besides("[log]\nfilter = \"countersign=loud\"")).join("\n");
    assert!(found.starts_with("log.filter = \"countersign=loud\": "), "{found}");
    assert!(
        found.ends_with("write a level such as \"info\", or \"info,countersign::http=debug\""),
        "{found}"
    );
}

#[test]
fn an_issuer_is_https_or_loopback() {
    for (issuer, expected) in [
        (
            "http://id.example.com",
            "issuer = \"http://id.example.com\": it must begin with https:// (http:// is accepted for localhost, \
             127.0.0.1 and [::1] only)",
        ),
        (
            "id.example.com",
            "issuer = \"id.example.com\": it is not an absolute URL (relative URL without a base)",
        ),
        (
            "https://id.example.com/tenant",
            "issuer = \"https://id.example.com/tenant\": it must have no path: the cookies and the well-known documents \
             live at the root of the host",
        ),
    ] {
        assert_eq!(problems(&format!("issuer = {issuer:?}\nsecret = \"{SECRET}\"")), [expected]);
    }
}

#[test]
fn a_secret_that_others_could_know_is_refused_and_never_repeated() {
    let make_one = "make one with: openssl rand -base64 32";
    for (secret, what) in [
        ("changeme", "is an example, which everybody knows"),
        ("an-example-secret-of-more-than-32-characters", "is an example, which everybody knows"),
        ("ChangeMe0ChangeMe0ChangeMe0ChangeMe0ChangeMe0", "is an example, which everybody knows"),
        (
            "correct horse battery staple, and then some",
            "must be base64 or hexadecimal text of at least 32 random bytes",
        ),
        ("", "is shorter than 32 bytes"),
        ("kJ2v9Qm4Xr7Lw0Zt5Yb8NQ==", "is shorter than 32 bytes"),
        ("00112233445566778899aabbccddeeff", "is shorter than 32 bytes"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "is not random"),
        ("0000000000000000000000000000000000000000000000000000000000000000", "is not random"),
        ("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "is not random"),
        ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789++", "is not random"),
    ] {
        let found = problems(&format!("issuer = \"https://id.example.com\"\nsecret = {secret:?}"));
        assert_eq!(found, [format!("secret: {what}; {make_one}")], "{secret:?}");
    }
}

#[test]
fn hexadecimal_and_both_base64_alphabets_are_secrets() {
    let bytes: Vec<u8> = (0..32_u8).map(|i| i.wrapping_mul(151) ^ 0xfb).collect();
    for text in [
        crate::protocol::secret::hex(&bytes),
        crate::protocol::secret::hex(&bytes).to_uppercase(),
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes),
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &bytes),
    ] {
        let config = load(&format!("issuer = \"https://id.example.com\"\nsecret = \"{text}\"")).unwrap();
        assert_eq!(*config.secret.0, bytes, "{text}");
    }
}

#[test]
fn a_secret_file_is_for_its_owner_alone() {
    let folder = written("issuer = \"https://id.example.com\"\nsecret_file = \"secret\"");
    let file = folder.path().join("secret");
    let Err(Problems(missing)) = load_in(&folder, &[]) else { panic!("accepted a missing file") };
    assert_eq!(
        missing,
        [format!("secret_file = {}: cannot be read: No such file or directory (os error 2)", file.display())]
    );

    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    for mode in [0o640, 0o604, 0o660] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let Err(Problems(open)) = load_in(&folder, &[]) else { panic!("accepted {mode:o}") };
        let path = file.display();
        assert_eq!(open, [format!("secret_file = {path}: others can read it; run: chmod 600 {path}")]);
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(load_in(&folder, &[]).unwrap().secret.0.len(), 32);

    let both = load_in(&folder, &[("COUNTERSIGN_SECRET", SECRET)]);
    assert!(both.is_ok(), "the environment's secret replaces the file's secret_file");
    let Err(Problems(both)) =
        load_in(&folder, &[("COUNTERSIGN_SECRET", SECRET), ("COUNTERSIGN_SECRET_FILE", "/x")])
    else {
        panic!("accepted two secrets");
    };
    assert_eq!(both, ["COUNTERSIGN_SECRET: is set beside secret_file; keep one of the two"]);
}

#[test]
fn unknown_keys_are_refused_with_line_and_column() {
    for (text, line, word) in [
        ("isuer = \"x\"", "line 3, column 1", "unknown field `isuer`"),
        ("[tokens]\ncodes = \"1m\"", "line 4, column 1", "unknown field `codes`"),
        ("[token]\ncode = \"1m\"", "line 3, column 2", "unknown field `token`"),
        ("[tokens]\ncode = 60", "line 4, column 8", "invalid type: integer `60`, expected a string"),
        ("[passwords]\nqueue = \"64\"", "line 4, column 9", "invalid type: string \"64\", expected u32"),
        ("[passwords]\nqueue = -1", "line 4, column 9", "invalid value: integer `-1`, expected u32"),
        ("[tokens\n", "line 3, column 8", "unclosed table"),
    ] {
        let found = problems(&besides(text)).join("\n");
        assert!(found.contains(line) && found.contains(word), "{text}: {found}");
    }
}

#[test]
fn wrong_variables_are_refused() {
    let folder = written(&besides(""));
    let Err(Problems(found)) = load_in(
        &folder,
        &[
            ("COUNTERSIGN_ISUER", "x"),
            ("COUNTERSIGN_PASSWORDS_QUEUE", "many"),
            ("COUNTERSIGN_TOKENS_CODE", "1h"),
        ],
    ) else {
        panic!("accepted");
    };
    assert_eq!(found[0], "COUNTERSIGN_ISUER: there is no such setting");
    assert_eq!(found[1], "COUNTERSIGN_PASSWORDS_QUEUE = \"many\": must be a whole number");
    assert!(found[2].starts_with("the variables are: COUNTERSIGN_ISSUER COUNTERSIGN_SECRET "));

    let Err(Problems(found)) = load_in(&folder, &[("COUNTERSIGN_TOKENS_CODE", "1h")]) else {
        panic!("accepted")
    };
    assert_eq!(found, ["COUNTERSIGN_TOKENS_CODE = \"1h\": must be from 1s to 10m"]);

    let bytes = OsString::from_vec(vec![0xff]);
    let Err(Problems(found)) = Config::load(
        Some(&folder.path().join("countersign.toml")),
        std::iter::once(("COUNTERSIGN_ISSUER".into(), bytes)),
    ) else {
        panic!("accepted");
    };
    assert_eq!(found, ["COUNTERSIGN_ISSUER: is not UTF-8 text"]);
}

#[test]
fn a_missing_file_is_named() {
    let Err(Problems(found)) = Config::load(Some(Path::new("/nowhere/countersign.toml")), environment(&[]))
    else {
        panic!("accepted");
    };
    assert_eq!(found, ["/nowhere/countersign.toml cannot be read: No such file or directory (os error 2)"]);
}

#[test]
fn certificate_and_key_are_tried_out() {
    let make = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (ours, theirs) = (make(), make());
    let folder = written(&besides("[listen]\ntls_certificate = \"cert.pem\"\ntls_key = \"key.pem\""));
    let file = |name: &str| folder.path().join(name);
    let at = |key: &str, name: &str| format!("listen.{key} = {}: ", file(name).display());
    let refused = || load_in(&folder, &[]).map_or_else(|Problems(found)| found, |_| panic!("accepted"));

    assert_eq!(
        refused(),
        [format!(
            "{}cannot be read: No such file or directory (os error 2)",
            at("tls_certificate", "cert.pem")
        )]
    );
    std::fs::write(file("cert.pem"), "no certificate").unwrap();
    std::fs::write(file("key.pem"), "no key").unwrap();
    assert_eq!(
        refused(),
        [format!("{}holds no certificate (-----BEGIN CERTIFICATE-----)", at("tls_certificate", "cert.pem"))]
    );
    std::fs::write(file("cert.pem"), ours.cert.pem()).unwrap();
    assert_eq!(
        refused(),
        [format!(
            "{}holds no private key (-----BEGIN PRIVATE KEY-----) without passphrase",
            at("tls_key", "key.pem")
        )]
    );
    std::fs::write(file("key.pem"), theirs.signing_key.serialize_pem()).unwrap();
    assert_eq!(
        refused(),
        [format!("{}does not belong to the certificate in listen.tls_certificate", at("tls_key", "key.pem"))]
    );
    std::fs::write(file("key.pem"), ours.signing_key.serialize_pem()).unwrap();
    assert!(load_in(&folder, &[]).is_ok());
    assert_eq!(
        load_in(&folder, &[("COUNTERSIGN_ISSUER", "http://localhost:8080")])
            .map_or_else(|Problems(found)| found, |_| panic!("accepted")),
        ["COUNTERSIGN_ISSUER: begins with http:// although listen.tls_certificate is set; write https://"]
    );
}

#[test]
fn a_proxy_in_front_is_allowed_and_noted() {
    let config = load(&besides("[passwords]\nmemory_kib = 8192")).unwrap();
    assert_eq!(
        config.notes(),
        [
            "the issuer is https and this server speaks plain HTTP: put a TLS proxy in front of it and name the proxy in \
             listen.trusted_proxies, or set listen.tls_certificate and listen.tls_key",
            "passwords.memory_kib is below 19456, the recommended strength",
        ]
    );
    let behind_proxy = load(&besides("[listen]\ntrusted_proxies = [\"10.0.0.1\"]")).unwrap();
    assert_eq!(
        behind_proxy.notes(),
        ["the issuer is https and this server speaks plain HTTP: its proxy must speak TLS"]
    );
    let open = load(&format!(
        "issuer = \"http://localhost:8080\"\nsecret = \"{SECRET}\"\n[listen]\naddress = \"0.0.0.0:8080\""
    ));
    assert_eq!(
        open.unwrap().notes(),
        ["the issuer is on loopback, but 0.0.0.0:8080 is open to other machines"]
    );
}

#[test]
fn the_readme_and_the_list_of_settings_are_true() {
    let readme = include_str!("../../README.md");
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = written(&example.replace("/etc/countersign/secret", "secret"));
    let pair = rcgen::generate_simple_self_signed(["id.example.com".to_owned()]).unwrap();
    for (name, text) in
        [("secret", SECRET), ("cert.pem", &pair.cert.pem()), ("key.pem", &pair.signing_key.serialize_pem())]
    {
        std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::set_permissions(folder.path().join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let config = load_in(&folder, &[]).unwrap();
    assert_eq!(config.notes(), Vec::<String>::new(), "an example has nothing to be noted");

    let list = include_str!("../../docs/configuration.md");
    for (key, _) in super::raw::SETTINGS {
        let (section, name) = key.split_once('.').unwrap_or(("", key));
        let listed = list
            .split("| **`[")
            .find(|part| if section.is_empty() { part.starts_with('#') } else { part.starts_with(section) });
        assert!(listed.is_some_and(|part| part.contains(&format!("`{name}`"))), "{key} is not listed");
    }
}

const GUID: &str = "11111111-2222-3333-4444-555555555555";

#[test]
fn presets_know_their_provider_and_everything_else_is_written_out() {
    let config = load(&besides(&format!(
        r#"
[[upstream]]
preset = "google"
client_id = "g"
client_secret = "s"
[[upstream]]
preset = "microsoft"
tenant = "{GUID}"
client_id = "m"
[[upstream]]
preset = "github"
id = "hub"
name = "Our GitHub"
client_id = "h"
sign_up = true
trust_email = false
[[upstream]]
id = "acme"
name = "Acme"
kind = "openid-connect"
issuer = "https://login.acme.example/tenant/"
client_id = "a"
"#
    )))
    .unwrap();
    let told: Vec<_> = config
        .upstreams
        .iter()
        .map(|upstream| {
            let policy = upstream.policy;
            let scopes = upstream.scopes.join(" ");
            (&*upstream.id, &*upstream.name, upstream.origin(), scopes, policy.sign_up, policy.trust_email)
        })
        .collect();
    let expect = |id, name, origin: &str, scopes: &str, sign_up, trust| {
        (id, name, origin.to_owned(), scopes.to_owned(), sign_up, trust)
    };
    assert_eq!(
        told,
        [
            expect("google", "Google", "https://accounts.google.com", "profile email", false, true),
            expect(
                "microsoft",
                "Microsoft",
                "https://login.microsoftonline.com",
                "profile email",
                false,
                false
            ),
            expect("hub", "Our GitHub", "https://github.com", "read:user user:email", true, false),
            expect("acme", "Acme", "https://login.acme.example", "profile email", false, false),
        ]
    );
    assert!(matches!(
        &config.upstreams[1].protocol,
        UpstreamProtocol::OpenIdConnect { issuer } if issuer.ends_with(&format!("/{GUID}/v2.0"))
    ));
    assert!(!format!("{config:?}").contains("\"s\""), "secrets are never printed");
}

#[test]
fn every_wrong_upstream_is_refused_by_its_key() {
    let google = "preset = \"google\"\nclient_id = \"g\"\n";
    let oidc = "id = \"a\"\nname = \"A\"\nkind = \"openid-connect\"\nclient_id = \"c\"\n";
    let oauth2 = "id = \"a\"\nname = \"A\"\nkind = \"oauth2\"\nclient_id = \"c\"\n\
                  authorization_endpoint = \"https://a.example/\"\ntoken_endpoint = \"https://a.example/t\"\n";
    for (key, text) in [
        ("upstream.id:", "name = \"A\"".to_owned()),
        ("upstream.id =", format!("{google}id = \"Google\"")),
        ("upstream.id =", format!("{google}id = \"a|b\"")),
        ("upstream.id =", format!("{google}[[upstream]]\n{google}")),
        ("upstream.google.preset =", "id = \"google\"\npreset = \"orange\"".to_owned()),
        ("upstream.apple.key_file:", "preset = \"apple\"\nclient_id = \"a\"".to_owned()),
        ("upstream.google.client_id:", "preset = \"google\"".to_owned()),
        ("upstream.google.client_secret:", format!("{google}client_secret = \"\"")),
        (
            "upstream.google.client_secret:",
            format!("{google}client_secret = \"s\"\nclient_secret_file = \"f\""),
        ),
        ("upstream.google.client_secret_file =", format!("{google}client_secret_file = \"nothing\"")),
        ("upstream.google.scopes:", format!("{google}scopes = [\"a b\"]")),
        ("upstream.google.tenant:", format!("{google}tenant = \"{GUID}\"")),
        ("upstream.microsoft.tenant =", "preset = \"microsoft\"\nclient_id = \"m\"".to_owned()),
        (
            "upstream.microsoft.tenant =",
            "preset = \"microsoft\"\nclient_id = \"m\"\ntenant = \"common\"".to_owned(),
        ),
        ("upstream.a.kind:", "id = \"a\"\nname = \"A\"\nclient_id = \"c\"".to_owned()),
        ("upstream.a.kind =", "id = \"a\"\nname = \"A\"\nclient_id = \"c\"\nkind = \"saml\"".to_owned()),
        ("upstream.a.name:", format!("{}issuer = \"https://a.example\"", oidc.replace("\"A\"", "\" \""))),
        ("upstream.a.issuer:", oidc.to_owned()),
        ("upstream.a.issuer =", format!("{oidc}issuer = \"http://a.example\"")),
        ("upstream.a.issuer =", format!("{oidc}issuer = \"http://localhost:1\"")),
        ("upstream.a.issuer =", format!("{oidc}issuer = \"https://a.example/?x\"")),
        ("upstream.a.issuer =", format!("{oidc}issuer = \"https://u:p@a.example\"")),
        ("upstream.a.userinfo_endpoint:", oauth2.to_owned()),
        (
            "upstream.a.client_auth =",
            format!("{oauth2}userinfo_endpoint = \"https://a.example/u\"\nclient_auth = \"jwt\""),
        ),
        (
            "upstream.a.emails_endpoint =",
            format!("{oauth2}userinfo_endpoint = \"https://a.example/u\"\nemails_endpoint = \"ftp://a\""),
        ),
    ] {
        let problems = problems(&besides(&format!("[[upstream]]\n{text}")));
        assert!(problems.iter().any(|problem| problem.starts_with(key)), "{key} {text}: {problems:?}");
    }
    let unknown = problems(&besides(&format!("[[upstream]]\n{google}colour = \"red\"")));
    assert!(unknown[0].contains("colour"), "{unknown:?}");
}

#[test]
fn the_examples_of_upstreams_are_true() {
    let guide = include_str!("../../docs/sign-in.md");
    let mut blocks = guide.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let example = blocks.find(|block| block.contains("[[upstream]]"));
    let folder = written(&besides(example.unwrap()));
    let key = private_key(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING);
    for (name, text) in [("google-secret", "s3cret\n"), ("AuthKey_F6G7H8I9J0.p8", &key)] {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert!(load_in(&folder, &[]).unwrap().upstreams.len() >= 5);
}

#[test]
fn webauthn_5_11_related_origins_are_web_origins_as_browsers_write_them() {
    let with = |origins: &str| {
        load(&besides(&format!("[sign_in]\nrelated_origins = {origins}")))
            .map(|config| config.sign_in.related_origins)
    };
    assert_eq!(with("[]").unwrap(), Vec::<String>::new());
    assert_eq!(
        with(r#"["https://a.example", "https://B.example:8443/"]"#).unwrap(),
        ["https://a.example", "https://b.example:8443"]
    );
    for wrong in [
        "http://a.example",
        "https://192.0.2.1",
        "https://[::1]",
        "a.example",
        "https://user@a.example",
        "https://a.example?x",
        "https://a.example#x",
        "https://*.a.example",
        "ios:bundle-id:x",
        "null",
        "",
    ] {
        assert!(with(&format!("[{wrong:?}]")).is_err(), "{wrong}");
    }
    let said = |origins: &str| problems(&besides(&format!("[sign_in]\nrelated_origins = {origins}")));
    assert_eq!(
        said(r#"["https://a.example/x"]"#),
        [
            "sign_in.related_origins: holds \"https://a.example/x\": must be origins such as https://example.org, \
             without a path"
        ]
    );
    assert_eq!(
        said(r#"["https://a.example", "https://A.example/"]"#),
        ["sign_in.related_origins: names https://a.example twice"]
    );
    let many: Vec<String> = (0..21).map(|number| format!("https://{number}.example")).collect();
    assert!(with(&format!("{many:?}")).is_err());
    assert_eq!(with(&format!("{:?}", &many[..20])).unwrap().len(), 20);
}

/// A new private key, as providers hand it out (PKCS#8 in PEM).
fn private_key(algorithm: &'static aws_lc_rs::signature::EcdsaSigningAlgorithm) -> String {
    use base64::Engine as _;

    let random = aws_lc_rs::rand::SystemRandom::new();
    let der = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

#[test]
fn apples_secret_is_signed_by_a_key_in_a_file() {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING};

    let right = private_key(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let apple = "[[upstream]]\npreset = \"apple\"\nclient_id = \"com.example.id\"\n";
    let ids = "team_id = \"A1B2C3D4E5\"\nkey_id = \"F6G7H8I9J0\"\nkey_file = \"key.p8\"\n";
    let with = |rest: &str, key: &str, mode: u32| {
        let folder = written(&besides(&format!("{apple}{rest}")));
        let file = folder.path().join("key.p8");
        std::fs::write(&file, key).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        load_in(&folder, &[]).map_err(|Problems(problems)| problems.join("; "))
    };
    let config = with(ids, &right, 0o600).unwrap();
    let upstream = config.upstreams.iter().find(|upstream| upstream.id == "apple").unwrap();
    assert_eq!((upstream.name.as_str(), upstream.origin().as_str()), ("Apple", "https://appleid.apple.com"));
    assert!(upstream.form_post && upstream.policy.trust_email && upstream.scopes == ["name", "email"]);
    let Some(UpstreamSecret::Signed(signed)) = &upstream.client_secret else { panic!() };
    assert_eq!((signed.team_id.as_str(), signed.key.kid.as_str()), ("A1B2C3D4E5", "F6G7H8I9J0"));
    assert!(!format!("{config:?}").contains("A1B2C3D4E5"), "secrets are never printed");

    for (rest, key, mode, said) in [
        ("", &*right, 0o600, "upstream.apple.key_file: is missing"),
        ("key_file = \"key.p8\"\n", &right, 0o600, "upstream.apple.key_file: goes with team_id and key_id"),
        (ids, &right, 0o644, "others can read it"),
        (ids, "nonsense", 0o600, "holds no key of P-256"),
        (ids, &private_key(&ECDSA_P384_SHA384_FIXED_SIGNING), 0o600, "holds no key of P-256"),
        (
            &ids.replace("F6G", "F6 G"),
            &right,
            0o600,
            "upstream.apple.key_id = \"F6 G7H8I9J0\": must be letters",
        ),
        (&ids.replace("A1B2C3D4E5", ""), &right, 0o600, "upstream.apple.team_id = \"\": must be letters"),
        (&ids.replace("key.p8", "none.p8"), &right, 0o600, "cannot be read"),
        (&format!("{ids}client_secret = \"s\"\n"), &right, 0o600, "is set beside client_secret"),
    ] {
        let problem = with(rest, key, mode).map(|_| ()).unwrap_err();
        assert!(problem.contains(said), "{rest}: {problem}");
    }
}
