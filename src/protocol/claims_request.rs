//! The `claims` parameter: claims that a client asks for one by one. OpenID Connect Core §5.5.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::claims::{is_supported, scope_of};
use super::scope::Scope;
use super::scope_definition::Definitions;

/// The longest text of the parameter, in bytes.
pub const LONGEST: usize = 8192;

/// The claims that were asked for, as far as this server has such claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimsRequest {
    /// From the `UserInfo` endpoint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub userinfo: BTreeMap<String, Wish>,
    /// In ID tokens.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub id_token: BTreeMap<String, Wish>,
}

/// How much a claim is wanted (§5.5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Without it, "the Authorization Server" still "MUST NOT generate an error"; for `acr` it must (§5.5.1.1).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub essential: bool,
    /// The values that would do; any, when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

/// The parameter is not what §5.5 describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "claims must be a JSON object with userinfo and id_token, of 8192 bytes at most (OpenID Connect Core 5.5)"
)]
pub struct MalformedClaims;

impl ClaimsRequest {
    /// Reads the parameter. Claims that nobody here has, and no defined scope brings, are left out.
    ///
    /// # Errors
    /// It is no such JSON.
    pub fn parse(text: &str, defined: &Definitions) -> Result<Self, MalformedClaims> {
        if text.len() > LONGEST {
            return Err(MalformedClaims);
        }
        let members: Map<String, Value> = serde_json::from_str(text).map_err(|_| MalformedClaims)?;
        // §5.5: "Other members MAY be present, but … MUST be ignored".
        let wishes = |member: &str| wishes(members.get(member), defined);
        Ok(Self { userinfo: wishes("userinfo")?, id_token: wishes("id_token")? })
    }

    /// Is nothing asked for?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// The scopes that would cover these claims, for a client that is registered for these: what the user is asked about.
    #[must_use]
    pub fn scopes(&self, registered: &Scope, defined: &Definitions) -> Scope {
        let names = self.userinfo.keys().chain(self.id_token.keys());
        names
            .filter_map(|name| scope_of(name).or_else(|| defined.scope_of(name, registered)))
            .fold(Scope::default(), Scope::with)
    }

    /// What remains of it for a client that may have these scopes only.
    #[must_use]
    pub fn within(mut self, scope: &Scope, defined: &Definitions) -> Self {
        let allowed = |name: &String, _: &mut Wish| match scope_of(name) {
            Some(token) => scope.contains(token),
            // What no scope covers, or one that is defined: a definition that is gone covers nothing any more.
            None => is_supported(name) || defined.scope_of(name, scope).is_some(),
        };
        self.userinfo.retain(allowed);
        self.id_token.retain(allowed);
        self
    }

    /// Does it ask for claims that only defined scopes bring?
    #[must_use]
    pub fn concerns_definitions(&self) -> bool {
        self.userinfo.keys().chain(self.id_token.keys()).any(|name| !is_supported(name))
    }

    /// The values of `sub` of which the client expects one (§5.5.1); none when it expects nobody in particular.
    #[must_use]
    pub fn subjects(&self) -> Option<&[Value]> {
        let wishes = [self.id_token.get("sub"), self.userinfo.get("sub")];
        wishes.into_iter().flatten().map(|wish| wish.values.as_slice()).find(|values| !values.is_empty())
    }

    /// The authentication context classes that are wished for without being essential.
    #[must_use]
    pub fn preferred_acr(&self) -> &[Value] {
        self.id_token.get("acr").filter(|wish| !wish.essential).map_or(&[], |wish| &wish.values)
    }

    /// The authentication context classes of which one must be met (§5.5.1.1); none when `acr` is not essential.
    #[must_use]
    pub fn essential_acr(&self) -> Option<&[Value]> {
        let wish = self.id_token.get("acr").filter(|wish| wish.essential)?;
        (!wish.values.is_empty()).then_some(wish.values.as_slice())
    }
}

/// The members of `userinfo` or `id_token`.
fn wishes(member: Option<&Value>, defined: &Definitions) -> Result<BTreeMap<String, Wish>, MalformedClaims> {
    let members = match member {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(MalformedClaims),
    };
    let mut wishes = BTreeMap::new();
    for (name, wish) in members {
        let wish = wish_of(wish)?;
        if is_supported(name) || defined.brings(name) {
            wishes.insert(name.clone(), wish);
        }
    }
    Ok(wishes)
}

fn wish_of(value: &Value) -> Result<Wish, MalformedClaims> {
    let members = match value {
        // §5.5.1: "null: Indicates that this Claim is being requested in the default manner."
        Value::Null => return Ok(Wish::default()),
        Value::Object(members) => members,
        _ => return Err(MalformedClaims),
    };
    let essential = match members.get("essential") {
        None => false,
        Some(value) => value.as_bool().ok_or(MalformedClaims)?,
    };
    let mut values = match members.get("values") {
        None => Vec::new(),
        Some(values) => values.as_array().ok_or(MalformedClaims)?.clone(),
    };
    values.extend(members.get("value").cloned());
    Ok(Wish { essential, values })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ClaimsRequest, MalformedClaims};
    use crate::protocol::scope::Scope;
    use crate::protocol::scope_definition::Definitions;

    #[test]
    fn openid_core_5_5_the_specifications_example_is_understood() {
        let text = json!({
            "userinfo": {
                "given_name": { "essential": true }, "nickname": null, "email": { "essential": true },
                "email_verified": { "essential": true }, "picture": null,
                "http://example.info/claims/groups": null
            },
            "id_token": {
                "auth_time": { "essential": true },
                "acr": { "values": ["urn:mace:incommon:iap:silver"] }
            }
        });
        let none = Definitions::none();
        let request = ClaimsRequest::parse(&text.to_string(), &none).unwrap();
        assert!(request.userinfo["given_name"].essential && !request.userinfo["nickname"].essential);
        assert_eq!(request.userinfo.len(), 5, "nobody here has groups");
        assert_eq!(request.scopes(&Scope::default(), &none).to_string(), "email profile");
        assert_eq!(request.essential_acr(), None, "wanted, but not essential");
        let only_email = request.clone().within(&Scope::parse("openid email").unwrap(), &none);
        assert_eq!(only_email.userinfo.keys().collect::<Vec<_>>(), ["email", "email_verified"]);
        assert!(only_email.id_token.contains_key("auth_time"), "what no scope covers stays");
        let stored = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<ClaimsRequest>(&stored).unwrap(), request);
    }

    #[test]
    fn openid_core_5_5_1_values_and_essential_acr() {
        let of =
            |text: serde_json::Value| ClaimsRequest::parse(&text.to_string(), &Definitions::none()).unwrap();
        let acr = of(json!({ "id_token": { "acr": { "essential": true, "values": ["a", "b"] } } }));
        assert_eq!(acr.essential_acr(), Some([json!("a"), json!("b")].as_slice()));
        assert_eq!(of(json!({ "id_token": { "acr": { "essential": true } } })).essential_acr(), None);
        let expected =
            of(json!({ "id_token": { "sub": null }, "userinfo": { "sub": { "values": ["a", "b"] } } }));
        assert_eq!(expected.subjects(), Some([json!("a"), json!("b")].as_slice()));
        assert_eq!(of(json!({ "id_token": { "sub": null } })).subjects(), None);
        assert!(of(json!({})).is_empty() && of(json!({ "userinfo": null, "other": 7 })).is_empty());
    }

    #[test]
    fn openid_core_5_5_anything_else_is_refused() {
        let long = format!("{{\"userinfo\":{{\"{}\":null}}}}", "x".repeat(8192));
        for bad in [
            "",
            "x",
            "[]",
            "null",
            "{\"userinfo\":[]}",
            "{\"id_token\":\"name\"}",
            "{\"userinfo\":{\"name\":true}}",
            "{\"userinfo\":{\"name\":{\"essential\":\"yes\"}}}",
            "{\"userinfo\":{\"name\":{\"values\":\"x\"}}}",
            "{\"userinfo\":{\"unknown\":7}}",
            long.as_str(),
        ] {
            assert_eq!(ClaimsRequest::parse(bad, &Definitions::none()), Err(MalformedClaims), "{bad}");
        }
    }
}
