//! Examples of the specifications, and tokens to test with.

use serde_json::{Value, json};

use super::base64url;
use super::client_keys::ClientKeys;

/// The examples of RFC 7515, RFC 7516, RFC 7520, RFC 7638 and RFC 8037.
fn vectors(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../tests/vectors/jose.json")).unwrap();
    all[kind].as_array().unwrap().clone()
}

/// Name, private key and compact serialization of every signed example.
pub fn signed_vectors() -> Vec<(String, Value, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    vectors("jws")
        .into_iter()
        .map(|example| (text(&example["name"]), example["key"].clone(), text(&example["token"])))
        .collect()
}

/// Name, private key, compact serialization and plaintext of every encrypted example.
pub fn encrypted_vectors() -> Vec<(String, Value, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    vectors("jwe")
        .into_iter()
        .map(|example| {
            let key = example["key"].clone();
            (text(&example["name"]), key, text(&example["token"]), text(&example["plaintext"]))
        })
        .collect()
}

/// Public keys with their thumbprints.
pub fn thumbprints() -> Vec<(Value, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    vectors("thumbprints")
        .into_iter()
        .map(|example| (example["key"].clone(), text(&example["thumbprint"])))
        .collect()
}

/// The public half of a private JWK.
pub fn public(jwk: &Value) -> Value {
    let mut public = jwk.clone();
    for member in ["d", "p", "q", "dp", "dq", "qi"] {
        public.as_object_mut().unwrap().remove(member);
    }
    public
}

/// A client with these keys.
pub fn keys(jwks: &[Value]) -> ClientKeys {
    ClientKeys::parse(&json!({ "keys": jwks }))
}

/// Bytes from hexadecimal.
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// A compact JWS of these parts.
pub fn compact(header: &Value, payload: &[u8], signature: &[u8]) -> String {
    [base64url(header.to_string()), base64url(payload), base64url(signature)].join(".")
}

/// The token with a change in every part: one character another, at the beginning, in the middle and near the end; a
/// part cut short, doubled or missing.
pub fn tampered(token: &str) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let mut forged = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let mut with = |changed: String| {
            if changed != *part {
                let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
                parts[number] = changed;
                forged.push(parts.join("."));
            }
        };
        for at in [0, part.len() / 2, part.len().saturating_sub(2)] {
            let Some(found) = part.get(at..=at) else { continue };
            let other = if found == "A" { "B" } else { "A" };
            with(format!("{}{other}{}", &part[..at], &part[at + 1..]));
        }
        for cut in [1, 4, 8, part.len() / 2] {
            with(part[..part.len().saturating_sub(cut)].to_owned());
            with(part[cut.min(part.len())..].to_owned());
        }
        with(format!("{part}{part}"));
        with(format!("{part}AAAA"));
        with(String::new());
    }
    forged
}
