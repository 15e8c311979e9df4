"""The key a read or write goes out with."""

import hmac
from functools import cached_property
from hashlib import sha256

from pydantic import SecretStr


class Credential:
    """A PlanDocket API key, and whose it is. Everything shared between callers is keyed by it, so it hashes fast."""

    def __init__(self, key: SecretStr, *, is_held: bool) -> None:
        self.key = key
        self.is_held = is_held
        """Whether it is the gateway's own (PLANDOCKET_API_KEY) rather than the caller's."""
        self._hash = hash((key.get_secret_value(), is_held))

    @cached_property
    def digest(self) -> bytes:
        """What stands for it where much is kept by it: 32 bytes, whatever the key's length."""
        return sha256(
            b"%d%b" % (self.is_held, self.key.get_secret_value().encode(errors="surrogatepass"))
        ).digest()

    def name_at(self, base_url: str) -> bytes:
        """Return what stands for it in files, 32 bytes: nobody can tell the key by it, nor that of another tenant."""
        key = self.key.get_secret_value().encode(errors="surrogatepass")
        return hmac.digest(key, base_url.encode(), "sha256")

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Credential) or self.is_held != other.is_held:
            return False
        return self.key.get_secret_value() == other.key.get_secret_value()

    def __repr__(self) -> str:
        return f"Credential(is_held={self.is_held})"
