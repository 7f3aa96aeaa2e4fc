//! The administration API: JSON under `/admin/api`, described by `/admin/api/openapi.json`.
#![expect(
    clippy::missing_errors_doc,
    reason = "these comments are the descriptions in the document, which shows refusals"
)]

pub mod audit;
mod auth;
pub mod clients;
pub mod failures;
pub mod groups;
pub mod invitations;
pub mod keys;
pub mod mails;
pub mod problem;
pub mod registration_tokens;
pub mod sign_in_methods;
pub mod statistics;
pub mod users;
pub mod webhooks;

use axum::Json;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, ClientCredentials, Flow, OAuth2, Scopes, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use self::auth::Administrator;
use self::problem::Problem;

/// The description of the API, in version 3.1 of the format.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign administration",
        description = "Every request needs an access token with the scope `countersign:admin`, which a client gets \
                       with the grant type `client_credentials`, or an administrator's session."
    ),
    paths(
        clients::list, clients::create, clients::show, clients::update, clients::delete, clients::rotate_secret,
        clients::settings, clients::preview, clients::end_old_secret,
        users::list, users::create, users::show, users::update, users::delete, users::set_password, users::require_new_password,
        users::list_sessions, users::end_sessions,
        invitations::list, invitations::create, invitations::withdraw,
        sign_in_methods::list, sign_in_methods::remove_app, sign_in_methods::remove_passkey,
        groups::list, groups::create, groups::show, groups::update, groups::delete,
        groups::members, groups::add, groups::remove, groups::of_user,
        keys::list, keys::rotate, keys::revoke,
        registration_tokens::list, registration_tokens::create, registration_tokens::revoke,
        webhooks::list, webhooks::create, webhooks::show, webhooks::update, webhooks::delete,
        webhooks::rotate_secret, webhooks::end_old_secret, webhooks::test, webhooks::skip,
        webhooks::deliveries, webhooks::redeliver,
        mails::list, mails::retry, mails::cancel,
        audit::list, audit::export,
        statistics::show,
        failures::list, failures::show, failures::register_redirect_uri,
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
        let scopes = Scopes::from_iter([("countersign:admin", "Administer this server")]);
        let token = Flow::ClientCredentials(ClientCredentials::new("/token", scopes));
        let cookie = ApiKey::Cookie(ApiKeyValue::new("__Host-countersign-session"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::OAuth2(OAuth2::new([token])));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        document.security = Some(vec![
            SecurityRequirement::new("token", ["countersign:admin"]),
            SecurityRequirement::new("session", Vec::<String>::new()),
        ]);
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let refusal = ResponseBuilder::new()
            .description("Refused: nothing was changed.")
            .content("application/problem+json", problem)
            .build();
        for path in document.paths.paths.values_mut() {
            let operations =
                [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch];
            for operation in operations.into_iter().flatten() {
                operation.responses.responses.insert("default".to_owned(), refusal.clone().into());
            }
        }
    }
}

/// This description.
#[utoipa::path(get, path = "/admin/api/openapi.json", operation_id = "openapi", tag = "description",
    responses((status = 200, description = "OpenAPI 3.1")))]
pub async fn openapi(_: Administrator) -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
