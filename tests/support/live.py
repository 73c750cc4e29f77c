"""The application over a lively record, answering on a port of its own: for browsers, and for whoever calls by HTTP.

In: a `Seed`. Out: its address, the ids that were put into it, and the address of every room of the console.
"""

from __future__ import annotations

import threading

from werkzeug.serving import make_server

from tests.support.lively import lively
from tests.support.seeding import Seed, close


class Live:
    """A service that answers on a port of its own."""

    def __init__(self, seed: Seed) -> None:
        self.seed, self.ids = seed, lively(seed)
        for role in ("owner", "viewer"):
            seed.user(role)
        self._server = make_server("127.0.0.1", 0, seed.app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()
        close(self.seed)

    @property
    def console(self) -> dict[str, str]:
        """Every room, with something open in it."""
        ids = self.ids
        return {
            "overview": "/",
            "events": "/events",
            "event": f"/events/{ids['event']}",
            "caused": f"/events/{ids['moved']}",
            "deliveries": "/deliveries",
            "delivery": f"/deliveries/{ids['delivery']}",
            "messages": "/messages",
            "message": f"/messages/{ids['sent']}",
            "review": f"/messages/{ids['review']}",
            "unknown": f"/messages/{ids['unknown']}",
            "resend": f"/messages/{ids['unknown']}/resend",
            "cancel": f"/messages/{ids['review']}/cancel",
            "approvals": "/approvals",
            "approval": "/approvals/apr_export",
            "decided": "/approvals/apr_old",
            "projects": "/projects",
            "project": "/projects/apollo",
            "story": "/projects/apollo/story",
            "report": "/projects/apollo/report?period=month",
            "report for the team": "/projects/apollo/report?period=month&view=team&locale=zh-CN",
            "mode": "/projects/hermes/mode",
            "change": "/projects/apollo/changes/chg_export",
            "assess": "/projects/apollo/changes/chg_filter/assess",
            "rules": "/rules",
            "rule": "/rules/budget/levels",
            "connections": "/connections",
            "connection": "/connections/tracker",
            "dead letters": "/dead-letters",
            "redrive": "/dead-letters/redrive",
            "pauses": "/pauses",
            "pause": "/pause",
            "search": "/search?q=apollo",
            "account": "/account",
            "people": "/people",
            "as client": "/projects/apollo/client",
            "books": "/projects/apollo/books",
            "conduct": "/projects/apollo/conduct",
            "risk": "/projects/apollo/conduct/risk",
            "closing": "/projects/apollo/closing",
            "inbox": "/inbox",
        }
