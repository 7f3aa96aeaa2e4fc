//! Who may administer what, and what nobody may bring about.
//!
//! Powers come in three sizes: all of them (administrators, the scope `countersign:admin`), some on everything of a kind
//! (the scopes `countersign:<resource>:<read|write>` of a client), or all that is ordinary on single applications and groups
//! (what was delegated). Whoever has not all of them can neither touch nor make anything that has any: that one rule
//! keeps every sequence of permitted changes from ending in more power than it began with.

use std::collections::BTreeSet;
use std::fmt;

use super::client::{AuthMethod, ClientMetadata, SigningAlg};
use super::ids::{ClientId, GroupId, UserId};
use super::scope::{ADMIN, DELEGATED, RESERVED, Scope};
use super::subject::sector;

/// What there is to administer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Applications.
    Clients,
    /// Users, their sessions and ways to sign in.
    Users,
    /// Groups and who is in them.
    Groups,
    /// Invitations.
    Invitations,
    /// Who manages which applications and groups.
    Delegations,
    /// This server's keys.
    Keys,
    /// Initial access tokens, by which clients register themselves.
    RegistrationTokens,
    /// The audit log.
    Audit,
    /// What was counted.
    Statistics,
    /// Refused requests of applications.
    Failures,
    /// Who is told of what happens.
    Webhooks,
    /// Providers elsewhere that people sign in with.
    Providers,
    /// Mails that wait, and what became of them.
    Mails,
    /// What scopes mean, and which claims they bring.
    Scopes,
    /// How this server looks.
    Branding,
    /// What holds on this deployment.
    Policies,
}

impl Resource {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Clients,
        Self::Users,
        Self::Groups,
        Self::Invitations,
        Self::Delegations,
        Self::Keys,
        Self::RegistrationTokens,
        Self::Audit,
        Self::Statistics,
        Self::Failures,
        Self::Webhooks,
        Self::Providers,
        Self::Mails,
        Self::Scopes,
        Self::Branding,
        Self::Policies,
    ];

    /// Its name in scopes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Invitations => "invitations",
            Self::Delegations => "delegations",
            Self::Keys => "keys",
            Self::RegistrationTokens => "registration-tokens",
            Self::Audit => "audit",
            Self::Statistics => "statistics",
            Self::Failures => "failures",
            Self::Webhooks => "webhooks",
            Self::Providers => "providers",
            Self::Mails => "mails",
            Self::Scopes => "scopes",
            Self::Branding => "branding",
            Self::Policies => "policies",
        }
    }

    /// Is there something that a scope lets one change? Who manages what, and whose word on people is believed, is for those
    /// with all powers, and what was written down stays.
    #[must_use]
    pub const fn is_changed_by_scope(self) -> bool {
        !matches!(
            self,
            Self::Delegations
                | Self::Providers
                | Self::Audit
                | Self::Statistics
                | Self::Failures
                | Self::Policies
        )
    }
}

/// What one may do with all of a resource. Who may change it may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Look at it.
    Read(Resource),
    /// Change it.
    Write(Resource),
}

impl Permission {
    /// Every one that there is a scope for.
    pub fn all() -> impl Iterator<Item = Self> {
        Resource::ALL.into_iter().flat_map(|resource| {
            let write = resource.is_changed_by_scope().then_some(Self::Write(resource));
            [Some(Self::Read(resource)), write].into_iter().flatten()
        })
    }

    /// What it allows, in words.
    #[must_use]
    pub fn meaning(self) -> String {
        let (verb, resource) = match self {
            Self::Read(resource) => ("Read", resource),
            Self::Write(resource) => ("Read and change", resource),
        };
        let what = match resource {
            Resource::Clients => "applications",
            Resource::Users => "users, their sessions and ways to sign in",
            Resource::Groups => "groups and who is in them",
            Resource::Invitations => "invitations",
            Resource::Delegations => "who manages which applications and groups",
            Resource::Keys => "the server's keys",
            Resource::RegistrationTokens => "initial access tokens",
            Resource::Audit => "the audit log",
            Resource::Statistics => "what was counted",
            Resource::Failures => "refused requests of applications",
            Resource::Webhooks => "who is told of what happens",
            Resource::Policies => "the policies of this deployment",
            Resource::Branding => "how this server looks",
            Resource::Providers => "providers elsewhere that people sign in with",
            Resource::Mails => "mails that wait, and what became of them",
            Resource::Scopes => "what scopes mean, and which claims they bring",
        };
        format!("{verb} {what}")
    }
}

/// As a scope.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(resource) => write!(f, "{RESERVED}{}:read", resource.as_str()),
            Self::Write(resource) => write!(f, "{RESERVED}{}:write", resource.as_str()),
        }
    }
}

/// Is this a scope of the administration API? Scopes that begin as they do and are none mean nothing.
#[must_use]
pub fn is_known(scope: &str) -> bool {
    scope == ADMIN
        || scope == DELEGATED
        || Permission::all().any(|permission| permission.to_string() == scope)
}

/// Does this scope reach the administration API?
#[must_use]
pub fn reaches_administration(scope: &Scope) -> bool {
    scope.iter().any(|token| token.starts_with(RESERVED))
}

/// What was delegated to somebody: which applications and which groups they manage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delegated {
    /// The applications.
    pub clients: BTreeSet<ClientId>,
    /// The groups, with their members.
    pub groups: BTreeSet<GroupId>,
}

impl Delegated {
    /// Nothing?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.groups.is_empty()
    }
}

/// What somebody may administer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    all: bool,
    permissions: BTreeSet<Permission>,
    delegated: Delegated,
    me: Option<UserId>,
}

impl Powers {
    /// Those of an administrator, of the operator's terminal and of the server itself.
    #[must_use]
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// None: those of whoever only has an account, or not even that.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Those of a user who is no administrator.
    #[must_use]
    pub fn of_user(id: &UserId, delegated: Delegated) -> Self {
        Self { delegated, me: Some(id.clone()), ..Self::default() }
    }

    /// Those of a client's own token with this scope. What was delegated to the client counts with the scope
    /// `countersign:delegated`.
    #[must_use]
    pub fn of_client(scope: &Scope, delegated: Delegated) -> Self {
        Self {
            all: scope.contains(ADMIN),
            permissions: Permission::all()
                .filter(|permission| scope.contains(&permission.to_string()))
                .collect(),
            delegated: if scope.contains(DELEGATED) { delegated } else { Delegated::default() },
            me: None,
        }
    }

    /// All of them?
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.all
    }

    /// Any at all?
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.all || !self.permissions.is_empty() || self.is_delegated()
    }

    /// Was something delegated?
    #[must_use]
    pub fn is_delegated(&self) -> bool {
        !self.delegated.is_empty()
    }

    /// What was delegated.
    #[must_use]
    pub const fn delegated(&self) -> &Delegated {
        &self.delegated
    }

    /// May they do this with all of a resource?
    #[must_use]
    pub fn has(&self, permission: Permission) -> bool {
        let wider = match permission {
            Permission::Read(resource) => Permission::Write(resource),
            write @ Permission::Write(_) => write,
        };
        self.all || self.permissions.contains(&permission) || self.permissions.contains(&wider)
    }

    /// May they do this?
    ///
    /// # Errors
    /// What it would take.
    #[expect(clippy::too_many_lines, reason = "one rule after the other, to be read from top to bottom")]
    pub fn may(&self, deed: &Deed<'_>) -> Result<(), Missing> {
        if self.all {
            return Ok(());
        }
        match deed {
            Deed::Whole(permission) => self.need(*permission),
            Deed::SeeClient(id) => self.on_client(id, Permission::Read(Resource::Clients)),
            Deed::ChangeClient { client, powerful_after, widened } => {
                ordinary(client.powerful, "the application reaches the administration of this server")?;
                ordinary(*powerful_after, "the application would reach the administration of this server")?;
                if self.has(Permission::Write(Resource::Clients)) {
                    return Ok(());
                }
                self.on_client(client.id, Permission::Write(Resource::Clients))?;
                match widened.first() {
                    None => Ok(()),
                    Some(field) => Err(Missing {
                        scope: Permission::Write(Resource::Clients).to_string(),
                        why: format!("{field} would allow the application more than it is allowed now"),
                    }),
                }
            }
            Deed::DeleteClient(client) => {
                ordinary(client.powerful, "the application reaches the administration of this server")?;
                self.need(Permission::Write(Resource::Clients))
            }
            Deed::SeeGroup(id) => self.on_group(id, Permission::Read(Resource::Groups)),
            Deed::ChangeGroup { group, only_description } => {
                ordinary(group.powerful, "the group's members administer something")?;
                if self.has(Permission::Write(Resource::Groups)) {
                    return Ok(());
                }
                self.on_group(group.id, Permission::Write(Resource::Groups))?;
                if *only_description {
                    return Ok(());
                }
                Err(Missing {
                    scope: Permission::Write(Resource::Groups).to_string(),
                    why: "what a group is called and asks for is what applications go by".to_owned(),
                })
            }
            Deed::DeleteGroup(group) => {
                ordinary(group.powerful, "the group's members administer something")?;
                self.need(Permission::Write(Resource::Groups))
            }
            Deed::ChangeMembers { group, user } => {
                ordinary(group.powerful, "the group's members administer something")?;
                self.not_oneself(user)?;
                if self.has(Permission::Write(Resource::Groups)) {
                    return ordinary(user.powerful, "the user administers something");
                }
                self.on_group(group.id, Permission::Write(Resource::Groups))?;
                self.on_user(user, Permission::Write(Resource::Users))
            }
            Deed::SeeUser(user) => {
                if user.groups.iter().any(|group| self.delegated.groups.contains(group)) {
                    return Ok(());
                }
                self.need(Permission::Read(Resource::Users))
            }
            Deed::SeeAccount(user) => {
                if self.has(Permission::Read(Resource::Users)) {
                    return Ok(());
                }
                self.on_user(user, Permission::Read(Resource::Users))
            }
            Deed::ChangeUser { user, widened } => {
                self.not_oneself(user)?;
                self.on_user(user, Permission::Write(Resource::Users))?;
                if self.has(Permission::Write(Resource::Users)) {
                    // All of what a profile says, but for power.
                    return ordinary(widened.contains(&"is_admin"), "the user would administer this server");
                }
                match widened.first() {
                    None => Ok(()),
                    Some(field) => Err(Missing {
                        scope: Permission::Write(Resource::Users).to_string(),
                        why: format!("{field} is what others go by"),
                    }),
                }
            }
            Deed::CreateUser { is_admin } => {
                ordinary(*is_admin, "the user would administer this server")?;
                self.need(Permission::Write(Resource::Users))
            }
            Deed::DeleteUser(user) => {
                self.not_oneself(user)?;
                ordinary(user.powerful, "the user administers something")?;
                self.need(Permission::Write(Resource::Users))
            }
            Deed::Invite { is_admin } => {
                ordinary(*is_admin, "the user would administer this server")?;
                self.need(Permission::Write(Resource::Invitations))
            }
            Deed::SeeFailures(client) => {
                if self.delegated.clients.iter().any(|known| known.as_str() == *client) {
                    return Ok(());
                }
                self.need(Permission::Read(Resource::Failures))
            }
            Deed::SeeAudit(about) => match about {
                About::Client(id) if self.delegated.clients.contains(id) => Ok(()),
                About::Group(id) if self.delegated.groups.contains(id) => Ok(()),
                About::User(user) if self.has(Permission::Read(Resource::Audit)) || self.manages(user) => {
                    Ok(())
                }
                _ => self.need(Permission::Read(Resource::Audit)),
            },
            // Its word opens accounts, those of administrators among them.
            Deed::ChangeProvider => Err(Missing {
                scope: ADMIN.to_owned(),
                why: "whoever a provider vouches for can be anybody here, administrators too".to_owned(),
            }),
            Deed::Delegate => Err(Missing {
                scope: ADMIN.to_owned(),
                why: "only who may do everything hands out powers".to_owned(),
            }),
        }
    }

    fn need(&self, permission: Permission) -> Result<(), Missing> {
        if self.has(permission) {
            return Ok(());
        }
        Err(Missing { scope: permission.to_string(), why: String::new() })
    }

    fn on_client(&self, id: &ClientId, or: Permission) -> Result<(), Missing> {
        if self.delegated.clients.contains(id) { Ok(()) } else { self.need(or) }
    }

    fn on_group(&self, id: &GroupId, or: Permission) -> Result<(), Missing> {
        if self.delegated.groups.contains(id) { Ok(()) } else { self.need(or) }
    }

    /// Is all that this account is good for delegated? Whoever sets its password can be its user, in every group of theirs.
    fn manages(&self, user: &UserFacts<'_>) -> bool {
        !user.powerful
            && !user.elsewhere
            && !user.groups.is_empty()
            && user.groups.is_subset(&self.delegated.groups)
            && self.me.as_ref() != Some(user.id)
    }

    fn on_user(&self, user: &UserFacts<'_>, or: Permission) -> Result<(), Missing> {
        ordinary(user.powerful, "the user administers something")?;
        if self.manages(user) {
            return Ok(());
        }
        self.need(or).map_err(|missing| Missing {
            why: "the user is not only in groups that you manage".to_owned(),
            ..missing
        })
    }

    fn not_oneself(&self, user: &UserFacts<'_>) -> Result<(), Missing> {
        if self.me.as_ref() == Some(user.id) {
            let why = "nobody changes their own account here: it has its own page".to_owned();
            return Err(Missing { scope: ADMIN.to_owned(), why });
        }
        Ok(())
    }
}

/// What has power, or would have it, is for those with all powers.
fn ordinary(powerful: bool, why: &str) -> Result<(), Missing> {
    if powerful {
        return Err(Missing { scope: ADMIN.to_owned(), why: why.to_owned() });
    }
    Ok(())
}

/// What it would take: the scope of a client's token. An administrator may do all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The scope.
    pub scope: String,
    /// Why less does not do; may be empty.
    pub why: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this needs an administrator, or a token with the scope {}", self.scope)?;
        if self.why.is_empty() { Ok(()) } else { write!(f, ": {}", self.why) }
    }
}

/// What a rule must know of an application.
#[derive(Clone, Copy, Debug)]
pub struct ClientFacts<'a> {
    /// Which.
    pub id: &'a ClientId,
    /// Has it a scope that reaches the administration API, or was something delegated to it?
    pub powerful: bool,
}

/// What a rule must know of a group.
#[derive(Clone, Copy, Debug)]
pub struct GroupFacts<'a> {
    /// Which.
    pub id: &'a GroupId,
    /// Was something delegated to its members?
    pub powerful: bool,
}

/// What a rule must know of a user.
#[derive(Clone, Debug)]
pub struct UserFacts<'a> {
    /// Who.
    pub id: &'a UserId,
    /// An administrator, or somebody to whom something was delegated, by themselves or with a group?
    pub powerful: bool,
    /// The groups that they are in here.
    pub groups: BTreeSet<GroupId>,
    /// Are they in groups of their organisation's directory?
    pub elsewhere: bool,
}

/// What an entry of the audit log is about.
#[derive(Clone, Debug)]
pub enum About<'a> {
    /// An application.
    Client(&'a ClientId),
    /// A group.
    Group(&'a GroupId),
    /// A user.
    User(&'a UserFacts<'a>),
    /// Anything else, or everything.
    Anything,
}

/// What somebody wants to do.
#[derive(Clone, Debug)]
pub enum Deed<'a> {
    /// Something with all of a resource, such as making another one.
    Whole(Permission),
    /// Look at an application, its settings, and what users would get in it.
    SeeClient(&'a ClientId),
    /// Change an application or its secret.
    ChangeClient {
        /// As it is.
        client: ClientFacts<'a>,
        /// Would it reach the administration API?
        powerful_after: bool,
        /// The fields that would allow it more than now: [`widened`].
        widened: &'a [&'static str],
    },
    /// Delete an application.
    DeleteClient(ClientFacts<'a>),
    /// Look at a group and its members.
    SeeGroup(&'a GroupId),
    /// Change a group.
    ChangeGroup {
        /// As it is.
        group: GroupFacts<'a>,
        /// Nothing but what it says it is for?
        only_description: bool,
    },
    /// Delete a group.
    DeleteGroup(GroupFacts<'a>),
    /// Put somebody into a group, or take them out of it.
    ChangeMembers {
        /// Which group.
        group: GroupFacts<'a>,
        /// Whom.
        user: &'a UserFacts<'a>,
    },
    /// Look at a user's profile and groups.
    SeeUser(&'a UserFacts<'a>),
    /// Look at a user's sessions and ways to sign in.
    SeeAccount(&'a UserFacts<'a>),
    /// Change a profile, a password, ways to sign in, or end sessions.
    ChangeUser {
        /// Whose.
        user: &'a UserFacts<'a>,
        /// The fields that others go by, and that would change: `is_admin` where the user would become an administrator,
        /// `username`, `email`, `email_verified`, `phone_number_verified`.
        widened: &'a [&'static str],
    },
    /// Add a user.
    CreateUser {
        /// As an administrator?
        is_admin: bool,
    },
    /// Delete a user.
    DeleteUser(&'a UserFacts<'a>),
    /// Invite somebody.
    Invite {
        /// As an administrator?
        is_admin: bool,
    },
    /// Look at refused requests of a client, by its id as it came; empty for those of all.
    SeeFailures(&'a str),
    /// Look at the audit log about something.
    SeeAudit(About<'a>),
    /// Register, change or delete an upstream provider.
    ChangeProvider,
    /// Say who manages what.
    Delegate,
}

/// What a change of an application would allow it beyond what it is allowed now: scopes, grant types, signing in without
/// asking people, with less proof or requests that prove less, or knowing people by other identifiers, as another sector does.
#[must_use]
pub fn widened(client: &ClientId, before: &ClientMetadata, after: &ClientMetadata) -> Vec<&'static str> {
    let more_grants = after.grant_types.iter().any(|grant| !before.grant_types.contains(grant));
    let [sector_before, sector_after] = [before, after].map(|metadata| sector(client, metadata));
    let asks_for_signed = |metadata: &ClientMetadata| {
        metadata.request_object_signing_alg.is_some_and(|alg| alg != SigningAlg::None)
    };
    [
        ("scope", !before.scope.covers(&after.scope)),
        ("grant_types", more_grants),
        ("skip_consent", after.skip_consent && !before.skip_consent),
        ("introspects_any_token", after.introspects_any_token && !before.introspects_any_token),
        ("require_pkce", before.require_pkce && !after.require_pkce),
        (
            "require_pushed_authorization_requests",
            before.require_pushed_authorization_requests && !after.require_pushed_authorization_requests,
        ),
        ("dpop_bound_access_tokens", before.dpop_bound_access_tokens && !after.dpop_bound_access_tokens),
        (
            "token_endpoint_auth_method",
            before.token_endpoint_auth_method != AuthMethod::None
                && after.token_endpoint_auth_method == AuthMethod::None,
        ),
        ("request_object_signing_alg", asks_for_signed(before) && !asks_for_signed(after)),
        ("least_acr", after.least_acr < before.least_acr),
        // Of a pairwise client without sector_identifier_uri, the first redirect URI decides.
        ("subject_type", sector_before != sector_after),
    ]
    .into_iter()
    .filter_map(|(field, wider)| wider.then_some(field))
    .collect()
}

#[cfg(test)]
mod tests;
