"""The key a read or write goes out with."""

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True)
class Credential:
    """A PlanDocket API key, and whose it is. Everything shared between callers is keyed by it."""

    key: SecretStr
    is_held: bool
    """Whether it is the gateway's own (PLANDOCKET_API_KEY) rather than the caller's."""
