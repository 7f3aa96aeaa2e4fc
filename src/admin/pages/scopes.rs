//! `/admin/scopes`

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::{changed_meanwhile, done, mistakes, shell, shown};
use crate::admin::{Refusal, preview, scopes};
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::{FormFields, OwnForm, PathPart, QueryFields};
use crate::http::request_info::RequestInfo;
use crate::http::session::{AdminSession, SignedIn};
use crate::pages::{
    AdminScopeForm, AdminScopes, MappingFields, Notice, ScopeFields, ScopePreview, ScopeRow, SourceGroup,
    blank_mapping,
};
use crate::protocol::registration::FieldProblem;
use crate::protocol::scope_definition::{
    MOST_CLAIMS, MappingInput, Place, ScopeDefinition, ScopeInput, attributes,
};

const LIST: &str = "/admin/scopes";
/// Empty rows below the claims that there are.
const SPARE: usize = 3;

/// All that are defined.
pub async fn list(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let rows = scopes::list(&app).await?.into_iter().map(|scope| ScopeRow {
        name: scope.name,
        title: scope.title,
        claims: scope.claims.into_iter().map(|mapping| mapping.claim).collect(),
        published: scope.published,
    });
    let page = AdminScopes {
        shell: shell(&app, &me),
        rows: rows.collect(),
        notice: query.get("done").and_then(Notice::parse),
    };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// An empty form.
pub async fn new(State(app): State<App>, AdminSession(me): AdminSession) -> Response {
    let fields = ScopeFields { published: true, ..ScopeFields::default() };
    let page = form(&app, &me, fields, spare(Vec::new()));
    shown(&app, &me, StatusCode::OK, &AdminScopeForm { new: true, ..page })
}

/// Defines a scope.
pub async fn create(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let created = match input_of(&sent) {
        Ok(input) => scopes::create(&app, &me.origin(&info), &input).await,
        Err(problems) => Err(Refusal::Invalid(problems)),
    };
    match created {
        Ok(scope) => Ok(done(&path_of(&scope.name), Notice::ScopeCreated)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            let page = form(&app, &me, fields_of(&sent), spare(rows_of(&sent)));
            Ok(shown(&app, &me, status, &AdminScopeForm { new: true, problems, ..page }))
        }
    }
}

/// One scope, and what somebody would get by it.
pub async fn show(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(name): PathPart,
    QueryFields(query): QueryFields,
) -> Result<Response, PageError> {
    let scope = scopes::find(&app, &name).await?;
    let page = page(&app, &me, &scope).await?;
    let page = AdminScopeForm { notice: query.get("done").and_then(Notice::parse), ..page };
    let Some(user) = query.get("user") else { return Ok(shown(&app, &me, StatusCode::OK, &page)) };
    let page = AdminScopeForm { user: user.chars().take(254).collect(), ..page };
    match preview::of_scope(&app, &me.origin(&info), &scope, user).await {
        Ok(seen) => {
            let rows =
                seen.claims.into_iter().map(|row| (row.claim, readable(&row.value), row.from, row.into));
            let preview = Some(ScopePreview { username: seen.username, rows: rows.collect() });
            Ok(shown(&app, &me, StatusCode::OK, &AdminScopeForm { preview, ..page }))
        }
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            Ok(shown(&app, &me, status, &AdminScopeForm { problems, ..page }))
        }
    }
}

/// Changes a scope.
pub async fn update(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(name): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let before = scopes::find(&app, &name).await?;
    let changed = match input_of(&sent) {
        _ if changed_meanwhile(&sent, before.updated_at) => Err(Refusal::Changed("scope")),
        Ok(input) => {
            let input = ScopeInput { name: Some(before.name.clone()), ..input };
            scopes::change(&app, &me.origin(&info), &before, &input).await
        }
        Err(problems) => Err(Refusal::Invalid(problems)),
    };
    match changed {
        Ok(scope) => Ok(done(&path_of(&scope.name), Notice::ScopeSaved)),
        Err(refusal) => {
            let (status, problems) = mistakes(refusal, input_name)?;
            let page = page(&app, &me, &before).await?;
            // What was typed is shown where it can be mended; where it was overtaken, what is stored.
            let page = if status == StatusCode::PRECONDITION_FAILED {
                page
            } else {
                let ScopeFields { name, version, .. } = page.scope;
                let scope = ScopeFields { name, version, ..fields_of(&sent) };
                AdminScopeForm { scope, rows: spare(rows_of(&sent)), ..page }
            };
            Ok(shown(&app, &me, status, &AdminScopeForm { problems, ..page }))
        }
    }
}

/// Deletes a scope.
pub async fn delete(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    info: RequestInfo,
    PathPart(name): PathPart,
    OwnForm(sent): OwnForm,
) -> Result<Response, PageError> {
    let scope = scopes::find(&app, &name).await?;
    // The warning was about the scope as it was shown.
    if changed_meanwhile(&sent, scope.updated_at) {
        return Err(Refusal::Changed("scope").into());
    }
    scopes::delete(&app, &me.origin(&info), &scope).await?;
    Ok(done(LIST, Notice::ScopeDeleted))
}

fn path_of(name: &str) -> String {
    // As `urlencode_strict` in the templates: a scope's name may be an address.
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    // There is no space in it.
    format!("{LIST}/edit/{name}")
}

/// The form of a scope as it is stored.
async fn page(app: &App, me: &SignedIn, scope: &ScopeDefinition) -> Result<AdminScopeForm, PageError> {
    let (applications, more) = scopes::applications(app, &scope.name).await?;
    let localized: Vec<String> =
        scope.localized.iter().map(|(member, text)| format!("{member}: {text}")).collect();
    let fields = ScopeFields {
        name: scope.name.clone(),
        version: scope.updated_at.0,
        title: scope.title.clone(),
        description: scope.description.clone(),
        published: scope.published,
        localized: localized.join("\n"),
    };
    let rows = (0..).zip(&scope.claims).map(|(number, mapping)| {
        let input = MappingInput::from(mapping);
        MappingFields {
            number,
            claim: mapping.claim.clone(),
            source: input.attribute.or(input.from).unwrap_or_default(),
            detail: input.prefix.or(input.value.map(|value| value.to_string())).unwrap_or_default(),
            id_token: mapping.into.contains(&Place::IdToken),
            userinfo: mapping.into.contains(&Place::UserInfo),
            access_token: mapping.into.contains(&Place::AccessToken),
        }
    });
    let rows = spare(rows.collect());
    Ok(AdminScopeForm { applications, more, ..form(app, me, fields, rows) })
}

fn form(app: &App, me: &SignedIn, scope: ScopeFields, rows: Vec<MappingFields>) -> AdminScopeForm {
    AdminScopeForm {
        shell: shell(app, me),
        new: false,
        scope,
        rows,
        sources: sources(),
        problems: Vec::new(),
        applications: Vec::new(),
        more: false,
        user: String::new(),
        preview: None,
        notice: None,
    }
}

/// What the table's selects offer.
#[must_use]
pub fn sources() -> Vec<SourceGroup> {
    let of_account = attributes().map(|name| (name.to_owned(), name.to_owned())).collect();
    vec![
        SourceGroup {
            label: "Others",
            options: vec![
                ("groups".to_owned(), "Groups".to_owned()),
                ("value".to_owned(), "Fixed value".to_owned()),
            ],
        },
        SourceGroup { label: "Attribute of the user", options: of_account },
    ]
}

/// With room for more.
fn spare(mut rows: Vec<MappingFields>) -> Vec<MappingFields> {
    let wanted = (rows.len() + SPARE).min(MOST_CLAIMS);
    for number in rows.len()..wanted {
        rows.push(blank_mapping(number));
    }
    rows
}

/// The rows that say something, by their inputs.
fn rows_of(form: &FormFields) -> Vec<MappingFields> {
    let mut rows: Vec<MappingFields> = Vec::new();
    for number in 0..MOST_CLAIMS {
        let text = |name: &str| form.get(&format!("{name}_{number}")).unwrap_or_default().to_owned();
        let ticked = |name: &str| !text(name).is_empty();
        let row = MappingFields {
            number: rows.len(),
            claim: text("claim"),
            source: text("source"),
            detail: text("detail"),
            id_token: ticked("id_token"),
            userinfo: ticked("userinfo"),
            access_token: ticked("access_token"),
        };
        let says_nothing = row.claim.trim().is_empty()
            && row.detail.trim().is_empty()
            && !(row.id_token || row.userinfo || row.access_token);
        if !says_nothing {
            rows.push(row);
        }
    }
    rows
}

fn fields_of(form: &FormFields) -> ScopeFields {
    let text = |name| form.get(name).unwrap_or_default().to_owned();
    ScopeFields {
        name: text("name"),
        version: 0,
        title: text("title"),
        description: text("description"),
        published: form.get("published").is_some(),
        localized: text("localized"),
    }
}

fn input_of(form: &FormFields) -> Result<ScopeInput, Vec<FieldProblem>> {
    let fields = fields_of(form);
    let mut problems = Vec::new();
    let mut localized = BTreeMap::new();
    for line in fields.localized.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((member, text)) = line.split_once(':') else {
            problems.push(FieldProblem::new("localized", "each line is like title#de: Ihre Notizen"));
            continue;
        };
        if localized.insert(member.trim().to_owned(), text.trim().to_owned()).is_some() {
            problems
                .push(FieldProblem::new("localized", format_args!("{} stands there twice", member.trim())));
        }
    }
    let mut claims = Vec::new();
    for row in rows_of(form) {
        match mapping_of(&row) {
            Ok(mapping) => claims.push(mapping),
            Err(problem) => {
                problems.push(FieldProblem::new("claims", format_args!("({}) {problem}", row.number + 1)));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(ScopeInput {
        name: Some(fields.name),
        title: Some(fields.title),
        description: Some(fields.description),
        published: Some(fields.published),
        localized: Some(localized),
        claims: Some(claims),
    })
}

fn mapping_of(row: &MappingFields) -> Result<MappingInput, String> {
    let into = [
        (row.id_token, Place::IdToken),
        (row.userinfo, Place::UserInfo),
        (row.access_token, Place::AccessToken),
    ];
    let into = into.into_iter().filter(|(ticked, _)| *ticked).map(|(_, place)| place.as_str().to_owned());
    let detail = Some(row.detail.clone()).filter(|detail| !detail.trim().is_empty());
    let base = MappingInput {
        claim: Some(row.claim.clone()),
        into: Some(into.collect()),
        ..MappingInput::default()
    };
    // No attribute has the name of another source.
    Ok(match row.source.as_str() {
        "groups" => MappingInput { from: Some("groups".to_owned()), prefix: detail, ..base },
        "value" => {
            let value = detail.as_deref().map(json_or_text).transpose()?;
            MappingInput { from: Some("value".to_owned()), value, ..base }
        }
        _ if detail.is_some() => return Err("an attribute has neither prefix nor value".to_owned()),
        name => MappingInput { from: Some("attribute".to_owned()), attribute: Some(name.to_owned()), ..base },
    })
}

/// JSON, or a text that does not look like any.
fn json_or_text(text: &str) -> Result<Value, String> {
    let text = text.trim();
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(error) if text.starts_with(['{', '[', '"']) => Err(format!("value: is no JSON: {error}")),
        Err(_) => Ok(Value::String(text.to_owned())),
    }
}

/// A text as it is, anything else as JSON.
fn readable(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The input of the form that a field of the scope comes from, and its label.
fn input_name(field: &'static str) -> (&'static str, &'static str) {
    match field {
        "name" => (field, "Scope"),
        "title" => (field, "Title"),
        "description" => (field, "Description"),
        "localized" => (field, "In other languages"),
        "claims" => (field, "Claims"),
        "user" => (field, "Who"),
        other => ("", other),
    }
}
