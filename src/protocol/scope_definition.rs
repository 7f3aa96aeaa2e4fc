//! Scopes that administrators define: what people are told about them, and which claims they bring into which tokens.
//!
//! OpenID Connect Core §5.1.2 allows claims beyond the standard ones, and §5.4 scopes beyond the standard ones; RFC 9068
//! §2.2.2 and §2.2.3.1 allow them in access tokens. A scope that nobody defined stays what it was: a word that means
//! something to the API it is for.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::claims::{self, GROUPS, SUPPORTED};
use super::claims_request::Wish;
use super::registration::{FieldProblem, is_a_language};
use super::scope::{RESERVED, STANDARD, Scope, is_standard};
use super::timestamp::Timestamp;
use super::user::{User, changes_the_text_around};

/// Definitions that there may be: all of them are remembered, and looked through for every token of a scope beyond the
/// standard ones.
pub const MOST_DEFINITIONS: i64 = 200;

/// Claims that one scope may bring.
pub const MOST_CLAIMS: usize = 20;

/// Bytes of a name of a scope or of a claim.
const LONGEST_NAME: usize = 128;

/// Characters of a title, and of a description.
const LONGEST_TITLE: usize = 80;
const LONGEST_DESCRIPTION: usize = 300;

/// Texts in other languages.
const MOST_TEXTS: usize = 50;

/// Characters of a prefix: those of a group's name.
const LONGEST_PREFIX: usize = 64;

/// Bytes of a fixed value as JSON. Tokens travel in headers.
const LONGEST_VALUE: usize = 512;

/// Where a claim may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Into ID tokens (Core §2).
    IdToken,
    /// Into answers of the `UserInfo` endpoint (Core §5.3).
    #[serde(rename = "userinfo")]
    UserInfo,
    /// Into access tokens (RFC 9068 §2.2), and so into what introspection says of them (RFC 7662 §2.2).
    AccessToken,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::IdToken, Self::UserInfo, Self::AccessToken];

    /// As in input and in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdToken => "id_token",
            Self::UserInfo => "userinfo",
            Self::AccessToken => "access_token",
        }
    }

    /// Reads it back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.as_str() == text)
    }
}

/// Where a claim's value comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub enum Source {
    /// One of the user's [`attributes`]. What the account does not have is left out (Core §5.3.2).
    Attribute {
        /// Which.
        attribute: String,
    },
    /// The names of the user's groups, as a list; with a prefix, of those that begin with it, without it.
    Groups {
        /// May be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
    },
    /// The same for everybody.
    Value {
        /// What; never null.
        value: Value,
    },
}

impl Source {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Attribute { attribute } => format!("attribute {attribute}"),
            Self::Groups { prefix } if prefix.is_empty() => "all groups".to_owned(),
            Self::Groups { prefix } => format!("groups that begin with {prefix}"),
            Self::Value { .. } => "fixed value".to_owned(),
        }
    }
}

/// One claim that a scope brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// The claim's name.
    pub claim: String,
    /// Where its value comes from.
    #[serde(flatten)]
    pub source: Source,
    /// Where it goes.
    pub into: BTreeSet<Place>,
}

/// A scope that is defined here.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeDefinition {
    /// The scope token. It stays: applications, consents and grants go by it.
    pub name: String,
    /// What people are asked to allow, in a few words.
    pub title: String,
    /// The same in a sentence; may be empty.
    pub description: String,
    /// Both for people who read other languages: `title#de`, `description#pt-BR`.
    pub localized: BTreeMap<String, String>,
    /// The claims that it brings, in the order they were written.
    pub claims: Vec<Mapping>,
    /// Does the discovery document name it?
    pub published: bool,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl ScopeDefinition {
    /// Its title for whoever reads this language.
    #[must_use]
    pub fn title_in(&self, tag: &str) -> &str {
        self.text_in("title", tag).unwrap_or(&self.title)
    }

    /// Its description for whoever reads this language. Beside a title in that language, one in another would be odd, so
    /// there is none then.
    #[must_use]
    pub fn description_in(&self, tag: &str) -> &str {
        match self.text_in("description", tag) {
            Some(text) => text,
            None if self.text_in("title", tag).is_some() => "",
            None => &self.description,
        }
    }

    /// RFC 4647 §3.4 in both directions: `de` stands in for `de-CH`, and `pt-BR` for `pt` where there is nothing nearer.
    fn text_in(&self, member: &str, tag: &str) -> Option<&str> {
        let of_this = || {
            self.localized.iter().filter_map(|(key, text)| {
                let (name, language) = key.split_once('#')?;
                (name == member).then_some((language, text.as_str()))
            })
        };
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let exactly = of_this().find(|(language, _)| language.eq_ignore_ascii_case(tag));
        let bare = || of_this().find(|(language, _)| language.eq_ignore_ascii_case(&primary(tag)));
        let related = || of_this().find(|(language, _)| primary(language) == primary(tag));
        exactly.or_else(bare).or_else(related).map(|(_, text)| text)
    }
}

/// A scope as somebody wants it to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScopeInput {
    /// The scope token, 128 characters at most (RFC 6749 §3.3). It stays as it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What people are asked to allow: a line of 80 characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The same in a sentence of 300 characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Does the discovery document name it? Default: yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<bool>,
    /// Both texts for people who read other languages: `title#de`, `description#pt-BR` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub localized: Option<BTreeMap<String, String>>,
    /// The claims that it brings, 20 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<MappingInput>>,
}

/// One claim that a scope brings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MappingInput {
    /// The claim's name: none of the protocol's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// `attribute`, `groups` or `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// With `attribute`: which of the user's, such as `username`, `email` or `locale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// With `groups`: only those whose name begins so, and without it. Default: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// With `value`: any JSON without null, 512 bytes at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Where it goes: `id_token`, `userinfo`, `access_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub into: Option<Vec<String>>,
}

impl From<&ScopeDefinition> for ScopeInput {
    fn from(scope: &ScopeDefinition) -> Self {
        Self {
            name: Some(scope.name.clone()),
            title: Some(scope.title.clone()),
            description: Some(scope.description.clone()).filter(|text| !text.is_empty()),
            published: Some(scope.published),
            localized: Some(scope.localized.clone()).filter(|texts| !texts.is_empty()),
            claims: Some(scope.claims.iter().map(MappingInput::from).collect()),
        }
    }
}

impl From<&Mapping> for MappingInput {
    fn from(mapping: &Mapping) -> Self {
        let base = Self {
            claim: Some(mapping.claim.clone()),
            into: Some(mapping.into.iter().map(|place| place.as_str().to_owned()).collect()),
            ..Self::default()
        };
        let from = |name: &str| Some(name.to_owned());
        match &mapping.source {
            Source::Attribute { attribute } => {
                Self { from: from("attribute"), attribute: Some(attribute.clone()), ..base }
            }
            Source::Groups { prefix } => Self {
                from: from("groups"),
                prefix: Some(prefix.clone()).filter(|prefix| !prefix.is_empty()),
                ..base
            },
            Source::Value { value } => Self { from: from("value"), value: Some(value.clone()), ..base },
        }
    }
}

/// What a scope may be: only [`check`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The scope token.
    pub name: String,
    /// What people are asked to allow.
    pub title: String,
    /// The same in a sentence.
    pub description: String,
    /// Both in other languages.
    pub localized: BTreeMap<String, String>,
    /// The claims that it brings.
    pub claims: Vec<Mapping>,
    /// Is it in the discovery document?
    pub published: bool,
}

/// The attributes of a user that a claim may come from, by name: those that the standard claims tell (Core §5.1), and
/// `username`.
pub fn attributes() -> impl Iterator<Item = &'static str> {
    let told = SUPPORTED.iter().copied().filter(|claim| !matches!(*claim, "preferred_username" | GROUPS));
    std::iter::once(USERNAME).chain(told)
}

/// The attribute that the claim `preferred_username` tells.
const USERNAME: &str = "username";

/// The attribute whose value a standard claim has.
fn own_attribute(claim: &str) -> &str {
    if claim == "preferred_username" { USERNAME } else { claim }
}

/// Claims whose meaning a protocol fixes: what is done with a token rests on them. Each with where that is said.
const OF_THE_PROTOCOL: &[(&str, &str)] = &[
    ("iss", "RFC 7519 section 4.1.1"),
    ("sub", "RFC 7519 section 4.1.2"),
    ("aud", "RFC 7519 section 4.1.3"),
    ("exp", "RFC 7519 section 4.1.4"),
    ("nbf", "RFC 7519 section 4.1.5"),
    ("iat", "RFC 7519 section 4.1.6"),
    ("jti", "RFC 7519 section 4.1.7"),
    ("auth_time", "OpenID Connect Core section 2"),
    ("nonce", "OpenID Connect Core section 2"),
    ("acr", "OpenID Connect Core section 2"),
    ("amr", "OpenID Connect Core section 2"),
    ("azp", "OpenID Connect Core section 2"),
    ("at_hash", "OpenID Connect Core section 3.1.3.6"),
    ("c_hash", "OpenID Connect Core section 3.3.2.11"),
    ("s_hash", "Financial-grade API 1.0 part 2 section 5.1.1"),
    ("rt_hash", "OpenID Connect CIBA section 10.3.1"),
    ("_claim_names", "OpenID Connect Core section 5.6.2"),
    ("_claim_sources", "OpenID Connect Core section 5.6.2"),
    ("sub_jwk", "Self-Issued OpenID Provider"),
    ("sid", "OpenID Connect Front-Channel Logout section 3"),
    ("events", "RFC 8417 section 2.2"),
    ("toe", "RFC 8417 section 2.2"),
    ("txn", "RFC 8417 section 2.2"),
    ("sub_id", "RFC 9493 section 4.1"),
    ("cnf", "RFC 7800 section 3.1"),
    ("act", "RFC 8693 section 4.1"),
    ("may_act", "RFC 8693 section 4.4"),
    ("client_id", "RFC 9068 section 2.2"),
    ("scope", "RFC 9068 section 2.2.3"),
    ("authorization_details", "RFC 9396 section 9.1"),
    ("active", "RFC 7662 section 2.2"),
    ("username", "RFC 7662 section 2.2"),
    ("token_type", "RFC 7662 section 2.2"),
    ("token_introspection", "RFC 9701 section 5"),
    ("gid", "the id of the grant in this server's access tokens"),
];

/// Where the meaning of a claim is fixed, if it is the protocol's own. In whatever case: some libraries read `Sub` as `sub`.
#[must_use]
pub fn fixed_by(claim: &str) -> Option<&'static str> {
    OF_THE_PROTOCOL.iter().find(|(name, _)| name.eq_ignore_ascii_case(claim)).map(|(_, place)| *place)
}

/// Why a claim may not say this: an application goes by what the standards say of its name.
fn misleads(claim: &str, source: &Source) -> Option<String> {
    // Core §5.2: what follows `#` is a language, and the claim the same.
    let plain = claim.split('#').next().unwrap_or_default();
    if let Some(place) = fixed_by(plain) {
        return Some(format!(
            "{plain} is a claim of the protocol itself ({place}): what is done with a token rests on it"
        ));
    }
    let standard = *SUPPORTED.iter().find(|known| known.eq_ignore_ascii_case(plain))?;
    if standard != plain {
        return Some(format!(
            "{plain} is read as {standard} by libraries that disregard case: write it as {standard}"
        ));
    }
    // Accounts are found by `email`, say.
    let (own, from) = match source {
        Source::Groups { prefix } if plain == GROUPS => (prefix.is_empty(), "all groups".to_owned()),
        _ if plain == GROUPS => (false, "all groups".to_owned()),
        source => (
            matches!(source, Source::Attribute { attribute } if attribute == own_attribute(plain)),
            format!("the attribute {} (OpenID Connect Core section 5.1)", own_attribute(plain)),
        ),
    };
    (!own).then(|| format!("{plain} has a meaning that applications rely on: it can only come from {from}"))
}

/// Judges a scope; with `before`, a changed one.
///
/// # Errors
/// Every rule that it breaks.
pub fn check(input: &ScopeInput, before: Option<&ScopeDefinition>) -> Result<Wanted, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let name = input.name.as_deref().unwrap_or_default().trim();
    if let Err(problem) = name_problem(name, before) {
        problems.push(FieldProblem::new("name", problem));
    }
    let title = input.title.as_deref().unwrap_or_default().trim();
    if let Err(problem) = title_problem(title) {
        problems.push(FieldProblem::new("title", problem));
    }
    let description = input.description.as_deref().unwrap_or_default().trim();
    if let Err(problem) = description_problem(description) {
        problems.push(FieldProblem::new("description", problem));
    }
    let localized = localized(&mut problems, input.localized.as_ref());
    let claims = mappings(&mut problems, input.claims.as_deref().unwrap_or_default());
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Wanted {
        name: name.to_owned(),
        title: title.to_owned(),
        description: description.to_owned(),
        localized,
        claims,
        published: input.published.unwrap_or(true),
    })
}

fn name_problem(name: &str, before: Option<&ScopeDefinition>) -> Result<(), String> {
    if let Some(before) = before {
        // Whoever allowed it allowed it under this name.
        return if before.name == name {
            Ok(())
        } else {
            Err("a scope keeps its name: applications and what people allowed go by it".to_owned())
        };
    }
    let is_one = Scope::parse(name).is_ok_and(|scope| scope.iter().eq([name]));
    if !is_one || name.len() > LONGEST_NAME {
        return Err(format!(
            "a scope's name has 1 to {LONGEST_NAME} printable ASCII characters without space, \" and \\ (RFC 6749 section 3.3)"
        ));
    }
    if matches!(name, "." | "..") {
        return Err("means a folder in addresses, and this scope would have none".to_owned());
    }
    // In whatever case: nobody is to take one for the other.
    if let Some(standard) = STANDARD.iter().find(|standard| standard.eq_ignore_ascii_case(name)) {
        return Err(format!(
            "{standard} is a scope of this server already, with claims of its own (OpenID Connect Core section 5.4)"
        ));
    }
    if name.get(..RESERVED.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED)) {
        return Err(format!("scopes that begin with {RESERVED} are those of this server's own APIs"));
    }
    Ok(())
}

fn title_problem(text: &str) -> Result<(), String> {
    if text.is_empty() || !is_a_line(text, LONGEST_TITLE) {
        return Err(format!(
            "one line of 1 to {LONGEST_TITLE} characters, without control or direction characters"
        ));
    }
    Ok(())
}

fn description_problem(text: &str) -> Result<(), String> {
    if !is_a_line(text, LONGEST_DESCRIPTION) {
        return Err(format!(
            "one line of {LONGEST_DESCRIPTION} characters at most, without control or direction characters"
        ));
    }
    Ok(())
}

fn is_a_line(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest && !text.chars().any(changes_the_text_around)
}

fn localized(
    problems: &mut Vec<FieldProblem>,
    texts: Option<&BTreeMap<String, String>>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(texts) = texts else { return found };
    if texts.len() > MOST_TEXTS {
        problems.push(FieldProblem::new("localized", format_args!("{MOST_TEXTS} at most")));
        return found;
    }
    for (member, text) in texts {
        let (name, tag) = member.split_once('#').unwrap_or_default();
        let text = text.trim();
        let judged = match name {
            "title" if is_a_language(tag) => title_problem(text),
            "description" if is_a_language(tag) => description_problem(text),
            _ => Err("is no title or description with a language tag, such as title#de".to_owned()),
        };
        match judged {
            Ok(()) => drop(found.insert(member.clone(), text.to_owned())),
            Err(problem) => {
                problems.push(FieldProblem::new("localized", format_args!("{}: {problem}", short(member))));
            }
        }
    }
    found
}

fn mappings(problems: &mut Vec<FieldProblem>, inputs: &[MappingInput]) -> Vec<Mapping> {
    let mut found: Vec<Mapping> = Vec::new();
    if inputs.len() > MOST_CLAIMS {
        problems.push(FieldProblem::new("claims", format_args!("{MOST_CLAIMS} at most")));
        return found;
    }
    for (number, input) in (1..).zip(inputs) {
        let judged = mapping(input).and_then(|mapping| {
            if found.iter().any(|known| known.claim == mapping.claim) {
                return Err("stands here twice".to_owned());
            }
            Ok(mapping)
        });
        match judged {
            Ok(mapping) => found.push(mapping),
            Err(problem) => {
                let claim = short(input.claim.as_deref().unwrap_or_default().trim());
                let which = if claim.is_empty() { format!("{number}") } else { format!("{number}, {claim}") };
                problems.push(FieldProblem::new("claims", format_args!("({which}) {problem}")));
            }
        }
    }
    found
}

fn mapping(input: &MappingInput) -> Result<Mapping, String> {
    let claim = input.claim.as_deref().unwrap_or_default().trim();
    if claim.is_empty() || claim.len() > LONGEST_NAME || !claim.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "claim: a claim's name has 1 to {LONGEST_NAME} printable ASCII characters without space"
        ));
    }
    let source = source(input)?;
    if let Some(why) = misleads(claim, &source) {
        return Err(format!("claim: {why}"));
    }
    let into = input.into.as_deref().unwrap_or_default();
    let places: Option<BTreeSet<Place>> = into.iter().map(|text| Place::parse(text.trim())).collect();
    match places {
        Some(into) if !into.is_empty() => Ok(Mapping { claim: claim.to_owned(), source, into }),
        _ => Err("into: names one or more of id_token, userinfo, access_token".to_owned()),
    }
}

fn source(input: &MappingInput) -> Result<Source, String> {
    let from = input.from.as_deref().unwrap_or_default().trim();
    for (field, is_there, of) in [
        ("attribute", input.attribute.is_some(), "attribute"),
        ("prefix", input.prefix.is_some(), "groups"),
        ("value", input.value.is_some(), "value"),
    ] {
        if is_there && from != of {
            return Err(format!("{field}: is for from = {of}"));
        }
    }
    match from {
        "attribute" => {
            let name = input.attribute.as_deref().unwrap_or_default().trim();
            if !attributes().any(|known| known == name) {
                let known: Vec<&str> = attributes().collect();
                return Err(format!("attribute: is one of {}", known.join(", ")));
            }
            Ok(Source::Attribute { attribute: name.to_owned() })
        }
        "groups" => {
            let prefix = input.prefix.as_deref().unwrap_or_default();
            if !is_a_line(prefix, LONGEST_PREFIX) {
                return Err(format!(
                    "prefix: {LONGEST_PREFIX} characters at most, without control or direction characters"
                ));
            }
            Ok(Source::Groups { prefix: prefix.to_owned() })
        }
        "value" => match &input.value {
            None => Err("value: is missing: any JSON without null".to_owned()),
            Some(value) if !is_sayable(value) => Err(
                "value: is any JSON without null and without numbers beyond 64 bits: what is not there is left out"
                    .to_owned(),
            ),
            Some(value) if value.to_string().len() > LONGEST_VALUE => {
                Err(format!("value: {LONGEST_VALUE} bytes of JSON at most: tokens travel in headers"))
            }
            Some(value) => Ok(Source::Value { value: value.clone() }),
        },
        _ => Err("from: is one of attribute, groups, value".to_owned()),
    }
}

/// 2⁶³: from here on some notations have no whole numbers, and what is no whole number is not exact any more.
const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;

/// Can every notation that a scope is written in say this?
fn is_sayable(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Number(number) => {
            number.is_i64() || number.as_f64().is_some_and(|value| value.abs() < TOO_LARGE)
        }
        Value::Array(items) => items.iter().all(is_sayable),
        Value::Object(members) => members.values().all(is_sayable),
        Value::Bool(_) | Value::String(_) => true,
    }
}

/// Enough of a text to recognise it by.
fn short(text: &str) -> String {
    text.chars().take(80).map(|c| if changes_the_text_around(c) { '\u{fffd}' } else { c }).collect()
}

/// Every scope that is defined here, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definitions(Vec<ScopeDefinition>);

/// None at all.
static NONE: Definitions = Definitions::none();

impl Default for &Definitions {
    fn default() -> Self {
        &NONE
    }
}

/// A claim that a token gets, and the scope that brings it.
#[derive(Clone, Copy, Debug)]
pub struct Chosen<'a> {
    /// The scope.
    pub scope: &'a ScopeDefinition,
    /// The claim.
    pub mapping: &'a Mapping,
}

/// What claims are made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Whom the token is about; nobody for a client's own.
    pub user: Option<&'a User>,
    /// The names of the user's groups, where they were asked for.
    pub groups: Option<&'a [String]>,
}

impl Definitions {
    /// None at all.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// These. A claim whose meaning is fixed by now, and was not when it was written down, is none any more.
    #[must_use]
    pub fn of(mut definitions: Vec<ScopeDefinition>) -> Self {
        definitions.sort_by(|one, other| one.name.cmp(&other.name));
        for definition in &mut definitions {
            definition.claims.retain(|mapping| misleads(&mapping.claim, &mapping.source).is_none());
        }
        Self(definitions)
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &ScopeDefinition> {
        self.0.iter()
    }

    /// The one of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ScopeDefinition> {
        self.0.binary_search_by(|known| known.name.as_str().cmp(name)).ok().and_then(|at| self.0.get(at))
    }

    /// Does one of them bring a claim of this name?
    #[must_use]
    pub fn brings(&self, claim: &str) -> bool {
        self.0.iter().any(|scope| scope.claims.iter().any(|mapping| mapping.claim == claim))
    }

    /// May a token of this scope have claims of definitions? Most are of the standard scopes alone.
    #[must_use]
    pub fn concern(scope: &Scope) -> bool {
        scope.iter().any(|token| !is_standard(token))
    }

    /// The scope that stands for a claim which is asked for by its name (Core §5.5): of those that bring it, and that the
    /// client is registered for, the first. None for standard claims, which have scopes of their own.
    #[must_use]
    pub fn scope_of(&self, claim: &str, registered: &Scope) -> Option<&str> {
        if claims::scope_of(claim).is_some() {
            return None;
        }
        let brings = |scope: &&ScopeDefinition| scope.claims.iter().any(|mapping| mapping.claim == claim);
        self.0.iter().filter(brings).map(|scope| scope.name.as_str()).find(|name| registered.contains(name))
    }

    /// The claims that a token of this scope gets in one of these places, and those that were asked for one by one, in the
    /// order of the scopes' names.
    #[must_use]
    pub fn select<'a>(
        &'a self,
        granted: &Scope,
        places: &[Place],
        wanted: &BTreeMap<String, Wish>,
        registered: &Scope,
    ) -> Vec<Chosen<'a>> {
        let mut chosen = Vec::new();
        for scope in &self.0 {
            let is_granted = granted.contains(&scope.name);
            if !is_granted && wanted.is_empty() {
                continue;
            }
            for mapping in &scope.claims {
                let by_scope = is_granted && mapping.into.iter().any(|place| places.contains(place));
                let by_name = || {
                    wanted.contains_key(&mapping.claim)
                        && self.scope_of(&mapping.claim, registered) == Some(&scope.name)
                };
                if by_scope || by_name() {
                    chosen.push(Chosen { scope, mapping });
                }
            }
        }
        chosen
    }
}

impl Chosen<'_> {
    /// Does it take a user to say it?
    #[must_use]
    pub fn needs_user(&self) -> bool {
        !matches!(self.mapping.source, Source::Value { .. })
    }

    /// Does it take the user's groups?
    #[must_use]
    pub fn needs_groups(&self) -> bool {
        matches!(self.mapping.source, Source::Groups { .. })
    }
}

/// The chosen claims. Where several scopes bring one, lists of groups are joined; of anything else, the first counts.
#[must_use]
pub fn values(chosen: &[Chosen<'_>], facts: Facts<'_>) -> Map<String, Value> {
    let mut claims: Map<String, Value> = Map::new();
    let mut told: Option<Map<String, Value>> = None;
    for Chosen { mapping, .. } in chosen {
        let value = match &mapping.source {
            Source::Value { value } => Some(value.clone()),
            Source::Attribute { attribute } => {
                let claim = if attribute == USERNAME { "preferred_username" } else { attribute };
                facts
                    .user
                    .and_then(|user| told.get_or_insert_with(|| claims::all_claims(user)).get(claim).cloned())
            }
            Source::Groups { prefix } => facts.groups.map(|groups| {
                let rests = groups.iter().filter_map(|name| name.strip_prefix(prefix.as_str()));
                rests.filter(|rest| !rest.is_empty()).map(Value::from).collect()
            }),
        };
        let Some(value) = value else { continue };
        match (claims.get_mut(&mapping.claim), value) {
            (None, value) => drop(claims.insert(mapping.claim.clone(), value)),
            (Some(Value::Array(known)), Value::Array(more))
                if matches!(mapping.source, Source::Groups { .. }) =>
            {
                for item in more {
                    if !known.contains(&item) {
                        known.push(item);
                    }
                }
            }
            (Some(_), _) => {}
        }
    }
    claims
}

#[cfg(test)]
mod tests;
