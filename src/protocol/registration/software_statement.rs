//! Software statements: what somebody else vouches for (RFC 7591 §2.3).

use serde_json::{Map, Value};

use crate::protocol::timestamp::Timestamp;

/// Seconds by which the clock of whoever signed it may be ahead of ours.
const SKEW: i64 = 10;

/// Why a software statement does not count, although its signature is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// RFC 7591 §2.3: it "MUST contain an iss (issuer) claim".
    #[error("the software statement does not say who issued it (iss)")]
    NoIssuer,
    /// RFC 7519 §4.1.4.
    #[error("the software statement has expired (exp)")]
    Expired,
    /// RFC 7519 §4.1.5.
    #[error("the software statement is not valid yet (nbf)")]
    NotYet,
    /// RFC 7519 §4.1.3.
    #[error("the software statement is for another server (aud)")]
    OtherAudience,
    /// RFC 7519 §2.
    #[error("exp and nbf of the software statement must be numbers")]
    NoDate,
}

/// Judges the claims of a software statement whose signature is right, at the server `issuer`.
///
/// # Errors
/// The first rule that they break.
pub fn judge(claims: &Map<String, Value>, issuer: &str, now: Timestamp) -> Result<(), StatementError> {
    if claims.get("iss").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(StatementError::NoIssuer);
    }
    if date(claims, "exp")?.is_some_and(|expiry| now.reached(expiry)) {
        return Err(StatementError::Expired);
    }
    if date(claims, "nbf")?.is_some_and(|begin| begin.since(now) > SKEW) {
        return Err(StatementError::NotYet);
    }
    let is_here = |audience: &Value| audience.as_str() == Some(issuer);
    let for_this_server = match claims.get("aud") {
        None => true,
        Some(Value::Array(audiences)) => audiences.iter().any(is_here),
        Some(audience) => is_here(audience),
    };
    if for_this_server { Ok(()) } else { Err(StatementError::OtherAudience) }
}

/// A `NumericDate`, which may have a fraction.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, StatementError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    Timestamp::of_numeric_date(value).map(Some).ok_or(StatementError::NoDate)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{StatementError, judge};
    use crate::protocol::timestamp::Timestamp;

    #[test]
    fn rfc7591_2_3_claims_of_a_statement() {
        let here = "https://id.example";
        let judged = |claims: Value| judge(claims.as_object().unwrap(), here, Timestamp(1000));
        for good in [
            json!({"iss": "https://trust.example"}),
            json!({"iss": "x", "exp": 1001, "nbf": 1000, "aud": here}),
            json!({"iss": "x", "exp": 1001.5, "nbf": 1010, "aud": ["https://other.example", here]}),
        ] {
            assert_eq!(judged(good.clone()), Ok(()), "{good}");
        }
        for (bad, error) in [
            (json!({}), StatementError::NoIssuer),
            (json!({"iss": ""}), StatementError::NoIssuer),
            (json!({"iss": 7}), StatementError::NoIssuer),
            (json!({"iss": "x", "exp": 1000}), StatementError::Expired),
            (json!({"iss": "x", "exp": 1000.9}), StatementError::Expired),
            (json!({"iss": "x", "exp": -1}), StatementError::Expired),
            (json!({"iss": "x", "exp": "2000"}), StatementError::NoDate),
            (json!({"iss": "x", "exp": null}), StatementError::NoDate),
            (json!({"iss": "x", "nbf": []}), StatementError::NoDate),
            (json!({"iss": "x", "nbf": 1011}), StatementError::NotYet),
            (json!({"iss": "x", "aud": "https://other.example"}), StatementError::OtherAudience),
            (json!({"iss": "x", "aud": []}), StatementError::OtherAudience),
            (json!({"iss": "x", "aud": 7}), StatementError::OtherAudience),
        ] {
            assert_eq!(judged(bad.clone()), Err(error), "{bad}");
        }
    }
}
