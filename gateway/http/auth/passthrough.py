"""`passthrough`: each caller brings their own PlanDocket key, and PlanDocket judges it."""

from pydantic import SecretStr

from gateway.access import Caller
from gateway.errors import UnauthenticatedError
from gateway.settings import is_sendable
from gateway.upstream.credential import Credential


def caller_of_key(key: str) -> Caller:
    """Return the caller with this key, or one without any: some fields need none.

    Raises:
        UnauthenticatedError: it cannot be a key.
    """
    if not key:
        return Caller(None)
    if not is_sendable(key):
        raise UnauthenticatedError("The API key has characters that no key has.")
    return Caller(Credential(SecretStr(key), is_held=False), is_let_in=True)
