"""Relying parties in languages that the tests are not written in: a program each, which takes what it must know as arguments,
prints the address that the browser is sent to, reads the address that it came back to, and prints what came of it as JSON."""

import json
import subprocess
from urllib.parse import parse_qs, urlsplit

from browser import Browser
from conftest import ENVIRONMENT

REDIRECT_URI = "http://localhost:9/callback"
SIGNED_OUT_URI = "http://localhost:9/signed-out"


def registered(server, auth_method="client_secret_basic", alg="RS256"):
    public = ("--public",) if auth_method == "none" else ("--auth-method", auth_method)
    return server.create_client(
        *("--name", "A test", "--redirect-uri", REDIRECT_URI, "--post-logout-redirect-uri", SIGNED_OUT_URI),
        *("--id-token-alg", alg),
        *public,
    )


def sign_in(command, server, client, *options):
    """Signs in by the program; returns what it prints, and the browser."""
    arguments = [server.issuer, client["client_id"], client.get("client_secret", ""), REDIRECT_URI, *options]
    browser = Browser()
    with subprocess.Popen(
        [*command, *arguments],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            start = program.stdout.readline().strip()
            assert start, program.stderr.read()
            answer, problem = program.communicate(browser.travel(start, REDIRECT_URI) + "\n", timeout=60)
        finally:
            program.kill()
    assert program.returncode == 0, problem
    return json.loads(answer), browser


def check(told, server, client):
    """What every program tells after a sign-in: its library has checked signature, issuer, audience, times and nonce."""
    claims = told["claims"]
    assert claims["iss"] == server.issuer
    assert claims["aud"] in (client["client_id"], [client["client_id"]])
    assert told["userinfo"]["sub"] == claims["sub"]
    assert told["userinfo"]["preferred_username"] == "demo"
    # Refreshing brings another refresh token, and an ID token of the same user.
    assert told["refreshed"]["rotated"] is True
    assert told["refreshed"]["sub"] == claims["sub"]


def check_sign_out(told, browser, metadata):
    """The hint that the program has is good for signing out."""
    query = f"id_token_hint={told['id_token']}&post_logout_redirect_uri={SIGNED_OUT_URI}&state=out"
    back = browser.travel(f"{metadata['end_session_endpoint']}?{query}", SIGNED_OUT_URI)
    assert parse_qs(urlsplit(back).query) == {"state": ["out"]}
