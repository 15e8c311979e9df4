"""`jwt`: tokens that an identity provider signed, verified by joserfc with its public keys."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, cast

import msgspec
from joserfc import jws, jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import Key, OKPKey

from gateway.errors import ForbiddenError, IssuerUnavailableError, UnauthenticatedError
from gateway.graph.caller import Access, Caller
from gateway.http.callers.issuer import Issuer, Keys
from gateway.resources import PATHS
from gateway.settings.access import AccessSettings
from gateway.upstream.way.credential import Credential

_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "Ed448"),
)
"""Asymmetric ones only. "EdDSA" is what its key's curve is called: it leaves that open, so RFC 9864 withdrew it."""
_LEEWAY_S = 30
_KEPT = 10_000
_MOST_TRIED = 10
"""Keys that a token is tried with which names none: each costs some 50 us, and anyone can send such tokens."""
_LENGTH_OF_NAME = 12  # of the digest: enough to tell callers apart
_BROKEN = (JoseError, ValueError, TypeError, KeyError, RecursionError)
"""What joserfc raises for what is no JWT."""


class _Verified(msgspec.Struct, frozen=True):
    caller: Caller
    expires_at: float
    """Unix seconds, the leeway in them."""
    keys: Keys
    """What its signature was checked with: once the issuer has others, it is checked again."""


class JsonWebTokens:
    """The callers of JWTs. What was verified is remembered until it expires: a signature takes some 50 us."""

    def __init__(
        self, settings: AccessSettings, held: Credential, issuer: Issuer, now: Callable[[], float]
    ) -> None:
        self._held = held
        self._issuer = issuer
        self._now = now
        self._claim = settings.jwt_roles_claim
        self._registry = jws.JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": settings.jwt_issuer or ""},
            aud={"essential": True, "value": settings.jwt_audience or ""},
            exp={"essential": True},
        )
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def caller(self, token: str, digest: bytes) -> Caller | None:
        """Return whose token this is; None where the issuer did not sign it.

        Raises:
            UnauthenticatedError: it is the issuer's, but expired, not valid yet, or not meant for the gateway; or
                the key that it names, which may have been the issuer's, is none of those that it publishes now.
            ForbiddenError: it is right, but has no role that gives access.
            IssuerUnavailableError: there are no keys to judge it by, or may be newer ones that cannot be fetched yet.
        """
        keys = await self._issuer.keys()
        kept = self._verified.get(digest)
        if kept is not None and kept.keys is keys and self._now() < kept.expires_at:
            return kept.caller
        try:
            claims = self._decode(token, keys)
        except _NoKeyError as error:
            return await self._with_newer_keys(token, digest, keys, error.name)
        except _BROKEN:
            return None
        if claims is None:
            return None
        verified = self._verify(claims, keys)
        self._verified[digest] = verified
        self._verified.move_to_end(digest)
        if len(self._verified) > _KEPT:
            self._verified.popitem(last=False)
        return verified.caller

    async def _with_newer_keys(
        self, token: str, digest: bytes, keys: Keys, name: str | None
    ) -> Caller | None:
        """Judge a token of which none of the keys is, by those that the issuer has now.

        One that names no key is then nobody's. One that names a key may have been right, or may soon be.
        """
        if name in self._issuer.withdrawn:
            raise UnauthenticatedError("The token's key was withdrawn.", wanted="token", shown="TOKEN")
        try:
            newer = await self._issuer.newer_keys()
        except IssuerUnavailableError:
            if name is None:
                return None
            raise
        if newer is not keys:
            return await self.caller(token, digest)
        if name is None:
            return None
        raise UnauthenticatedError("The token's issuer has no such key.", wanted="token", shown="TOKEN")

    def _decode(self, token: str, keys: Keys) -> dict[str, Any] | None:
        """Return its claims; None where the key it names did not sign it, _NoKeyError where there is no such key."""
        signed = jws.extract_compact(token.encode(), registry=self._registry)
        name = signed.headers().get("kid")
        for key, algorithm in islice(self._fitting(signed, keys), _MOST_TRIED):
            signed.protected["alg"] = algorithm
            if jws.validate_compact(signed, key, _ALGORITHMS, self._registry):
                return _claims(signed.payload)
        if name is not None and any(key.kid == name for key in keys):
            return None
        raise _NoKeyError(name if isinstance(name, str) else None)

    def _fitting(self, signed: jws.CompactSignature, keys: Keys) -> Iterator[tuple[Key, str]]:
        """Yield the keys that may have signed a token: of its name, where both have one, and of its algorithm's kind.

        Names are hints that an issuer may leave out, or give to keys of several kinds (RFC 7515, 4.1.4; RFC 7517, 4.5).
        """
        headers = signed.headers()
        name = headers.get("kid")
        for key in keys:
            if name is None or key.kid is None or key.kid == name:
                algorithm = str(headers["alg"])
                if algorithm == "EdDSA" and isinstance(key, OKPKey):
                    algorithm = key.curve_name
                try:
                    self._registry.get_alg(algorithm).check_key(key)
                    key.check_key_op("verify")
                except JoseError:
                    continue
                yield key, algorithm

    def _verify(self, claims: dict[str, Any], keys: Keys) -> _Verified:
        try:
            self._claims.validate(claims)
        except ClaimError as error:
            reason = f"The token does not hold here: look at its claim '{error.claim}'."
            raise UnauthenticatedError(reason, wanted="token", shown="TOKEN") from None
        access = Access.of(_roles(claims.get(self._claim)), PATHS)
        if access is None:
            raise ForbiddenError(
                "Your token is right, but has neither the role 'read' nor 'write': the issuer's operator grants them."
            )
        caller = Caller(self._held, access, _name(claims.get("sub")), is_let_in=True)
        return _Verified(caller, claims["exp"] + _LEEWAY_S, keys)


class _NoKeyError(Exception):
    """A token was signed with none of the keys that are known: a newer one may have signed it."""

    def __init__(self, name: str | None) -> None:
        super().__init__()
        self.name = name
        """What the token calls its key; None where it does not."""


def _claims(payload: bytes) -> dict[str, Any] | None:
    found = json.loads(payload)
    return cast(dict[str, Any], found) if isinstance(found, dict) else None


def _roles(claim: Any) -> Iterable[str]:
    """Return the roles of a claim: a list of texts, or a text with spaces between, as OAuth's `scope`."""
    if isinstance(claim, str):
        return claim.split()
    return (
        [role for role in cast(list[Any], claim) if isinstance(role, str)] if isinstance(claim, list) else []
    )


def _name(subject: Any) -> str:
    """Return a name for a subject that can stand in a log: the subject itself is often an e-mail address."""
    digest = hashlib.sha256(str(subject).encode("utf-8", "replace")).hexdigest()
    return f"jwt:{digest[:_LENGTH_OF_NAME]}"
