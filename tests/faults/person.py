"""Someone of the team at the console: signs in by the first link, and says what becomes of a message.

In: a running installation. Out: what a browser would have done, cookie and form token included.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import requests

from tests.support.stack import Stack
from tests.support.wait import PATIENCE, until

PASSWORD = "a long example of a password"


class Person:
    """Signed in as the owner; the cookies are carried by hand, since they ask for the TLS that a proxy would add."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._cookies: dict[str, str] = {}
        first = stack.home / "var" / "first-sign-in.txt"
        until(first.is_file, "the link of the first sign-in")
        path = urlsplit(first.read_text().strip()).path
        name = {"name": "Lin Hao", "email": "lin@northwind.example", "password": PASSWORD, "again": PASSWORD}
        self.post(path, page=path, **name)

    def get(self, path: str) -> str:
        """A page."""
        answer = self._call("GET", path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def post(self, path: str, *, page: str, **form: str) -> requests.Response:
        """A form, sent from the page that shows it."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page))
        assert token is not None, f"{page} has no form"
        answer = self._call("POST", path, {**form, "csrf_token": token[1]})
        assert answer.status_code == 303, (path, answer.status_code, answer.text[-500:])
        return answer

    def send_again(self, action: str) -> None:
        """Send a message again of which nobody knows whether it arrived."""
        self.post(f"/messages/{action}/resend", page=f"/messages/{action}/resend")

    def _call(self, method: str, path: str, form: dict[str, str] | None = None) -> requests.Response:
        answer = requests.request(
            method,
            self._stack.url + path,
            data=form,
            headers={"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())},
            allow_redirects=False,
            timeout=PATIENCE,
        )
        for given in answer.raw.headers.getlist("Set-Cookie"):
            name, _, value = given.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer
