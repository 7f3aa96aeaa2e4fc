//! Values for the tests of the rules.

use super::client::{
    AccessTokenFormat, ApplicationType, AuthMethod, Client, ClientMetadata, GrantType, ResponseType,
    SigningAlg, SubjectType,
};
use super::scope::Scope;
use super::session::Session;
use super::standard_claims::{Address, StandardClaims};
use super::timestamp::Timestamp;
use super::user::User;

/// A confidential client with one redirect URI and every grant type.
pub fn client(id: &str) -> Client {
    Client {
        id: id.into(),
        secret_hash: Some(crate::protocol::secret::sha256_hex("secret")),
        sealed_secret: None,
        disabled: false,
        self_registration: None,
        metadata: ClientMetadata {
            client_name: "Sample".to_owned(),
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            post_logout_redirect_uris: vec!["https://app.example/out".to_owned()],
            grant_types: vec![
                GrantType::AuthorizationCode,
                GrantType::RefreshToken,
                GrantType::ClientCredentials,
            ],
            response_types: vec![ResponseType::Code],
            application_type: ApplicationType::Web,
            token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
            token_endpoint_auth_signing_alg: None,
            jwks: None,
            jwks_uri: None,
            scope: Scope::parse("openid profile email offline_access").unwrap(),
            id_token_signed_response_alg: SigningAlg::Rs256,
            id_token_encrypted_response_alg: None,
            id_token_encrypted_response_enc: None,
            userinfo_signed_response_alg: None,
            userinfo_encrypted_response_alg: None,
            userinfo_encrypted_response_enc: None,
            request_object_signing_alg: None,
            request_object_encryption_alg: None,
            request_object_encryption_enc: None,
            request_uris: Vec::new(),
            subject_type: SubjectType::Public,
            sector_identifier_uri: None,
            default_max_age: None,
            require_auth_time: false,
            default_acr_values: Vec::new(),
            initiate_login_uri: None,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            access_token_format: AccessTokenFormat::Jwt,
            access_token_signed_response_alg: SigningAlg::Es256,
            require_pkce: true,
            skip_consent: false,
            introspects_any_token: false,
            refresh_grace_seconds: None,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            contacts: Vec::new(),
            software_id: None,
            software_version: None,
            software_statement: None,
            localized: std::collections::BTreeMap::new(),
        },
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// The same, but public.
pub fn public_client(id: &str) -> Client {
    let mut client = client(id);
    client.secret_hash = None;
    client.metadata.token_endpoint_auth_method = AuthMethod::None;
    client
}

/// A session that is live for a long time.
pub fn session(id: &str, user: &str, auth_time: Timestamp) -> Session {
    Session {
        id: id.into(),
        secret_hash: String::new(),
        user_id: user.into(),
        active: true,
        auth_time,
        methods: "pwd".to_owned(),
        acr: "1".to_owned(),
        remembered: false,
        ip: "192.0.2.1".to_owned(),
        user_agent: String::new(),
        created_at: auth_time,
        last_seen_at: auth_time,
        expires_at: Timestamp(i64::MAX),
    }
}

/// Every standard claim.
pub fn claims() -> StandardClaims {
    let text = |text: &str| Some(text.to_owned());
    StandardClaims {
        given_name: text("Augusta Ada"),
        family_name: text("King"),
        middle_name: text("Byron"),
        nickname: text("Enchantress"),
        profile: text("https://ada.example/about"),
        picture: text("https://ada.example/ada.png"),
        website: text("https://ada.example/"),
        gender: text("female"),
        birthdate: text("1815-12-10"),
        zoneinfo: text("Europe/London"),
        locale: text("en-GB"),
        phone_number: text("+16045551234;ext=5678"),
        phone_number_verified: Some(true),
        address: Some(Address {
            formatted: text("12 St James's Square\nLondon SW1Y 4JH\nUnited Kingdom"),
            street_address: text("12 St James's Square"),
            locality: text("London"),
            region: text("Greater London"),
            postal_code: text("SW1Y 4JH"),
            country: text("United Kingdom"),
        }),
    }
}

/// A user with everything.
pub fn user(id: &str) -> User {
    User {
        id: id.into(),
        username: "ada".to_owned(),
        email: Some("ada@example.com".to_owned()),
        email_verified: true,
        name: Some("Ada".to_owned()),
        claims: claims(),
        password_hash: None,
        is_admin: false,
        disabled: false,
        created_at: Timestamp(0),
        updated_at: Timestamp(7),
    }
}
