"""Every face that speaks HTTP: hooks, the console, the clients' pages, the API. In: requests. Out: responses."""

from service.web.app import create_app

__all__ = ["create_app"]
