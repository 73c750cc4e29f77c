"""`/api/v1`: the record for programs. In: requests with the bearer token. Out: JSON, described by OpenAPI 3.1."""

from service.web.api import figures as figures
from service.web.api.views import api

__all__ = ["api"]
