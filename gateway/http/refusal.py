"""What a request that cannot be answered is told, in JSON."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from gateway.errors import LaterError
from gateway.http.negotiation import JSON, content_type
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
    def later(cls, status: int, error: LaterError) -> "RequestError":
        """Return the refusal of what may be asked again after a while: that is said in both places."""
        headers = {"Retry-After": str(error.retry_after)}
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
