//! The rule that power never grows, tried out on a whole small world.

use std::collections::{BTreeSet, HashSet};

use super::{
    About, ClientFacts, Deed, Delegated, GroupFacts, Permission, Powers, Resource, UserFacts, is_known,
    reaches_administration, widened,
};
use crate::protocol::assurance::Level;
use crate::protocol::client::{AuthMethod, ClientMetadata, GrantType, SigningAlg, SubjectType};
use crate::protocol::ids::{ClientId, GroupId, UserId};
use crate::protocol::scope::{ADMIN, DELEGATED, Scope};

/// Users of the world: who acts, an ordinary member, somebody in another group as well, somebody in no group, somebody
/// who manages something, an administrator.
const USERS: [&str; 6] = ["me", "member", "both", "outside", "manager", "root"];
/// Groups: one that is managed, another that is managed, one that is not, one whose members manage something.
const GROUPS: [&str; 4] = ["mine", "mine-too", "theirs", "managers"];
/// Applications: one that is managed, one that is not, one that administers.
const CLIENTS: [&str; 3] = ["app", "other", "robot"];

/// What the rules go by, as it changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    /// Pairs of user and group.
    members: BTreeSet<(usize, usize)>,
    administrators: BTreeSet<usize>,
    /// Applications with a scope that reaches the administration.
    powerful: BTreeSet<usize>,
}

/// What was done in any of the worlds. No rule goes by it, so worlds do not differ in it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Done {
    /// Whose password the actor set, which applications' secrets, and which of them got another scope.
    passwords: BTreeSet<usize>,
    secrets: BTreeSet<usize>,
    wide: BTreeSet<usize>,
    /// Groups that are called and ask for something else now.
    renamed: BTreeSet<usize>,
}

impl World {
    fn begin() -> Self {
        Self {
            members: [(0, 0), (1, 0), (2, 0), (2, 2), (4, 3)].into(),
            administrators: [5].into(),
            powerful: [2].into(),
        }
    }

    fn user<'a>(&self, user: usize, id: &'a UserId) -> UserFacts<'a> {
        let groups: BTreeSet<usize> =
            self.members.iter().filter(|(one, _)| *one == user).map(|(_, group)| *group).collect();
        UserFacts {
            id,
            // Of the actor it is known that they manage something.
            powerful: self.administrators.contains(&user) || user == 0 || groups.contains(&3),
            groups: groups.into_iter().map(|group| GroupId::from(GROUPS[group])).collect(),
            elsewhere: false,
        }
    }

    /// Every world that one permitted change leads to; what else is permitted is noted.
    fn next(&self, powers: &Powers, done: &mut Done) -> Vec<Self> {
        let mut worlds = Vec::new();
        let mut try_out = |deed: Deed<'_>, change: &dyn Fn(&mut Self)| {
            if powers.may(&deed).is_ok() {
                let mut world = self.clone();
                change(&mut world);
                worlds.push(world);
            }
        };
        // A provider of one's own says that one is the administrator's counterpart there.
        try_out(Deed::ChangeProvider, &|world| {
            world.administrators.insert(0);
        });
        for (number, name) in USERS.iter().enumerate() {
            let id = UserId::from(*name);
            let facts = self.user(number, &id);
            if powers.may(&Deed::ChangeUser { user: &facts, widened: &[] }).is_ok() {
                done.passwords.insert(number);
            }
            try_out(Deed::ChangeUser { user: &facts, widened: &["is_admin"] }, &|world| {
                world.administrators.insert(number);
            });
            for (group, group_name) in GROUPS.iter().enumerate() {
                let group_id = GroupId::from(*group_name);
                let facts_of_group = GroupFacts { id: &group_id, powerful: group == 3 };
                try_out(Deed::ChangeMembers { group: facts_of_group, user: &facts }, &|world| {
                    world.members.insert((number, group));
                });
                try_out(Deed::ChangeMembers { group: facts_of_group, user: &facts }, &|world| {
                    world.members.remove(&(number, group));
                });
            }
        }
        for (number, name) in GROUPS.iter().enumerate() {
            let id = GroupId::from(*name);
            let group = GroupFacts { id: &id, powerful: number == 3 };
            if powers.may(&Deed::ChangeGroup { group, only_description: false }).is_ok() {
                done.renamed.insert(number);
            }
        }
        for (number, name) in CLIENTS.iter().enumerate() {
            let id = ClientId::from(*name);
            let client = ClientFacts { id: &id, powerful: self.powerful.contains(&number) };
            let deed = |powerful_after, widened| Deed::ChangeClient { client, powerful_after, widened };
            if powers.may(&deed(false, &[])).is_ok() {
                done.secrets.insert(number);
            }
            if powers.may(&deed(false, &["scope"])).is_ok() {
                done.wide.insert(number);
            }
            try_out(deed(true, &["scope"]), &|world| {
                world.powerful.insert(number);
            });
        }
        worlds
    }
}

/// Every world that permitted changes lead to, however many there are of them, and what was done on the way.
fn reachable(powers: &Powers) -> (HashSet<World>, Done) {
    let (mut seen, mut done) = (HashSet::from([World::begin()]), Done::default());
    let mut open = vec![World::begin()];
    while let Some(world) = open.pop() {
        for next in world.next(powers, &mut done) {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
        assert!(seen.len() < 10_000, "the world is larger than it was thought");
    }
    (seen, done)
}

fn delegated() -> Delegated {
    Delegated { clients: ["app".into()].into(), groups: ["mine".into(), "mine-too".into()].into() }
}

#[test]
fn no_sequence_of_what_a_delegated_administrator_may_do_widens_anything() {
    let (worlds, done) = reachable(&Powers::of_user(&"me".into(), delegated()));
    assert_eq!(worlds.len(), 4, "the one member is in either group, in both or in none");
    // The one member who is in nothing but their groups, and nobody else: not themselves, not who is in another group as
    // well, nobody from outside, no manager, no administrator. No application may do more, no group asks for less.
    assert_eq!(done, Done { passwords: [1].into(), secrets: [0].into(), ..Done::default() });
    let begin = World::begin();
    for world in worlds {
        assert_eq!(world.administrators, begin.administrators, "{world:?}");
        assert_eq!(world.powerful, begin.powerful, "{world:?}");
        let elsewhere = |world: &World| -> BTreeSet<(usize, usize)> {
            world.members.iter().filter(|(_, group)| *group >= 2).copied().collect()
        };
        assert_eq!(elsewhere(&world), elsewhere(&begin), "groups that are not theirs stay as they are");
        // Nobody comes in who was not theirs to manage before.
        assert!(world.members.iter().all(|(user, group)| *group >= 2 || *user <= 2), "{world:?}");
    }
}

#[test]
fn no_client_with_scopes_short_of_all_gets_to_power() {
    let everything: Vec<String> = Permission::all().map(|permission| permission.to_string()).collect();
    let scope = Scope::parse(&format!("{} {DELEGATED}", everything.join(" "))).unwrap();
    let (worlds, done) = reachable(&Powers::of_client(&scope, delegated()));
    assert_eq!(worlds.len(), 512, "three users are in each of three groups or not");
    let expected = Done {
        passwords: [1, 2, 3].into(),
        secrets: [0, 1].into(),
        wide: [0, 1].into(),
        renamed: [0, 1, 2].into(),
    };
    assert_eq!(done, expected);
    let begin = World::begin();
    for world in worlds {
        assert_eq!(world.administrators, begin.administrators);
        assert_eq!(world.powerful, begin.powerful);
        for (user, group) in &world.members {
            assert!(*group != 3 || *user == 4, "nobody joins who manages: {world:?}");
        }
    }
}

#[test]
fn administrators_may_do_everything_and_others_nothing() {
    let user = UserFacts { id: &"root".into(), powerful: true, groups: BTreeSet::new(), elsewhere: true };
    let (client_id, group_id) = (ClientId::from("robot"), GroupId::from("managers"));
    let client = ClientFacts { id: &client_id, powerful: true };
    let group = GroupFacts { id: &group_id, powerful: true };
    let deeds = [
        Deed::Whole(Permission::Write(Resource::Keys)),
        Deed::SeeClient(&client_id),
        Deed::ChangeClient { client, powerful_after: true, widened: &["scope"] },
        Deed::DeleteClient(client),
        Deed::SeeGroup(&group_id),
        Deed::ChangeGroup { group, only_description: false },
        Deed::DeleteGroup(group),
        Deed::ChangeMembers { group, user: &user },
        Deed::SeeUser(&user),
        Deed::SeeAccount(&user),
        Deed::ChangeUser { user: &user, widened: &["is_admin"] },
        Deed::CreateUser { is_admin: true },
        Deed::DeleteUser(&user),
        Deed::Invite { is_admin: true },
        Deed::SeeFailures(""),
        Deed::SeeAudit(About::Anything),
        Deed::ChangeProvider,
        Deed::Delegate,
    ];
    let nearly_all: Vec<String> = Permission::all().map(|permission| permission.to_string()).collect();
    let nearly_all = Powers::of_client(&Scope::parse(&nearly_all.join(" ")).unwrap(), delegated());
    for deed in &deeds {
        assert!(Powers::all().may(deed).is_ok(), "{deed:?}");
        assert!(Powers::none().may(deed).is_err(), "{deed:?}");
        assert!(Powers::of_user(&"root".into(), Delegated::default()).may(deed).is_err(), "{deed:?}");
        let changes = !matches!(
            deed,
            Deed::Whole(_)
                | Deed::SeeClient(_)
                | Deed::SeeGroup(_)
                | Deed::SeeUser(_)
                | Deed::SeeAccount(_)
                | Deed::SeeFailures(_)
                | Deed::SeeAudit(_)
        );
        if changes {
            let missing = nearly_all.may(deed).unwrap_err();
            assert_eq!(missing.scope, ADMIN, "what has power is for those with all: {deed:?}");
        }
    }
}

#[test]
fn scopes_are_what_they_say_and_writing_includes_reading() {
    let mut scopes: Vec<String> = Permission::all().map(|permission| permission.to_string()).collect();
    assert!(scopes.contains(&"countersign:clients:read".to_owned()));
    assert!(!scopes.contains(&"countersign:audit:write".to_owned()));
    assert!(scopes.contains(&"countersign:providers:read".to_owned()));
    assert!(!scopes.contains(&"countersign:providers:write".to_owned()), "it would be all powers");
    assert!(scopes.iter().all(|scope| is_known(scope)));
    assert!(is_known(ADMIN) && is_known(DELEGATED) && !is_known("countersign:clients"));
    scopes.sort();
    scopes.dedup();
    assert_eq!(scopes.len(), Permission::all().count());
    for permission in Permission::all() {
        let powers = Powers::of_client(&Scope::parse(&permission.to_string()).unwrap(), Delegated::default());
        for other in Permission::all() {
            let includes = match (permission, other) {
                (Permission::Write(one), Permission::Read(two)) => one == two,
                (one, two) => one == two,
            };
            assert_eq!(powers.has(other), includes, "{permission} {other}");
        }
    }
    assert!(reaches_administration(&Scope::parse("openid countersign:x").unwrap()));
    assert!(!reaches_administration(&Scope::parse("openid countersign").unwrap()));
}

#[test]
fn what_is_delegated_to_a_client_counts_with_its_scope_alone() {
    let id = ClientId::from("app");
    for (scope, may) in [("", false), ("api", false), (DELEGATED, true), ("countersign:clients:read", true)] {
        let powers = Powers::of_client(&Scope::parse(scope).unwrap(), delegated());
        assert_eq!(powers.may(&Deed::SeeClient(&id)).is_ok(), may, "{scope}");
        let change = Deed::ChangeClient {
            client: ClientFacts { id: &id, powerful: false },
            powerful_after: false,
            widened: &[],
        };
        assert_eq!(powers.may(&change).is_ok(), scope == DELEGATED, "{scope}");
    }
}

#[test]
fn what_allows_an_application_more_is_named() {
    let client = crate::protocol::samples::client("app");
    let before = client.metadata.clone();
    let widened = |before: &ClientMetadata, after: &ClientMetadata| widened(&client.id, before, after);
    assert_eq!(widened(&before, &before), [""; 0]);
    let mut after = before.clone();
    after.scope = before.scope.clone().with("payments");
    after.skip_consent = true;
    after.introspects_any_token = true;
    after.grant_types = vec![GrantType::ClientCredentials, GrantType::Implicit];
    let found = widened(&before, &after);
    for field in ["scope", "skip_consent", "introspects_any_token", "grant_types"] {
        assert!(found.contains(&field), "{field}: {found:?}");
    }
    let mut strict = before.clone();
    strict.least_acr = Some(Level::TwoFactors);
    strict.subject_type = SubjectType::Pairwise;
    strict.require_pkce = true;
    strict.require_pushed_authorization_requests = true;
    strict.dpop_bound_access_tokens = true;
    strict.token_endpoint_auth_method = AuthMethod::ClientSecretBasic;
    strict.request_object_signing_alg = Some(SigningAlg::Es256);
    let mut lax = strict.clone();
    lax.least_acr = Some(Level::OneFactor);
    lax.subject_type = SubjectType::Public;
    lax.require_pkce = false;
    lax.require_pushed_authorization_requests = false;
    lax.dpop_bound_access_tokens = false;
    lax.token_endpoint_auth_method = AuthMethod::None;
    lax.request_object_signing_alg = Some(SigningAlg::None);
    assert_eq!(
        widened(&strict, &lax),
        [
            "require_pkce",
            "require_pushed_authorization_requests",
            "dpop_bound_access_tokens",
            "token_endpoint_auth_method",
            "request_object_signing_alg",
            "least_acr",
            "subject_type"
        ]
    );
    assert_eq!(widened(&lax, &strict), ["subject_type"], "other identifiers; the rest is stricter");
    let mut elsewhere = strict.clone();
    elsewhere.redirect_uris = vec!["https://other.example/cb".to_owned()];
    assert_eq!(widened(&strict, &elsewhere), ["subject_type"], "the sector is another one's");
    let mut narrow = before.clone();
    narrow.scope = Scope::parse("openid").unwrap();
    narrow.redirect_uris = vec!["https://elsewhere.example/cb".to_owned()];
    assert_eq!(widened(&before, &narrow), [""; 0]);
}
