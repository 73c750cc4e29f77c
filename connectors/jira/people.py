"""Who a person is in Jira, found by mail address.

In: a mail address. Out: the account id of Cloud or the user name of Data Center; none where Jira knows nobody by it, or
shows us nobody's address.
"""

from __future__ import annotations

from connectors.base import Http, Settings
from connectors.jira import api
from connectors.jira.shape import account


def account_of(mail: str, settings: Settings, http: Http) -> str | None:
    """The one user with that address. Cloud may hide addresses: then the only one it finds by the address is meant."""
    word = "query" if api.is_cloud(settings) else "username"
    found = [
        user
        for user in api.get(settings, http, "/user/search", params={word: mail, "maxResults": "10"}).each()
        if user.get("accountType") is None or user["accountType"].text() == "atlassian"
    ]
    exact = [u for u in found if u.get("emailAddress") and u["emailAddress"].text().lower() == mail.lower()]
    hidden = [u for u in found if not (u.get("emailAddress") and u["emailAddress"].text())]
    meant = exact or hidden
    return account(meant[0]) if len(meant) == 1 else None
