//! Subject identifiers: OpenID Connect Core §8.

use url::Url;

use super::client::{ClientMetadata, SubjectType};

/// The sector that a client's pairwise subjects are made for (§8.1); none when its subjects are public.
#[must_use]
pub fn sector(metadata: &ClientMetadata) -> Option<String> {
    match metadata.subject_type {
        SubjectType::Public => None,
        // Registration sees to it that there is one of the two, and that it has a host.
        SubjectType::Pairwise => {
            let uri = metadata.sector_identifier_uri.as_ref().or_else(|| metadata.redirect_uris.first());
            let host = uri.and_then(|uri| Url::parse(uri).ok()?.host_str().map(str::to_owned));
            Some(host.unwrap_or_default())
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
        assert_eq!(sector(&metadata), None);
        metadata.subject_type = SubjectType::Pairwise;
        assert_eq!(sector(&metadata).as_deref(), Some("app.example"));
        metadata.sector_identifier_uri = Some("https://sector.example/uris.json".to_owned());
        assert_eq!(sector(&metadata).as_deref(), Some("sector.example"));
    }
}
