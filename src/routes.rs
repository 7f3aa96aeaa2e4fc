//! The table of contents: every endpoint, and the file it lives in.

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{any, delete, get, post, put};

use crate::account;
use crate::admin::{api, pages};
use crate::app::App;
use crate::http::{
    assets, authorize, check_session, client_logo, consent, cors, device, device_authorization, discovery,
    email_code, forward_auth, forward_auth_sign_in, health, introspect, invitation, jwks, language, link,
    login, logout, metrics, new_password, page, par, passkey, passkey_endpoints, recover, recover_password,
    register, registered_client, revoke, second_factor, set_up, setup, sign_up, token, upstream, userinfo,
    verify_address, webauthn, webfinger,
};

/// All endpoints of the provider.
pub fn router(app: &App) -> Router {
    // What browser applications call from their own origins.
    let for_applications = Router::new()
        .route("/token", post(token::post))
        .route("/device_authorization", post(device_authorization::post))
        .route("/userinfo", get(userinfo::get_or_post).post(userinfo::get_or_post))
        .route("/revoke", post(revoke::post))
        .route("/par", post(par::post))
        .route_layer(from_fn_with_state(app.clone(), cors::by_client_origin));

    // What applications send browsers to, perhaps in a window of its own.
    let in_browsers = Router::new()
        .route("/authorize", get(authorize::get).post(authorize::post))
        .route("/login", get(login::get).post(login::post))
        .route("/login/continue", post(login::go_on))
        .route("/login/passkey", post(passkey::post))
        .route("/login/email", post(email_code::ask))
        .route("/login/code", get(email_code::get).post(email_code::post))
        .route("/login/upstream/{id}", post(upstream::post))
        .route("/upstream/{id}/callback", get(upstream::callback).post(upstream::callback_by_form))
        .route("/login/link", get(link::get).post(link::post))
        .route("/login/second", get(second_factor::get).post(second_factor::post))
        .route("/login/new-password", get(new_password::get).post(new_password::post))
        .route("/recover", get(recover::get).post(recover::post))
        .route("/login/set-up", get(set_up::get))
        .route("/sign-up", get(sign_up::get).post(sign_up::post))
        .route("/invitation", get(invitation::get).post(invitation::post))
        .route("/consent", get(consent::get).post(consent::post))
        .route("/logout", get(logout::get).post(logout::post))
        .route("/language", post(language::post))
        .layer(map_response(page::in_a_popup));

    // What applications register themselves with, before they have an origin that is known here.
    let for_newcomers = Router::new()
        .route("/register", post(register::post))
        .route(
            "/register/{id}",
            get(registered_client::get).put(registered_client::put).delete(registered_client::delete),
        )
        .route_layer(from_fn_with_state(app.clone(), cors::by_anybody));

    Router::new()
        .merge(for_applications)
        .merge(for_newcomers)
        .merge(in_browsers)
        .merge(account())
        .merge(administration())
        .merge(administration_api(app))
        .merge(for_proxies())
        // OAuth and OpenID Connect
        .route("/introspect", post(introspect::post))
        .route("/jwks", get(jwks::get))
        .route("/check-session", get(check_session::get))
        .route("/.well-known/openid-configuration", discovery::endpoint(app))
        .route("/.well-known/oauth-authorization-server", discovery::endpoint(app))
        .route("/.well-known/webfinger", get(webfinger::get))
        .route("/.well-known/passkey-endpoints", get(passkey_endpoints::get))
        .route("/.well-known/webauthn", get(webauthn::get))
        // Pages of its own
        .route("/device", get(device::get).post(device::post))
        .route("/setup", get(setup::get).post(setup::post))
        .route("/recover/password", get(recover_password::get).post(recover_password::post))
        .route("/verify-address", get(verify_address::get).post(verify_address::post))
        .route("/assets/{name}", get(assets::file))
        .route("/apps/{id}/logo", get(client_logo::get))
        // For operators
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::scrape))
        .with_state(app.clone())
}

/// One's own account.
fn account() -> Router<App> {
    Router::new()
        .route("/", get(account::front_door))
        .route("/account", get(account::show))
        .route("/account/profile", get(account::profile::show).post(account::profile::save))
        .route(
            "/account/profile/address",
            get(account::profile::new_address).post(account::profile::change_address),
        )
        .route("/account/activity", get(account::activity::show))
        .route("/account/data", get(account::data::show))
        .route("/account/data.json", get(account::data::download))
        .route("/account/delete", post(account::data::delete))
        .route("/account/sessions/end-others", post(account::end_other_sessions))
        .route("/account/sessions/{id}/end", post(account::end_session))
        .route("/account/apps/{id}/revoke", post(account::revoke_app))
        .route("/account/password", post(account::change_password))
        .route("/account/verify-address", post(account::address::ask_to_verify))
        .route("/account/sign-out", post(account::sign_out))
        .route("/account/sign-in", get(account::methods::show))
        .route("/account/sign-in/app", get(account::methods::new_app).post(account::methods::add_app))
        .route("/account/sign-in/app/remove", post(account::methods::remove_app))
        .route("/account/sign-in/recovery-codes", post(account::methods::new_recovery_codes))
        .route(
            "/account/sign-in/passkeys",
            get(account::methods::new_passkey).post(account::methods::add_passkey),
        )
        .route("/account/sign-in/passkeys/{id}/rename", post(account::methods::rename_passkey))
        .route("/account/sign-in/passkeys/{id}/remove", post(account::methods::remove_passkey))
        .route("/account/linked", get(account::linked::show))
        .route("/account/linked/{id}", post(account::linked::add))
        .route("/account/linked/{id}/remove", post(account::linked::remove))
}

/// The administrator's pages.
fn administration() -> Router<App> {
    Router::new()
        .route("/admin", get(pages::home::show))
        .route("/admin/clients", get(pages::clients::list).post(pages::clients::create))
        .route("/admin/clients/new", get(pages::clients::kinds))
        .route("/admin/clients/new/other", get(pages::clients::new))
        .route("/admin/clients/new/{kind}", get(pages::clients::new_kind).post(pages::clients::create_kind))
        .route("/admin/clients/{id}", get(pages::clients::show).post(pages::clients::update))
        .route("/admin/clients/{id}/preview", get(pages::clients::preview))
        .route("/admin/clients/{id}/rotate-secret", post(pages::clients::rotate_secret))
        .route("/admin/clients/{id}/end-old-secret", post(pages::clients::end_old_secret))
        .route("/admin/clients/{id}/delete", post(pages::clients::delete))
        .route("/admin/users", get(pages::users::list).post(pages::users::create))
        .route("/admin/users/new", get(pages::users::new))
        .route("/admin/users/{id}", get(pages::users::show).post(pages::users::update))
        .route("/admin/users/{id}/password", post(pages::users::set_password))
        .route("/admin/users/{id}/password/require", post(pages::users::require_new_password))
        .route("/admin/users/{id}/sessions/end", post(pages::users::end_sessions))
        .route("/admin/users/{id}/sessions/{session}/end", post(pages::users::end_session))
        .route("/admin/users/{id}/app/remove", post(pages::users::remove_app))
        .route("/admin/users/{id}/passkeys/{passkey}/remove", post(pages::users::remove_passkey))
        .route("/admin/users/{id}/delete", post(pages::users::delete))
        .route("/admin/invitations", get(pages::invitations::list).post(pages::invitations::create))
        .route("/admin/invitations/{id}/withdraw", post(pages::invitations::withdraw))
        .route("/admin/groups", get(pages::groups::list).post(pages::groups::create))
        .route("/admin/groups/new", get(pages::groups::new))
        .route("/admin/groups/{id}", get(pages::groups::show).post(pages::groups::update))
        .route("/admin/groups/{id}/members", post(pages::groups::add_member))
        .route("/admin/groups/{id}/members/{user}/remove", post(pages::groups::remove_member))
        .route("/admin/groups/{id}/delete", post(pages::groups::delete))
        .route("/admin/scopes", get(pages::scopes::list).post(pages::scopes::create))
        .route("/admin/scopes/new", get(pages::scopes::new))
        .route("/admin/scopes/edit/{name}", get(pages::scopes::show).post(pages::scopes::update))
        .route("/admin/scopes/edit/{name}/delete", post(pages::scopes::delete))
        .route("/admin/webhooks", get(pages::webhooks::list).post(pages::webhooks::create))
        .route("/admin/webhooks/new", get(pages::webhooks::new))
        .route("/admin/webhooks/{id}", get(pages::webhooks::show).post(pages::webhooks::update))
        .route("/admin/webhooks/{id}/rotate-secret", post(pages::webhooks::rotate_secret))
        .route("/admin/webhooks/{id}/end-old-secret", post(pages::webhooks::end_old_secret))
        .route("/admin/webhooks/{id}/test", post(pages::webhooks::test))
        .route("/admin/webhooks/{id}/skip", post(pages::webhooks::skip))
        .route("/admin/webhooks/{id}/delete", post(pages::webhooks::delete))
        .route("/admin/webhooks/{id}/deliveries/{delivery}/redeliver", post(pages::webhooks::redeliver))
        .route("/admin/branding", get(pages::branding::show).post(pages::branding::update))
        .route("/admin/branding/reset", post(pages::branding::reset))
        .route("/admin/policies", get(pages::policies::show))
        .route("/admin/providers", get(pages::providers::list))
        .route("/admin/providers/new", get(pages::providers::kinds))
        .route(
            "/admin/providers/new/{kind}",
            get(pages::providers::new_kind).post(pages::providers::create_kind),
        )
        .route("/admin/providers/{id}", get(pages::providers::show))
        .route("/admin/providers/{id}/test", post(pages::providers::test))
        .route("/admin/providers/{id}/change", get(pages::providers::edit).post(pages::providers::change))
        .route(
            "/admin/providers/{id}/delete",
            get(pages::providers::ask_to_delete).post(pages::providers::delete),
        )
        .route("/admin/mails", get(pages::mails::list))
        .route("/admin/mails/{id}/retry", post(pages::mails::retry))
        .route("/admin/mails/{id}/cancel", post(pages::mails::cancel))
        .route("/admin/keys", get(pages::keys::list))
        .route("/admin/keys/rotate", get(pages::keys::ask_to_rotate).post(pages::keys::rotate))
        .route("/admin/keys/{kid}/revoke", get(pages::keys::ask_to_revoke).post(pages::keys::revoke))
        .route("/admin/registration", get(pages::registration::list).post(pages::registration::create_token))
        .route("/admin/registration/{id}/revoke", post(pages::registration::revoke_token))
        .route("/admin/delegations", get(pages::delegations::list).post(pages::delegations::create))
        .route("/admin/delegations/{id}/end", post(pages::delegations::end))
        .route("/admin/reference", get(pages::reference::show))
        .route("/admin/reference/{name}", get(pages::reference::part))
        .route("/admin/audit", get(pages::audit::list))
        .route("/admin/failures", get(pages::failures::list))
        .route("/admin/failures/{id}", get(pages::failures::show))
        .route("/admin/failures/{id}/register-redirect-uri", post(pages::failures::register_redirect_uri))
}

/// The same for programs.
fn administration_api(app: &App) -> Router<App> {
    Router::new()
        .route("/admin/api/openapi.json", get(api::openapi))
        .route("/admin/api/clients", get(api::clients::list).post(api::clients::create))
        .route(
            "/admin/api/clients/{id}",
            get(api::clients::show).patch(api::clients::update).delete(api::clients::delete),
        )
        .route("/admin/api/clients/{id}/settings", get(api::clients::settings))
        .route("/admin/api/clients/{id}/preview", get(api::clients::preview))
        .route("/admin/api/clients/{id}/secret", post(api::clients::rotate_secret))
        .route("/admin/api/clients/{id}/old-secret", delete(api::clients::end_old_secret))
        .route("/admin/api/users", get(api::users::list).post(api::users::create))
        .route(
            "/admin/api/users/{id}",
            get(api::users::show).patch(api::users::update).delete(api::users::delete),
        )
        .route("/admin/api/users/{id}/password", put(api::users::set_password))
        .route("/admin/api/users/{id}/require-new-password", post(api::users::require_new_password))
        .route(
            "/admin/api/users/{id}/sessions",
            get(api::users::list_sessions).delete(api::users::end_sessions),
        )
        .route("/admin/api/users/{id}/sessions/{session}", delete(api::users::end_session))
        .route("/admin/api/users/{id}/sign-in-methods", get(api::sign_in_methods::list))
        .route("/admin/api/users/{id}/sign-in-methods/app", delete(api::sign_in_methods::remove_app))
        .route(
            "/admin/api/users/{id}/sign-in-methods/passkeys/{passkey}",
            delete(api::sign_in_methods::remove_passkey),
        )
        .route("/admin/api/invitations", get(api::invitations::list).post(api::invitations::create))
        .route("/admin/api/invitations/{id}", delete(api::invitations::withdraw))
        .route("/admin/api/users/{id}/groups", get(api::groups::of_user))
        .route("/admin/api/groups", get(api::groups::list).post(api::groups::create))
        .route(
            "/admin/api/groups/{id}",
            get(api::groups::show).patch(api::groups::update).delete(api::groups::delete),
        )
        .route("/admin/api/groups/{id}/members", get(api::groups::members))
        .route("/admin/api/groups/{id}/members/{user}", put(api::groups::add).delete(api::groups::remove))
        .route("/admin/api/scopes", get(api::scopes::list).post(api::scopes::create))
        .route(
            "/admin/api/scopes/{name}",
            get(api::scopes::show).patch(api::scopes::update).delete(api::scopes::delete),
        )
        .route("/admin/api/delegations", get(api::delegations::list).post(api::delegations::create))
        .route("/admin/api/delegations/{id}", delete(api::delegations::end))
        .route("/admin/api/keys", get(api::keys::list).post(api::keys::rotate))
        .route("/admin/api/keys/{kid}", delete(api::keys::revoke))
        .route(
            "/admin/api/registration-tokens",
            get(api::registration_tokens::list).post(api::registration_tokens::create),
        )
        .route("/admin/api/registration-tokens/{id}", delete(api::registration_tokens::revoke))
        .route("/admin/api/webhooks", get(api::webhooks::list).post(api::webhooks::create))
        .route(
            "/admin/api/webhooks/{id}",
            get(api::webhooks::show).patch(api::webhooks::update).delete(api::webhooks::delete),
        )
        .route("/admin/api/webhooks/{id}/secret", post(api::webhooks::rotate_secret))
        .route("/admin/api/webhooks/{id}/old-secret", delete(api::webhooks::end_old_secret))
        .route("/admin/api/webhooks/{id}/test", post(api::webhooks::test))
        .route("/admin/api/webhooks/{id}/skip", post(api::webhooks::skip))
        .route("/admin/api/webhooks/{id}/deliveries", get(api::webhooks::deliveries))
        .route("/admin/api/webhooks/{id}/deliveries/{delivery}/redeliver", post(api::webhooks::redeliver))
        .route("/admin/api/branding", get(api::branding::show).put(api::branding::replace))
        .route("/admin/api/policies", get(api::policies::show))
        .route("/admin/api/providers", get(api::providers::list).post(api::providers::create))
        .route(
            "/admin/api/providers/{id}",
            get(api::providers::show).patch(api::providers::update).delete(api::providers::delete),
        )
        .route("/admin/api/providers/{id}/links", get(api::providers::links))
        .route("/admin/api/providers/{id}/test", post(api::providers::test))
        .route("/admin/api/mails", get(api::mails::list))
        .route("/admin/api/mails/{id}", delete(api::mails::cancel))
        .route("/admin/api/mails/{id}/retry", post(api::mails::retry))
        .route("/admin/api/audit", get(api::audit::list))
        .route("/admin/api/audit/export", get(api::audit::export))
        .route("/admin/api/statistics", get(api::statistics::show))
        .route("/admin/api/failures", get(api::failures::list))
        .route("/admin/api/failures/{id}", get(api::failures::show))
        .route("/admin/api/failures/{id}/register-redirect-uri", post(api::failures::register_redirect_uri))
        .route("/admin/api/{*elsewhere}", any(api::problem::not_found))
        .method_not_allowed_fallback(api::problem::method_not_allowed)
        .layer(from_fn_with_state(app.clone(), api::problem::render))
}

/// What proxies ask about the applications behind them; what is below /.countersign/ is asked for on their hosts.
fn for_proxies() -> Router<App> {
    Router::new()
        .route("/forward-auth", any(forward_auth::check))
        .route("/forward-auth/nginx", any(forward_auth::check_for_nginx))
        .route("/forward-auth/start", get(forward_auth_sign_in::at_issuer))
        .route("/.countersign/start", get(forward_auth_sign_in::start))
        .route("/.countersign/callback", get(forward_auth_sign_in::callback))
}
