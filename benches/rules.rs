//! The hot rules alone: `cargo bench --bench rules`, or `make bench` after the load.

use std::hint::black_box;

use anyhow::{Context as _, Result};
use countersign::app::App;
use countersign::clock::Clock;
use countersign::config::Config;
use countersign::entropy::Entropy;
use countersign::protocol::access_token::{self, AccessToken};
use countersign::protocol::authorize::{AuthorizationRequest, RequestPolicy, answer_address};
use countersign::protocol::client::Client;
use countersign::protocol::code::Code;
use countersign::protocol::jwa::SigningAlg;
use countersign::protocol::params::Params;
use countersign::protocol::pkce::{self, CodeChallenge};
use countersign::protocol::registration::{self, ClientInput, RegistrationPolicy};
use countersign::protocol::scope::Scope;
use countersign::protocol::timestamp::Timestamp;
use countersign::sealing::Purpose;
use criterion::Criterion;

const ISSUER: &str = "http://127.0.0.1:8080";

const ALGORITHMS: [SigningAlg; 2] = [SigningAlg::Es256, SigningAlg::Rs256];

// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const REQUEST: &str = "client_id=bench&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&response_type=code\
    &scope=openid%20profile%20email&state=af0ifjsldkj&nonce=n-0S6_WzA2Mj\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let settings = [
        ("COUNTERSIGN_ISSUER", ISSUER),
        ("COUNTERSIGN_SECRET", "kJ2v9Qm4Xr7Lw0Zt5Yb8Nc1Hf6Ds3Ga+PeVuTiRoEqM="),
        ("COUNTERSIGN_DATA_DIR", folder.path().to_str().context("a path that is not UTF-8")?),
    ];
    let config = Config::load(None, settings.map(|(name, value)| (name.into(), value.into())).into_iter())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let app = runtime.block_on(App::start(config, Clock::system(), Entropy::system()))?;
    for alg in ALGORITHMS {
        runtime.block_on(app.keys.ready(&app.store, alg, &app.clock))?;
    }

    let mut criterion = Criterion::default().configure_from_args();
    sealing(&mut criterion, &app)?;
    signatures(&mut criterion, &app)?;
    requests(&mut criterion)?;
    criterion.final_summary();
    runtime.block_on(app.store.close());
    Ok(())
}

fn sealing(criterion: &mut Criterion, app: &App) -> Result<()> {
    let code = code()?;
    let sealed = app.seals.seal(Purpose::Code, &code, &app.entropy)?;
    criterion.bench_function("seal a code", |bencher| {
        bencher.iter(|| app.seals.seal(Purpose::Code, black_box(&code), &app.entropy));
    });
    criterion.bench_function("open a code", |bencher| {
        bencher.iter(|| app.seals.open::<Code>(Purpose::Code, black_box(&sealed)));
    });
    Ok(())
}

fn signatures(criterion: &mut Criterion, app: &App) -> Result<()> {
    let now = app.clock.now();
    let claims = AccessToken {
        iss: ISSUER.to_owned(),
        sub: "9f86d081884c7d659a2feaa0c55ad015".to_owned(),
        aud: ISSUER.to_owned(),
        exp: Timestamp(now.0 + 3600),
        iat: now,
        jti: "4355a46b19d348dc2f57c046f8ef63d4".into(),
        client_id: "bench".into(),
        scope: Scope::parse("openid profile email")?,
        auth_time: Some(now),
        acr: None,
        gid: Some("60303ae22b998861bce3b28f33eec1be".into()),
        cnf: None,
    };
    for alg in ALGORITHMS {
        let token = app.keys.sign(alg, access_token::TYP, &claims, now)?;
        criterion.bench_function(&format!("sign an access token, {alg}"), |bencher| {
            bencher.iter(|| app.keys.sign(alg, access_token::TYP, black_box(&claims), now));
        });
        criterion.bench_function(&format!("verify an access token, {alg}"), |bencher| {
            bencher.iter(|| app.keys.verify::<AccessToken>(black_box(&token), access_token::TYP));
        });
    }
    Ok(())
}

fn requests(criterion: &mut Criterion) -> Result<()> {
    let client = client()?;
    criterion.bench_function("read and validate an authorization request", |bencher| {
        bencher.iter(|| -> Result<AuthorizationRequest> {
            let params = Params::parse(black_box(REQUEST).as_bytes())?;
            let to = answer_address(&client, &params)?;
            let policy = RequestPolicy::default();
            Ok(AuthorizationRequest::validate(&client, &params, to.redirect, policy)?)
        });
    });
    let challenge = challenge()?;
    criterion.bench_function("verify a PKCE verifier", |bencher| {
        bencher.iter(|| pkce::verify(challenge.as_ref(), Some(black_box(VERIFIER))));
    });
    criterion.bench_function("parse a scope", |bencher| {
        bencher.iter(|| Scope::parse(black_box("openid profile email offline_access")));
    });
    Ok(())
}

fn challenge() -> Result<Option<CodeChallenge>> {
    Ok(CodeChallenge::from_request(Some(CHALLENGE), Some(pkce::S256), true)?)
}

fn code() -> Result<Code> {
    Ok(Code {
        grant_id: "60303ae22b998861bce3b28f33eec1be".into(),
        client_id: "bench".into(),
        redirect_uri: "https://app.example/cb".to_owned(),
        redirect_uri_was_named: true,
        challenge: challenge()?,
        user_id: "9f86d081884c7d659a2feaa0c55ad015".into(),
        session_id: "fd61a03af4f77d870fc21e05e7e80678".into(),
        consent_id: None,
        scope: Scope::parse("openid profile email")?,
        claims: countersign::protocol::claims_request::ClaimsRequest::default(),
        dpop_jkt: None,
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        auth_time: Timestamp(1_700_000_000),
        acr: "1".to_owned(),
        amr: "pwd".to_owned(),
        expires_at: Timestamp(1_700_000_060),
    })
}

fn client() -> Result<Client> {
    let input = ClientInput {
        client_name: Some("Bench".to_owned()),
        redirect_uris: Some(vec!["https://app.example/cb".to_owned()]),
        scope: Some("openid profile email".to_owned()),
        ..ClientInput::default()
    };
    let registration = registration::check(&input, RegistrationPolicy::default())
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    Ok(Client {
        id: "bench".into(),
        secret_hash: None,
        sealed_secret: None,
        old_secret: None,
        disabled: false,
        self_registration: None,
        metadata: registration.metadata,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    })
}
