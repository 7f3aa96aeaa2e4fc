//! The pages of the demonstration application: another product ("Acme Notes"), on another origin, that people sign in
//! to with Countersign. Its own paths: `GET /` home, `GET /login` starts the sign-in, `GET /callback`,
//! `POST /logout`, and `/assets/…` with the same table of files.

use askama::Template;

/// `GET /` of a visitor who is not signed in.
#[derive(Template)]
#[template(path = "demo_home.html")]
pub struct DemoHome {
    /// The issuer it signs in with.
    pub issuer: String,
    /// A user to try it with.
    pub try_with: Option<DemoCredentials>,
}

/// A demonstration user.
pub struct DemoCredentials {
    /// Username.
    pub username: String,
    /// Password.
    pub password: String,
}

/// `GET /` of a visitor who is signed in: what the application was told. The form goes to `POST /logout`.
#[derive(Template)]
#[template(path = "demo_claims.html")]
pub struct DemoClaims {
    /// The issuer it signed in with.
    pub issuer: String,
    /// What to call the visitor.
    pub name: String,
    /// CSRF token of the sign-out form.
    pub csrf: String,
    /// The ID token's header as indented JSON.
    pub id_token_header_json: String,
    /// The ID token's claims as indented JSON.
    pub claims_json: String,
    /// The `UserInfo` response as indented JSON.
    pub userinfo_json: String,
}

/// The sign-in did not work out.
#[derive(Template)]
#[template(path = "demo_problem.html")]
pub struct DemoProblem {
    /// OAuth error code, or a word of the application's own.
    pub error: String,
    /// What happened, in a sentence.
    pub description: String,
}
