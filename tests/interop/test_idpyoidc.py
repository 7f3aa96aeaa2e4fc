"""idpy-oidc (PyPI: idpyoidc), the successor of pyoidc, as the relying party."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from browser import Browser
from cryptojwt import KeyJar
from idpyoidc.client.defaults import DEFAULT_CLIENT_CONFIGS, DEFAULT_OIDC_SERVICES
from idpyoidc.client.exception import OidcServiceError
from idpyoidc.client.rp_handler import RPHandler

APPLICATION = "http://localhost:9"
REDIRECT_URI = f"{APPLICATION}/callback"
SIGNED_OUT_URI = f"{APPLICATION}/signed-out"
SCOPE = ["openid", "profile", "email", "offline_access"]
SERVICES = DEFAULT_OIDC_SERVICES | {"end_session": {"class": "idpyoidc.client.oidc.end_session.EndSession"}}

CONFIGURATION = {
    "client_type": "oidc",
    "add_ons": DEFAULT_CLIENT_CONFIGS[""]["add_ons"],
    "redirect_uris": [REDIRECT_URI],
    "post_logout_redirect_uris": [SIGNED_OUT_URI],
    "response_types_supported": ["code"],
    "scopes_supported": SCOPE,
}


class Application:
    """What a developer configures, and the three calls that the library's documentation names."""

    def __init__(
        self, server, auth_method="client_secret_basic", alg="RS256", metadata=None, configuration=None, keyjar=None
    ):
        self.issuer = server.issuer
        registered = server.register(
            redirect_uris=[REDIRECT_URI],
            post_logout_redirect_uris=[SIGNED_OUT_URI],
            token_endpoint_auth_method=auth_method,
            id_token_signed_response_alg=alg,
            scope=" ".join(SCOPE),
            **(metadata or {}),
        )
        self.client_id = registered["client_id"]
        configured = CONFIGURATION | {
            "issuer": self.issuer,
            "client_id": self.client_id,
            "token_endpoint_auth_methods_supported": [auth_method],
            "client_authn_methods": [auth_method],
            "id_token_signing_alg_values_supported": [alg],
        }
        if "client_secret" in registered:
            configured["client_secret"] = registered["client_secret"]
        configured |= configuration or {}
        # Without a key jar the library writes keys of its own into the current folder.
        self.library = RPHandler(APPLICATION, {self.issuer: configured}, SERVICES, keyjar=keyjar or KeyJar())

    def sign_in(self, browser=None, consent="allow", **parameters):
        start = self.library.begin(self.issuer, req_args=parameters)
        callback = (browser or Browser()).travel(start, REDIRECT_URI, consent)
        return self.library.finalize(self.issuer, dict(parse_qsl(urlsplit(callback).query)))


@pytest.mark.parametrize(
    ("auth_method", "alg"),
    [("client_secret_basic", "RS256"), ("client_secret_post", "ES256"), ("client_secret_basic", "PS256")],
)
def test_code_flow(server, auth_method, alg):
    app = Application(server, auth_method, alg)
    done = app.sign_in()
    assert done["id_token"]["iss"] == server.issuer
    assert done["id_token"]["aud"] == [app.client_id]
    assert done["id_token"].jws_header["alg"] == alg
    assert done["userinfo"]["sub"] == done["id_token"]["sub"]
    assert done["userinfo"]["preferred_username"] == "demo"


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
def test_refresh(server, auth_method):
    app = Application(server, auth_method)
    done = app.sign_in(prompt="consent")
    before = app.library.get_session_information(done["state"])["refresh_token"]
    answer = app.library.refresh_access_token(done["state"])
    assert answer["refresh_token"] != before
    assert answer["access_token"] != done["token"]
    # The library asks with the token that it has just been given.
    userinfo = app.library.get_user_info(done["state"])
    assert userinfo["sub"] == done["userinfo"]["sub"]
    again = app.library.refresh_access_token(done["state"])
    assert again["refresh_token"] not in (before, answer["refresh_token"])


def test_wrong_secret_is_invalid_client(server):
    app = Application(server, configuration={"client_secret": "not the secret that it was given"})
    with pytest.raises(OidcServiceError, match="invalid_client"):
        app.sign_in()


def test_errors_reach_the_application(server):
    app = Application(server)
    assert app.sign_in(consent="deny")["error"] == "access_denied"
    assert app.sign_in(prompt="none")["error"] == "login_required"


def test_sign_out_from_the_application(server):
    app = Application(server)
    browser = Browser()
    done = app.sign_in(browser)
    start = app.library.logout(done["state"], post_logout_redirect_uri=SIGNED_OUT_URI)
    back = browser.travel(start["url"], SIGNED_OUT_URI)
    assert dict(parse_qsl(urlsplit(back).query)) == {"state": start["request"]["state"]}
    assert app.sign_in(browser, prompt="none")["error"] == "login_required"
