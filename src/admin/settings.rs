//! Settings of an application's own libraries, ready to paste: made of what the client is registered with. Pure.
//!
//! Every value is written by the rules of the format that it stands in, whatever it holds.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::protocol::client::{AuthMethod, Client, SigningAlg};
use crate::protocol::issuer::Issuer;
use crate::protocol::pushed;
use crate::protocol::registration::Kind;
use crate::protocol::scope::{OFFLINE_ACCESS, OPENID};

/// Stands where the secret goes when it is not known.
pub const SECRET_GOES_HERE: &str = "PUT-THE-CLIENT-SECRET-HERE";

/// The settings of one library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Settings {
    /// Its name, as in package registries.
    pub library: &'static str,
    /// What it is for.
    pub platform: &'static str,
    /// The file that the text stands in, as far as that has a usual name.
    pub file: &'static str,
    /// The text to paste.
    pub text: String,
}

/// What every library must be told.
struct Values {
    kind: Kind,
    issuer: String,
    token_endpoint: String,
    device_endpoint: String,
    insecure: bool,
    client_id: String,
    secret: Option<String>,
    method: AuthMethod,
    redirect_uri: Option<String>,
    after_logout: Option<String>,
    scope: Vec<String>,
    id_token_alg: SigningAlg,
    /// Its requests must be pushed (RFC 9126).
    must_push: bool,
    /// Its tokens must be bound to a key (RFC 9449).
    must_prove: bool,
}

/// The settings of every library that fits a client; of those alone that can do what the client must. `secret` is its
/// secret, if it is known; `all_must_push` says that the server takes no other requests than pushed ones.
#[must_use]
pub fn of(issuer: &Issuer, client: &Client, secret: Option<&str>, all_must_push: bool) -> Vec<Settings> {
    let metadata = &client.metadata;
    let kind = Kind::of(metadata);
    // What these settings make is a sign-in; access without the person is asked for where it is wanted.
    let scope = metadata
        .scope
        .iter()
        .filter(|token| *token != OFFLINE_ACCESS || matches!(kind, Kind::Native | Kind::Device));
    let values = Values {
        kind,
        issuer: issuer.as_str().to_owned(),
        token_endpoint: issuer.at("/token"),
        device_endpoint: issuer.at("/device_authorization"),
        insecure: issuer.is_plain_http(),
        client_id: client.id.to_string(),
        secret: metadata
            .token_endpoint_auth_method
            .uses_secret()
            .then(|| secret.unwrap_or(SECRET_GOES_HERE).to_owned()),
        method: metadata.token_endpoint_auth_method,
        redirect_uri: metadata.redirect_uris.first().cloned(),
        after_logout: metadata.post_logout_redirect_uris.first().cloned(),
        scope: scope.map(str::to_owned).collect(),
        id_token_alg: metadata.id_token_signed_response_alg,
        must_push: !metadata.redirect_uris.is_empty() && pushed::is_required(client, all_must_push),
        must_prove: metadata.dpop_bound_access_tokens,
    };
    // Which libraries know of the method: those that sign assertions by themselves are few. So are those that push
    // requests or prove that they have a key.
    let simple = !values.must_push
        && !values.must_prove
        && matches!(
            values.method,
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::None
        );
    let apache = matches!(
        values.method,
        AuthMethod::ClientSecretBasic
            | AuthMethod::ClientSecretPost
            | AuthMethod::ClientSecretJwt
            | AuthMethod::None
    );
    let all = match kind {
        Kind::Web => vec![
            Some(openid_client(&values)),
            simple.then(|| authlib(&values)),
            simple.then(|| spring(&values)),
            simple.then(|| go_oidc(&values)),
            apache.then(|| mod_auth_openidc(&values)),
            simple.then(|| openidconnect(&values)),
        ],
        Kind::Spa => vec![(!values.must_push).then(|| oidc_client_ts(&values))],
        Kind::Native | Kind::Agent => vec![
            Some(openid_client(&values)),
            simple.then(|| go_oidc(&values)),
            simple.then(|| openidconnect(&values)),
        ],
        Kind::Device => vec![Some(openid_client(&values)), simple.then(|| curl_on_device(&values))],
        Kind::Machine => vec![
            Some(openid_client(&values)),
            simple.then(|| authlib(&values)),
            simple.then(|| spring(&values)),
            simple.then(|| go_oidc(&values)),
            simple.then(|| openidconnect(&values)),
        ],
    };
    all.into_iter().flatten().collect()
}

impl Values {
    fn scope(&self) -> String {
        self.scope.join(" ")
    }

    fn redirect_uri(&self) -> &str {
        self.redirect_uri.as_deref().unwrap_or_default()
    }
}

/// A string literal of JSON, which is one of JavaScript, Python, Go and YAML as well. Go and YAML know no other escapes
/// than JSON has for what can stand here; JavaScript in a page must not end its element.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace("</", "<\\u002f")
}

/// A list of them.
fn list(texts: &[String]) -> String {
    texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
}

/// A value of a Spring configuration: YAML, in which `${` would begin a placeholder. A placeholder that does not exist
/// has the default after its colon.
fn in_spring(text: &str) -> String {
    quoted(&text.replace("${", "${dollar:$}{"))
}

/// An argument of a directive of Apache: quoted, with a backslash before what would end or bend it.
fn in_apache(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    // `${name}` would be replaced by what `Define` made of the name.
    format!("\"{}\"", escaped.replace("${", "${dollar}{"))
}

/// A word of a POSIX shell.
fn in_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A string literal of Rust.
fn in_rust(text: &str) -> String {
    format!("{text:?}")
}

/// openid-client 6.
fn openid_client(values: &Values) -> Settings {
    let Values { kind, method, .. } = values;
    let secret = values.secret.as_deref().map(quoted).unwrap_or_default();
    let authentication = match method {
        AuthMethod::ClientSecretBasic => format!("client.ClientSecretBasic({secret})"),
        AuthMethod::ClientSecretPost => format!("client.ClientSecretPost({secret})"),
        AuthMethod::ClientSecretJwt => format!("client.ClientSecretJwt({secret})"),
        AuthMethod::PrivateKeyJwt => "client.PrivateKeyJwt(privateKey), // a CryptoKey".to_owned(),
        AuthMethod::None => "client.None()".to_owned(),
    };
    let comma = if authentication.contains("//") { "" } else { "," };
    let alg = quoted(values.id_token_alg.as_str());
    let insecure = if values.insecure {
        "\n  { execute: [client.allowInsecureRequests] }, // plain http: for development"
    } else {
        ""
    };
    let mut text = format!(
        "import * as client from 'openid-client';\n\n\
         export const config = await client.discovery(\n  new URL({}),\n  {},\n  \
         {{ id_token_signed_response_alg: {alg} }},\n  {authentication}{comma}{insecure}\n);\n",
        quoted(&values.issuer),
        quoted(&values.client_id),
    );
    let scope = quoted(&values.scope());
    // Options are the last argument, behind another one that may be left out.
    let (mut proof, mut proof_after_parameters) = ("", "");
    if values.must_prove {
        text.push_str(
            "// The key that the tokens are bound to. Keep it as long as them, and use it for requests to APIs:\n\
             // client.fetchProtectedResource(config, accessToken, url, 'GET', undefined, undefined, { DPoP })\n\
             export const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());\n",
        );
        (proof, proof_after_parameters) = (", { DPoP }", ", undefined, { DPoP }");
    }
    let request = if *kind == Kind::Device {
        format!(
            "const device = await client.initiateDeviceAuthorization(config, {{ scope: {scope} }});\n\
             console.log(`Open ${{device.verification_uri}} on another device and type ${{device.user_code}}`);\n\
             // Waits until somebody has decided.\n\
             export const tokens = await client.pollDeviceAuthorizationGrant(config, device{proof_after_parameters});\n"
        )
    } else if *kind == Kind::Machine {
        format!(
            "export const tokens = await client.clientCredentialsGrant(config, {{ scope: {scope} }}{proof});\n"
        )
    } else {
        let start = if values.must_push {
            format!("await client.buildAuthorizationUrlWithPAR(config, parameters{proof})")
        } else {
            "client.buildAuthorizationUrl(config, parameters)".to_owned()
        };
        let uri = quoted(values.redirect_uri());
        format!(
            "// A new one for each sign-in, kept in the session.\nexport const codeVerifier = client.randomPKCECodeVerifier();\n\
             export const parameters = {{\n  redirect_uri: {uri},\n  scope: {scope},\n  \
             code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),\n  code_challenge_method: 'S256',\n}};\n\
             // {start}, and at the redirect URI:\n\
             // client.authorizationCodeGrant(config, currentUrl, {{ pkceCodeVerifier: codeVerifier }}{proof_after_parameters})\n"
        )
    };
    text.push_str(&request);
    Settings { library: "openid-client", platform: "Node.js, Deno, Bun", file: "auth.mjs", text }
}

/// The two requests of RFC 8628, by curl: few libraries have them, and they are easily made.
fn curl_on_device(values: &Values) -> Settings {
    let credentials = match (&values.secret, values.method) {
        (Some(secret), AuthMethod::ClientSecretPost) => {
            format!(
                "--data-urlencode client_id={} --data-urlencode client_secret={}",
                in_shell(&values.client_id),
                in_shell(secret)
            )
        }
        // RFC 6749 §2.3.1: what it is made of here needs no encoding.
        (Some(secret), _) => format!("--user {}", in_shell(&format!("{}:{secret}", values.client_id))),
        (None, _) => format!("--data-urlencode client_id={}", in_shell(&values.client_id)),
    };
    let text = format!(
        "# Show user_code, and verification_uri where it is typed:\n\
         curl {} \\\n  {credentials} \\\n  --data-urlencode scope={}\n\n\
         # Then every 5 seconds (interval), until it answers neither authorization_pending nor slow_down:\n\
         curl {} \\\n  {credentials} \\\n  --data grant_type=urn:ietf:params:oauth:grant-type:device_code \\\n  \
         --data-urlencode device_code=\"$DEVICE_CODE\"\n",
        in_shell(&values.device_endpoint),
        in_shell(&values.scope()),
        in_shell(&values.token_endpoint),
    );
    Settings { library: "curl", platform: "Shell", file: "sign-in.sh", text }
}

/// Authlib 1: the Flask integration, whose `register` is the same for Django, Starlette and `FastAPI`.
fn authlib(values: &Values) -> Settings {
    let id = quoted(&values.client_id);
    let secret = values.secret.as_deref().map_or_else(|| "None".to_owned(), quoted);
    let (scope, method) = (quoted(&values.scope()), quoted(values.method.as_str()));
    let text = if values.kind == Kind::Machine {
        format!(
            "from authlib.integrations.requests_client import OAuth2Session\n\n\
             session = OAuth2Session(\n    client_id={id},\n    client_secret={secret},\n    \
             token_endpoint_auth_method={method},\n    scope={scope},\n)\n\
             token = session.fetch_token({}, grant_type=\"client_credentials\")\n",
            quoted(&values.token_endpoint),
        )
    } else {
        format!(
            "from authlib.integrations.flask_client import OAuth  # or django_client, starlette_client\n\n\
             oauth = OAuth(app)\n\
             countersign = oauth.register(\n    \"countersign\",\n    client_id={id},\n    client_secret={secret},\n    \
             server_metadata_url={},\n    client_kwargs={{\n        \"scope\": {scope},\n        \
             \"code_challenge_method\": \"S256\",\n        \"token_endpoint_auth_method\": {method},\n    }},\n)\n\
             redirect_uri = {}\n\
             # countersign.authorize_redirect(redirect_uri), and at the redirect URI:\n\
             # countersign.authorize_access_token()[\"userinfo\"]\n",
            quoted(&format!("{}/.well-known/openid-configuration", values.issuer.trim_end_matches('/'))),
            quoted(values.redirect_uri()),
        )
    };
    Settings { library: "Authlib", platform: "Python", file: "auth.py", text }
}

/// Spring Security, with Spring Boot. It sends a PKCE challenge for public clients by itself, for others when it is told.
fn spring(values: &Values) -> Settings {
    let grant = if values.kind == Kind::Machine { "client_credentials" } else { "authorization_code" };
    let secret = values
        .secret
        .as_deref()
        .map_or_else(String::new, |secret| format!("            client-secret: {}\n", in_spring(secret)));
    let redirect = values
        .redirect_uri
        .as_deref()
        .map_or_else(String::new, |uri| format!("            redirect-uri: {}\n", in_spring(uri)));
    let scope = values.scope.iter().map(|token| in_spring(token)).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "spring:\n  security:\n    oauth2:\n      client:\n        registration:\n          countersign:\n            \
         client-id: {}\n{secret}            client-authentication-method: {}\n            \
         authorization-grant-type: {grant}\n{redirect}            scope: [{scope}]\n        provider:\n          \
         countersign:\n            issuer-uri: {}\n",
        in_spring(&values.client_id),
        in_spring(values.method.as_str()),
        in_spring(&values.issuer),
    );
    if values.kind != Kind::Machine {
        text += "\n# And in the configuration class, so that it sends a PKCE challenge:\n\
                 #\n\
                 # @Bean\n\
                 # SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {\n\
                 #   var resolver = new DefaultOAuth2AuthorizationRequestResolver(clients, \"/oauth2/authorization\");\n\
                 #   resolver.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());\n\
                 #   http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated());\n\
                 #   http.oauth2Login(login -> login.authorizationEndpoint(at -> at.authorizationRequestResolver(resolver)));\n\
                 #   return http.build();\n\
                 # }\n";
    }
    Settings { library: "Spring Security", platform: "Java, Kotlin", file: "application.yml", text }
}

/// go-oidc 3 with x/oauth2; for a machine the latter alone.
fn go_oidc(values: &Values) -> Settings {
    let style = if values.method == AuthMethod::ClientSecretBasic {
        "AuthStyleInHeader"
    } else {
        "AuthStyleInParams"
    };
    let secret = |indent: &str| {
        values
            .secret
            .as_deref()
            .map_or_else(String::new, |secret| format!("{indent}ClientSecret: {},\n", quoted(secret)))
    };
    let (id, scope) = (quoted(&values.client_id), list(&values.scope));
    let text = if values.kind == Kind::Machine {
        format!(
            "// import \"golang.org/x/oauth2\" and \"golang.org/x/oauth2/clientcredentials\"\n\
             config := clientcredentials.Config{{\n\tClientID:     {id},\n{}\tTokenURL:     {},\n\tScopes:       []string{{{scope}}},\n\t\
             AuthStyle:    oauth2.{style},\n}}\ntoken, err := config.Token(ctx)\n",
            secret("\t"),
            quoted(&values.token_endpoint),
        )
    } else {
        format!(
            "// import \"github.com/coreos/go-oidc/v3/oidc\" and \"golang.org/x/oauth2\"\n\
             provider, err := oidc.NewProvider(ctx, {})\nif err != nil {{\n\treturn err\n}}\n\
             endpoint := provider.Endpoint()\nendpoint.AuthStyle = oauth2.{style}\n\
             config := oauth2.Config{{\n\tClientID:     {id},\n{}\tRedirectURL:  {},\n\tEndpoint:     endpoint,\n\tScopes:       []string{{{scope}}},\n}}\n\
             idTokens := provider.Verifier(&oidc.Config{{ClientID: config.ClientID}})\n\
             verifier := oauth2.GenerateVerifier() // a new one for each sign-in, kept in the session\n\
             // config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), and at the redirect URI:\n\
             // config.Exchange(ctx, code, oauth2.VerifierOption(verifier))\n",
            quoted(&values.issuer),
            secret("\t"),
            quoted(values.redirect_uri()),
        )
    };
    let library = if values.kind == Kind::Machine { "x/oauth2" } else { "go-oidc" };
    Settings { library, platform: "Go", file: "auth.go", text }
}

/// oidc-client-ts 3.
fn oidc_client_ts(values: &Values) -> Settings {
    let after_logout = values
        .after_logout
        .as_deref()
        .map_or_else(String::new, |uri| format!("  post_logout_redirect_uri: {},\n", quoted(uri)));
    let (store, dpop) = if values.must_prove {
        ("IndexedDbDPoPStore, ", "  dpop: { store: new IndexedDbDPoPStore() },\n")
    } else {
        ("", "")
    };
    let text = format!(
        "import {{ {store}UserManager }} from 'oidc-client-ts';\n\n\
         export const manager = new UserManager({{\n  authority: {},\n  client_id: {},\n  redirect_uri: {},\n{after_logout}  \
         scope: {},\n{dpop}}});\n\
         // manager.signinRedirect(), and at the redirect URI: manager.signinCallback()\n",
        quoted(&values.issuer),
        quoted(&values.client_id),
        quoted(values.redirect_uri()),
        quoted(&values.scope()),
    );
    Settings { library: "oidc-client-ts", platform: "Browser", file: "auth.ts", text }
}

/// Where an administrator of Apache keeps the key that tokens are bound to.
const DPOP_KEY_FILE: &str = "/etc/apache2/dpop.pem";

/// `mod_auth_openidc` 2.4.
fn mod_auth_openidc(values: &Values) -> Settings {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        text.extend([name, " ", &in_apache(value), "\n"]);
    };
    line(
        "OIDCProviderMetadataURL",
        &format!("{}/.well-known/openid-configuration", values.issuer.trim_end_matches('/')),
    );
    line("OIDCClientID", &values.client_id);
    if let Some(secret) = &values.secret {
        line("OIDCClientSecret", secret);
    }
    line("OIDCProviderTokenEndpointAuth", values.method.as_str());
    line("OIDCRedirectURI", values.redirect_uri());
    line("OIDCScope", &values.scope());
    line("OIDCPKCEMethod", "S256");
    if values.must_push {
        line("OIDCProviderAuthRequestMethod", "PAR");
    }
    if values.must_prove {
        line("OIDCDPoPMode", "required");
        // It makes no key of its own.
        line("OIDCPrivateKeyFiles", DPOP_KEY_FILE);
    }
    line("OIDCCryptoPassphrase", "PUT-A-LONG-RANDOM-TEXT-HERE");
    if text.contains("${dollar}") {
        text.insert_str(0, "Define dollar $\n");
    }
    if values.must_prove {
        let key =
            format!("# The key: openssl ecparam -name prime256v1 -genkey -noout -out {DPOP_KEY_FILE}\n");
        text.insert_str(0, &key);
    }
    if values.must_push || values.must_prove {
        text.insert_str(0, "# Needs mod_auth_openidc 2.4.16 or later.\n");
    }
    text += "# Nothing but the module may answer at the redirect URI, and it must lie within what is protected.\n\
             <Location />\n  AuthType openid-connect\n  Require valid-user\n</Location>\n";
    Settings { library: "mod_auth_openidc", platform: "Apache", file: "apache.conf", text }
}

/// openidconnect 4.
fn openidconnect(values: &Values) -> Settings {
    let owned = |text: &str| format!("{}.to_owned()", in_rust(text));
    let secret = values
        .secret
        .as_deref()
        .map_or_else(|| "None".to_owned(), |secret| format!("Some(ClientSecret::new({}))", owned(secret)));
    let mut text = format!(
        "// use openidconnect::core::*; use openidconnect::*;\n\
         let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;\n\
         let metadata = CoreProviderMetadata::discover_async(IssuerUrl::new({})?, &http).await?;\n\
         let client = CoreClient::from_provider_metadata(\n    metadata,\n    ClientId::new({}),\n    {secret},\n)",
        owned(&values.issuer),
        owned(&values.client_id),
    );
    if values.method == AuthMethod::ClientSecretPost {
        text += "\n.set_auth_type(AuthType::RequestBody)";
    }
    let scopes = values.scope.iter().filter(|token| *token != OPENID);
    let scopes =
        scopes.fold(String::new(), |all, token| all + "\n    .add_scope(Scope::new(" + &owned(token) + "))");
    let request = if values.kind == Kind::Machine {
        format!(
            ";\nlet request = client.exchange_client_credentials()?{scopes};\n\
                          let tokens = request.request_async(&http).await?;\n"
        )
    } else {
        format!(
            "\n.set_redirect_uri(RedirectUrl::new({})?);\n\
             let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();\n\
             let (url, state, nonce) = client\n    .authorize_url(\n        \
             CoreAuthenticationFlow::AuthorizationCode,\n        CsrfToken::new_random,\n        Nonce::new_random,\n    )\
             {scopes}\n    .set_pkce_challenge(challenge)\n    .url();\n",
            owned(values.redirect_uri()),
        )
    };
    text.push_str(&request);
    Settings { library: "openidconnect", platform: "Rust", file: "auth.rs", text }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{SECRET_GOES_HERE, Settings, in_apache, in_rust, in_spring, of, quoted};
    use crate::protocol::client::{ApplicationType, AuthMethod, Client, GrantType};
    use crate::protocol::issuer::Issuer;
    use crate::protocol::samples;
    use crate::protocol::scope::Scope;

    fn settings(client: &Client, secret: Option<&str>) -> Vec<Settings> {
        of(&Issuer::parse("https://id.example").unwrap(), client, secret, false)
    }

    fn names(settings: &[Settings]) -> Vec<&str> {
        settings.iter().map(|settings| settings.library).collect()
    }

    fn machine() -> Client {
        let mut client = samples::client("m");
        client.metadata.redirect_uris.clear();
        client.metadata.grant_types = vec![GrantType::ClientCredentials];
        client.metadata.scope = Scope::parse("orders:read").unwrap();
        client
    }

    fn device() -> Client {
        let mut client = samples::public_client("d");
        client.metadata.redirect_uris.clear();
        client.metadata.grant_types = vec![GrantType::DeviceCode, GrantType::RefreshToken];
        client
    }

    #[test]
    fn a_device_is_told_how_to_ask_and_how_to_poll() {
        for (method, secret, expected) in [
            (AuthMethod::None, None, "--data-urlencode client_id='d'"),
            (AuthMethod::ClientSecretBasic, Some("s'x"), r"--user 'd:s'\''x'"),
            (AuthMethod::ClientSecretPost, Some("s"), "client_id='d' --data-urlencode client_secret='s'"),
        ] {
            let mut client = device();
            client.metadata.token_endpoint_auth_method = method;
            let [node, curl] = &settings(&client, secret)[..] else { panic!("{method}") };
            assert!(
                node.text.contains("initiateDeviceAuthorization(config, { scope: \"openid"),
                "{}",
                node.text
            );
            assert!(curl.text.contains("curl 'https://id.example/device_authorization'"), "{}", curl.text);
            assert_eq!(curl.text.matches(expected).count(), 2, "{}", curl.text);
            assert!(curl.text.contains("offline_access"), "it is to stay connected");
        }
        let mut jwt = device();
        jwt.metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        assert_eq!(names(&settings(&jwt, None)), ["openid-client"]);
    }

    #[test]
    fn each_kind_has_the_libraries_that_fit_it() {
        let web = samples::client("w");
        let spa = samples::public_client("s");
        let mut native = samples::public_client("n");
        native.metadata.application_type = ApplicationType::Native;
        let mut jwt = samples::client("j");
        jwt.metadata.token_endpoint_auth_method = AuthMethod::ClientSecretJwt;
        for (client, expected) in [
            (&web, "openid-client Authlib Spring Security go-oidc mod_auth_openidc openidconnect"),
            (&spa, "oidc-client-ts"),
            (&native, "openid-client go-oidc openidconnect"),
            (&machine(), "openid-client Authlib Spring Security x/oauth2 openidconnect"),
            (&device(), "openid-client curl"),
            (&jwt, "openid-client mod_auth_openidc"),
        ] {
            assert_eq!(names(&settings(client, None)).join(" "), expected);
        }
    }

    #[test]
    fn what_a_client_must_do_is_in_its_settings_or_they_are_not_shown() {
        let mut native = samples::public_client("n");
        native.metadata.application_type = ApplicationType::Native;
        let (push, prove) =
            (["WithPAR(", "\"PAR\""], ["{ DPoP }", "IndexedDbDPoPStore()", "OIDCPrivateKeyFiles"]);
        let is_in = |signs: &[&str], text: &str| signs.iter().any(|sign| text.contains(sign));
        for (client, must_push, must_prove, expected) in [
            (samples::client("w"), true, false, "openid-client mod_auth_openidc"),
            (samples::client("w"), false, true, "openid-client mod_auth_openidc"),
            (samples::client("w"), true, true, "openid-client mod_auth_openidc"),
            (samples::public_client("s"), true, false, ""),
            (samples::public_client("s"), false, true, "oidc-client-ts"),
            (native.clone(), true, false, "openid-client"),
            (native, false, true, "openid-client"),
            (machine(), false, true, "openid-client"),
            (device(), false, true, "openid-client"),
        ] {
            let mut client = client;
            client.metadata.require_pushed_authorization_requests = must_push;
            client.metadata.dpop_bound_access_tokens = must_prove;
            let all = settings(&client, None);
            assert_eq!(names(&all).join(" "), expected, "{} {must_push} {must_prove}", client.id);
            for Settings { library, text, .. } in &all {
                assert_eq!(is_in(&push, text), must_push, "{library}: {text}");
                assert_eq!(is_in(&prove, text), must_prove, "{library}: {text}");
            }
            client.metadata.require_pushed_authorization_requests = false;
            let of_server = of(&Issuer::parse("https://id.example").unwrap(), &client, None, must_push);
            assert_eq!(of_server, all, "it is the same where the server asks for it");
        }
        // What has no request at the authorization endpoint pushes none.
        for client in [machine(), device()] {
            let all = of(&Issuer::parse("https://id.example").unwrap(), &client, None, true);
            assert_eq!(all, settings(&client, None));
        }
    }

    #[test]
    fn all_of_them_hold_the_clients_own_values() {
        for client in [samples::client("w"), samples::public_client("s"), machine()] {
            for settings in settings(&client, Some("cs_cs_known")) {
                let (library, text) = (settings.library, &settings.text);
                assert!(text.contains("https://id.example"), "{library}");
                assert!(text.contains(&format!("\"{}\"", client.id)), "{library} {text}");
                for uri in &client.metadata.redirect_uris {
                    assert!(text.contains(uri.as_str()), "{library}");
                }
                let scopes = client.metadata.scope.iter().filter(|token| *token != "offline_access");
                for token in scopes.filter(|token| library != "openidconnect" || *token != "openid") {
                    assert!(text.contains(token), "{library} {token}: {text}");
                }
                assert!(!text.contains("offline_access"), "{library}: not without asking");
                assert_eq!(text.contains("cs_cs_known"), !client.is_public(), "{library}");
                assert!(!text.contains(SECRET_GOES_HERE), "{library}");
            }
            for settings in settings(&client, None) {
                assert_eq!(
                    settings.text.contains(SECRET_GOES_HERE),
                    !client.is_public(),
                    "{}",
                    settings.library
                );
            }
        }
    }

    #[test]
    fn values_cannot_leave_the_place_that_they_stand_in() {
        let evil = "a\"b\\c\nd'</script>${e}";
        assert_eq!(serde_json::from_str::<Value>(&quoted(evil)).unwrap(), evil);
        assert!(!quoted(evil).contains('\n') && !quoted(evil).contains("</"));
        assert_eq!(in_spring("a${b}"), "\"a${dollar:$}{b}\"");
        assert_eq!(in_apache("a\"b\\c${d}"), "\"a\\\"b\\\\c${dollar}{d}\"");
        assert_eq!(in_rust("a\"b\\c"), "\"a\\\"b\\\\c\"");

        let mut client = samples::client("w");
        client.metadata.redirect_uris = vec!["https://app.example/cb?x='${y}'".to_owned()];
        client.metadata.scope = Scope::parse("openid ${z} a'b").unwrap();
        for settings in settings(&client, Some("a\"b\\c")) {
            let (library, text) = (settings.library, settings.text);
            let secret = "\"a\\\"b\\\\c\"";
            assert!(text.contains(secret), "{library}: {text}");
            if ["Spring Security", "mod_auth_openidc"].contains(&library) {
                assert!(!text.contains("${z}") && !text.contains("${y}"), "{library}: {text}");
            }
            if library == "mod_auth_openidc" {
                assert!(text.starts_with("Define dollar $\n"), "{text}");
            }
        }
    }
}
