//! Who may call what: one line for each route and method of `src/routes.rs`. Requests of administration are admitted by this
//! table and nothing else, and a route that is missing from it admits nobody; the API's description and
//! `docs/who-may-call-what.md` are made of it. What stands here says who may ask at all: whether the one client, user or
//! group that is asked about is theirs, the services decide ([`allow`]).

use std::fmt::Write as _;

use axum::extract::MatchedPath;
use axum::http::Method;
use axum::http::request::Parts;

use super::Refusal;
use crate::app::{App, Origin};
use crate::authn::throttle;
use crate::protocol::client::{Client, ClientMetadata};
use crate::protocol::ids::{ClientId, GroupId, UserId};
use crate::protocol::powers::{
    ClientFacts, Deed, GroupFacts, Missing, Permission, Powers, Resource, UserFacts, reaches_administration,
};
use crate::protocol::scope::{ADMIN, DELEGATED};
use crate::protocol::user::User;
use crate::store::{Holder, StoreError};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Anybody: what is published, and pages that lead to signing in or hold a link's secret.
    Anybody,
    /// An application, which proves who it is, or brings a token.
    Application,
    /// Whoever is signed in, for their own account.
    User,
    /// Whoever administers something.
    Administration {
        /// What it takes.
        needs: Needs,
        /// Do those to whom something was delegated come in, to what is theirs?
        delegated: bool,
    },
}

/// What it takes to call a route of administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any power at all.
    AnyPower,
    /// All powers.
    AllPowers,
    /// Each of these.
    Each(&'static [Permission]),
}

/// One method of one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET` (which covers `HEAD`), `POST`, `PUT`, `PATCH`, `DELETE`; `ANY` for all of them.
    pub method: &'static str,
    /// As in the router.
    pub path: &'static str,
    /// Who may call it.
    pub role: Role,
}

const fn open(method: &'static str, path: &'static str) -> Route {
    Route { method, path, role: Role::Anybody }
}
const fn app(method: &'static str, path: &'static str) -> Route {
    Route { method, path, role: Role::Application }
}
const fn own(method: &'static str, path: &'static str) -> Route {
    Route { method, path, role: Role::User }
}
/// For whoever has these permissions.
const fn each(method: &'static str, path: &'static str, needs: &'static [Permission]) -> Route {
    Route { method, path, role: Role::Administration { needs: Needs::Each(needs), delegated: false } }
}
/// The same, and for those to whom the client, group or user was delegated.
const fn part(method: &'static str, path: &'static str, needs: &'static [Permission]) -> Route {
    Route { method, path, role: Role::Administration { needs: Needs::Each(needs), delegated: true } }
}
const fn all_powers(method: &'static str, path: &'static str) -> Route {
    Route { method, path, role: Role::Administration { needs: Needs::AllPowers, delegated: false } }
}
const fn any_power(method: &'static str, path: &'static str) -> Route {
    Route { method, path, role: Role::Administration { needs: Needs::AnyPower, delegated: true } }
}

const fn read(resource: Resource) -> Permission {
    Permission::Read(resource)
}
const fn write(resource: Resource) -> Permission {
    Permission::Write(resource)
}

const READ_CLIENTS: &[Permission] = &[read(Resource::Clients)];
const WRITE_CLIENTS: &[Permission] = &[write(Resource::Clients)];
/// What users would get in an application.
const PREVIEW: &[Permission] = &[read(Resource::Clients), read(Resource::Users)];
const READ_USERS: &[Permission] = &[read(Resource::Users)];
const WRITE_USERS: &[Permission] = &[write(Resource::Users)];
const READ_GROUPS: &[Permission] = &[read(Resource::Groups)];
const WRITE_GROUPS: &[Permission] = &[write(Resource::Groups)];
const READ_MEMBERS: &[Permission] = &[read(Resource::Groups), read(Resource::Users)];
const READ_INVITATIONS: &[Permission] = &[read(Resource::Invitations)];
const WRITE_INVITATIONS: &[Permission] = &[write(Resource::Invitations)];
const READ_DELEGATIONS: &[Permission] = &[read(Resource::Delegations)];
const READ_KEYS: &[Permission] = &[read(Resource::Keys)];
const WRITE_KEYS: &[Permission] = &[write(Resource::Keys)];
const READ_TOKENS: &[Permission] = &[read(Resource::RegistrationTokens)];
const WRITE_TOKENS: &[Permission] = &[write(Resource::RegistrationTokens)];
const READ_AUDIT: &[Permission] = &[read(Resource::Audit)];
const READ_STATISTICS: &[Permission] = &[read(Resource::Statistics)];
const READ_FAILURES: &[Permission] = &[read(Resource::Failures)];
/// To mend what failed.
const MEND_FAILURES: &[Permission] = &[read(Resource::Failures), write(Resource::Clients)];

/// A webhook is told what the audit log says.
const READ_WEBHOOKS: &[Permission] = &[read(Resource::Webhooks), read(Resource::Audit)];
const WRITE_WEBHOOKS: &[Permission] = &[write(Resource::Webhooks), read(Resource::Audit)];
const READ_BRANDING: &[Permission] = &[read(Resource::Branding)];
const WRITE_BRANDING: &[Permission] = &[write(Resource::Branding)];
/// They name applications and groups.
const READ_POLICIES: &[Permission] =
    &[read(Resource::Policies), read(Resource::Clients), read(Resource::Groups)];
/// What changes them is for those with all powers: a provider vouches for people.
const READ_PROVIDERS: &[Permission] = &[read(Resource::Providers)];
const READ_MAILS: &[Permission] = &[read(Resource::Mails)];
const WRITE_MAILS: &[Permission] = &[write(Resource::Mails)];
const READ_SCOPES: &[Permission] = &[read(Resource::Scopes)];
const WRITE_SCOPES: &[Permission] = &[write(Resource::Scopes)];

/// Every route.
pub const TABLE: &[Route] = &[
    // OAuth and OpenID Connect
    app("POST", "/token"),
    app("POST", "/device_authorization"),
    app("GET", "/userinfo"),
    app("POST", "/userinfo"),
    app("POST", "/revoke"),
    app("POST", "/introspect"),
    app("POST", "/par"),
    app("POST", "/register"),
    app("GET", "/register/{id}"),
    app("PUT", "/register/{id}"),
    app("DELETE", "/register/{id}"),
    open("GET", "/jwks"),
    open("GET", "/check-session"),
    open("GET", "/.well-known/openid-configuration"),
    open("GET", "/.well-known/oauth-authorization-server"),
    open("GET", "/.well-known/webfinger"),
    open("GET", "/.well-known/passkey-endpoints"),
    open("GET", "/.well-known/webauthn"),
    // Signing in and out, signing up, recovery
    open("GET", "/authorize"),
    open("POST", "/authorize"),
    open("GET", "/login"),
    open("POST", "/login"),
    open("POST", "/login/continue"),
    open("POST", "/login/passkey"),
    open("POST", "/login/email"),
    open("GET", "/login/code"),
    open("POST", "/login/code"),
    open("POST", "/login/upstream/{id}"),
    open("GET", "/upstream/{id}/callback"),
    open("POST", "/upstream/{id}/callback"),
    open("GET", "/login/link"),
    open("POST", "/login/link"),
    open("GET", "/login/second"),
    open("POST", "/login/second"),
    open("GET", "/recover"),
    open("POST", "/recover"),
    open("GET", "/recover/password"),
    open("POST", "/recover/password"),
    open("GET", "/verify-address"),
    open("POST", "/verify-address"),
    open("GET", "/login/set-up"),
    open("GET", "/login/new-password"),
    open("POST", "/login/new-password"),
    open("GET", "/sign-up"),
    open("POST", "/sign-up"),
    open("GET", "/invitation"),
    open("POST", "/invitation"),
    open("GET", "/consent"),
    open("POST", "/consent"),
    open("GET", "/device"),
    open("POST", "/device"),
    open("GET", "/logout"),
    open("POST", "/logout"),
    open("POST", "/language"),
    open("GET", "/setup"),
    open("POST", "/setup"),
    // For proxies
    open("ANY", "/forward-auth"),
    open("ANY", "/forward-auth/nginx"),
    open("GET", "/forward-auth/start"),
    open("GET", "/.countersign/start"),
    open("GET", "/.countersign/callback"),
    // Files, and for operators
    open("GET", "/assets/{name}"),
    open("GET", "/apps/{id}/logo"),
    open("GET", "/health/live"),
    open("GET", "/health/ready"),
    open("GET", "/metrics"),
    // One's own account
    open("GET", "/"),
    own("GET", "/account"),
    own("GET", "/account/profile"),
    own("POST", "/account/profile"),
    own("GET", "/account/profile/address"),
    own("POST", "/account/profile/address"),
    own("GET", "/account/activity"),
    own("GET", "/account/data"),
    own("GET", "/account/data.json"),
    own("POST", "/account/delete"),
    own("POST", "/account/sessions/end-others"),
    own("POST", "/account/sessions/{id}/end"),
    own("POST", "/account/apps/{id}/revoke"),
    own("POST", "/account/password"),
    own("POST", "/account/verify-address"),
    own("POST", "/account/sign-out"),
    own("GET", "/account/sign-in"),
    own("GET", "/account/sign-in/app"),
    own("POST", "/account/sign-in/app"),
    own("POST", "/account/sign-in/app/remove"),
    own("POST", "/account/sign-in/recovery-codes"),
    own("GET", "/account/sign-in/passkeys"),
    own("POST", "/account/sign-in/passkeys"),
    own("POST", "/account/sign-in/passkeys/{id}/rename"),
    own("POST", "/account/sign-in/passkeys/{id}/remove"),
    own("GET", "/account/linked"),
    own("POST", "/account/linked/{id}"),
    own("POST", "/account/linked/{id}/remove"),
    // The administrator's pages
    any_power("GET", "/admin"),
    part("GET", "/admin/clients", READ_CLIENTS),
    each("POST", "/admin/clients", WRITE_CLIENTS),
    each("GET", "/admin/clients/new", WRITE_CLIENTS),
    each("GET", "/admin/clients/new/other", WRITE_CLIENTS),
    each("GET", "/admin/clients/new/{kind}", WRITE_CLIENTS),
    each("POST", "/admin/clients/new/{kind}", WRITE_CLIENTS),
    part("GET", "/admin/clients/{id}", READ_CLIENTS),
    part("POST", "/admin/clients/{id}", WRITE_CLIENTS),
    part("GET", "/admin/clients/{id}/preview", PREVIEW),
    part("POST", "/admin/clients/{id}/rotate-secret", WRITE_CLIENTS),
    part("POST", "/admin/clients/{id}/end-old-secret", WRITE_CLIENTS),
    each("POST", "/admin/clients/{id}/delete", WRITE_CLIENTS),
    part("GET", "/admin/users", READ_USERS),
    each("POST", "/admin/users", WRITE_USERS),
    each("GET", "/admin/users/new", WRITE_USERS),
    part("GET", "/admin/users/{id}", READ_USERS),
    part("POST", "/admin/users/{id}", WRITE_USERS),
    part("POST", "/admin/users/{id}/password", WRITE_USERS),
    part("POST", "/admin/users/{id}/password/require", WRITE_USERS),
    part("POST", "/admin/users/{id}/sessions/end", WRITE_USERS),
    part("POST", "/admin/users/{id}/sessions/{session}/end", WRITE_USERS),
    part("POST", "/admin/users/{id}/app/remove", WRITE_USERS),
    part("POST", "/admin/users/{id}/passkeys/{passkey}/remove", WRITE_USERS),
    each("POST", "/admin/users/{id}/delete", WRITE_USERS),
    each("GET", "/admin/invitations", READ_INVITATIONS),
    each("POST", "/admin/invitations", WRITE_INVITATIONS),
    each("POST", "/admin/invitations/{id}/withdraw", WRITE_INVITATIONS),
    part("GET", "/admin/groups", READ_GROUPS),
    each("POST", "/admin/groups", WRITE_GROUPS),
    each("GET", "/admin/groups/new", WRITE_GROUPS),
    part("GET", "/admin/groups/{id}", READ_MEMBERS),
    part("POST", "/admin/groups/{id}", WRITE_GROUPS),
    part("POST", "/admin/groups/{id}/members", WRITE_GROUPS),
    part("POST", "/admin/groups/{id}/members/{user}/remove", WRITE_GROUPS),
    each("POST", "/admin/groups/{id}/delete", WRITE_GROUPS),
    each("GET", "/admin/scopes", READ_SCOPES),
    each("POST", "/admin/scopes", WRITE_SCOPES),
    each("GET", "/admin/scopes/new", WRITE_SCOPES),
    each("GET", "/admin/scopes/edit/{name}", READ_SCOPES),
    each("POST", "/admin/scopes/edit/{name}", WRITE_SCOPES),
    each("POST", "/admin/scopes/edit/{name}/delete", WRITE_SCOPES),
    each("GET", "/admin/delegations", READ_DELEGATIONS),
    all_powers("POST", "/admin/delegations"),
    all_powers("POST", "/admin/delegations/{id}/end"),
    each("GET", "/admin/keys", READ_KEYS),
    each("GET", "/admin/keys/rotate", WRITE_KEYS),
    each("POST", "/admin/keys/rotate", WRITE_KEYS),
    each("GET", "/admin/keys/{kid}/revoke", WRITE_KEYS),
    each("POST", "/admin/keys/{kid}/revoke", WRITE_KEYS),
    each("GET", "/admin/registration", READ_TOKENS),
    each("POST", "/admin/registration", WRITE_TOKENS),
    each("POST", "/admin/registration/{id}/revoke", WRITE_TOKENS),
    each("GET", "/admin/mails", READ_MAILS),
    each("POST", "/admin/mails/{id}/retry", WRITE_MAILS),
    each("POST", "/admin/mails/{id}/cancel", WRITE_MAILS),
    each("GET", "/admin/webhooks", READ_WEBHOOKS),
    each("POST", "/admin/webhooks", WRITE_WEBHOOKS),
    each("GET", "/admin/webhooks/new", WRITE_WEBHOOKS),
    each("GET", "/admin/webhooks/{id}", READ_WEBHOOKS),
    each("POST", "/admin/webhooks/{id}", WRITE_WEBHOOKS),
    each("POST", "/admin/webhooks/{id}/rotate-secret", WRITE_WEBHOOKS),
    each("POST", "/admin/webhooks/{id}/end-old-secret", WRITE_WEBHOOKS),
    each("POST", "/admin/webhooks/{id}/test", WRITE_WEBHOOKS),
    each("POST", "/admin/webhooks/{id}/skip", WRITE_WEBHOOKS),
    each("POST", "/admin/webhooks/{id}/delete", WRITE_WEBHOOKS),
    each("POST", "/admin/webhooks/{id}/deliveries/{delivery}/redeliver", WRITE_WEBHOOKS),
    each("GET", "/admin/policies", READ_POLICIES),
    each("GET", "/admin/branding", READ_BRANDING),
    each("POST", "/admin/branding", WRITE_BRANDING),
    each("POST", "/admin/branding/reset", WRITE_BRANDING),
    each("GET", "/admin/providers", READ_PROVIDERS),
    all_powers("GET", "/admin/providers/new"),
    all_powers("GET", "/admin/providers/new/{kind}"),
    all_powers("POST", "/admin/providers/new/{kind}"),
    each("GET", "/admin/providers/{id}", READ_PROVIDERS),
    each("POST", "/admin/providers/{id}/test", READ_PROVIDERS),
    all_powers("GET", "/admin/providers/{id}/change"),
    all_powers("POST", "/admin/providers/{id}/change"),
    all_powers("GET", "/admin/providers/{id}/delete"),
    all_powers("POST", "/admin/providers/{id}/delete"),
    part("GET", "/admin/audit", READ_AUDIT),
    part("GET", "/admin/failures", READ_FAILURES),
    part("GET", "/admin/failures/{id}", READ_FAILURES),
    part("POST", "/admin/failures/{id}/register-redirect-uri", MEND_FAILURES),
    any_power("GET", "/admin/reference"),
    any_power("GET", "/admin/reference/{name}"),
    // The same for programs
    any_power("GET", "/admin/api/openapi.json"),
    part("GET", "/admin/api/clients", READ_CLIENTS),
    each("POST", "/admin/api/clients", WRITE_CLIENTS),
    part("GET", "/admin/api/clients/{id}", READ_CLIENTS),
    part("PATCH", "/admin/api/clients/{id}", WRITE_CLIENTS),
    each("DELETE", "/admin/api/clients/{id}", WRITE_CLIENTS),
    part("GET", "/admin/api/clients/{id}/settings", READ_CLIENTS),
    part("GET", "/admin/api/clients/{id}/preview", PREVIEW),
    part("POST", "/admin/api/clients/{id}/secret", WRITE_CLIENTS),
    part("DELETE", "/admin/api/clients/{id}/old-secret", WRITE_CLIENTS),
    part("GET", "/admin/api/users", READ_USERS),
    each("POST", "/admin/api/users", WRITE_USERS),
    part("GET", "/admin/api/users/{id}", READ_USERS),
    part("PATCH", "/admin/api/users/{id}", WRITE_USERS),
    each("DELETE", "/admin/api/users/{id}", WRITE_USERS),
    part("PUT", "/admin/api/users/{id}/password", WRITE_USERS),
    part("POST", "/admin/api/users/{id}/require-new-password", WRITE_USERS),
    part("GET", "/admin/api/users/{id}/sessions", READ_USERS),
    part("DELETE", "/admin/api/users/{id}/sessions", WRITE_USERS),
    part("DELETE", "/admin/api/users/{id}/sessions/{session}", WRITE_USERS),
    part("GET", "/admin/api/users/{id}/sign-in-methods", READ_USERS),
    part("DELETE", "/admin/api/users/{id}/sign-in-methods/app", WRITE_USERS),
    part("DELETE", "/admin/api/users/{id}/sign-in-methods/passkeys/{passkey}", WRITE_USERS),
    part("GET", "/admin/api/users/{id}/groups", READ_MEMBERS),
    each("GET", "/admin/api/invitations", READ_INVITATIONS),
    each("POST", "/admin/api/invitations", WRITE_INVITATIONS),
    each("DELETE", "/admin/api/invitations/{id}", WRITE_INVITATIONS),
    part("GET", "/admin/api/groups", READ_GROUPS),
    each("POST", "/admin/api/groups", WRITE_GROUPS),
    part("GET", "/admin/api/groups/{id}", READ_GROUPS),
    part("PATCH", "/admin/api/groups/{id}", WRITE_GROUPS),
    each("DELETE", "/admin/api/groups/{id}", WRITE_GROUPS),
    part("GET", "/admin/api/groups/{id}/members", READ_MEMBERS),
    part("PUT", "/admin/api/groups/{id}/members/{user}", WRITE_GROUPS),
    part("DELETE", "/admin/api/groups/{id}/members/{user}", WRITE_GROUPS),
    each("GET", "/admin/api/scopes", READ_SCOPES),
    each("POST", "/admin/api/scopes", WRITE_SCOPES),
    each("GET", "/admin/api/scopes/{name}", READ_SCOPES),
    each("PATCH", "/admin/api/scopes/{name}", WRITE_SCOPES),
    each("DELETE", "/admin/api/scopes/{name}", WRITE_SCOPES),
    each("GET", "/admin/api/delegations", READ_DELEGATIONS),
    all_powers("POST", "/admin/api/delegations"),
    all_powers("DELETE", "/admin/api/delegations/{id}"),
    each("GET", "/admin/api/keys", READ_KEYS),
    each("POST", "/admin/api/keys", WRITE_KEYS),
    each("DELETE", "/admin/api/keys/{kid}", WRITE_KEYS),
    each("GET", "/admin/api/registration-tokens", READ_TOKENS),
    each("POST", "/admin/api/registration-tokens", WRITE_TOKENS),
    each("DELETE", "/admin/api/registration-tokens/{id}", WRITE_TOKENS),
    each("GET", "/admin/api/mails", READ_MAILS),
    each("DELETE", "/admin/api/mails/{id}", WRITE_MAILS),
    each("POST", "/admin/api/mails/{id}/retry", WRITE_MAILS),
    each("GET", "/admin/api/webhooks", READ_WEBHOOKS),
    each("POST", "/admin/api/webhooks", WRITE_WEBHOOKS),
    each("GET", "/admin/api/webhooks/{id}", READ_WEBHOOKS),
    each("PATCH", "/admin/api/webhooks/{id}", WRITE_WEBHOOKS),
    each("DELETE", "/admin/api/webhooks/{id}", WRITE_WEBHOOKS),
    each("POST", "/admin/api/webhooks/{id}/secret", WRITE_WEBHOOKS),
    each("DELETE", "/admin/api/webhooks/{id}/old-secret", WRITE_WEBHOOKS),
    each("POST", "/admin/api/webhooks/{id}/test", WRITE_WEBHOOKS),
    each("POST", "/admin/api/webhooks/{id}/skip", WRITE_WEBHOOKS),
    each("GET", "/admin/api/webhooks/{id}/deliveries", READ_WEBHOOKS),
    each("POST", "/admin/api/webhooks/{id}/deliveries/{delivery}/redeliver", WRITE_WEBHOOKS),
    each("GET", "/admin/api/policies", READ_POLICIES),
    each("GET", "/admin/api/branding", READ_BRANDING),
    each("PUT", "/admin/api/branding", WRITE_BRANDING),
    each("GET", "/admin/api/providers", READ_PROVIDERS),
    all_powers("POST", "/admin/api/providers"),
    each("GET", "/admin/api/providers/{id}", READ_PROVIDERS),
    all_powers("PATCH", "/admin/api/providers/{id}"),
    all_powers("DELETE", "/admin/api/providers/{id}"),
    each("GET", "/admin/api/providers/{id}/links", READ_PROVIDERS),
    each("POST", "/admin/api/providers/{id}/test", READ_PROVIDERS),
    part("GET", "/admin/api/audit", READ_AUDIT),
    part("GET", "/admin/api/audit/export", READ_AUDIT),
    each("GET", "/admin/api/statistics", READ_STATISTICS),
    part("GET", "/admin/api/failures", READ_FAILURES),
    part("GET", "/admin/api/failures/{id}", READ_FAILURES),
    part("POST", "/admin/api/failures/{id}/register-redirect-uri", MEND_FAILURES),
];

/// The line of a route.
#[must_use]
pub fn line(method: &str, path: &str) -> Option<&'static Route> {
    let method = if method == "HEAD" { "GET" } else { method };
    TABLE.iter().find(|route| route.path == path && (route.method == method || route.method == "ANY"))
}

impl Role {
    /// Does somebody with these powers come in?
    ///
    /// # Errors
    /// What it would take.
    pub fn admits(self, powers: &Powers) -> Result<(), Missing> {
        let Self::Administration { needs, delegated } = self else { return Ok(()) };
        let missing = match needs {
            Needs::AnyPower => (!powers.is_any()).then(|| DELEGATED.to_owned()),
            Needs::AllPowers => (!powers.is_all()).then(|| ADMIN.to_owned()),
            Needs::Each(permissions) => {
                permissions.iter().find(|permission| !powers.has(**permission)).map(ToString::to_string)
            }
        };
        match missing {
            Some(scope) if !(delegated && powers.is_delegated()) => {
                Err(Missing { scope, why: String::new() })
            }
            _ => Ok(()),
        }
    }

    /// The sets of scopes that let a client's token in, the narrowest first.
    #[must_use]
    pub fn scopes(self) -> Vec<Vec<String>> {
        let Self::Administration { needs, delegated } = self else { return Vec::new() };
        let mut sets = Vec::new();
        match needs {
            Needs::Each(permissions) => sets.push(permissions.iter().map(ToString::to_string).collect()),
            Needs::AnyPower => sets.extend(Permission::all().map(|permission| vec![permission.to_string()])),
            Needs::AllPowers => {}
        }
        if delegated {
            sets.push(vec![DELEGATED.to_owned()]);
        }
        sets.push(vec![ADMIN.to_owned()]);
        sets
    }
}

/// Lets a request of administration in, or writes down that it was refused.
///
/// # Errors
/// The route asks for more, or is not in the table.
pub async fn admit(app: &App, origin: &Origin, parts: &Parts) -> Result<(), Refusal> {
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let role = line(parts.method.as_str(), path).map(|route| route.role);
    // What is not listed as a route of administration is none.
    let admitted = match role {
        Some(role @ Role::Administration { .. }) => role.admits(&origin.powers),
        _ => Err(Missing { scope: ADMIN.to_owned(), why: String::new() }),
    };
    match admitted {
        Ok(()) => Ok(()),
        Err(missing) => Err(refused(app, origin, missing, &spoken(&parts.method, parts.uri.path())).await?),
    }
}

fn spoken(method: &Method, path: &str) -> String {
    let path: String = path.chars().filter(|c| !c.is_control()).take(200).collect();
    format!("{method} {path}")
}

/// Decides whether somebody may do something, and writes down that they may not.
///
/// # Errors
/// They may not: [`Refusal::Forbidden`]; or the database is unavailable.
pub async fn allow(app: &App, origin: &Origin, deed: &Deed<'_>, target: &str) -> Result<(), Refusal> {
    match origin.powers.may(deed) {
        Ok(()) => Ok(()),
        Err(missing) => Err(refused(app, origin, missing, target).await?),
    }
}

/// A refusal, and its row in the audit log. One who is refused again and again does not fill the log.
async fn refused(app: &App, origin: &Origin, missing: Missing, target: &str) -> Result<Refusal, StoreError> {
    let now = app.clock.now();
    if throttle::may_tell_of_refusal(&app.store, &app.seals, &app.config.throttle, &origin.actor, now).await?
    {
        let audit = app.audit(origin, "administration.refuse", target.to_owned(), missing.to_string());
        app.store.audit(&audit).await?;
    }
    Ok(Refusal::Forbidden(missing))
}

/// Writes down that somebody who may ask got something wrong: a field that there is not, a forged cursor, a version that was
/// overtaken, somebody else's id. Bounded as refusals are, and counted apart from them, so that neither hides the other.
///
/// # Errors
/// The database is unavailable.
pub async fn note_mistake(
    app: &App,
    origin: &Origin,
    method: &Method,
    path: &str,
    what: String,
) -> Result<(), StoreError> {
    let (now, bucket) = (app.clock.now(), format!("{} mistakes", origin.actor));
    if throttle::may_tell_of_refusal(&app.store, &app.seals, &app.config.throttle, &bucket, now).await? {
        app.store.audit(&app.audit(origin, "administration.mistake", spoken(method, path), what)).await?;
    }
    Ok(())
}

/// What the rules must know of a client.
///
/// # Errors
/// The database is unavailable.
pub async fn client_facts<'a>(
    app: &App,
    origin: &Origin,
    client: &'a Client,
) -> Result<ClientFacts<'a>, Refusal> {
    Ok(ClientFacts {
        id: &client.id,
        powerful: client_is_powerful(app, origin, &client.id, &client.metadata).await?,
    })
}

async fn client_is_powerful(
    app: &App,
    origin: &Origin,
    id: &ClientId,
    metadata: &ClientMetadata,
) -> Result<bool, Refusal> {
    // Whoever may do everything is not asked what.
    if origin.powers.is_all() {
        return Ok(false);
    }
    Ok(reaches_administration(&metadata.scope) || !app.store.delegated_to_client(id).await?.is_empty())
}

/// What the rules must know of a group.
///
/// # Errors
/// The database is unavailable.
pub async fn group_facts<'a>(app: &App, origin: &Origin, id: &'a GroupId) -> Result<GroupFacts<'a>, Refusal> {
    let powerful = !origin.powers.is_all() && app.store.group_manages(id).await?;
    Ok(GroupFacts { id, powerful })
}

/// What the rules must know of a user.
///
/// # Errors
/// The database is unavailable.
pub async fn user_facts<'a>(app: &App, origin: &Origin, user: &'a User) -> Result<UserFacts<'a>, Refusal> {
    if origin.powers.is_all() {
        let groups = std::collections::BTreeSet::new();
        return Ok(UserFacts { id: &user.id, powerful: false, groups, elsewhere: false });
    }
    let store = app.store.asked_anew();
    Ok(UserFacts {
        id: &user.id,
        powerful: user.is_admin || !store.delegated_to_user(&user.id).await?.is_empty(),
        groups: store.groups_of_user(&user.id).await?.groups.iter().map(|group| group.id.clone()).collect(),
        elsewhere: !store.directory_groups(&user.id).await?.names.is_empty(),
    })
}

/// Whose delegations bound what somebody sees; none where they may see all of it.
#[must_use]
pub fn managed_by(origin: &Origin, all: Permission) -> Option<Holder> {
    if origin.powers.has(all) {
        return None;
    }
    Some(match origin.actor.split_once(':') {
        Some(("client", id)) => Holder::Client(id.into()),
        Some(("user", id)) => Holder::User(id.into()),
        // Nobody in particular manages nothing.
        _ => Holder::User(UserId::from("")),
    })
}

/// The table as a document.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(
        "# Who may call what\n\n\
         Made from the table that admits requests (`src/admin/access.rs`); a route that is missing from it fails the tests.\n\
         **Administrators** may call everything under `/admin`. A client's own token needs the scopes named here, or\n\
         `countersign:admin`. **Delegated** means: those to whom an application or a group was delegated come in as well, and get no\n\
         further than to what is theirs ([Administration](administration.md)).\n\n\
         | method | route | who |\n|---|---|---|\n",
    );
    for Route { method, path, role } in TABLE {
        let who = match role {
            Role::Anybody => "anybody".to_owned(),
            Role::Application => "an application that proves who it is, or a token".to_owned(),
            Role::User => "whoever is signed in, for their own account".to_owned(),
            Role::Administration { needs, delegated } => {
                let needs = match needs {
                    Needs::AnyPower => "whoever administers anything".to_owned(),
                    Needs::AllPowers => format!("`{ADMIN}`"),
                    Needs::Each(permissions) => permissions
                        .iter()
                        .map(|permission| format!("`{permission}`"))
                        .collect::<Vec<_>>()
                        .join(" and "),
                };
                if *delegated && !matches!(role, Role::Administration { needs: Needs::AnyPower, .. }) {
                    format!("{needs}, or delegated")
                } else {
                    needs
                }
            }
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {method} | `{path}` | {who} |");
    }
    text
}
