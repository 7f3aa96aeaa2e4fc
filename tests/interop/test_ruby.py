"""Ruby: openid_connect with rack-oauth2, as Debian packages them."""

import pathlib

import pytest
import requests

from relying_party import check, check_sign_out, registered, sign_in

RUBY = ["/usr/bin/ruby", pathlib.Path(__file__).with_name("openid_connect.rb")]


@pytest.mark.parametrize(
    ("auth_method", "method", "alg"),
    [
        ("client_secret_basic", "basic", "RS256"),
        ("client_secret_basic", "basic", "ES256"),
        ("client_secret_basic", "basic", "PS256"),
        ("client_secret_post", "post", "RS256"),
        # A client without a secret, and HTTP Basic with an empty one (RFC 6749 section 2.3.1).
        ("none", "basic", "ES256"),
    ],
)
def test_code_flow_with_pkce_refresh_and_sign_out(server, auth_method, method, alg):
    client = registered(server, auth_method, alg)
    told, browser = sign_in(RUBY, server, client, method)
    check(told, server, client)
    metadata = requests.get(f"{server.issuer}/.well-known/openid-configuration", timeout=10).json()
    check_sign_out(told, browser, metadata)
