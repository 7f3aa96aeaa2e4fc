"""standardwebhooks (PyPI), the reference library of Standard Webhooks, as the receiver of webhooks."""

import http.server
import queue
import threading
import time

import pytest
import requests
from standardwebhooks import Webhook, WebhookVerificationError


class Receiver:
    """A program that takes messages."""

    def __init__(self):
        came = self.came = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                came.put((body, dict(self.headers.items())))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/in"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        return self.came.get(timeout=20)


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


def call(server, method, path, **body):
    answer = requests.request(
        method,
        f"{server.issuer}/admin/api/webhooks{path}",
        headers={"Authorization": f"Bearer {server.administrator}"},
        json=body or None,
        timeout=10,
    )
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def test_events_are_taken_by_the_library(server, receiver):
    made = call(server, "POST", "", url=receiver.address, events=["client.created", "client.deleted"])
    library = Webhook(made["secret"])
    client = server.register(redirect_uris=["https://app.example/cb"])
    # What happened in the second before may come first.
    target = None
    while target != f"client:{client['client_id']}":
        body, headers = receiver.next()
        event = library.verify(body, headers)
        assert event["type"] == "client.created"
        target = event["data"]["target"]
    # Another body, another secret, another time.
    with pytest.raises(WebhookVerificationError):
        library.verify(body.replace(b"client.created", b"client.deleted"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(body, headers)
    late = {name: str(int(time.time()) - 3600) if name == "webhook-timestamp" else value for name, value in headers.items()}
    with pytest.raises(WebhookVerificationError):
        library.verify(body, late)
    call(server, "DELETE", f"/{made['id']}")


def test_while_a_secret_is_replaced_either_will_do(server, receiver):
    made = call(server, "POST", "", url=receiver.address, events=["client.created"])
    rotated = call(server, "POST", f"/{made['id']}/secret?keep_old_seconds=600")
    call(server, "POST", f"/{made['id']}/test")
    body, headers = receiver.next()
    for secret in (made["secret"], rotated["secret"]):
        assert Webhook(secret).verify(body, headers)["type"] == "webhook.test"
    answer = requests.delete(
        f"{server.issuer}/admin/api/webhooks/{made['id']}/old-secret",
        headers={"Authorization": f"Bearer {server.administrator}"},
        timeout=10,
    )
    assert answer.status_code == 204
    call(server, "POST", f"/{made['id']}/test")
    body, headers = receiver.next()
    assert Webhook(rotated["secret"]).verify(body, headers)["type"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(body, headers)
    call(server, "DELETE", f"/{made['id']}")
