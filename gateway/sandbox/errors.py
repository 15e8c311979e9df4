"""The one way the sandbox says no."""

from collections.abc import Mapping

Errors = Mapping[str, list[str]]


class RefusedError(Exception):
    """An answer that is an error: a status, a sentence, and for 422 the fields at fault.

    Source: /en/getting-started/errors.html
    """

    def __init__(
        self,
        status: int,
        error: str,
        errors: Errors | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {error}")
        self.status = status
        self.error = error
        self.errors = errors
        self.headers = headers  # only a 405 has one

    @property
    def body(self) -> dict[str, object]:
        """The JSON body: `error`, and `errors` where fields or parameters are at fault."""
        return {"error": self.error} if self.errors is None else {"error": self.error, "errors": self.errors}


def not_found() -> RefusedError:
    """Return the 404 of the documentation's sample."""
    return RefusedError(404, "Resource not found")


def invalid(errors: Errors) -> RefusedError:
    """Return the 422 that blames each of these fields or parameters."""
    return RefusedError(422, "Validation failed", errors)
