//! What a scope may be, and what it brings.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Definitions, Facts, Mapping, MappingInput, Place, ScopeDefinition, ScopeInput, attributes, check,
    fixed_by, values,
};
use crate::protocol::claims::{ABOUT_THE_TOKEN, SUPPORTED};
use crate::protocol::claims_request::Wish;
use crate::protocol::samples;
use crate::protocol::scope::Scope;
use crate::protocol::timestamp::Timestamp;

fn input(value: Value) -> ScopeInput {
    serde_json::from_value(value).unwrap()
}

fn with_claims(claims: &Value) -> ScopeInput {
    input(json!({ "name": "notes", "title": "Your notes", "claims": claims }))
}

pub fn defined(value: Value) -> ScopeDefinition {
    let wanted = check(&input(value), None).unwrap();
    ScopeDefinition {
        name: wanted.name,
        title: wanted.title,
        description: wanted.description,
        localized: wanted.localized,
        claims: wanted.claims,
        published: wanted.published,
        created_at: Timestamp(1),
        updated_at: Timestamp(1),
    }
}

fn problems(input: &ScopeInput) -> Vec<String> {
    check(input, None).unwrap_err().iter().map(ToString::to_string).collect()
}

fn scope(text: &str) -> Scope {
    Scope::parse(text).unwrap()
}

#[test]
fn a_scope_is_what_was_asked_for_without_the_space_around_it() {
    let wanted = check(
        &input(json!({
            "name": " notes:read ", "title": " Your notes ", "description": " Read them. ",
            "localized": { "title#de": " Ihre Notizen " },
            "claims": [
                { "claim": "roles", "from": "groups", "prefix": "notes:", "into": ["access_token", "id_token"] },
                { "claim": "https://notes.example/tenant", "from": "value", "value": { "id": 7 }, "into": ["userinfo"] },
                { "claim": "email", "from": "attribute", "attribute": "email", "into": ["access_token"] },
            ],
        })),
        None,
    )
    .unwrap();
    assert_eq!((wanted.name.as_str(), wanted.title.as_str()), ("notes:read", "Your notes"));
    assert_eq!((wanted.description.as_str(), wanted.published), ("Read them.", true));
    assert_eq!(wanted.localized["title#de"], "Ihre Notizen");
    let told: Vec<MappingInput> = wanted.claims.iter().map(MappingInput::from).collect();
    assert_eq!(told[0].into.as_deref().unwrap(), ["id_token", "access_token"]);
    assert_eq!(told[1].value, Some(json!({ "id": 7 })));
    for name in ["a", "api.read", "https://api.example/notes", "urn:x:y", "~", "OpenID2", &"n".repeat(128)] {
        assert!(check(&input(json!({ "name": name, "title": "x" })), None).is_ok(), "{name}");
    }
}

#[test]
fn what_is_stored_reads_back() {
    let scope = defined(json!({
        "name": "n", "title": "t",
        "claims": [
            { "claim": "a", "from": "groups", "into": ["id_token"] },
            { "claim": "b", "from": "groups", "prefix": "x:", "into": ["id_token", "userinfo"] },
            { "claim": "c", "from": "value", "value": [1, "2", { "x": 1.5 }], "into": ["access_token"] },
            { "claim": "d", "from": "attribute", "attribute": "username", "into": ["userinfo"] },
        ],
    }));
    let text = serde_json::to_string(&scope.claims).unwrap();
    assert_eq!(serde_json::from_str::<Vec<super::Mapping>>(&text).unwrap(), scope.claims);
    // An input that says the same changes nothing.
    assert_eq!(check(&ScopeInput::from(&scope), Some(&scope)).unwrap().claims, scope.claims);
}

#[test]
fn rfc6749_3_3_names_are_scope_tokens_and_nobody_elses() {
    for (name, part) in [
        ("", "RFC 6749 section 3.3"),
        ("a b", "RFC 6749 section 3.3"),
        ("a\"b", "RFC 6749 section 3.3"),
        ("a\\b", "RFC 6749 section 3.3"),
        ("é", "RFC 6749 section 3.3"),
        ("a\tb", "RFC 6749 section 3.3"),
        ("a\0b", "RFC 6749 section 3.3"),
        (&"n".repeat(129), "RFC 6749 section 3.3"),
        (".", "a folder in addresses"),
        ("..", "a folder in addresses"),
        ("openid", "OpenID Connect Core section 5.4"),
        ("profile", "OpenID Connect Core section 5.4"),
        ("email", "OpenID Connect Core section 5.4"),
        ("address", "OpenID Connect Core section 5.4"),
        ("phone", "OpenID Connect Core section 5.4"),
        ("groups", "OpenID Connect Core section 5.4"),
        ("offline_access", "OpenID Connect Core section 5.4"),
        ("countersign:admin", "this server's own APIs"),
        ("countersign:clients:read", "this server's own APIs"),
        ("countersign:anything", "this server's own APIs"),
        ("Countersign:admin", "this server's own APIs"),
    ] {
        let told = problems(&input(json!({ "name": name, "title": "x" })));
        assert!(
            told.len() == 1 && told[0].starts_with("name: ") && told[0].contains(part),
            "{name}: {told:?}"
        );
    }
    let known = defined(json!({ "name": "notes", "title": "x" }));
    let told = check(&input(json!({ "name": "other", "title": "x" })), Some(&known)).unwrap_err();
    assert!(told[0].message.contains("keeps its name"), "{told:?}");
}

#[test]
fn texts_are_plain_lines() {
    let long = "é".repeat(81);
    for (field, value) in [
        ("title", json!("")),
        ("title", json!("  ")),
        ("title", json!("a\nb")),
        ("title", json!("a\u{202e}b")),
        ("title", json!(long)),
        ("description", json!("a\nb")),
        ("description", json!("é".repeat(301))),
        ("localized", json!({ "title": "no tag" })),
        ("localized", json!({ "title#": "an empty one" })),
        ("localized", json!({ "title#d e": "no tag" })),
        ("localized", json!({ "title#de#at": "two" })),
        ("localized", json!({ "name#de": "no such member" })),
        ("localized", json!({ "title#de": "" })),
        ("localized", json!({ "title#de": "a\u{200b}b" })),
        ("localized", json!({ "description#de": "a\nb" })),
        ("localized", Value::Object((0..51).map(|n| (format!("title#x{n}"), json!("x"))).collect())),
    ] {
        let mut whole = json!({ "name": "notes", "title": "Your notes" });
        whole[field] = value.clone();
        let told = check(&input(whole), None).unwrap_err();
        assert_eq!(told.iter().map(|told| told.field).collect::<Vec<_>>(), [field], "{value}");
    }
}

#[test]
fn claims_of_the_protocol_are_refused_with_the_place_that_fixes_them() {
    let fixed =
        ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "acr", "amr", "auth_time", "azp", "sid"];
    let more =
        ["at_hash", "c_hash", "s_hash", "client_id", "scope", "cnf", "act", "may_act", "active", "username"];
    let rest = ["token_type", "gid", "events", "_claim_names", "_claim_sources", "authorization_details"];
    for claim in fixed.iter().chain(&more).chain(&rest).chain(&ABOUT_THE_TOKEN) {
        for name in [(*claim).to_owned(), format!("{claim}#de")] {
            let told = problems(&with_claims(
                &json!([{ "claim": name, "from": "value", "value": 1, "into": ["id_token"] }]),
            ));
            let place = fixed_by(claim).unwrap();
            assert_eq!(told.len(), 1, "{name}");
            assert!(told[0].starts_with("claims: (1, ") && told[0].contains(place), "{name}: {told:?}");
        }
    }
    // What this server's own access tokens say is all fixed: no mapping can say it twice.
    let own = json!({
        "iss": "", "sub": "", "aud": "", "exp": 0, "iat": 0, "jti": "", "client_id": "", "scope": "a",
        "auth_time": 0, "acr": "", "gid": "",
    });
    let token: crate::protocol::access_token::AccessToken = serde_json::from_value(own).unwrap();
    let said = serde_json::to_value(token).unwrap();
    assert_eq!(said.as_object().unwrap().len(), 11);
    for name in said.as_object().unwrap().keys() {
        assert!(fixed_by(name).is_some(), "{name}");
    }
    // RFC 9068 §2.2.3.1 names these for what they are used for here.
    for free in ["roles", "entitlements", "permissions", "tenant", "urn:x", "https://x.example/y#z"] {
        assert_eq!(fixed_by(free), None, "{free}");
        let one = json!([{ "claim": free, "from": "value", "value": 1, "into": ["id_token"] }]);
        assert!(check(&with_claims(&one), None).is_ok(), "{free}");
    }
}

#[test]
fn openid_core_5_1_standard_claims_keep_their_meaning() {
    for claim in SUPPORTED {
        for wrong in [
            json!({ "claim": claim, "from": "value", "value": "x", "into": ["id_token"] }),
            json!({ "claim": claim, "from": "groups", "prefix": "x:", "into": ["id_token"] }),
            json!({
                "claim": claim, "from": "attribute", "into": ["id_token"],
                "attribute": if *claim == "nickname" { "website" } else { "nickname" },
            }),
        ] {
            let told = problems(&with_claims(&json!([wrong])));
            assert!(told[0].contains("can only come from"), "{claim}: {told:?}");
        }
        let own = match *claim {
            "groups" => json!({ "claim": "groups", "from": "groups", "into": ["access_token"] }),
            "preferred_username" => {
                json!({ "claim": claim, "from": "attribute", "attribute": "username", "into": ["access_token"] })
            }
            claim => {
                json!({ "claim": claim, "from": "attribute", "attribute": claim, "into": ["access_token"] })
            }
        };
        assert!(check(&with_claims(&json!([own])), None).is_ok(), "{claim}");
    }
}

#[test]
fn mappings_that_say_nothing_or_too_much_are_refused() {
    let claim = |claim: Value| problems(&with_claims(&json!([claim])));
    for (wrong, part) in [
        (json!({}), "claim: a claim's name"),
        (json!({ "claim": "", "from": "groups", "into": ["id_token"] }), "claim: a claim's name"),
        (json!({ "claim": "a b", "from": "groups", "into": ["id_token"] }), "claim: a claim's name"),
        (json!({ "claim": "é", "from": "groups", "into": ["id_token"] }), "claim: a claim's name"),
        (
            json!({ "claim": "n".repeat(129), "from": "groups", "into": ["id_token"] }),
            "claim: a claim's name",
        ),
        (json!({ "claim": "x", "into": ["id_token"] }), "from: is one of"),
        (json!({ "claim": "x", "from": "Groups", "into": ["id_token"] }), "from: is one of"),
        (json!({ "claim": "x", "from": "attribute", "into": ["id_token"] }), "attribute: is one of"),
        (
            json!({ "claim": "x", "from": "attribute", "attribute": "password_hash", "into": ["id_token"] }),
            "attribute: is one of",
        ),
        (
            json!({ "claim": "x", "from": "attribute", "attribute": "id", "into": ["id_token"] }),
            "attribute: is one of",
        ),
        (
            json!({ "claim": "x", "from": "attribute", "attribute": "is_admin", "into": ["id_token"] }),
            "attribute: is one of",
        ),
        (
            json!({ "claim": "x", "from": "groups", "attribute": "email", "into": ["id_token"] }),
            "attribute: is for from = attribute",
        ),
        (
            json!({ "claim": "x", "from": "value", "value": 1, "prefix": "a", "into": ["id_token"] }),
            "prefix: is for from = groups",
        ),
        (
            json!({ "claim": "x", "from": "groups", "value": 1, "into": ["id_token"] }),
            "value: is for from = value",
        ),
        (json!({ "claim": "x", "from": "groups", "prefix": "a\nb", "into": ["id_token"] }), "prefix: 64"),
        (
            json!({ "claim": "x", "from": "groups", "prefix": "é".repeat(65), "into": ["id_token"] }),
            "prefix: 64",
        ),
        (json!({ "claim": "x", "from": "value", "into": ["id_token"] }), "value: is missing"),
        (json!({ "claim": "x", "from": "value", "value": null, "into": ["id_token"] }), "value: is missing"),
        (
            json!({ "claim": "x", "from": "value", "value": [{ "a": null }], "into": ["id_token"] }),
            "without null",
        ),
        (json!({ "claim": "x", "from": "value", "value": u64::MAX, "into": ["id_token"] }), "64 bits"),
        (json!({ "claim": "x", "from": "value", "value": [1e19], "into": ["id_token"] }), "64 bits"),
        (json!({ "claim": "x", "from": "value", "value": -1e300, "into": ["id_token"] }), "64 bits"),
        // Go's decoder, say, takes each for the claim of that name.
        (
            json!({ "claim": "Sub", "from": "value", "value": "root", "into": ["id_token"] }),
            "of the protocol itself",
        ),
        (
            json!({ "claim": "AUD#de", "from": "value", "value": "x", "into": ["id_token"] }),
            "of the protocol itself",
        ),
        (
            json!({ "claim": "Email", "from": "attribute", "attribute": "nickname", "into": ["id_token"] }),
            "write it as email",
        ),
        (
            json!({ "claim": "EMAIL_VERIFIED", "from": "value", "value": true, "into": ["userinfo"] }),
            "write it as email_verified",
        ),
        (json!({ "claim": "Groups", "from": "groups", "into": ["id_token"] }), "write it as groups"),
        (
            json!({ "claim": "x", "from": "value", "value": "v".repeat(511), "into": ["id_token"] }),
            "512 bytes",
        ),
        (json!({ "claim": "x", "from": "groups" }), "into: names one or more"),
        (json!({ "claim": "x", "from": "groups", "into": [] }), "into: names one or more"),
        (json!({ "claim": "x", "from": "groups", "into": ["id_token", "code"] }), "into: names one or more"),
    ] {
        let told = claim(wrong.clone());
        assert!(told.len() == 1 && told[0].contains(part), "{wrong}: {told:?}");
    }
    let twice = json!({ "claim": "x", "from": "groups", "into": ["id_token"] });
    assert!(problems(&with_claims(&json!([twice, twice])))[0].contains("(2, x) stands here twice"));
    let many: Vec<Value> = (0..21)
        .map(|n| json!({ "claim": format!("c{n}"), "from": "groups", "into": ["id_token"] }))
        .collect();
    assert_eq!(problems(&with_claims(&json!(many))), ["claims: 20 at most"]);
    assert!(check(&with_claims(&json!(many[..20])), None).is_ok());
    // All at once.
    let all = json!({ "name": "a b", "title": "", "description": "a\nb", "localized": { "x": "" }, "claims": [{}, {}] });
    assert_eq!(problems(&input(all)).len(), 6);
    for unknown in
        [json!({ "titel": "x" }), json!({ "claims": [{ "clam": "x" }] }), json!({ "title#de": "x" })]
    {
        assert!(serde_json::from_value::<ScopeInput>(unknown.clone()).is_err(), "{unknown}");
    }
}

#[test]
fn texts_come_in_the_readers_language_or_the_nearest() {
    let scope = defined(json!({
        "name": "n", "title": "Notes", "description": "All of them.",
        "localized": {
            "title#de": "Notizen", "description#de": "Alle.", "title#de-CH": "Notize", "title#pt-BR": "Notas",
            "title#zh-Hans": "笔记",
        },
    }));
    for (tag, title, description) in [
        ("en", "Notes", "All of them."),
        ("de", "Notizen", "Alle."),
        ("DE", "Notizen", "Alle."),
        ("de-CH", "Notize", "Alle."),
        ("de-AT", "Notizen", "Alle."),
        ("pt", "Notas", ""),
        ("zh-Hans", "笔记", ""),
        ("ja", "Notes", "All of them."),
    ] {
        assert_eq!((scope.title_in(tag), scope.description_in(tag)), (title, description), "{tag}");
    }
}

fn two_scopes() -> Definitions {
    Definitions::of(vec![
        defined(json!({
            "name": "wiki", "title": "w",
            "claims": [
                { "claim": "roles", "from": "groups", "prefix": "wiki:", "into": ["id_token", "access_token"] },
                { "claim": "tenant", "from": "value", "value": "second", "into": ["access_token"] },
                { "claim": "mail", "from": "attribute", "attribute": "email", "into": ["userinfo"] },
            ],
        })),
        defined(json!({
            "name": "notes", "title": "n",
            "claims": [
                { "claim": "roles", "from": "groups", "prefix": "notes:", "into": ["access_token"] },
                { "claim": "tenant", "from": "value", "value": "first", "into": ["access_token", "id_token"] },
                { "claim": "login", "from": "attribute", "attribute": "username", "into": ["id_token"] },
            ],
        })),
    ])
}

#[test]
fn openid_core_5_4_scopes_bring_their_claims_where_they_are_to_go() {
    let (user, all) = (samples::user("u"), two_scopes());
    let groups: Vec<String> = ["notes:editor", "wiki:reader", "notes:", "wiki:editor", "notes", "Notes:x"]
        .map(str::to_owned)
        .into();
    let facts = Facts { user: Some(&user), groups: Some(&groups) };
    let of = |granted: &str, place: Place| {
        let chosen = all.select(&scope(granted), &[place], &BTreeMap::new(), &scope(granted));
        Value::Object(values(&chosen, facts))
    };
    assert_eq!(of("openid profile", Place::IdToken), json!({}));
    assert_eq!(of("openid notes", Place::IdToken), json!({ "tenant": "first", "login": "ada" }));
    assert_eq!(of("openid notes", Place::UserInfo), json!({}));
    assert_eq!(of("openid wiki", Place::UserInfo), json!({ "mail": "ada@example.com" }));
    assert_eq!(of("wiki", Place::AccessToken), json!({ "roles": ["reader", "editor"], "tenant": "second" }));
    // Of two scopes, lists of groups are joined; of anything else the first by name counts.
    assert_eq!(
        of("wiki notes", Place::AccessToken),
        json!({ "roles": ["editor", "reader"], "tenant": "first" })
    );
    assert_eq!(of("notesx note", Place::AccessToken), json!({}));
}

#[test]
fn what_is_not_there_is_left_out_and_no_group_is_an_empty_list() {
    let mut user = samples::user("u");
    user.email = None;
    let all = two_scopes();
    let chosen = all.select(&scope("wiki"), &Place::ALL, &BTreeMap::new(), &scope("wiki"));
    assert!(chosen.iter().any(super::Chosen::needs_groups) && chosen.iter().any(super::Chosen::needs_user));
    let told = values(&chosen, Facts { user: Some(&user), groups: Some(&[]) });
    assert_eq!(Value::Object(told), json!({ "roles": [], "tenant": "second" }));
    // A client's own token says nothing about users.
    assert_eq!(Value::Object(values(&chosen, Facts::default())), json!({ "tenant": "second" }));
}

#[test]
fn openid_core_5_5_claims_are_asked_for_by_name_within_what_the_client_is_registered_for() {
    let all = two_scopes();
    let wanted = BTreeMap::from(["roles", "mail", "name"].map(|name| (name.to_owned(), Wish::default())));
    let names = |registered: &str| -> Vec<(String, String)> {
        all.select(&scope("openid"), &[Place::IdToken], &wanted, &scope(registered))
            .iter()
            .map(|chosen| (chosen.scope.name.clone(), chosen.mapping.claim.clone()))
            .collect()
    };
    let pair = |scope: &str, claim: &str| (scope.to_owned(), claim.to_owned());
    assert_eq!(names("openid"), []);
    assert_eq!(names("openid wiki"), [pair("wiki", "roles"), pair("wiki", "mail")]);
    assert_eq!(names("openid wiki notes"), [pair("notes", "roles"), pair("wiki", "mail")]);
    assert_eq!(all.scope_of("email", &scope("email wiki")), None, "a standard claim has its own scope");
}

#[test]
fn definitions_are_found_by_name_and_drop_what_became_the_protocols_own() {
    let mut stale = defined(json!({
        "name": "old", "title": "o",
        "claims": [{ "claim": "fine", "from": "value", "value": 1, "into": ["access_token"] }],
    }));
    for forged in ["sub", "SUB", "email", "Email_Verified", "groups"] {
        stale.claims.push(Mapping { claim: forged.to_owned(), ..stale.claims[0].clone() });
    }
    let all = Definitions::of(vec![stale, defined(json!({ "name": "a", "title": "a" }))]);
    assert_eq!(all.get("old").unwrap().claims.len(), 1);
    assert!(all.get("a").is_some() && all.get("b").is_none() && !all.is_empty());
    assert!(Definitions::concern(&scope("openid api")) && !Definitions::concern(&scope("openid groups")));
    assert!(Definitions::default().is_empty());
}

#[test]
fn every_attribute_is_one_that_a_whole_account_has() {
    let user = samples::user("u");
    for attribute in attributes() {
        // The form's list of sources has all of them beside each other.
        assert!(!["groups", "value"].contains(&attribute));
        let one = json!({
            "name": "n", "title": "t",
            "claims": [{ "claim": "x", "from": "attribute", "attribute": attribute, "into": ["userinfo"] }],
        });
        let all = Definitions::of(vec![defined(one)]);
        let chosen = all.select(&scope("n"), &[Place::UserInfo], &BTreeMap::new(), &scope("n"));
        let told = values(&chosen, Facts { user: Some(&user), groups: None });
        assert!(told.contains_key("x"), "{attribute}");
    }
}
