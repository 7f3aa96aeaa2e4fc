//! `/admin/clients`

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::shell;
use super::{changed_meanwhile, done, mistakes, shown};
use crate::admin::Refusal;
use crate::admin::clients::{self, Issued};
use crate::admin::{preview, settings};
use crate::app::App;
use crate::http::error::{PageError, sentence};
use crate::http::extract::{FormFields, OwnForm, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, SignedIn};
use crate::pages::{
    AdminClientForm, AdminClientKinds, AdminClientPreview, AdminClientWizard, AdminClients, ClientFields,
    ClientRow, Connect, Finding, Notice, Problem, ResponseTypeBox, WizardFields,
};
use crate::protocol::client::{Client, GrantType, ResponseType};
use crate::protocol::registration::{ClientInput, FieldProblem, Kind};

const LIST: &str = "/admin/clients";

/// Clients on one page.
const PAGE: u32 = 50;

/// Clients, searched and page by page.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let get = |name| query.get(name).unwrap_or_default();
    let found = clients::list(&app, &me.origin(&info), get("query"), get("after"), PAGE).await?;
    let rows = found.clients.into_iter().map(|client| ClientRow {
        id: client.id.to_string(),
        name: client.metadata.client_name,
        auth_method: client.metadata.token_endpoint_auth_method.to_string(),
        created: client.created_at.0,
        disabled: client.disabled,
        self_registered: client.self_registration.is_some(),
    });
    let page = AdminClients {
        shell: shell(&app, &me),
        query: get("query").to_owned(),
        rows: rows.collect(),
        next: found.next,
        notice: query.get("done").and_then(Notice::parse),
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Which kind?
pub async fn kinds(State(app): State<App>, AdminSession(me): AdminSession) -> Response {
    shown(&app, &me, StatusCode::OK, &AdminClientKinds { shell: shell(&app, &me) })
}

/// The few things that are asked about an application of a kind.
pub async fn new_kind(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    PathPart(kind): PathPart,
) -> Result<Response, PageError> {
    let kind = kind_of(&kind)?;
    let fields = WizardFields {
        // As in the form with everything.
        id: clients::new_id(&app).to_string(),
        scope: kind.defaults().scope.unwrap_or_default(),
        ..WizardFields::default()
    };
    Ok(shown(&app, &me, StatusCode::OK, &wizard(&app, &me, kind, fields)))
}

/// Registers an application of a kind, or only judges its addresses.
pub async fn create_kind(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(kind): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let kind = kind_of(&kind)?;
    let text = |name| sent.get(name).unwrap_or_default().to_owned();
    let fields = WizardFields {
        id: text("id"),
        name: text("name"),
        redirect_uris: text("redirect_uris"),
        scope: text("scope"),
    };
    let uris = lines(&fields.redirect_uris);
    if sent.get("check").is_some() {
        let findings = Some(uris.iter().take(MOST_FINDINGS).map(|uri| finding(kind, uri)).collect());
        let page = AdminClientWizard { findings, ..wizard(&app, &me, kind, fields) };
        return Ok(shown(&app, &me, StatusCode::OK, &page));
    }
    let input = ClientInput {
        client_id: Some(fields.id.clone()).filter(|id| !id.is_empty()),
        client_name: Some(fields.name.clone()),
        redirect_uris: Some(uris),
        // What was not asked for is as the kind has it; what was asked for and is empty means nothing.
        scope: sent.get("scope").map(str::to_owned).or_else(|| (kind == Kind::Machine).then(String::new)),
        ..ClientInput::default()
    };
    match clients::create_kind(&app, &me.origin(&info), kind, input).await {
        Ok(issued) => Ok(saved(&app, &me, issued, Notice::ClientCreated)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, |field| match field {
                "redirect_uris" => (field, "Where people come back to"),
                "scope" => (field, "What it may ask for"),
                "client_name" => ("name", "Name"),
                other => ("", other),
            })?;
            let page = AdminClientWizard { problems, ..wizard(&app, &me, kind, fields) };
            Ok(shown(&app, &me, status, &page))
        }
    }
}

/// Addresses that are judged at a time.
const MOST_FINDINGS: usize = 50;

fn kind_of(text: &str) -> Result<Kind, PageError> {
    text.parse().map_err(|_| PageError::not_found("There is no such kind of application.".to_owned()))
}

fn wizard(app: &App, me: &SignedIn, kind: Kind, fields: WizardFields) -> AdminClientWizard {
    AdminClientWizard { shell: shell(app, me), kind, fields, findings: None, problems: Vec::new() }
}

fn finding(kind: Kind, uri: &str) -> Finding {
    let (good, messages) = match kind.check_redirect_uri(uri) {
        Ok(hints) => (true, hints.iter().map(ToString::to_string).collect()),
        Err(problem) => (false, vec![sentence(&problem.to_string())]),
    };
    Finding { uri: uri.to_owned(), good, messages }
}

/// The lines of a text that say something.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// An empty form for everything, with the defaults filled in.
pub async fn new(State(app): State<App>, AdminSession(me): AdminSession) -> Response {
    let fields = ClientFields {
        // Made up here and not when the form comes: loading the answer again must not register a second one.
        id: clients::new_id(&app).to_string(),
        auth_method: "client_secret_basic".to_owned(),
        grant_types: vec!["authorization_code".to_owned(), "refresh_token".to_owned()],
        response_types: vec!["code".to_owned()],
        subject_type: "public".to_owned(),
        more: "{}".to_owned(),
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
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let (input, unreadable) = input_of(&sent, None);
    let created = match unreadable {
        Some(problem) => Err(Refusal::Invalid(vec![problem])),
        None => clients::create(&app, &me.origin(&info), &input).await,
    };
    match created {
        Ok(issued) => Ok(saved(&app, &me, issued, Notice::ClientCreated)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            Ok(form(&app, &me, fields_again(input, &sent)).unregistered().with(status, problems).show())
        }
    }
}

/// One client.
pub async fn show(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let client = clients::seen(&app, &me.origin(&info), &id).await?;
    let notice = query.get("done").and_then(Notice::parse);
    Ok(form_of(&app, &me, &client).notice(notice).show())
}

/// Changes a client.
pub async fn update(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let before = clients::seen(&app, &me.origin(&info), &id).await?;
    if changed_meanwhile(&sent, before.updated_at) {
        let (status, problems) = mistakes(Refusal::Changed("application"), input_name)?;
        return Ok(form_of(&app, &me, &before).with(status, problems).show());
    }
    let (input, unreadable) = input_of(&sent, Some(&before));
    let changed = match unreadable {
        Some(problem) => Err(Refusal::Invalid(vec![problem])),
        None => clients::change(&app, &me.origin(&info), before.clone(), &input).await,
    };
    match changed {
        Ok(issued) => Ok(saved(&app, &me, issued, Notice::ClientSaved)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            let fields = ClientFields { version: before.updated_at.0, ..fields_again(input, &sent) };
            Ok(form(&app, &me, fields).about(&before).with(status, problems).show())
        }
    }
}

/// Makes a new secret, and shows it.
pub async fn rotate_secret(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let before = clients::seen(&app, &me.origin(&info), &id).await?;
    // The answer shows the secret, so it is no redirect: loading it again must not make another one.
    if changed_meanwhile(&sent, before.updated_at) {
        let (status, problems) = mistakes(Refusal::Changed("application"), input_name)?;
        return Ok(form_of(&app, &me, &before).with(status, problems).show());
    }
    // A form without the choice is one from before there was it.
    let overlap = match sent.get("keep_old").map(str::parse) {
        None => clients::OVERLAP,
        Some(Ok(seconds)) => Duration::from_secs(seconds),
        Some(Err(_)) => return Err(PageError::malformed("keep_old must be a number of seconds")),
    };
    let issued = clients::rotate_secret(&app, &me.origin(&info), before, overlap).await?;
    Ok(saved(&app, &me, issued, Notice::ClientSaved))
}

/// Ends the old secret before its time.
pub async fn end_old_secret(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let before = clients::seen(&app, &me.origin(&info), &id).await?;
    if changed_meanwhile(&sent, before.updated_at) {
        let (status, problems) = mistakes(Refusal::Changed("application"), input_name)?;
        return Ok(form_of(&app, &me, &before).with(status, problems).show());
    }
    clients::end_old_secret(&app, &me.origin(&info), before).await?;
    Ok(done(&format!("{LIST}/{id}"), Notice::OldSecretEnded))
}

/// What somebody would get.
pub async fn preview(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let client = clients::seen(&app, &me.origin(&info), &id).await?;
    let mut page = AdminClientPreview {
        shell: shell(&app, &me),
        client_id: client.id.to_string(),
        client_name: client.metadata.client_name,
        user: query.get("user").unwrap_or_default().to_owned(),
        scope: query.get("scope").unwrap_or_default().to_owned(),
        preview: None,
        problems: Vec::new(),
    };
    if page.user.is_empty() {
        return Ok(shown(&app, &me, StatusCode::OK, &page));
    }
    let mut status = StatusCode::OK;
    match preview::of(&app, &me.origin(&info), &id, &page.user, query.get("scope")).await {
        Ok(preview) => page.preview = Some(preview),
        Err(refusal) => {
            (status, page.problems) = mistakes(refusal, |field| match field {
                "user" => (field, "Who"),
                other => (other, "Scopes"),
            })?;
        }
    }
    Ok(shown(&app, &me, status, &page))
}

/// Deletes a client.
pub async fn delete(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    clients::delete(&app, &me.origin(&info), &id).await?;
    Ok(done(LIST, Notice::ClientDeleted))
}

/// Where a change leads: to the client's page, or, with a secret to show, there and then.
fn saved(app: &App, me: &SignedIn, issued: Issued, notice: Notice) -> Response {
    match issued.secret {
        None => done(&format!("{LIST}/{}", issued.client.id), notice),
        Some(secret) => {
            let mut form = form_of(app, me, &issued.client).notice(Some(notice));
            form.page.connect = Some(connect(app, &issued.client, Some(&secret), true));
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
        self_registered: false,
        has_secret: false,
        old_secret_until: None,
        start: None,
        response_types: response_types(app, &client.response_types),
        client,
        problems: Vec::new(),
        secret_shown_once: None,
        connect: None,
        notice: None,
    };
    Form { app, me, status: StatusCode::OK, page }
}

/// The page of a client as it is stored.
fn form_of<'a>(app: &'a App, me: &'a SignedIn, client: &Client) -> Form<'a> {
    form(app, me, fields_of(client)).about(client)
}

/// The response types that this deployment allows, and those that the client has.
fn response_types(app: &App, chosen: &[String]) -> Vec<ResponseTypeBox> {
    let is_on = |name: &str| chosen.iter().any(|chosen| chosen == name);
    ResponseType::ALL
        .iter()
        .filter(|known| !known.has_token() || app.config.legacy.front_channel_tokens || is_on(known.as_str()))
        .map(|known| ResponseTypeBox {
            input: response_type_input(*known),
            name: known.to_string(),
            on: is_on(known.as_str()),
        })
        .collect()
}

/// The name of a response type's checkbox.
fn response_type_input(response_type: ResponseType) -> String {
    format!("response_{}", response_type.as_str().replace(' ', "-"))
}

impl Form<'_> {
    /// What the page says besides the form.
    fn about(mut self, client: &Client) -> Self {
        self.page.self_registered = client.self_registration.is_some();
        self.page.has_secret = client.needs_secret();
        self.page.old_secret_until = client.old_secret_at(self.app.clock.now()).map(|old| old.until.0);
        self.page.start = client.metadata.start_of_sign_in(&self.app.config.issuer);
        self.page.connect = Some(connect(self.app, client, None, false));
        self
    }

    fn unregistered(mut self) -> Self {
        self.page.new = true;
        self
    }

    fn notice(mut self, notice: Option<Notice>) -> Self {
        if let Some(connect) = self.page.connect.as_mut().filter(|_| notice == Some(Notice::ClientCreated)) {
            connect.open = true;
        }
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

/// What the application must know about this server.
fn connect(app: &App, client: &Client, secret: Option<&str>, open: bool) -> Connect {
    let issuer = &app.config.issuer;
    let hints = clients::hints(Kind::of(&client.metadata), client);
    Connect {
        open,
        issuer: issuer.as_str().to_owned(),
        discovery: issuer.at("/.well-known/openid-configuration"),
        hints: hints.into_iter().map(|(uri, hint)| (uri, hint.to_string())).collect(),
        settings: settings::of(issuer, client, secret, app.config.authorization.require_pushed_requests),
    }
}

/// The fields of a registration that have inputs of their own. All others stand in one text, as JSON.
const WITH_INPUTS: [&str; 32] = [
    "client_id",
    "client_name",
    "redirect_uris",
    "post_logout_redirect_uris",
    "grant_types",
    "response_types",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "jwks_uri",
    "scope",
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "request_object_signing_alg",
    "access_token_format",
    "access_token_signed_response_alg",
    "require_pkce",
    "require_pushed_authorization_requests",
    "dpop_bound_access_tokens",
    "skip_consent",
    "least_acr",
    "introspects_any_token",
    "subject_type",
    "sector_identifier_uri",
    "initiate_login_uri",
    "frontchannel_logout_uri",
    "backchannel_logout_uri",
    "client_uri",
    "logo_uri",
    "accent_color",
    "policy_uri",
    "tos_uri",
    "disabled",
];

/// What a form says, and what is wrong with its JSON. What a form has no input for stays as it was.
fn input_of(form: &FormFields, before: Option<&Client>) -> (ClientInput, Option<FieldProblem>) {
    let text = |name| form.get(name).map(str::to_owned);
    let lines = |name| Some(lines(form.get(name).unwrap_or_default()));
    let ticked = |name: &str| Some(form.get(name).is_some());
    let (others, unreadable) = match form.get("more").map(read_others) {
        Some(Ok(others)) => (others, None),
        Some(Err(problem)) => (ClientInput::default(), Some(problem)),
        None => (before.map(ClientInput::from).unwrap_or_default(), None),
    };
    let response_types: Vec<ResponseType> = ResponseType::ALL
        .iter()
        .copied()
        .filter(|known| form.get(&response_type_input(*known)).is_some())
        .collect();
    // The grant type implicit says nothing that the response types do not say.
    let is_implicit = response_types.iter().any(|response_type| response_type.is_implicit());
    let grant_types = GrantType::ALL.iter().filter(|grant| match grant {
        GrantType::Implicit => is_implicit,
        grant => form.get(&format!("grant_{grant}")).is_some(),
    });
    let input = ClientInput {
        client_id: before.map_or_else(|| text("id"), |client| Some(client.id.to_string())),
        client_name: text("name"),
        redirect_uris: lines("redirect_uris"),
        post_logout_redirect_uris: lines("post_logout_redirect_uris"),
        grant_types: Some(grant_types.map(ToString::to_string).collect()),
        response_types: (!response_types.is_empty())
            .then(|| response_types.iter().map(ToString::to_string).collect()),
        token_endpoint_auth_method: text("auth_method"),
        token_endpoint_auth_signing_alg: text("auth_alg"),
        jwks_uri: text("jwks_uri"),
        scope: Some(text("scope").unwrap_or_default()),
        id_token_signed_response_alg: text("id_token_alg"),
        userinfo_signed_response_alg: text("userinfo_alg"),
        request_object_signing_alg: text("request_object_alg"),
        access_token_format: text("access_token_format"),
        access_token_signed_response_alg: text("access_token_alg"),
        require_pkce: ticked("require_pkce"),
        require_pushed_authorization_requests: ticked("require_pushed_authorization_requests"),
        dpop_bound_access_tokens: ticked("dpop_bound_access_tokens"),
        skip_consent: ticked("skip_consent"),
        least_acr: text("least_acr"),
        introspects_any_token: ticked("introspects_any_token"),
        subject_type: text("subject_type"),
        sector_identifier_uri: text("sector_identifier_uri"),
        initiate_login_uri: text("initiate_login_uri"),
        frontchannel_logout_uri: text("frontchannel_logout_uri"),
        backchannel_logout_uri: text("backchannel_logout_uri"),
        client_uri: text("client_uri"),
        logo_uri: text("logo_uri"),
        accent_color: text("accent_color"),
        policy_uri: text("policy_uri"),
        tos_uri: text("tos_uri"),
        disabled: ticked("disabled"),
        ..others
    };
    (input, unreadable)
}

/// Reads the fields without inputs.
fn read_others(text: &str) -> Result<ClientInput, FieldProblem> {
    let refused = |what: &str| FieldProblem::new("more", what);
    let unreadable = |error: serde_json::Error| {
        // serde lists everything that it would have known.
        let what = error.to_string();
        refused(what.split(", expected one of").next().unwrap_or_default())
    };
    let input: ClientInput = serde_json::from_str(text).map_err(unreadable)?;
    let members: Map<String, Value> = serde_json::from_str(text).map_err(unreadable)?;
    match members.keys().find(|name| WITH_INPUTS.contains(&name.as_str())) {
        Some(name) => Err(refused(&format!("{name} has a field of its own on this page"))),
        None => Ok(input),
    }
}

/// Writes the fields without inputs, without those that say nothing.
fn others_of(input: &ClientInput) -> String {
    let says_nothing = |name: &str, value: &Value| {
        WITH_INPUTS.contains(&name)
            || [json!(null), json!(false), json!([]), json!({})].contains(value)
            || name == "application_type" && value == "web"
    };
    let mut members = serde_json::to_value(input).unwrap_or_default();
    if let Some(members) = members.as_object_mut() {
        members.retain(|name, value| !says_nothing(name, value));
    }
    format!("{members:#}")
}

/// The form again, as it was sent.
fn fields_again(input: ClientInput, form: &FormFields) -> ClientFields {
    let fields = fields_of_input(input);
    ClientFields { more: form.get("more").map_or_else(|| fields.more.clone(), str::to_owned), ..fields }
}

/// The form of a client as it is stored.
fn fields_of(client: &Client) -> ClientFields {
    let response_types = client.metadata.response_types.iter().map(ToString::to_string).collect();
    let version = client.updated_at.0;
    ClientFields { version, response_types, ..fields_of_input(ClientInput::from(client)) }
}

/// The fields of a registration, as text.
fn fields_of_input(input: ClientInput) -> ClientFields {
    let lines = |lines: Option<Vec<String>>| lines.unwrap_or_default().join("\n");
    let more = others_of(&input);
    ClientFields {
        more,
        response_types: input.response_types.unwrap_or_default(),
        auth_alg: input.token_endpoint_auth_signing_alg.unwrap_or_default(),
        jwks_uri: input.jwks_uri.unwrap_or_default(),
        userinfo_alg: input.userinfo_signed_response_alg.unwrap_or_default(),
        request_object_alg: input.request_object_signing_alg.unwrap_or_default(),
        subject_type: input.subject_type.unwrap_or_default(),
        sector_identifier_uri: input.sector_identifier_uri.unwrap_or_default(),
        initiate_login_uri: input.initiate_login_uri.unwrap_or_default(),
        frontchannel_logout_uri: input.frontchannel_logout_uri.unwrap_or_default(),
        backchannel_logout_uri: input.backchannel_logout_uri.unwrap_or_default(),
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
        require_pushed: input.require_pushed_authorization_requests.unwrap_or_default(),
        bound_tokens: input.dpop_bound_access_tokens.unwrap_or_default(),
        skip_consent: input.skip_consent.unwrap_or_default(),
        least_acr: input.least_acr.unwrap_or_default(),
        introspects_any_token: input.introspects_any_token.unwrap_or_default(),
        disabled: input.disabled.unwrap_or_default(),
        client_uri: input.client_uri.unwrap_or_default(),
        logo_uri: input.logo_uri.unwrap_or_default(),
        accent_color: input.accent_color.unwrap_or_default(),
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
        "response_types" => (field, "Response types"),
        "token_endpoint_auth_signing_alg" => ("auth_alg", "Its JWTs are signed with"),
        "jwks_uri" => (field, "Where it publishes its keys"),
        "userinfo_signed_response_alg" => ("userinfo_alg", "UserInfo answers"),
        "request_object_signing_alg" => ("request_object_alg", "Request objects"),
        "subject_type" => (field, "Knows people by"),
        "sector_identifier_uri" => (field, "Its sector"),
        "initiate_login_uri" => (field, "Where a sign-in can begin"),
        "frontchannel_logout_uri" => (field, "Sign-out in the browser"),
        "backchannel_logout_uri" => (field, "Sign-out from server to server"),
        "more" => (field, "More metadata"),
        "scope" => (field, "Scopes"),
        "id_token_signed_response_alg" => ("id_token_alg", "ID tokens"),
        "access_token_format" => (field, "Access tokens"),
        "access_token_signed_response_alg" => ("access_token_alg", "JWT access tokens"),
        "require_pkce" => (field, "Require PKCE"),
        "require_pushed_authorization_requests" => (field, "Require pushed requests"),
        "dpop_bound_access_tokens" => (field, "Require bound tokens"),
        "least_acr" => (field, "How people sign in, at least"),
        "introspects_any_token" => (field, "Looking into tokens"),
        "client_uri" => (field, "Website"),
        "logo_uri" => (field, "Logo"),
        "accent_color" => (field, "Colour"),
        "policy_uri" => (field, "Privacy policy"),
        "tos_uri" => (field, "Terms of service"),
        other => ("more", other),
    }
}
