//! The administration API: JSON under `/admin/api`, described by `/admin/api/openapi.json`.
#![expect(
    clippy::missing_errors_doc,
    reason = "these comments are the descriptions in the document, which shows refusals"
)]

pub mod audit;
mod auth;
pub mod branding;
pub mod clients;
pub mod delegations;
pub mod failures;
pub mod groups;
pub mod invitations;
pub mod keys;
mod list;
pub mod mails;
pub mod policies;
pub mod problem;
pub mod providers;
pub mod registration_tokens;
pub mod scopes;
pub mod sign_in_methods;
pub mod statistics;
pub mod users;
pub mod webhooks;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::Json;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, ClientCredentials, Flow, OAuth2, Scopes, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use self::auth::Administrator;
use self::problem::Problem;
use super::access;
use crate::protocol::powers::Permission;
use crate::protocol::scope::{ADMIN, DELEGATED};

/// The description of the API, in version 3.1 of the format.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign administration",
        description = "Every request needs an access token that a client got for itself with the grant type \
                       `client_credentials`, or the session of somebody who administers this server. The scopes that an \
                       operation needs stand beside it: any one of the sets is enough, and `countersign:admin` is for \
                       everything. Lists that can grow long come page by page: `next` of an answer is `after` of the next request. What \
                       can be changed has a strong `ETag`: a request with `If-Match` changes that version or nothing \
                       (412), one with `If-None-Match` is answered 304 as long as it is the current one. Fields and \
                       parameters that are not named here are refused. Refusals are `application/problem+json` \
                       (RFC 9457)."
    ),
    paths(
        clients::list, clients::create, clients::show, clients::update, clients::delete, clients::rotate_secret,
        clients::settings, clients::preview, clients::end_old_secret,
        users::list, users::create, users::show, users::update, users::delete, users::set_password, users::require_new_password,
        users::list_sessions, users::end_sessions, users::end_session,
        invitations::list, invitations::create, invitations::withdraw,
        sign_in_methods::list, sign_in_methods::remove_app, sign_in_methods::remove_passkey,
        groups::list, groups::create, groups::show, groups::update, groups::delete,
        groups::members, groups::add, groups::remove, groups::of_user,
        scopes::list, scopes::create, scopes::show, scopes::update, scopes::delete,
        keys::list, keys::rotate, keys::revoke,
        registration_tokens::list, registration_tokens::create, registration_tokens::revoke,
        webhooks::list, webhooks::create, webhooks::show, webhooks::update, webhooks::delete,
        webhooks::rotate_secret, webhooks::end_old_secret, webhooks::test, webhooks::skip,
        webhooks::deliveries, webhooks::redeliver,
        branding::show, branding::replace, policies::show,
        providers::list, providers::create, providers::show, providers::update, providers::delete, providers::links,
        providers::test,
        mails::list, mails::retry, mails::cancel,
        audit::list, audit::export,
        statistics::show,
        failures::list, failures::show, failures::register_redirect_uri,
        delegations::list, delegations::create, delegations::end,
        openapi,
    ),
    components(schemas(Problem)),
    modifiers(&Common)
)]
struct Document;

/// What holds for every operation: how to get in, and what a refusal looks like.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut scopes = vec![
            (ADMIN.to_owned(), "Everything".to_owned()),
            (DELEGATED.to_owned(), "What was delegated to the client".to_owned()),
        ];
        scopes.extend(Permission::all().map(|permission| (permission.to_string(), permission.meaning())));
        let token = Flow::ClientCredentials(ClientCredentials::new("/token", Scopes::from_iter(scopes)));
        let cookie = ApiKey::Cookie(ApiKeyValue::new("__Host-countersign-session"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::OAuth2(OAuth2::new([token])));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let refusal = ResponseBuilder::new()
            .description("Refused: nothing was changed.")
            .content("application/problem+json", problem)
            .build();
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in [
                ("GET", &mut item.get),
                ("PUT", &mut item.put),
                ("POST", &mut item.post),
                ("DELETE", &mut item.delete),
                ("PATCH", &mut item.patch),
            ] {
                let Some(operation) = operation else { continue };
                operation.responses.responses.insert("default".to_owned(), refusal.clone().into());
                // One of these; a session of somebody who may.
                let sets = access::line(method, path).map(|route| route.role.scopes()).unwrap_or_default();
                let mut security: Vec<SecurityRequirement> =
                    sets.into_iter().map(|scopes| SecurityRequirement::new("token", scopes)).collect();
                security.push(SecurityRequirement::new("session", Vec::<String>::new()));
                operation.security = Some(security);
            }
        }
    }
}

/// This description.
#[utoipa::path(get, path = "/admin/api/openapi.json", operation_id = "openapi", tag = "description",
    responses((status = 200, description = "OpenAPI 3.1")))]
pub async fn openapi(_: Administrator) -> Json<&'static utoipa::openapi::OpenApi> {
    Json(description())
}

/// The description of the API.
#[must_use]
pub fn description() -> &'static utoipa::openapi::OpenApi {
    static DESCRIPTION: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(Document::openapi);
    &DESCRIPTION
}

/// The names of the parameters that an operation has in its query; none for an operation that there is not.
fn query_of(method: &str, path: &str) -> Option<&'static BTreeSet<String>> {
    /// Method, path, names.
    type Query = (&'static str, &'static str, BTreeSet<String>);
    static QUERIES: LazyLock<Vec<Query>> = LazyLock::new(|| {
        let mut queries = Vec::new();
        for (path, item) in &description().paths.paths {
            for (method, operation) in [
                ("GET", &item.get),
                ("PUT", &item.put),
                ("POST", &item.post),
                ("DELETE", &item.delete),
                ("PATCH", &item.patch),
            ] {
                let Some(operation) = operation else { continue };
                let parameters = operation.parameters.iter().flatten().filter_map(|one| match one {
                    RefOr::T(one) => Some(one),
                    RefOr::Ref(_) => None,
                });
                let in_query = parameters.filter(|one| one.parameter_in == ParameterIn::Query);
                queries.push((method, path.as_str(), in_query.map(|one| one.name.clone()).collect()));
            }
        }
        queries
    });
    let method = if method == "HEAD" { "GET" } else { method };
    QUERIES.iter().find(|query| query.0 == method && query.1 == path).map(|query| &query.2)
}
