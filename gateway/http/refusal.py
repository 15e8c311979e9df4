"""What a request that cannot be answered is told, in JSON."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from gateway.errors import (
    ForbiddenError,
    GatewayError,
    LaterError,
    TooManyFailuresError,
    UnauthenticatedError,
)
from gateway.http.negotiation import JSON, content_type, status_unless_run
from gateway.telemetry.events import note_code


class RequestError(Exception):
    """What came is not a well-formed GraphQL-over-HTTP request, or may not be answered."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers
        self._extensions = {"code": code, **(extensions or {})}

    @classmethod
    def of(cls, status: int, error: GatewayError) -> "RequestError":
        """Return the answer that tells a failure; when to come again, where it knows that, is said in both places."""
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, LaterError) else None
        return cls(status, error.code, str(error), headers, error.extensions)

    @property
    def body(self) -> bytes:
        """What the client reads: a GraphQL response of one error with a code."""
        return msgspec.json.encode({"errors": [{"message": str(self), "extensions": self._extensions}]})

    def response(self, media_type: str = JSON) -> Response:
        """Return the answer to it."""
        note_code(self.code)
        return Response(self.body, self.status, self.headers, media_type=content_type(media_type))


def bad_request(message: str) -> RequestError:
    """Return the refusal of what is no GraphQL-over-HTTP request."""
    return RequestError(400, "BAD_REQUEST", message)


def refused(error: GatewayError, media_type: str = JSON) -> RequestError:
    """Return what a request is told that a failure kept from being run."""
    match error:
        case UnauthenticatedError():
            return RequestError(401, error.code, str(error), {"WWW-Authenticate": "Bearer"})
        case ForbiddenError():
            return RequestError.of(403, error)
        case TooManyFailuresError():
            return RequestError.of(429, error)
        case LaterError():
            return RequestError.of(503, error)
        case _:
            return RequestError.of(status_unless_run(media_type), error)
