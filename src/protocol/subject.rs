//! Subject identifiers: OpenID Connect Core §8.

use url::Url;

use super::client::{ClientMetadata, SubjectType};
use super::ids::ClientId;
use super::redirect_uri::is_loopback;

/// The sector that a client's pairwise subjects are made for (§8.1); none when its subjects are public.
#[must_use]
pub fn sector(client: &ClientId, metadata: &ClientMetadata) -> Option<String> {
    match metadata.subject_type {
        SubjectType::Public => None,
        SubjectType::Pairwise => {
            let uri = metadata.sector_identifier_uri.as_ref().or_else(|| metadata.redirect_uris.first());
            let url = uri.and_then(|uri| Url::parse(uri).ok()).filter(|url| !is_loopback(url));
            let host = url.and_then(|url| url.host_str().map(str::to_owned));
            // Loopback is every native application's host: each is a sector of its own. No host name holds a space.
            Some(host.unwrap_or_else(|| format!("client {client}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sector;
    use crate::protocol::client::SubjectType;
    use crate::protocol::samples;

    #[test]
    fn openid_core_8_1_the_sector_is_a_host() {
        let mut metadata = samples::client("c").metadata;
        assert_eq!(sector(&"c".into(), &metadata), None);
        metadata.subject_type = SubjectType::Pairwise;
        assert_eq!(sector(&"c".into(), &metadata).as_deref(), Some("app.example"));
        metadata.redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
        assert_ne!(
            sector(&"c".into(), &metadata),
            sector(&"d".into(), &metadata),
            "one machine, two applications"
        );
        metadata.sector_identifier_uri = Some("https://sector.example/uris.json".to_owned());
        assert_eq!(sector(&"c".into(), &metadata).as_deref(), Some("sector.example"));
    }
}
