//! `/admin/providers`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use url::Url;

use super::{changed_meanwhile, done, mistakes, shell, shown};
use crate::admin::Refusal;
use crate::admin::providers::{self, Known, ProviderView};
use crate::app::App;
use crate::authn::upstream::{Standing, redirect_uri};
use crate::config::KeptProof;
use crate::http::error::PageError;
use crate::http::extract::{FormFields, OwnForm, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, JustSignedIn, SignedIn};
use crate::pages::{
    AdminProvider, AdminProviderDelete, AdminProviderForm, AdminProviderKinds, AdminProviders, ExaminedRow,
    Notice, Problem, ProviderFields, ProviderKind, ProviderRow,
};
use crate::protocol::provider::{ProviderInput, SecretText};
use crate::protocol::timestamp::Timestamp;

const LIST: &str = "/admin/providers";

/// Every provider.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let views = providers::list(&app).await?;
    let twice: Vec<String> =
        views.iter().filter(|view| view.hidden).filter_map(|view| view.settings.id.clone()).collect();
    let rows = views.iter().map(|view| {
        let row = row(view);
        // Its page is that of the one that can be changed here.
        let hidden = row.hidden || twice.contains(&row.id);
        ProviderRow { hidden, ..row }
    });
    let page = AdminProviders {
        shell: shell(&app, &me),
        rows: rows.collect(),
        notice: query.get("done").and_then(Notice::parse),
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Which one is to be added? As everything that changes who can sign in, for somebody who has just proved who they are.
pub async fn kinds(State(app): State<App>, AdminSession(me): AdminSession, _: JustSignedIn) -> Response {
    shown(&app, &me, StatusCode::OK, &AdminProviderKinds { shell: shell(&app, &me) })
}

/// An empty form.
pub async fn new_kind(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    _: JustSignedIn,
    PathPart(kind): PathPart,
) -> Result<Response, PageError> {
    let kind = ProviderKind::parse(&kind).ok_or(Refusal::NotFound("kind of provider"))?;
    let preset = kind.is_preset();
    let fields = ProviderFields {
        id: if preset { kind.as_str().to_owned() } else { String::new() },
        name: if preset { kind.title().to_owned() } else { String::new() },
        scopes: if kind == ProviderKind::OpenIdConnect { "profile email".to_owned() } else { String::new() },
        client_auth: "basic".to_owned(),
        subject_claim: "id".to_owned(),
        email_claim: "email".to_owned(),
        email_verified_claim: "email_verified".to_owned(),
        name_claim: "name".to_owned(),
        username_claim: "login".to_owned(),
        trust_email: matches!(kind, ProviderKind::Google | ProviderKind::GitHub | ProviderKind::Apple),
        enabled: true,
        ..ProviderFields::default()
    };
    Ok(shown(&app, &me, StatusCode::OK, &new_form(&app, &me, kind, fields, Vec::new())))
}

/// Registers a provider.
pub async fn create_kind(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    _: JustSignedIn,
    info: RequestInfo,
    PathPart(kind): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let kind = ProviderKind::parse(&kind).ok_or(Refusal::NotFound("kind of provider"))?;
    let base = if kind.is_preset() {
        ProviderInput { preset: Some(kind.as_str().to_owned()), ..ProviderInput::default() }
    } else {
        ProviderInput { kind: Some(kind.as_str().to_owned()), ..ProviderInput::default() }
    };
    let input = ProviderInput { id: text(&sent, "id"), ..input_of(&sent, kind, true, base) };
    match providers::create(&app, &me.origin(&info), &input).await {
        Ok(known) => Ok(done(&format!("{LIST}/{}", known.id()), Notice::ProviderCreated)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            let fields = ProviderFields { id: get(&sent, "id"), ..typed(&sent) };
            Ok(shown(&app, &me, status, &new_form(&app, &me, kind, fields, problems)))
        }
    }
}

/// One provider.
pub async fn show(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    PathPart(id): PathPart,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let known = providers::find(&app, &id).await?;
    let notice = query.get("done").and_then(Notice::parse);
    let page = AdminProvider { notice, ..page(&app, &me, &known).await? };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Asks the provider, and shows what it answers.
pub async fn test(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    PathPart(id): PathPart,
    _: OwnForm,
) -> Result<Response, PageError> {
    let known = providers::find(&app, &id).await?;
    let examined = providers::examine(&app, &id).await?.findings.into_iter();
    let rows = examined.map(|one| ExaminedRow { check: one.check, good: one.good, found: one.found });
    let page = AdminProvider { examined: Some(rows.collect()), ..page(&app, &me, &known).await? };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// The form of a provider.
pub async fn edit(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    _: JustSignedIn,
    PathPart(id): PathPart,
) -> Result<Response, PageError> {
    let standing = registered(&app, &id).await?;
    let form = form(&app, &me, &standing, fields_of(&standing), Vec::new());
    Ok(shown(&app, &me, StatusCode::OK, &form))
}

/// Changes a provider.
pub async fn change(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    _: JustSignedIn,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let before = registered(&app, &id).await?;
    let overtaken = changed_meanwhile(&sent, Timestamp(before.row.updated_at));
    let changed = if overtaken {
        Err(Refusal::Changed("provider"))
    } else {
        let input = input_of(&sent, kind_of(&before), false, before.input.clone());
        let forget = sent.get("forget_secret").is_some();
        providers::change(&app, &me.origin(&info), &before, &input, forget).await
    };
    match changed {
        Ok(_) => Ok(done(&format!("{LIST}/{id}"), Notice::ProviderSaved)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            // What was typed is shown where it can be mended; where it was overtaken, what is stored.
            let fields = if status == StatusCode::PRECONDITION_FAILED {
                let now = registered(&app, &id).await?;
                fields_of(&now)
            } else {
                let ProviderFields { id, version, .. } = fields_of(&before);
                ProviderFields { id, version, ..typed(&sent) }
            };
            Ok(shown(&app, &me, status, &form(&app, &me, &before, fields, problems)))
        }
    }
}

/// Asks whether to delete a provider, and says whom that locks out.
pub async fn ask_to_delete(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    _: JustSignedIn,
    PathPart(id): PathPart,
) -> Result<Response, PageError> {
    let standing = registered(&app, &id).await?;
    let links = providers::links(&app, &id).await?;
    let page = AdminProviderDelete {
        shell: shell(&app, &me),
        name: standing.input.name.clone().unwrap_or_else(|| id.clone()),
        id,
        version: standing.row.updated_at,
        accounts: links.accounts,
        only_way: links.only_way,
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// Deletes a provider.
pub async fn delete(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    _: JustSignedIn,
    info: RequestInfo,
    PathPart(id): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let standing = registered(&app, &id).await?;
    if changed_meanwhile(&sent, Timestamp(standing.row.updated_at)) {
        return Err(Refusal::Changed("provider").into());
    }
    providers::delete(&app, &me.origin(&info), &standing).await?;
    Ok(done(LIST, Notice::ProviderDeleted))
}

async fn registered(app: &App, id: &str) -> Result<Arc<Standing>, PageError> {
    Ok(providers::registered(providers::find(app, id).await?)?)
}

fn row(view: &ProviderView) -> ProviderRow {
    let settings = &view.settings;
    let address =
        settings.issuer.as_deref().or(settings.authorization_endpoint.as_deref()).unwrap_or_default();
    let host = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
    let id = settings.id.clone().unwrap_or_default();
    ProviderRow {
        name: settings.name.clone().unwrap_or_else(|| id.clone()),
        id,
        protocol: if settings.kind.as_deref() == Some("oauth2") { "OAuth 2" } else { "OpenID Connect" },
        host: host.unwrap_or_default(),
        of_file: view.source == "file",
        enabled: settings.enabled.unwrap_or(true),
        hidden: view.hidden,
        broken: !view.problems.is_empty(),
    }
}

async fn page(app: &App, me: &SignedIn, known: &Known) -> Result<AdminProvider, PageError> {
    let view = providers::view(app, known);
    let links = providers::links(app, known.id()).await?;
    Ok(AdminProvider {
        shell: shell(app, me),
        row: row(&view),
        facts: facts(&view),
        broken: view.problems.iter().map(ToString::to_string).collect(),
        redirect_uri: view.redirect_uri,
        accounts: links.accounts,
        only_way: links.only_way,
        examined: None,
        notice: None,
    })
}

/// What is said of it, in words.
fn facts(view: &ProviderView) -> Vec<(&'static str, String)> {
    let settings = view.settings.clone();
    let yes = |on: Option<bool>| Some(if on == Some(true) { "yes" } else { "no" }.to_owned());
    let proof = match view.proof {
        "secret" => "a client secret, kept sealed",
        "key" => "a private key, kept sealed, which signs its secrets",
        _ => "nothing: a public client",
    };
    let proof = if view.source == "file" { proof.replace(", kept sealed", "") } else { proof.to_owned() };
    let facts = [
        ("ID", settings.id),
        ("Issuer", settings.issuer),
        ("Authorization endpoint", settings.authorization_endpoint),
        ("Token endpoint", settings.token_endpoint),
        ("User endpoint", settings.userinfo_endpoint),
        ("Addresses endpoint", settings.emails_endpoint),
        ("Client ID", settings.client_id),
        ("Proves itself by", Some(proof)),
        ("Team ID", settings.team_id),
        ("Key ID", settings.key_id),
        ("Scopes", settings.scopes.map(|scopes| scopes.join(" "))),
        ("User’s id", settings.subject_claim),
        ("User name", settings.username_claim),
        ("Signs strangers up", yes(settings.sign_up)),
        ("Addresses believed", yes(settings.trust_email)),
        ("Answers by a form", settings.form_post.filter(|on| *on).map(|_| "yes".to_owned())),
    ];
    let said = |(name, value): (&'static str, Option<String>)| {
        value.filter(|value| !value.is_empty()).map(|value| (name, value))
    };
    facts.into_iter().filter_map(said).collect()
}

fn new_form(
    app: &App,
    me: &SignedIn,
    kind: ProviderKind,
    fields: ProviderFields,
    problems: Vec<Problem>,
) -> AdminProviderForm {
    AdminProviderForm {
        shell: shell(app, me),
        kind,
        new: true,
        redirect_uri: redirect_uri(app, if kind.is_preset() { kind.as_str() } else { "…" }),
        fields,
        has_proof: false,
        asks_to_keep_links: asks_to_keep_links(&problems),
        problems,
    }
}

fn form(
    app: &App,
    me: &SignedIn,
    standing: &Standing,
    fields: ProviderFields,
    problems: Vec<Problem>,
) -> AdminProviderForm {
    AdminProviderForm {
        shell: shell(app, me),
        kind: kind_of(standing),
        new: false,
        redirect_uri: redirect_uri(app, &standing.row.id),
        fields,
        has_proof: standing.proof.is_some(),
        asks_to_keep_links: asks_to_keep_links(&problems),
        problems,
    }
}

fn asks_to_keep_links(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.field == "keep_links")
}

/// The form that a provider can be changed by: what a preset filled in is said by then.
fn kind_of(standing: &Standing) -> ProviderKind {
    let signs = matches!(standing.proof, Some(KeptProof::Key(_))) || standing.input.team_id.is_some();
    match standing.input.kind.as_deref() {
        Some("oauth2") => ProviderKind::OAuth2,
        _ if signs => ProviderKind::Apple,
        _ => ProviderKind::OpenIdConnect,
    }
}

fn get(form: &FormFields, name: &str) -> String {
    form.get(name).unwrap_or_default().trim().to_owned()
}

/// What was typed; nothing where it is empty.
fn text(form: &FormFields, name: &str) -> Option<String> {
    Some(get(form, name)).filter(|text| !text.is_empty())
}

/// What a form says, over what it does not ask for.
fn input_of(form: &FormFields, kind: ProviderKind, new: bool, base: ProviderInput) -> ProviderInput {
    let on = |name: &str| Some(form.get(name).is_some());
    let secret = |name: &str| text(form, name).map(SecretText::from);
    let mut input = ProviderInput {
        name: text(form, "name"),
        client_id: text(form, "client_id"),
        client_secret: secret("client_secret"),
        private_key: secret("private_key"),
        sign_up: on("sign_up"),
        trust_email: on("trust_email"),
        enabled: on("enabled"),
        keep_links: on("keep_links"),
        ..base
    };
    if kind == ProviderKind::Microsoft && new {
        input.tenant = text(form, "tenant");
    }
    if kind == ProviderKind::OpenIdConnect || kind == ProviderKind::Apple && !new {
        input.issuer = text(form, "issuer");
    }
    if kind == ProviderKind::Apple {
        input.team_id = text(form, "team_id");
        input.key_id = text(form, "key_id");
    }
    if kind == ProviderKind::OAuth2 {
        input.authorization_endpoint = text(form, "authorization_endpoint");
        input.token_endpoint = text(form, "token_endpoint");
        input.userinfo_endpoint = text(form, "userinfo_endpoint");
        input.emails_endpoint = text(form, "emails_endpoint");
        input.client_auth = text(form, "client_auth");
        input.subject_claim = text(form, "subject_claim");
        input.email_claim = text(form, "email_claim");
        input.email_verified_claim = text(form, "email_verified_claim");
        input.name_claim = text(form, "name_claim");
        input.username_claim = text(form, "username_claim");
    }
    if !new || !kind.is_preset() {
        input.scopes = Some(get(form, "scopes").split_whitespace().map(str::to_owned).collect());
        input.form_post = on("form_post");
    }
    input
}

/// The same to be typed on. Secrets are not sent back.
fn typed(form: &FormFields) -> ProviderFields {
    let on = |name: &str| form.get(name).is_some();
    ProviderFields {
        id: String::new(),
        version: 0,
        name: get(form, "name"),
        issuer: get(form, "issuer"),
        tenant: get(form, "tenant"),
        client_id: get(form, "client_id"),
        team_id: get(form, "team_id"),
        key_id: get(form, "key_id"),
        scopes: get(form, "scopes"),
        authorization_endpoint: get(form, "authorization_endpoint"),
        token_endpoint: get(form, "token_endpoint"),
        userinfo_endpoint: get(form, "userinfo_endpoint"),
        emails_endpoint: get(form, "emails_endpoint"),
        client_auth: get(form, "client_auth"),
        subject_claim: get(form, "subject_claim"),
        email_claim: get(form, "email_claim"),
        email_verified_claim: get(form, "email_verified_claim"),
        name_claim: get(form, "name_claim"),
        username_claim: get(form, "username_claim"),
        form_post: on("form_post"),
        sign_up: on("sign_up"),
        trust_email: on("trust_email"),
        enabled: on("enabled"),
    }
}

fn fields_of(standing: &Standing) -> ProviderFields {
    let input = standing.input.clone();
    let text = |text: Option<String>| text.unwrap_or_default();
    ProviderFields {
        id: standing.row.id.clone(),
        version: standing.row.updated_at,
        name: text(input.name),
        issuer: text(input.issuer),
        tenant: String::new(),
        client_id: text(input.client_id),
        team_id: text(input.team_id),
        key_id: text(input.key_id),
        scopes: input.scopes.unwrap_or_default().join(" "),
        authorization_endpoint: text(input.authorization_endpoint),
        token_endpoint: text(input.token_endpoint),
        userinfo_endpoint: text(input.userinfo_endpoint),
        emails_endpoint: text(input.emails_endpoint),
        client_auth: text(input.client_auth),
        subject_claim: text(input.subject_claim),
        email_claim: text(input.email_claim),
        email_verified_claim: text(input.email_verified_claim),
        name_claim: text(input.name_claim),
        username_claim: text(input.username_claim),
        form_post: input.form_post.unwrap_or_default(),
        sign_up: input.sign_up.unwrap_or_default(),
        trust_email: input.trust_email.unwrap_or_default(),
        enabled: input.enabled.unwrap_or(true),
    }
}

/// The input of the form that a field comes from, and its label.
fn input_name(field: &'static str) -> (&'static str, &'static str) {
    match field {
        "id" => (field, "ID"),
        "name" => (field, "Name"),
        "issuer" => (field, "Issuer"),
        "tenant" => (field, "Directory (tenant) ID"),
        "client_id" => (field, "Client ID"),
        "client_secret" => (field, "Client secret"),
        "private_key" => (field, "Private key"),
        "team_id" => (field, "Team ID"),
        "key_id" => (field, "Key ID"),
        "scopes" => (field, "Scopes"),
        "authorization_endpoint" => (field, "Authorization endpoint"),
        "token_endpoint" => (field, "Token endpoint"),
        "userinfo_endpoint" => (field, "User endpoint"),
        "emails_endpoint" => (field, "Addresses endpoint"),
        "client_auth" => (field, "The secret goes"),
        "subject_claim" => (field, "What never changes"),
        "username_claim" => (field, "User name"),
        "name_claim" => (field, "Name in its document"),
        "email_claim" => (field, "Address"),
        "email_verified_claim" => (field, "That the address was checked"),
        "keep_links" => (field, "Linked accounts"),
        other => ("", other),
    }
}
