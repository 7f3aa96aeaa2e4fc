"""The program under test: one quickstart for the whole run, with data and ports of its own."""

import contextlib
import functools
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest
import requests

BINARY = pathlib.Path(__file__).parents[2] / "target/debug/countersign"
# The settings of whoever runs the tests are not the tests'.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_")}


class Server:
    def __init__(self, data_dir, port):
        self.data_dir = data_dir
        self.issuer = f"http://localhost:{port}"

    def create_client(self, *args):
        """Registers an application on the command line; returns its metadata."""
        command = [BINARY, "--data-dir", self.data_dir, "client", "create", "--json", *args]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def settings(self, registered, library):
        """What the administrator is given to paste, with the secret put in."""
        answer = requests.get(
            f"{self.issuer}/admin/api/clients/{registered['client_id']}/settings",
            headers={"Authorization": f"Bearer {self.administrator}"},
            timeout=10,
        )
        text = next(each["text"] for each in answer.json()["settings"] if each["library"] == library)
        return text.replace("PUT-THE-CLIENT-SECRET-HERE", registered.get("client_secret", ""))

    def register(self, **metadata):
        """Registers an application by the administration API; returns its metadata."""
        answer = requests.post(
            f"{self.issuer}/admin/api/clients",
            json={"client_name": "A test"} | metadata,
            headers={"Authorization": f"Bearer {self.administrator}"},
            timeout=10,
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    @functools.cached_property
    def administrator(self):
        """An access token of a client that may administer."""
        grant = {"grant_type": "client_credentials", "scope": "countersign:admin"}
        client = self.create_client(
            *("--name", "Administrator", "--grant-type", grant["grant_type"], "--scope", grant["scope"])
        )
        credentials = (client["client_id"], client["client_secret"])
        return requests.post(f"{self.issuer}/token", data=grant, auth=credentials, timeout=10).json()["access_token"]


def free_ports(count):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with quickstart(tmp_path_factory.mktemp("countersign")) as server:
        yield server


@contextlib.contextmanager
def quickstart(folder, **settings):
    """Settings are environment variables: COUNTERSIGN_…"""
    port, demo_port = free_ports(2)
    command = [BINARY, "quickstart", "--data-dir", folder / "data", "--port", str(port), "--demo-port", str(demo_port)]
    with open(folder / "output", "w") as output:
        process = subprocess.Popen(command, env=ENVIRONMENT | settings, stdout=output, stderr=subprocess.STDOUT)
    try:
        server = Server(folder / "data", port)
        wait_until_ready(server, process, folder / "output")
        yield server
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
        assert "panicked at" not in (folder / "output").read_text()
    finally:
        process.kill()
        process.wait()


def wait_until_ready(server, process, output):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if requests.get(f"{server.issuer}/health/ready", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.05)
    pytest.fail(f"It did not get ready:\n{output.read_text()}")
