"""Values that any process takes, once: who reads Redis can tell neither one nor the secret that it lies under."""

import hmac
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken

from gateway.machines.link import Link, SetAsideError

_PUT = "return redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])"
_TAKE = "return redis.call('GETDEL', KEYS[1])"


class SealedValues:
    """Each lies under a hash of its secret, encrypted and authenticated with a key that is made of the secret."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def put(self, secret: str, value: bytes, seconds: int) -> bool:
        """Keep a value for so long by Redis' clock; return whether Redis said so: if not, it may have come late."""
        try:
            await self._link.run(_PUT, (self._name(secret),), (_box(secret).encrypt(value), seconds))
        except SetAsideError:
            return False
        return True

    async def take(self, secret: str) -> bytes | None:
        """Return a secret's value, this once; None where there is none, it was changed, or Redis does not answer."""
        try:
            sealed = await self._link.run(_TAKE, (self._name(secret),), ())
            return None if sealed is None else _box(secret).decrypt(sealed)
        except (SetAsideError, InvalidToken):
            return None

    def _name(self, secret: str) -> str:
        return self._link.key(secret.encode(), "sealed")


def _box(secret: str) -> Fernet:
    return Fernet(urlsafe_b64encode(hmac.digest(secret.encode(), b"box", "sha256")))
