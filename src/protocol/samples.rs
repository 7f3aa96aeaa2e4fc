//! Values for the tests of the rules.

use super::client::{AuthMethod, Client};
use super::registration::{self, ClientInput, RegistrationPolicy};
use super::session::Session;
use super::standard_claims::{Address, StandardClaims};
use super::timestamp::Timestamp;
use super::user::User;

/// A confidential client with one redirect URI and every grant type.
pub fn client(id: &str) -> Client {
    let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
    let input = ClientInput {
        client_name: Some("Sample".to_owned()),
        redirect_uris: texts(&["https://app.example/cb"]),
        post_logout_redirect_uris: texts(&["https://app.example/out"]),
        grant_types: texts(&["authorization_code", "refresh_token", "client_credentials"]),
        scope: Some("openid profile email offline_access".to_owned()),
        ..ClientInput::default()
    };
    Client {
        id: id.into(),
        secret_hash: Some(crate::protocol::secret::sha256_hex("secret")),
        sealed_secret: None,
        old_secret: None,
        disabled: false,
        self_registration: None,
        metadata: registration::check(&input, RegistrationPolicy::default()).unwrap().metadata,
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
        new_password_required: false,
        disabled: false,
        created_at: Timestamp(0),
        updated_at: Timestamp(7),
    }
}
