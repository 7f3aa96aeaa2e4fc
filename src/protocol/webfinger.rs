//! Finding the issuer of a user: `WebFinger` (RFC 7033) as OpenID Connect Discovery §2 uses it.

use serde_json::{Value, json};
use url::Url;

use super::issuer::Issuer;

/// The link relation of an issuer (Discovery §2).
const ISSUER_RELATION: &str = "http://openid.net/specs/connect/1.0/issuer";

/// What is wrong with a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebFingerError {
    /// RFC 7033 §4.2: "If the resource parameter is absent or malformed … 400".
    #[error("resource is missing, or is no https:// or acct: URI")]
    Malformed,
    /// RFC 7033 §4.2: 404.
    #[error("nothing is known here about this resource")]
    NotHere,
}

/// Answers a query. Every resource at the issuer's own host leads to the issuer, whether somebody has such an account or
/// not: nobody learns here who does.
///
/// # Errors
/// The resource is malformed, or elsewhere.
pub fn answer(issuer: &Issuer, resource: Option<&str>, relations: &[&str]) -> Result<Value, WebFingerError> {
    let resource = resource.ok_or(WebFingerError::Malformed)?;
    let authority = match resource.split_once(':') {
        Some(("acct", account)) => account
            .rsplit_once('@')
            .map(|(_, host)| host.to_ascii_lowercase())
            .ok_or(WebFingerError::Malformed)?,
        Some(("https" | "http", _)) => {
            let url = Url::parse(resource).map_err(|_| WebFingerError::Malformed)?;
            match (url.host_str(), url.port()) {
                (Some(host), Some(port)) => format!("{host}:{port}"),
                (Some(host), None) => host.to_owned(),
                (None, _) => return Err(WebFingerError::Malformed),
            }
        }
        _ => return Err(WebFingerError::Malformed),
    };
    let ours = issuer.as_str().split_once("://").map_or("", |(_, authority)| authority);
    let host = ours.split(':').next().unwrap_or_default();
    if authority != ours && authority != host {
        return Err(WebFingerError::NotHere);
    }
    // RFC 7033 §4.3: "rel" limits the links of the answer.
    let wanted = relations.is_empty() || relations.contains(&ISSUER_RELATION);
    let links = if wanted { json!([{ "rel": ISSUER_RELATION, "href": issuer.as_str() }]) } else { json!([]) };
    Ok(json!({ "subject": resource, "links": links }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ISSUER_RELATION, WebFingerError, answer};
    use crate::protocol::issuer::Issuer;

    #[test]
    fn openid_discovery_2_resources_of_this_host_lead_to_the_issuer() {
        let issuer = Issuer::parse("https://id.example.com:8443").unwrap();
        for resource in [
            "acct:ada@id.example.com:8443",
            "acct:ada@id.example.com",
            "acct:a@b@ID.example.com",
            "https://id.example.com:8443/ada",
            "https://id.example.com/",
        ] {
            let found = answer(&issuer, Some(resource), &[ISSUER_RELATION]).unwrap();
            assert_eq!(found["subject"], resource);
            assert_eq!(
                found["links"],
                json!([{ "rel": ISSUER_RELATION, "href": "https://id.example.com:8443" }])
            );
        }
        let other = answer(&issuer, Some("acct:ada@id.example.com"), &["self"]).unwrap();
        assert_eq!(other["links"], json!([]));
    }

    #[test]
    fn rfc7033_4_2_everything_else_is_malformed_or_not_here() {
        let issuer = Issuer::parse("https://id.example.com").unwrap();
        for (resource, error) in [
            (None, WebFingerError::Malformed),
            (Some(""), WebFingerError::Malformed),
            (Some("ada"), WebFingerError::Malformed),
            (Some("acct:ada"), WebFingerError::Malformed),
            (Some("mailto:ada@id.example.com"), WebFingerError::Malformed),
            (Some("https://"), WebFingerError::Malformed),
            (Some("acct:ada@example.com"), WebFingerError::NotHere),
            (Some("acct:ada@id.example.com.evil.example"), WebFingerError::NotHere),
            (Some("https://id.example.com:444/"), WebFingerError::NotHere),
        ] {
            assert_eq!(answer(&issuer, resource, &[]), Err(error), "{resource:?}");
        }
    }
}
