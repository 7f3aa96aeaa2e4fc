//! The openidconnect and oauth2 crates as relying parties, over HTTP: what they check must check out, and what they
//! are refused must be refused in words that they understand.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::pin::Pin;

use countersign::clock::Clock;
use countersign::config::Issuer;
use countersign::http::edge;
use countersign::protocol::client::{AccessTokenFormat, AuthMethod, ClientMetadata, SigningAlg};
use countersign::routes;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    IntrospectionUrl, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, RequestTokenError,
    RevocationUrl, Scope, TokenIntrospectionResponse as _, TokenResponse as _,
};
use reqwest::redirect::Policy;
use tokio::net::TcpListener;

use crate::support::process::over_http;
use crate::support::{Browser, Engine, Rp, TestApp, on_both_engines};

/// The application on a port of its own, as its issuer says, at today's time: the crates ask the system's clock.
struct Served {
    app: TestApp,
    issuer: String,
    http: Http,
    browser: Browser,
}

impl Served {
    async fn start(engine: Engine) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let issuer = format!("http://localhost:{port}");
        let app = TestApp::start_at(engine, Clock::system().millis(), |config| {
            config.issuer = Issuer::parse(&issuer).unwrap();
        })
        .await;
        let router = edge::wrap(routes::router(&app.app), &app.app);
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        app.user("ada").await;
        let mut browser = Browser::new(over_http(port));
        browser.origin.clone_from(&issuer);
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { app, issuer, http: Http(http), browser }
    }

    /// What discovery says under a name that the crate does not look for.
    async fn discovered(&self, name: &str) -> String {
        let url = format!("{}/.well-known/openid-configuration", self.issuer);
        let metadata = self.http.0.get(url).send().await.unwrap().json::<serde_json::Value>().await.unwrap();
        metadata[name].as_str().unwrap().to_owned()
    }

    /// Registers a client and sets the crate up for it, by discovery.
    async fn relying_party(
        &self,
        id: &str,
        secret: &str,
        change: impl FnOnce(&mut ClientMetadata),
    ) -> RelyingParty<'_> {
        let client = self.app.client(id, change).await;
        let issuer = IssuerUrl::new(self.issuer.clone()).unwrap();
        let provider = ProviderMetadataWithLogout::discover_async(issuer, &self.http).await.unwrap();
        let method = client.metadata.token_endpoint_auth_method;
        let secret = (method != AuthMethod::None).then(|| ClientSecret::new(secret.to_owned()));
        let introspection = IntrospectionUrl::new(self.discovered("introspection_endpoint").await).unwrap();
        let revocation = self.discovered("revocation_endpoint").await.replace("http://", "https://");
        let crates =
            CoreClient::from_provider_metadata(provider.clone(), ClientId::new(id.to_owned()), secret)
                .set_auth_type(match method {
                    AuthMethod::ClientSecretBasic => AuthType::BasicAuth,
                    AuthMethod::ClientSecretPost | AuthMethod::None => AuthType::RequestBody,
                    // The crates do not know them.
                    AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt => unreachable!(),
                })
                .set_redirect_uri(RedirectUrl::new(client.metadata.redirect_uris[0].clone()).unwrap())
                .set_introspection_url(introspection)
                .set_revocation_url(RevocationUrl::new(revocation).unwrap());
        RelyingParty { served: self, crates, provider, user_side: Rp::new(&self.app, &client) }
    }
}

/// How the crates send a request. oauth2 revokes over https only; that is the transport's matter, not the protocol's.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = reqwest::Result<HttpResponse>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async {
            let mut request: reqwest::Request = request.try_into()?;
            request.url_mut().set_scheme("http").unwrap();
            let answer = self.0.execute(request).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut response = HttpResponse::new(answer.bytes().await?.to_vec());
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}

type Crates =
    CoreClient<EndpointSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointMaybeSet, EndpointMaybeSet>;

struct RelyingParty<'a> {
    served: &'a Served,
    crates: Crates,
    provider: ProviderMetadataWithLogout,
    user_side: Rp,
}

/// A code, and what belongs to its request.
struct Coded {
    code: AuthorizationCode,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl RelyingParty<'_> {
    /// Sends the browser away and gets it back with a code.
    async fn code(&self, scopes: &[&str]) -> Coded {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (address, state, nonce) = self
            .crates
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(scopes.iter().map(|scope| Scope::new((*scope).to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        let mut browser = self.served.browser.clone();
        let answer = self.user_side.answer(&mut browser, "ada", address.as_str()).await;
        assert_eq!(answer.sent("state").as_deref(), Some(state.secret().as_str()));
        assert_eq!(answer.sent("iss").as_deref(), Some(self.served.issuer.as_str()), "RFC 9207");
        Coded { code: AuthorizationCode::new(answer.sent("code").unwrap()), nonce, verifier }
    }
}

/// The crate's name of an algorithm.
fn crate_alg(alg: SigningAlg) -> CoreJwsSigningAlgorithm {
    serde_json::from_value(serde_json::json!(alg.as_str())).unwrap()
}

on_both_engines!(openid_core_the_whole_flow_with_every_algorithm_and_authentication, |engine| {
    let served = Served::start(engine).await;
    let methods = [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::None];
    // The crate has no keys of P-521.
    let algs = SigningAlg::ASYMMETRIC.iter().copied().filter(|alg| *alg != SigningAlg::Es512);
    for (number, alg) in algs.enumerate() {
        let method = methods[number % methods.len()];
        let rp = served
            .relying_party(&format!("web{number}"), "secret", |metadata| {
                metadata.id_token_signed_response_alg = alg;
                metadata.access_token_signed_response_alg = alg;
                metadata.token_endpoint_auth_method = method;
                if method == AuthMethod::None {
                    metadata.grant_types.retain(|grant| grant.as_str() != "client_credentials");
                }
                if number % 2 == 1 {
                    metadata.access_token_format = AccessTokenFormat::Opaque;
                }
            })
            .await;
        let offered: Vec<_> = rp.provider.id_token_signing_alg_values_supported().clone();
        assert!(offered.contains(&crate_alg(alg)), "{alg} is not in discovery");

        let Coded { code, nonce, verifier } = rp.code(&["profile", "email", "offline_access"]).await;
        let request = rp.crates.exchange_code(code).unwrap().set_pkce_verifier(verifier);
        let tokens = request.request_async(&served.http).await.unwrap();
        assert_eq!(tokens.expires_in().unwrap().as_secs(), 300);

        let verifier = rp.crates.id_token_verifier().set_allowed_algs([crate_alg(alg)]);
        let id_token = tokens.id_token().unwrap();
        let claims = id_token.claims(&verifier, &nonce).unwrap();
        assert_eq!(*id_token.signing_alg().unwrap(), crate_alg(alg));
        let key = id_token.signing_key(&verifier).unwrap();
        let hash = AccessTokenHash::from_token(tokens.access_token(), id_token.signing_alg().unwrap(), key);
        assert_eq!(claims.access_token_hash(), Some(&hash.unwrap()), "{alg}");
        assert!(claims.auth_time().is_some());
        assert!(matches!(
            id_token.claims(&verifier, &Nonce::new("another".to_owned())),
            Err(ClaimsVerificationError::InvalidNonce(_))
        ));

        let subject = claims.subject().clone();
        let userinfo = rp.crates.user_info(tokens.access_token().clone(), Some(subject.clone())).unwrap();
        let userinfo: CoreUserInfoClaims = userinfo.request_async(&served.http).await.unwrap();
        assert_eq!(userinfo.preferred_username().unwrap().as_str(), "ada");
        assert_eq!(userinfo.email().unwrap().as_str(), "ada@example.com");
        assert_eq!(userinfo.email_verified(), Some(true));

        let request = rp.crates.exchange_refresh_token(tokens.refresh_token().unwrap()).unwrap();
        let refreshed = request.request_async(&served.http).await.unwrap();
        let id_token = refreshed.id_token().unwrap();
        // Core §12.2: the same subject, and no nonce.
        let again = id_token.claims(&verifier, |nonce: Option<&Nonce>| match nonce {
            None => Ok(()),
            Some(_) => Err("a nonce".to_owned()),
        });
        assert_eq!(*again.unwrap().subject(), subject);
        assert_ne!(refreshed.refresh_token().unwrap().secret(), tokens.refresh_token().unwrap().secret());

        if method != AuthMethod::None {
            let introspected =
                rp.crates.introspect(refreshed.access_token()).request_async(&served.http).await.unwrap();
            assert!(introspected.active());
            assert_eq!(introspected.sub(), Some(subject.as_str()));
            assert_eq!(introspected.username(), Some("ada"));
            let scopes: HashSet<_> =
                introspected.scopes().unwrap().iter().map(|scope| scope.as_str()).collect();
            assert_eq!(scopes, ["openid", "profile", "email", "offline_access"].into());
        }
        for token in [
            CoreRevocableToken::from(refreshed.access_token().clone()),
            CoreRevocableToken::from(refreshed.refresh_token().unwrap().clone()),
        ] {
            rp.crates.revoke_token(token).unwrap().request_async(&served.http).await.unwrap();
        }
        let userinfo = rp.crates.user_info(refreshed.access_token().clone(), None).unwrap();
        let userinfo: Result<CoreUserInfoClaims, _> = userinfo.request_async(&served.http).await;
        assert!(userinfo.is_err(), "revoked");
        if method != AuthMethod::None {
            let introspected =
                rp.crates.introspect(refreshed.access_token()).request_async(&served.http).await.unwrap();
            assert!(!introspected.active());
        }
        let request = rp.crates.exchange_refresh_token(refreshed.refresh_token().unwrap()).unwrap();
        let refused = request.request_async(&served.http).await;
        assert_eq!(error_code(refused), CoreErrorResponseType::InvalidGrant);
    }
});

/// The error that the server named, as the crate understands it.
fn error_code<T: std::fmt::Debug, E: std::error::Error + 'static>(
    outcome: Result<T, RequestTokenError<E, openidconnect::StandardErrorResponse<CoreErrorResponseType>>>,
) -> CoreErrorResponseType {
    match outcome {
        Err(RequestTokenError::ServerResponse(response)) => response.error().clone(),
        other => panic!("no error of the server: {other:?}"),
    }
}

on_both_engines!(rfc6749_5_2_the_crates_understand_every_refusal, |engine| {
    let served = Served::start(engine).await;
    let rp = served.relying_party("web", "secret", |_| {}).await;
    let impostor = served
        .relying_party("other", "wrong", |metadata| {
            metadata.token_endpoint_auth_method = AuthMethod::ClientSecretPost;
        })
        .await;

    let Coded { code, verifier, .. } = impostor.code(&[]).await;
    let request = impostor.crates.exchange_code(code).unwrap().set_pkce_verifier(verifier);
    let refused = request.request_async(&served.http).await;
    assert_eq!(error_code(refused), CoreErrorResponseType::InvalidClient, "a wrong secret");

    let Coded { code, verifier, .. } = rp.code(&[]).await;
    let other = PkceCodeChallenge::new_random_sha256().1;
    let request = rp.crates.exchange_code(code.clone()).unwrap().set_pkce_verifier(other);
    let refused = request.request_async(&served.http).await;
    assert_eq!(error_code(refused), CoreErrorResponseType::InvalidGrant, "another verifier");

    let verifier_again = PkceCodeVerifier::new(verifier.secret().clone());
    let request = rp.crates.exchange_code(code.clone()).unwrap().set_pkce_verifier(verifier);
    let tokens = request.request_async(&served.http).await.unwrap();
    let request = rp.crates.exchange_code(code).unwrap().set_pkce_verifier(verifier_again);
    let refused = request.request_async(&served.http).await;
    assert_eq!(error_code(refused), CoreErrorResponseType::InvalidGrant, "a replayed code");
    let request = rp.crates.exchange_refresh_token(tokens.refresh_token().unwrap()).unwrap();
    let refused = request.request_async(&served.http).await;
    assert_eq!(error_code(refused), CoreErrorResponseType::InvalidGrant, "what the code had brought");

    let request =
        rp.crates.exchange_client_credentials().unwrap().add_scope(Scope::new("unknown".to_owned()));
    let refused = request.request_async(&served.http).await;
    assert_eq!(error_code(refused), CoreErrorResponseType::InvalidScope);
    let own = rp.crates.exchange_client_credentials().unwrap().request_async(&served.http).await.unwrap();
    assert!(own.refresh_token().is_none() && own.id_token().is_none());
});

on_both_engines!(rp_initiated_logout_at_the_address_that_the_crate_builds, |engine| {
    let served = Served::start(engine).await;
    let rp = served.relying_party("web", "secret", |_| {}).await;
    // One browser all the way: the session is what ends.
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (address, ..) = rp
        .crates
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .set_pkce_challenge(challenge)
        .url();
    let mut browser = served.browser.clone();
    let answer = rp.user_side.answer(&mut browser, "ada", address.as_str()).await;
    let code = AuthorizationCode::new(answer.sent("code").unwrap());
    let request = rp.crates.exchange_code(code).unwrap().set_pkce_verifier(verifier);
    let tokens = request.request_async(&served.http).await.unwrap();

    let endpoint = rp.provider.additional_metadata().end_session_endpoint.clone().unwrap();
    let address = LogoutRequest::from(endpoint)
        .set_id_token_hint(tokens.id_token().unwrap())
        .set_client_id(ClientId::new("web".to_owned()))
        .set_post_logout_redirect_uri(
            PostLogoutRedirectUrl::new("https://web.example/out".to_owned()).unwrap(),
        )
        .set_state(CsrfToken::new("a state & more".to_owned()))
        .http_get_url();
    let answer = browser.get(address.as_str()).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(answer.location().starts_with("https://web.example/out?"));
    assert_eq!(answer.sent("state").as_deref(), Some("a state & more"));

    let userinfo = rp.crates.user_info(tokens.access_token().clone(), None).unwrap();
    let userinfo: Result<CoreUserInfoClaims, _> = userinfo.request_async(&served.http).await;
    assert!(userinfo.is_err(), "signed out");
});
