"""A person with a browser, as far as the forms of sign-in, consent and sign-out go: follows redirects, keeps cookies,
and presses the buttons of the pages it meets."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

USER = {"username": "demo", "password": "countersign-demo"}


class Browser:
    def __init__(self):
        self.session = requests.Session()

    def travel(self, url, destination, consent="allow"):
        """Goes to the URL and on, until a redirect leads to the destination; that URL is returned and not visited."""
        method, form, headers = "GET", None, {}
        for _ in range(20):
            answer = self.session.request(
                method, url, data=form, headers=headers, allow_redirects=False, timeout=10
            )
            if "location" in answer.headers:
                method, form, headers = "GET", None, {}
                url = urljoin(url, answer.headers["location"])
                if url.startswith(destination):
                    return url
            else:
                assert answer.status_code == 200, f"{url} answered {answer.status_code}:\n{answer.text}"
                origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
                method, headers = "POST", {"Origin": origin}
                action, form = fill_in(answer.text, consent)
                url = urljoin(url, action)
        raise AssertionError(f"Twenty steps did not lead to {destination}, only to {url}")


def fill_in(page, consent):
    """The action and the fields of the form on the page, once the button that leads on is pressed."""
    reader = Forms()
    reader.feed(page)
    for button in ("login-submit", f"consent-{consent}", "logout-confirm"):
        for action, inputs in reader.forms:
            if any(item.get("id") == button for item in inputs):
                return action, [
                    (item["name"], USER.get(item["name"], item.get("value", "")))
                    for item in inputs
                    if "name" in item
                    and (item.get("type") == "hidden" or item["name"] in USER or item.get("id") == button)
                ]
    raise AssertionError(f"No form to go on with:\n{page}")


class Forms(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attrs):
        if tag == "form":
            self.forms.append((dict(attrs).get("action", ""), []))
        elif tag in ("input", "button") and self.forms:
            self.forms[-1][1].append(dict(attrs))
