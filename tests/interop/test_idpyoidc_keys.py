"""idpy-oidc (PyPI: idpyoidc) where it signs its own assertions, and where it registers itself."""

import pytest
from conftest import quickstart
from cryptojwt.key_jar import init_key_jar
from idpyoidc.client.exception import OidcServiceError
from idpyoidc.client.rp_handler import RPHandler
from idpyoidc.transform import REGISTER2PREFERRED
from test_idpyoidc import APPLICATION, CONFIGURATION, SERVICES, Application

KEYS = [{"type": "RSA", "use": ["sig"]}, {"type": "EC", "crv": "P-256", "use": ["sig"]}]


@pytest.mark.parametrize(
    ("auth_method", "alg"),
    [("private_key_jwt", "RS256"), ("private_key_jwt", "ES256"), ("client_secret_jwt", "HS256")],
)
def test_code_flow_and_refresh_with_client_assertions(server, auth_method, alg):
    keyjar = init_key_jar(key_defs=KEYS, issuer_id="")
    metadata = {"token_endpoint_auth_signing_alg": alg}
    if auth_method == "private_key_jwt":
        metadata["jwks"] = keyjar.export_jwks()
    configuration = {"token_endpoint_auth_signing_alg_values_supported": [alg]}
    app = Application(server, auth_method, metadata=metadata, configuration=configuration, keyjar=keyjar)
    done = app.sign_in(prompt="consent")
    assert done["userinfo"]["preferred_username"] == "demo"
    answer = app.library.refresh_access_token(done["state"])
    assert answer["access_token"] != done["token"]


def test_assertion_of_another_key_is_invalid_client(server):
    keyjar, registered = (init_key_jar(key_defs=KEYS, issuer_id="") for _ in range(2))
    metadata = {"token_endpoint_auth_signing_alg": "ES256", "jwks": registered.export_jwks()}
    configuration = {"token_endpoint_auth_signing_alg_values_supported": ["ES256"]}
    app = Application(server, "private_key_jwt", metadata=metadata, configuration=configuration, keyjar=keyjar)
    with pytest.raises(OidcServiceError, match="invalid_client"):
        app.sign_in()


class Registering(Application):
    """An application that nobody has registered, and that knows nothing but the issuer."""

    def __init__(self, server, auth_method):
        self.issuer = server.issuer
        keyjar = init_key_jar(key_defs=KEYS, issuer_id="")
        configuration = CONFIGURATION | {
            "issuer": self.issuer,
            "client_name": "Registers itself",
            "token_endpoint_auth_methods_supported": [auth_method],
            "token_endpoint_auth_signing_alg_values_supported": [
                "HS256" if auth_method == "client_secret_jwt" else "RS256"
            ],
            "client_authn_methods": [auth_method],
        }
        services = SERVICES | {
            "registration_read": {"class": "idpyoidc.client.oidc.read_registration.RegistrationRead"}
        }
        self.library = RPHandler(APPLICATION, {self.issuer: configuration}, services, keyjar=keyjar)
        self.client = self.library.init_client(self.issuer)
        self.client.do_provider_info()
        self.client.do_client_registration(request_args={"jwks": keyjar.export_jwks()})
        self.library.issuer2rp[self.issuer] = self.client


@pytest.fixture(scope="module")
def open_server(tmp_path_factory):
    with quickstart(tmp_path_factory.mktemp("registration"), COUNTERSIGN_REGISTRATION_MODE="open") as server:
        yield server


# Not by assertions: once it registered itself, the library signs them in nobody's name (iss and sub are null).
@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
def test_dynamic_registration(open_server, auth_method, monkeypatch):
    # The library compares the scope of the answer with a list, as if it were one value.
    monkeypatch.delitem(REGISTER2PREFERRED, "scope")
    app = Registering(open_server, auth_method)
    done = app.sign_in(scope=["openid", "profile", "email"])
    assert done["userinfo"]["preferred_username"] == "demo"
    registered = app.client.get_context().registration_response
    assert registered["token_endpoint_auth_method"] == auth_method
    assert done["id_token"]["aud"] == [registered["client_id"]]
    read = app.client.do_request("registration_read")
    assert read["client_id"] == registered["client_id"]
    assert read["redirect_uris"] == registered["redirect_uris"]
