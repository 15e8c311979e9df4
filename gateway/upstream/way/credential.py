"""The key a read or write goes out with."""

import hmac
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from pydantic import SecretStr


@dataclass(frozen=True)
class Credential:
    """A PlanDocket API key, and whose it is. Everything shared between callers is keyed by it, so it hashes fast."""

    key: SecretStr
    is_held: bool = field(kw_only=True)
    """Whether it is the gateway's own (PLANDOCKET_API_KEY) rather than the caller's."""

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

    @cached_property
    def _hash(self) -> int:
        return hash((self.key, self.is_held))

    def __hash__(self) -> int:
        return self._hash
