//! `/admin/reference`: the description of the administration API, to be read by people, a page for each of its parts. It is
//! made of the document that programs get, here and without anybody else's script.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::{shell, shown};
use crate::admin::api;
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::PathPart;
use crate::http::session::AdminSession;
use crate::pages::{
    AdminReference, AdminReferencePart, RefAnswer, RefField, RefOperation, RefSchema, RefTag,
};
use crate::protocol::powers::Permission;
use crate::protocol::scope::{ADMIN, DELEGATED};

/// What a status means here, for each that an operation may answer with.
const PROBLEMS: [(u16, &str, &str); 10] = [
    (400, "Bad Request", "The body, a parameter or a cursor breaks a rule; errors names the fields."),
    (401, "Unauthorized", "No token, or one that is not valid any more; the challenge says so (RFC 6750)."),
    (403, "Forbidden", "It takes more power; missing names the scope. What was refused is in the audit log."),
    (404, "Not Found", "There is no such thing, or it is gone."),
    (405, "Method Not Allowed", "The address does not take this method; Allow names those that it takes."),
    (409, "Conflict", "Something else stands in the way: a name that is in use, the last administrator."),
    (
        412,
        "Precondition Failed",
        "It is not the version that If-Match names, or somebody changed it meanwhile.",
    ),
    (413, "Content Too Large", "The body is too large."),
    (415, "Unsupported Media Type", "The body is not of the media type that the operation takes."),
    (503, "Service Unavailable", "Not now: try again after Retry-After."),
];

/// What there is, each with a link to its page.
pub async fn show(State(app): State<App>, AdminSession(me): AdminSession) -> Response {
    let document = document();
    let mut scopes = vec![
        (ADMIN.to_owned(), "Everything".to_owned()),
        (DELEGATED.to_owned(), "What was delegated to the client".to_owned()),
    ];
    scopes.extend(Permission::all().map(|permission| (permission.to_string(), permission.meaning())));
    let page = AdminReference {
        shell: shell(&app, &me),
        about: text(at(document, "/info/description")),
        token_endpoint: app.config.issuer.at("/token"),
        scopes,
        tags: tags(document),
        problems: PROBLEMS.to_vec(),
    };
    shown(&app, &me, StatusCode::OK, &page)
}

/// One operation, by its id, or one schema, by its name.
pub async fn part(
    State(app): State<App>,
    AdminSession(me): AdminSession,
    PathPart(name): PathPart,
) -> Result<Response, PageError> {
    let document = document();
    let operation = tags(document).into_iter().flat_map(|tag| tag.operations).find(|one| one.id == name);
    let schema = schemas(document).into_iter().find(|one| one.name == name);
    if operation.is_none() && schema.is_none() {
        return Err(PageError::not_found("There is no such operation, and no such schema."));
    }
    let page = AdminReferencePart { shell: shell(&app, &me), name, operation, schema };
    Ok(shown(&app, &me, StatusCode::OK, &page))
}

/// The description, made once.
fn document() -> &'static Value {
    // What this server wrote is JSON.
    static DOCUMENT: LazyLock<Value> =
        LazyLock::new(|| serde_json::to_value(api::description()).unwrap_or_default());
    &DOCUMENT
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What stands at this place of a document (RFC 6901); null where nothing does.
fn at<'a>(document: &'a Value, place: &str) -> &'a Value {
    document.pointer(place).unwrap_or(&Value::Null)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The operations, by what they are about.
fn tags(document: &Value) -> Vec<RefTag> {
    let mut tags: Vec<RefTag> = Vec::new();
    for (path, methods) in members(&document["paths"]) {
        for method in ["get", "post", "put", "patch", "delete"] {
            let operation = &methods[method];
            if !operation.is_object() {
                continue;
            }
            let name = text(at(operation, "/tags/0"));
            let operation = of_operation(path, method, operation);
            match tags.iter_mut().find(|tag| tag.name == name) {
                Some(tag) => tag.operations.push(operation),
                None => tags.push(RefTag { name, operations: vec![operation] }),
            }
        }
    }
    tags.sort_by(|one, other| one.name.cmp(&other.name));
    tags
}

fn of_operation(path: &str, method: &str, operation: &Value) -> RefOperation {
    let scopes: Vec<String> = items(&operation["security"])
        .filter_map(|requirement| requirement["token"].as_array())
        .map(|scopes| scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" and "))
        .collect();
    // Whoever has any of them comes in: the list of all of them says less than that.
    let any = scopes.len() > 5;
    RefOperation {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        about: text(&operation["description"]),
        scopes: if any { vec!["any of them".to_owned()] } else { scopes },
        parameters: items(&operation["parameters"])
            .map(|parameter| RefField {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                kind: kind(&parameter["schema"]),
                of: named(&parameter["schema"]),
                required: parameter["required"].as_bool().unwrap_or_default(),
                about: text(&parameter["description"]),
            })
            .collect(),
        body: members(at(operation, "/requestBody/content"))
            .next()
            .and_then(|(_, content)| named(&content["schema"])),
        answers: members(&operation["responses"])
            .filter(|(status, _)| *status != "default")
            .map(|(status, answer)| RefAnswer {
                status: status.clone(),
                about: text(&answer["description"]),
                schema: members(&answer["content"]).find_map(|(_, content)| named(&content["schema"])),
            })
            .collect(),
    }
}

/// The schema that is referred to, directly or for the items of an array.
fn named(schema: &Value) -> Option<String> {
    let reference = schema["$ref"].as_str().or_else(|| at(schema, "/items/$ref").as_str());
    let reference = reference.or_else(|| {
        items(&schema["oneOf"]).chain(items(&schema["allOf"])).find_map(|one| one["$ref"].as_str())
    });
    reference.and_then(|text| text.rsplit('/').next()).map(str::to_owned)
}

/// A type in words.
fn kind(schema: &Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        return values.join(" | ");
    }
    if let Some(alternatives) = schema["oneOf"].as_array() {
        let kinds: Vec<String> = alternatives.iter().map(kind).filter(|kind| !kind.is_empty()).collect();
        return kinds.join(" or ");
    }
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        several => items(several).filter_map(Value::as_str).collect(),
    };
    let types: Vec<String> = types
        .into_iter()
        .map(|one| match one {
            "array" => format!("array of {}", kind(&schema["items"])),
            other => other.to_owned(),
        })
        .collect();
    types.join(" or ")
}

fn schemas(document: &Value) -> Vec<RefSchema> {
    members(at(document, "/components/schemas"))
        .map(|(name, schema)| {
            let (mut fields, mut with) = (Vec::new(), Vec::new());
            gather(schema, &mut fields, &mut with);
            RefSchema {
                name: name.clone(),
                about: text(&schema["description"]),
                values: schema["enum"]
                    .as_array()
                    .map_or_else(Vec::new, |values| values.iter().map(text).collect()),
                fields,
                with,
            }
        })
        .collect()
}

/// The fields of a schema, and the schemas whose fields it has as well.
fn gather(schema: &Value, fields: &mut Vec<RefField>, with: &mut Vec<String>) {
    let required: Vec<&str> = items(&schema["required"]).filter_map(Value::as_str).collect();
    for (name, field) in members(&schema["properties"]) {
        fields.push(RefField {
            required: required.contains(&name.as_str()),
            name: name.clone(),
            place: String::new(),
            kind: kind(field),
            of: named(field),
            about: text(&field["description"]),
        });
    }
    for part in items(&schema["allOf"]) {
        match part["$ref"].as_str().and_then(|text| text.rsplit('/').next()) {
            Some(name) => with.push(name.to_owned()),
            None => gather(part, fields, with),
        }
    }
}
