//! `countersign quickstart`: everything made on the spot, and a demo application to try it with.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use super::{DEFAULT_DATA_DIR, Place, output, quickstart_configuration, start};
use crate::admin::clients;
use crate::app::{App, Origin};
use crate::authn::password::Password;
use crate::config::{MailTransport, QUICKSTART_PORT, QUICKSTART_SECRET};
use crate::demo;
use crate::entropy::Entropy;
use crate::mail::{Mailer, Written};
use crate::protocol::client::{AuthMethod, Client, GrantType};
use crate::protocol::registration::ClientInput;
use crate::protocol::secret::sha256_hex;
use crate::protocol::standard_claims::StandardClaims;
use crate::protocol::user::User;
use crate::serve::{self, Patience};
use crate::{files, telemetry};

/// The provider's port unless an option says otherwise.
pub(super) const PORT: u16 = 8080;

/// The demo application's port unless an option says otherwise.
const DEMO_PORT: u16 = 8081;

const DEMO_CLIENT: &str = "acme-notes";
const DEMO_USERNAME: &str = "demo";
const DEMO_PASSWORD: &str = "countersign-demo";

/// How long the link for the first administrator works.
const LINK_WORKS_FOR: Duration = Duration::from_hours(24);

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Port of the provider
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// Port of the demo application
    #[arg(long, default_value_t = DEMO_PORT)]
    demo_port: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: PORT, demo_port: DEMO_PORT }
    }
}

pub(super) async fn run(place: &Place, options: &Options) -> anyhow::Result<()> {
    let data_dir = place.data_dir.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR));
    files::make_folder(&data_dir)?;
    files::secret_or_new(&data_dir.join(QUICKSTART_SECRET), &Entropy::system())?;
    let config = quickstart_configuration(&data_dir, options.port)?;
    telemetry::start(&config.log);

    let mut demo_address = config.listen.address;
    demo_address.set_port(options.demo_port);
    let listener = bind(config.listen.address, "--port")?;
    let demo_listener = bind(demo_address, "--demo-port")?;
    std::fs::write(data_dir.join(QUICKSTART_PORT), options.port.to_string())
        .with_context(|| format!("{} cannot be written", data_dir.join(QUICKSTART_PORT).display()))?;

    let app = start(config).await?;
    let settings = demo::Settings {
        issuer: app.config.issuer.to_string(),
        origin: format!("http://localhost:{}", options.demo_port),
        client_id: DEMO_CLIENT.to_owned(),
        try_with: Some((DEMO_USERNAME.to_owned(), DEMO_PASSWORD.to_owned())),
    };
    add_demo_client(&app, &settings).await?;
    add_demo_user(&app).await?;
    let link = offer_administrator_link(&app).await?;
    let demo = demo::router(settings.clone(), app.entropy.clone())?;
    let signal = serve::stop_signal()?;
    let writes_mail = matches!(app.config.mail.transport, MailTransport::File(_));
    // Who starts it without a terminal reads the same in README.md.
    let _ = writeln!(io::stdout(), "{}", words(&settings, link.as_deref(), &data_dir, writes_mail));

    tokio::spawn(announce_mails(app.mail.clone()));

    let (stop, stopped) = watch::channel(());
    tokio::spawn(async move {
        signal.await;
        drop(stop);
    });
    let until = |mut stopped: watch::Receiver<()>| async move {
        // The sender only ever goes away.
        let _ = stopped.changed().await;
    };
    let patience = Patience::default();
    let (served, demo_served) = tokio::join!(
        serve::run(app, listener, until(stopped.clone())),
        serve::listen(demo, demo_listener, None, &patience, until(stopped)),
    );
    served.and(demo_served)
}

/// Takes a port, or says which option chooses another.
fn bind(address: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    serve::bind(address).map_err(|error| {
        let another = address.port().saturating_add(1000);
        anyhow!("{error}; choose another one, such as {option} {another}")
    })
}

/// What to open, in one block.
fn words(settings: &demo::Settings, link: Option<&str>, data_dir: &Path, writes_mail: bool) -> String {
    let administrator = link.map_or_else(
        || format!("{}/admin", settings.issuer),
        |link| {
            format!(
                "{link}\n                      makes your administrator account; works once, for 24 hours"
            )
        },
    );
    format!(
        "Countersign is running.

  Demo application    {demo}
                      sign in as {DEMO_USERNAME} with the password {DEMO_PASSWORD}
  Administration      {administrator}
{mail}  Issuer              {issuer}
  Data                {data}

Press Ctrl-C to stop. Start it again and everything is still there.",
        demo = settings.origin,
        mail = if writes_mail {
            "  Mail                none is sent: its links and codes are printed here\n"
        } else {
            ""
        },
        issuer = settings.issuer,
        data = data_dir.display(),
    )
}

/// Prints what each mail asks to open or to type, for as long as the server runs.
async fn announce_mails(mailer: Mailer) {
    let mut written = mailer.written();
    loop {
        match written.recv().await {
            // Where nobody reads, the files are there all the same.
            Ok(mail) => drop(writeln!(io::stdout(), "{}", announcement(&mail))),
            Err(RecvError::Lagged(missed)) => {
                drop(writeln!(
                    io::stdout(),
                    "{missed} more mails that would have been sent are in their folder"
                ));
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// One mail, in a few lines.
fn announcement(mail: &Written) -> String {
    let code = mail.code.as_ref().map_or_else(String::new, |code| format!("\n  code     {code}"));
    format!(
        "\nMail that would have been sent to {to}:\n  subject  {subject}{code}\n  link     {link}\n  file     {file}",
        to = mail.to,
        subject = mail.subject,
        link = mail.link.as_str(),
        file = mail.file.display(),
    )
}

/// Registers the demo application, or its new address.
async fn add_demo_client(app: &App, settings: &demo::Settings) -> anyhow::Result<()> {
    let id = settings.client_id.as_str().into();
    let redirect_uris = vec![settings.redirect_uri()];
    let post_logout_redirect_uris = vec![settings.post_logout_redirect_uri()];
    match app.store.client(&id).await? {
        Some(client)
            if client.metadata.redirect_uris == redirect_uris
                && client.metadata.initiate_login_uri.is_some() => {}
        Some(client) => {
            let mut client = Client::clone(&client);
            let read_at = client.updated_at;
            client.metadata.redirect_uris = redirect_uris;
            client.metadata.post_logout_redirect_uris = post_logout_redirect_uris;
            client.metadata.initiate_login_uri = Some(settings.initiate_login_uri());
            client.updated_at = app.clock.now();
            let target = format!("client:{DEMO_CLIENT}");
            let audit = app.audit(&Origin::cli(), "client.update", target, "quickstart");
            app.store.update_client(&client, read_at, &audit).await?;
        }
        None => {
            let wanted = ClientInput {
                client_id: Some(settings.client_id.clone()),
                client_name: Some("Acme Notes".to_owned()),
                redirect_uris: Some(redirect_uris),
                post_logout_redirect_uris: Some(post_logout_redirect_uris),
                grant_types: Some(vec![GrantType::AuthorizationCode.to_string()]),
                token_endpoint_auth_method: Some(AuthMethod::None.to_string()),
                scope: Some("openid profile email".to_owned()),
                client_uri: Some(settings.post_logout_redirect_uri()),
                initiate_login_uri: Some(settings.initiate_login_uri()),
                ..ClientInput::default()
            };
            clients::create(app, &Origin::cli(), &wanted).await.map_err(output::refused)?;
        }
    }
    Ok(())
}

async fn add_demo_user(app: &App) -> anyhow::Result<()> {
    if app.store.user_by_login(DEMO_USERNAME).await?.is_some() {
        return Ok(());
    }
    let now = app.clock.now();
    let user = User {
        id: app.entropy.opaque_id().into(),
        username: DEMO_USERNAME.to_owned(),
        email: Some("demo@example.com".to_owned()),
        email_verified: true,
        name: Some("Demo User".to_owned()),
        claims: StandardClaims::default(),
        password_hash: Some(app.passwords.hash(Password::from(DEMO_PASSWORD.to_owned())).await?),
        is_admin: false,
        new_password_required: false,
        disabled: false,
        created_at: now,
        updated_at: now,
    };
    let audit = app.audit(&Origin::cli(), "user.create", format!("user:{}", user.id), "quickstart");
    Ok(app.store.insert_user(&user, &audit).await?)
}

/// A link for the first administrator, while there is none.
async fn offer_administrator_link(app: &App) -> anyhow::Result<Option<String>> {
    if app.store.has_administrator().await? {
        return Ok(None);
    }
    let token = app.entropy.secret();
    let now = app.clock.now();
    app.store.offer_administrator_link(&sha256_hex(&token), now, now.plus(LINK_WORKS_FOR)).await?;
    Ok(Some(app.config.issuer.at(&format!("/setup?token={token}"))))
}

#[cfg(test)]
mod tests {
    use super::announcement;
    use crate::mail::{Link, Written};
    use crate::protocol::issuer::Issuer;

    #[test]
    fn a_mail_that_would_have_been_sent_is_announced_with_what_it_asks_for() {
        let link = Link::to(&Issuer::parse("http://localhost:8080").unwrap(), "/reset?token=x");
        let mail = Written {
            to: "ada@example.com".to_owned(),
            subject: "Choose a new password for localhost:8080".to_owned(),
            link,
            code: None,
            file: "countersign-data/mail/1.eml".into(),
        };
        assert_eq!(
            announcement(&mail),
            "
Mail that would have been sent to ada@example.com:
  subject  Choose a new password for localhost:8080
  link     http://localhost:8080/reset?token=x
  file     countersign-data/mail/1.eml"
        );
        let code = Some("493027".to_owned());
        assert!(announcement(&Written { code, ..mail }).contains("\n  code     493027\n  link "));
    }
}
