"""Go: go-oidc with x/oauth2, as Debian packages them."""

import json
import os
import pathlib
import subprocess

import pytest
import requests

from relying_party import check, check_sign_out, registered, sign_in

SOURCE = pathlib.Path(__file__).with_name("go_oidc")


PROGRAM = """package main

import (
	"context"
	"encoding/json"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	ctx := context.Background()
	SETTINGS
	if err != nil {
		panic(err)
	}
	json.NewEncoder(os.Stdout).Encode(token)
}
"""


def building(folder):
    """Debian's libraries are a GOPATH; nothing is downloaded."""
    debian = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "CGO_ENABLED": "0", "GOFLAGS": ""}
    return os.environ | debian | {"GOCACHE": str(folder / "cache")}


@pytest.fixture(scope="session")
def go(tmp_path_factory):
    """The program's command."""
    folder = tmp_path_factory.mktemp("go")
    done = subprocess.run(
        ["go", "build", "-o", folder / "go_oidc", "."],
        cwd=SOURCE,
        env=building(folder),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [folder / "go_oidc"]


@pytest.mark.parametrize(
    ("auth_method", "style", "alg"),
    [
        ("client_secret_basic", "header", "RS256"),
        ("client_secret_basic", "auto", "ES256"),
        ("client_secret_post", "params", "PS256"),
        # The library tries the header first, and the form when that is refused: the code is still good.
        ("client_secret_post", "auto", "RS256"),
        ("none", "params", "RS256"),
        ("none", "auto", "ES256"),
        # A client without a secret, and HTTP Basic with an empty one (RFC 6749 section 2.3.1).
        ("none", "header", "RS256"),
    ],
)
def test_code_flow_with_pkce_refresh_and_sign_out(server, go, auth_method, style, alg):
    client = registered(server, auth_method, alg)
    told, browser = sign_in(go, server, client, style, alg)
    check(told, server, client)
    metadata = requests.get(f"{server.issuer}/.well-known/openid-configuration", timeout=10).json()
    check_sign_out(told, browser, metadata)


@pytest.mark.parametrize("style", ["header", "auto"])
def test_client_credentials(server, go, style):
    client = server.create_client("--name", "Job", "--kind", "machine", "--scope", "orders:read")
    arguments = [server.issuer, client["client_id"], client["client_secret"], "machine", style, "orders:read"]
    done = subprocess.run([*go, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert '"scope":"orders:read"' in done.stdout and '"refresh_token":""' in done.stdout


def test_the_settings_to_paste_for_a_machine_get_it_a_token(server, tmp_path):
    registered = server.create_client("--name", "Job", "--kind", "machine", "--scope", "orders:read")
    pasted = server.settings(registered, "x/oauth2").replace("\n", "\n\t")
    (tmp_path / "main.go").write_text(PROGRAM.replace("SETTINGS", pasted))
    done = subprocess.run(
        ["go", "run", "main.go"], cwd=tmp_path, env=building(tmp_path), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["token_type"] == "Bearer"


def test_what_is_wrong_reaches_the_developer(server, go):
    client = server.create_client("--name", "Job", "--kind", "machine", "--scope", "orders:read")
    arguments = [server.issuer, client["client_id"], "wrong", "machine", "header", "orders:read"]
    done = subprocess.run([*go, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "its secret is wrong" in done.stderr
    done = subprocess.run([*go, f"{server.issuer}/", *arguments[1:]], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and server.issuer in done.stderr, "an issuer with a slash at its end"
