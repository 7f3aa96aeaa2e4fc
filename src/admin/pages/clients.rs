//! `/admin/clients`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{changed_meanwhile, done, mistakes, shown};
use crate::account::shell;
use crate::admin::Refusal;
use crate::admin::clients::{self, Issued};
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::{CheckedForm, FormFields, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, SignedIn};
use crate::pages::{AdminClientForm, AdminClients, ClientFields, ClientRow, Notice, Problem};
use crate::protocol::client::{Client, GrantType};
use crate::protocol::registration::ClientInput;

const LIST: &str = "/admin/clients";

/// All clients.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let rows = app.store.clients().await?.into_iter().map(|client| ClientRow {
        id: client.id.to_string(),
        name: client.metadata.client_name,
        auth_method: client.metadata.token_endpoint_auth_method.to_string(),
        created: client.created_at.0,
        disabled: client.disabled,
    });
    let page = AdminClients {
        shell: shell(&app, &me),
        rows: rows.collect(),
        notice: query.get("done").and_then(Notice::parse),
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// An empty form, with the defaults filled in.
pub async fn new(State(app): State<App>, AdminSession(me): AdminSession) -> Response {
    let fields = ClientFields {
        // Made up here and not when the form comes: loading the answer again must not register a second one.
        id: clients::new_id(&app).to_string(),
        auth_method: "client_secret_basic".to_owned(),
        grant_types: vec!["authorization_code".to_owned(), "refresh_token".to_owned()],
        scope: "openid profile email offline_access".to_owned(),
        id_token_alg: "RS256".to_owned(),
        access_token_format: "jwt".to_owned(),
        access_token_alg: "ES256".to_owned(),
        require_pkce: true,
        ..ClientFields::default()
    };
    form(&app, &me, fields).unregistered().show()
}

/// Registers a client, and shows its secret: there is no other page to show it on.
pub async fn create(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    CheckedForm(sent): CheckedForm,
) -> Result<Response, PageError> {
    let input = input_of(&sent, None);
    match clients::create(&app, &me.origin(&info), &input).await {
        Ok(issued) => Ok(saved(&app, &me, issued, Notice::ClientCreated)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            Ok(form(&app, &me, fields_of_input(input)).unregistered().with(status, problems).show())
        }
    }
}

/// One client.
pub async fn show(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    PathPart(id): PathPart,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let client = clients::find(&app, &id).await?;
    let notice = query.get("done").and_then(Notice::parse);
    Ok(form(&app, &me, fields_of(&client)).notice(notice).show())
}

/// Changes a client.
pub async fn update(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    CheckedForm(sent): CheckedForm,
) -> Result<Response, PageError> {
    let before = clients::find(&app, &id).await?;
    if changed_meanwhile(&sent, before.updated_at) {
        let (status, problems) = mistakes(Refusal::Changed("application"), input_name)?;
        return Ok(form(&app, &me, fields_of(&before)).with(status, problems).show());
    }
    let input = input_of(&sent, Some(&before));
    let version = before.updated_at.0;
    match clients::change(&app, &me.origin(&info), before, &input).await {
        Ok(issued) => Ok(saved(&app, &me, issued, Notice::ClientSaved)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            let fields = ClientFields { version, ..fields_of_input(input) };
            Ok(form(&app, &me, fields).with(status, problems).show())
        }
    }
}

/// Makes a new secret, and shows it.
pub async fn rotate_secret(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    CheckedForm(sent): CheckedForm,
) -> Result<Response, PageError> {
    let before = clients::find(&app, &id).await?;
    // The answer shows the secret, so it is no redirect: loading it again must not make another one.
    if changed_meanwhile(&sent, before.updated_at) {
        let (status, problems) = mistakes(Refusal::Changed("application"), input_name)?;
        return Ok(form(&app, &me, fields_of(&before)).with(status, problems).show());
    }
    let issued = clients::rotate_secret(&app, &me.origin(&info), before).await?;
    Ok(saved(&app, &me, issued, Notice::ClientSaved))
}

/// Deletes a client.
pub async fn delete(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: CheckedForm,
) -> Result<Response, PageError> {
    clients::delete(&app, &me.origin(&info), &id).await?;
    Ok(done(LIST, Notice::ClientDeleted))
}

/// Where a change leads: to the client's page, or, with a secret to show, there and then.
fn saved(app: &App, me: &SignedIn, issued: Issued, notice: Notice) -> Response {
    match issued.secret {
        None => done(&format!("{LIST}/{}", issued.client.id), notice),
        Some(secret) => {
            let mut form = form(app, me, fields_of(&issued.client)).notice(Some(notice));
            form.page.secret_shown_once = Some(secret);
            form.show()
        }
    }
}

/// The page with the form, in the making.
struct Form<'a> {
    app: &'a App,
    me: &'a SignedIn,
    status: StatusCode,
    page: AdminClientForm,
}

fn form<'a>(app: &'a App, me: &'a SignedIn, client: ClientFields) -> Form<'a> {
    let page = AdminClientForm {
        shell: shell(app, me),
        new: false,
        client,
        problems: Vec::new(),
        secret_shown_once: None,
        notice: None,
    };
    Form { app, me, status: StatusCode::OK, page }
}

impl Form<'_> {
    fn unregistered(mut self) -> Self {
        self.page.new = true;
        self
    }

    fn notice(mut self, notice: Option<Notice>) -> Self {
        self.page.notice = notice;
        self
    }

    fn with(mut self, status: StatusCode, problems: Vec<Problem>) -> Self {
        self.status = status;
        self.page.problems = problems;
        self
    }

    fn show(self) -> Response {
        shown(self.app, self.me, self.status, &self.page)
    }
}

/// What a form says. What it has no input for stays as it was.
fn input_of(form: &FormFields, before: Option<&Client>) -> ClientInput {
    let text = |name| form.get(name).map(str::to_owned);
    let lines = |name| {
        let text = form.get(name).unwrap_or_default();
        Some(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    };
    let ticked = |name: &str| Some(form.get(name).is_some());
    let grant_types = GrantType::ALL.iter().map(ToString::to_string);
    let kept = before.map(ClientInput::from).unwrap_or_default();
    ClientInput {
        client_id: before.map_or_else(|| text("id"), |client| Some(client.id.to_string())),
        client_name: text("name"),
        redirect_uris: lines("redirect_uris"),
        post_logout_redirect_uris: lines("post_logout_redirect_uris"),
        grant_types: Some(
            grant_types.filter(|grant| form.get(&format!("grant_{grant}")).is_some()).collect(),
        ),
        token_endpoint_auth_method: text("auth_method"),
        scope: Some(text("scope").unwrap_or_default()),
        id_token_signed_response_alg: text("id_token_alg"),
        access_token_format: text("access_token_format"),
        access_token_signed_response_alg: text("access_token_alg"),
        require_pkce: ticked("require_pkce"),
        skip_consent: ticked("skip_consent"),
        introspects_any_token: ticked("introspects_any_token"),
        client_uri: text("client_uri"),
        logo_uri: text("logo_uri"),
        policy_uri: text("policy_uri"),
        tos_uri: text("tos_uri"),
        disabled: ticked("disabled"),
        ..kept
    }
}

/// The form of a client as it is stored.
fn fields_of(client: &Client) -> ClientFields {
    ClientFields { version: client.updated_at.0, ..fields_of_input(ClientInput::from(client)) }
}

/// The form again, as it was sent.
fn fields_of_input(input: ClientInput) -> ClientFields {
    let lines = |lines: Option<Vec<String>>| lines.unwrap_or_default().join("\n");
    ClientFields {
        version: 0,
        id: input.client_id.unwrap_or_default(),
        name: input.client_name.unwrap_or_default(),
        auth_method: input.token_endpoint_auth_method.unwrap_or_default(),
        redirect_uris: lines(input.redirect_uris),
        post_logout_redirect_uris: lines(input.post_logout_redirect_uris),
        grant_types: input.grant_types.unwrap_or_default(),
        scope: input.scope.unwrap_or_default(),
        id_token_alg: input.id_token_signed_response_alg.unwrap_or_default(),
        access_token_format: input.access_token_format.unwrap_or_default(),
        access_token_alg: input.access_token_signed_response_alg.unwrap_or_default(),
        require_pkce: input.require_pkce.unwrap_or_default(),
        skip_consent: input.skip_consent.unwrap_or_default(),
        introspects_any_token: input.introspects_any_token.unwrap_or_default(),
        disabled: input.disabled.unwrap_or_default(),
        client_uri: input.client_uri.unwrap_or_default(),
        logo_uri: input.logo_uri.unwrap_or_default(),
        policy_uri: input.policy_uri.unwrap_or_default(),
        tos_uri: input.tos_uri.unwrap_or_default(),
    }
}

/// The input of the form that a field of the registration comes from, and its label.
fn input_name(field: &'static str) -> (&'static str, &'static str) {
    match field {
        "client_id" => ("id", "Client ID"),
        "client_name" => ("name", "Name"),
        "token_endpoint_auth_method" => ("auth_method", "How it proves who it is"),
        "redirect_uris" => (field, "Redirect URIs"),
        "post_logout_redirect_uris" => (field, "After signing out"),
        "grant_types" => (field, "Grant types"),
        "scope" => (field, "Scopes"),
        "id_token_signed_response_alg" => ("id_token_alg", "ID tokens"),
        "access_token_format" => (field, "Access tokens"),
        "access_token_signed_response_alg" => ("access_token_alg", "JWT access tokens"),
        "require_pkce" => (field, "Require PKCE"),
        "introspects_any_token" => (field, "Looking into tokens"),
        "client_uri" => (field, "Website"),
        "logo_uri" => (field, "Logo"),
        "policy_uri" => (field, "Privacy policy"),
        "tos_uri" => (field, "Terms of service"),
        other => ("", other),
    }
}
