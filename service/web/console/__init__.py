"""The team's console: one module a room, all of them behind the door.

In: the application. Out: its rooms registered, each asking for somebody who is signed in before anything else.
"""

from __future__ import annotations

from typing import Final

from flask import Flask

from service.web import auth
from service.web.console import (
    account,
    approvals,
    books,
    changes,
    conduct,
    conduct_forms,
    connections,
    dates,
    dead,
    deliveries,
    events,
    inbox,
    items,
    messages,
    overview,
    projects,
    reports,
    rule_versions,
    rules,
    search,
    switches,
    trying,
)

ROOMS: Final = (
    account.room,
    approvals.room,
    books.room,
    changes.room,
    conduct.room,
    conduct_forms.room,
    connections.room,
    dates.room,
    dead.room,
    deliveries.room,
    events.room,
    inbox.room,
    items.room,
    messages.room,
    overview.room,
    projects.room,
    reports.room,
    rule_versions.room,
    rules.room,
    search.room,
    switches.room,
    trying.room,
)


for _room in ROOMS:
    _room.before_request(auth.require)


def register(app: Flask) -> None:
    """Put every room into the application."""
    for room in ROOMS:
        app.register_blueprint(room)
