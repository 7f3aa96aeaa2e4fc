"""Authlib (PyPI) as the relying party, in its most used shape: a Flask application."""

import base64
import json

import flask
import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from browser import Browser
from joserfc.jwk import KeySet

REDIRECT_URI = "http://localhost:9/callback"
SIGNED_OUT_URI = "http://localhost:9/signed-out"
SCOPE = "openid profile email offline_access"


class Application:
    """What a developer writes to put a log-in button on a Flask application."""

    def __init__(self, server, auth_method="client_secret_basic", alg="RS256", more=()):
        self.registered = server.create_client(
            *("--name", f"Authlib {auth_method} {alg}", "--auth-method", auth_method, "--id-token-alg", alg),
            *("--redirect-uri", REDIRECT_URI, "--post-logout-redirect-uri", SIGNED_OUT_URI),
            *("--grant-type", "authorization_code", "--grant-type", "refresh_token", "--scope", SCOPE),
            *more,
        )
        self.metadata_url = f"{server.issuer}/.well-known/openid-configuration"
        self.metadata = requests.get(self.metadata_url, timeout=10).json()
        self.auth_method = auth_method
        self.flask = flask.Flask("relying-party")
        self.flask.secret_key = "only for this test"
        self.client = OAuth(self.flask).register(
            "countersign",
            client_id=self.registered["client_id"],
            client_secret=self.registered.get("client_secret"),
            server_metadata_url=self.metadata_url,
            client_kwargs={
                "scope": SCOPE,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": auth_method,
            },
        )
        routes = {
            "/login": lambda: self.client.authorize_redirect(REDIRECT_URI, **flask.request.args),
            "/callback": lambda: flask.jsonify(self.client.authorize_access_token()),
            "/logout": lambda: self.client.logout_redirect(
                SIGNED_OUT_URI, id_token_hint=flask.request.args["id_token"]
            ),
            "/signed-out": lambda: self.client.validate_logout_response(),
        }
        for path, view in routes.items():
            self.flask.add_url_rule(path, path, view)
        self.flask.testing = True  # errors reach the test as they are
        self.visitor = self.flask.test_client()

    def sign_in(self, browser=None, consent="allow", **parameters):
        start = self.visitor.get("/login", query_string=parameters).location
        callback = (browser or Browser()).travel(start, REDIRECT_URI, consent)
        return self.visitor.get(callback.removeprefix("http://localhost:9")).json

    def session(self, **options):
        return OAuth2Session(
            self.registered["client_id"],
            self.registered.get("client_secret"),
            token_endpoint_auth_method=self.auth_method,
            revocation_endpoint_auth_method=self.auth_method,
            **options,
        )


def header(jwt):
    part = jwt.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize(
    ("alg", "auth_method"),
    [
        ("RS256", "client_secret_basic"),
        ("ES256", "client_secret_post"),
        ("PS256", "client_secret_basic"),
        ("EdDSA", "none"),
    ],
)
def test_code_flow_with_pkce(server, alg, auth_method):
    app = Application(server, auth_method, alg)
    token = app.sign_in()
    assert header(token["id_token"])["alg"] == alg
    # Authlib has checked signature, issuer, audience, times, nonce and at_hash to come to this.
    claims = token["userinfo"]
    assert claims["iss"] == server.issuer
    assert claims["aud"] in (app.registered["client_id"], [app.registered["client_id"]])
    with app.flask.test_request_context():
        userinfo = app.client.userinfo(token=token)
    assert userinfo["sub"] == claims["sub"]
    assert userinfo["preferred_username"] == "demo"


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post", "none"])
def test_refresh_and_revocation(server, auth_method):
    app = Application(server, auth_method)
    first = app.sign_in()
    session = app.session(token=first)
    second = session.refresh_token(app.metadata["token_endpoint"])
    assert second["refresh_token"] != first["refresh_token"]
    assert session.get(app.metadata["userinfo_endpoint"]).json()["sub"] == first["userinfo"]["sub"]

    revoked = session.revoke_token(
        app.metadata["revocation_endpoint"], second["refresh_token"], token_type_hint="refresh_token"
    )
    assert revoked.status_code == 200
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(app.metadata["token_endpoint"], second["refresh_token"])
    assert session.get(app.metadata["userinfo_endpoint"]).status_code == 401


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
def test_introspection(server, auth_method):
    app = Application(server, auth_method)
    token = app.sign_in()
    session = app.session(token=token)

    def introspect(text):
        return session.introspect_token(app.metadata["introspection_endpoint"], text).json()

    for kind in ("access_token", "refresh_token"):
        active = introspect(token[kind])
        assert active["active"] is True, kind
        assert active["client_id"] == app.registered["client_id"]
        assert active["sub"] == token["userinfo"]["sub"]
    assert introspect("not a token") == {"active": False}


def test_access_token_is_a_jwt_that_resource_servers_can_check(server):
    """RFC 9068 section 4, by Authlib's validator."""
    app = Application(server)
    token = app.sign_in()
    keys = KeySet.import_key_set(requests.get(app.metadata["jwks_uri"], timeout=10).json())

    class Validator(JWTBearerTokenValidator):
        def get_jwks(self):
            return keys

    assert header(token["access_token"])["typ"] == "at+jwt"
    validator = Validator(issuer=server.issuer, resource_server=server.issuer)
    claims = validator.authenticate_token(token["access_token"])
    validator.validate_token(claims, ["openid profile"], None)
    assert claims["client_id"] == app.registered["client_id"]
    assert claims["sub"] == token["userinfo"]["sub"]


def test_client_credentials(server):
    app = Application(server, more=("--grant-type", "client_credentials"))
    token = app.session().fetch_token(app.metadata["token_endpoint"], grant_type="client_credentials")
    assert "refresh_token" not in token and "id_token" not in token


def test_client_credentials_are_refused_to_a_client_without_that_grant_type(server):
    app = Application(server)
    with pytest.raises(OAuthError, match="unauthorized_client"):
        app.session().fetch_token(app.metadata["token_endpoint"], grant_type="client_credentials")


def test_refused_consent_is_access_denied(server):
    with pytest.raises(OAuthError, match="access_denied"):
        Application(server).sign_in(consent="deny")


def test_sign_out_from_the_application(server):
    app = Application(server)
    browser = Browser()
    token = app.sign_in(browser)
    start = app.visitor.get("/logout", query_string={"id_token": token["id_token"]}).location
    back = browser.travel(start, SIGNED_OUT_URI)
    answer = app.visitor.get(back.removeprefix("http://localhost:9"))
    assert answer.json == {"post_logout_redirect_uri": SIGNED_OUT_URI}
    with pytest.raises(OAuthError, match="login_required"):
        app.sign_in(browser, prompt="none")


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
def test_the_settings_to_paste_sign_people_in(server, auth_method):
    app = Application(server, auth_method)
    pasted = {"app": app.flask}
    exec(server.settings(app.registered, "Authlib"), pasted)
    app.client = pasted["countersign"]
    assert pasted["redirect_uri"] == REDIRECT_URI
    assert app.sign_in()["userinfo"]["aud"] in (app.registered["client_id"], [app.registered["client_id"]])


def test_the_settings_to_paste_for_a_machine_get_it_a_token(server):
    registered = server.create_client("--name", "Job", "--kind", "machine", "--scope", "orders:read")
    pasted = {}
    exec(server.settings(registered, "Authlib"), pasted)
    assert pasted["token"]["scope"] == "orders:read"
