# pyright: basic
"""`GATEWAY_AUTH=jwt`: tokens of an identity provider, whose keys are fetched and change."""

import asyncio
import base64
import hmac
import json
import logging
import struct
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from asking import Ask, Gateway, Time
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.sandbox import Sandbox

ISSUER, AUDIENCE = "https://issuer.test/", "plandocket-gateway"
SETTINGS: dict[str, Any] = {
    "auth": "jwt",
    "jwt_issuer": ISSUER,
    "jwt_audience": AUDIENCE,
    "jwt_jwks_url": "https://issuer.test/keys",
}
QUERY = "{ category(by: {databaseId: 1}) { title } }"

ONE = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
TWO = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})
CURVE = ECKey.generate_key("P-256", {"kid": "curve"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})


class Net(httpx.AsyncBaseTransport):
    """The network: the issuer under one name, the sandbox under any other."""

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        self._plandocket = httpx.ASGITransport(self.sandbox.app)
        self.fetched = 0
        self.keys: list[Any] = [ONE.as_dict(private=False)]
        self.answer: httpx.Response | Exception | None = None
        self.is_asked = asyncio.Event()
        self.gate: asyncio.Event | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer with the keys, or what stands in their place."""
        if request.url.host != "issuer.test":
            return await self._plandocket.handle_async_request(request)
        self.fetched += 1
        self.is_asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or httpx.Response(200, json={"keys": self.keys})


@pytest.fixture
def net() -> Net:
    """Make a network."""
    return Net()


@pytest.fixture
def ask(gateway: Gateway, net: Net, time: Time) -> Ask:
    """Make a gateway that takes the issuer's tokens."""
    return gateway(net.sandbox, transport=net, time=time, **SETTINGS)


def token(key: Any = ONE, alg: Any = "RS256", header: Any = None, **claims: Any) -> str:
    """Return a signed token; a claim of None is left out."""
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "exp": int(Time().seconds) + 300,
        "roles": ["read"],
        **claims,
    }
    named = {"alg": alg, **({"kid": key.kid} if key.kid else {}), **(header or {})}
    return jwt.encode(named, {name: value for name, value in given.items() if value is not None}, key, [alg])


async def send(ask: Ask, shown: str, query: str = QUERY) -> httpx.Response:
    """Send a token."""
    return await ask.http.post(
        "/graphql", json={"query": query}, headers={"Authorization": f"Bearer {shown}"}
    )


def code(response: httpx.Response) -> str | None:
    """Return the code of an answer's first error."""
    errors = response.json().get("errors")
    return errors[0]["extensions"]["code"] if errors else None


async def test_a_token_lets_in_with_the_held_key(ask: Ask, net: Net) -> None:
    """The keys are fetched once."""
    for _ in range(3):
        assert (await send(ask, token())).json() == {"data": {"category": {"title": "Crafts"}}}
    assert net.fetched == 1


@pytest.mark.parametrize(("key", "alg"), [(ONE, "RS256"), (ONE, "PS512"), (CURVE, "ES256"), (ED, "Ed25519")])
async def test_asymmetric_algorithms_are_taken(ask: Ask, net: Net, key: Any, alg: str) -> None:
    """Whichever the issuer uses."""
    net.keys = [found.as_dict(private=False) for found in (ONE, CURVE, ED)]
    assert (await send(ask, token(key, alg))).status_code == 200


def part(value: Any) -> str:
    """Return a part of a token."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(header: dict, sign: Callable[[bytes], bytes]) -> str:
    """Return a token signed by hand: the library refuses to sign such a one."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(Time().seconds) + 300, "roles": ["write"]}
    text = f"{part({'kid': 'one', **header})}.{part(claims)}"
    return f"{text}.{part(sign(text.encode()))}"


def with_public_key(text: bytes) -> bytes:
    """Sign with what everybody knows."""
    return hmac.digest(ONE.as_pem(private=False), text, "sha256")


def with_key(text: bytes) -> bytes:
    """Sign as the issuer does."""
    return jws.JWSRegistry.algorithms["RS256"].sign(text, ONE)


STRANGER = RSAKey.generate_key(2048, {"kid": "one"})

FORGED = {
    "none": signed({"alg": "none"}, lambda _: b""),
    "none in capitals": signed({"alg": "NONE"}, lambda _: b""),
    "no algorithm": f"{part({'kid': 'one'})}.{part({})}.",
    "an algorithm that is a list": f"{part({'alg': ['RS256'], 'kid': 'one'})}.{part({})}.AA",
    "the public key as a secret": signed({"alg": "HS256"}, with_public_key),
    "another's signature": token(STRANGER),
    "a changed claim": token().replace(token().split(".")[1], part({"roles": ["write"]})),
    "no signature": token().rpartition(".")[0] + ".",
    "a key of its own": token(STRANGER, header={"jwk": STRANGER.as_dict(private=False)}),
    "a critical extension": signed({"alg": "RS256", "crit": ["unheard"], "unheard": 1}, with_key),
    "an encrypted one's five parts": "a.b.c.d.e",
    "one part": "nonsense",
    "empty parts": "..",
    "deep": f"{part(b'[' * 100_000)}.{part({})}.AA"[:60_000],
    "a name that is a list": f"{part({'alg': 'RS256', 'kid': [1]})}.{part({})}.AA",
    "bytes": f"{part(struct.pack('4B', 255, 254, 0, 1))}.{part({})}.AA",
}


@pytest.mark.parametrize("shown", FORGED.values(), ids=FORGED)
async def test_what_the_issuer_did_not_sign_is_refused(ask: Ask, shown: str) -> None:
    """401, whatever it says of itself, and it counts as a failure."""
    for _ in range(10):
        response = await send(ask, shown)
        assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
        assert response.headers["www-authenticate"] == "Bearer"
    assert (await send(ask, shown)).status_code == 429
    assert ask.sandbox.calls == []


async def test_what_is_forged_by_hand_would_be_right_if_the_issuer_signed_it(ask: Ask) -> None:
    """The forgeries fail for what is wrong with them, and for nothing else."""
    assert (await send(ask, signed({"alg": "RS256"}, with_key))).status_code == 200


NOW = int(Time().seconds)
UNFIT = {
    "expired": ({"exp": NOW - 31}, "exp"),
    "without an end": ({"exp": None}, "exp"),
    "an end that is no time": ({"exp": "never"}, "exp"),
    "not yet valid": ({"nbf": NOW + 31}, "nbf"),
    "another issuer's": ({"iss": "https://issuer.test"}, "iss"),
    "no issuer's": ({"iss": None}, "iss"),
    "for another": ({"aud": ["other", "more"]}, "aud"),
    "for nobody": ({"aud": None}, "aud"),
}


@pytest.mark.parametrize(("claims", "name"), UNFIT.values(), ids=UNFIT)
async def test_a_token_must_be_meant_for_here_and_now(ask: Ask, claims: dict, name: str) -> None:
    """The claim is named; since the issuer signed it, it is no guess and locks nobody out."""
    for _ in range(15):
        response = await send(ask, token(**claims))
        assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
        assert f"'{name}'" in response.json()["errors"][0]["message"]
    assert (await send(ask, token())).status_code == 200


async def test_clocks_may_differ_a_little(ask: Ask) -> None:
    """Half a minute; and an audience may be one of several."""
    assert (await send(ask, token(exp=NOW - 29, nbf=NOW + 29, aud=["other", AUDIENCE]))).status_code == 200


async def test_a_token_that_was_verified_expires(ask: Ask, time: Time) -> None:
    """What is remembered of it ends with it."""
    shown = token()
    assert (await send(ask, shown)).status_code == 200
    time.seconds += 329
    assert (await send(ask, shown)).status_code == 200
    time.seconds += 1
    assert (await send(ask, shown)).status_code == 401


ROLES = {
    "none": (None, 403, "FORBIDDEN"),
    "of another kind": ({"read": True}, 403, "FORBIDDEN"),
    "no way in": (["sensitive", "categories"], 403, "FORBIDDEN"),
    "reading": (["read"], 200, None),
    "writing": (["write"], 200, None),
    "a text": ("openid read categories", 200, None),
    "another resource": (["read", "events", 5, None], 200, "FORBIDDEN"),
    "others beside": (["offline_access", "read"], 200, None),
    "letters of a role": ("readwrite", 403, "FORBIDDEN"),
}


@pytest.mark.parametrize(("roles", "status", "expected"), ROLES.values(), ids=ROLES)
async def test_roles_come_from_a_claim(ask: Ask, roles: Any, status: int, expected: str | None) -> None:
    """A list, or a text with spaces; without `read` or `write` there is no access at all."""
    response = await send(ask, token(roles=roles))
    assert (response.status_code, code(response)) == (status, expected)
    assert (ask.sandbox.calls == []) == (expected is not None)


async def test_the_claim_of_roles_has_a_name(gateway: Gateway, net: Net, time: Time) -> None:
    """As issuers have it, an address for instance."""
    claim = "https://example.org/roles"
    ask = gateway(net.sandbox, transport=net, time=time, jwt_roles_claim=claim, **SETTINGS)
    assert (await send(ask, token(**{"roles": None, claim: ["read"]}))).status_code == 200
    assert (await send(ask, token())).status_code == 403


async def test_a_reader_does_not_write(ask: Ask) -> None:
    """Nor see what is sensitive."""
    write = 'mutation { createEvent(input: {title: "T"}) { event { id } } }'
    notes = "{ contact(by: {databaseId: 1}) { notes } }"
    assert code(await send(ask, token(), write)) == code(await send(ask, token(), notes)) == "FORBIDDEN"
    assert ask.sandbox.calls == []
    assert code(await send(ask, token(roles="write"), write)) is None
    assert code(await send(ask, token(roles="read sensitive"), notes)) is None


async def test_a_new_key_is_fetched_when_it_is_first_named(ask: Ask, net: Net, time: Time) -> None:
    """And the old one is gone with it, though tokens of it were verified before."""
    old = token()
    assert (await send(ask, old)).status_code == 200
    net.keys = [TWO.as_dict(private=False)]
    time.seconds += 30
    assert (await send(ask, token(TWO))).status_code == 200
    assert net.fetched == 2
    assert (await send(ask, old)).status_code == 401


async def test_unknown_names_fetch_no_more_than_twice_a_minute(ask: Ask, net: Net, time: Time) -> None:
    """Anyone can make names up: the issuer must not feel it."""
    assert (await send(ask, token())).status_code == 200
    made_up = RSAKey.generate_key(2048, {"kid": "made-up"})
    for second in range(90):
        time.seconds += 1
        await send(ask, token(made_up, sub=str(second)))
    assert net.fetched <= 1 + 3


async def test_a_withdrawn_key_is_not_trusted_for_ever(ask: Ask, net: Net, time: Time) -> None:
    """Every ten minutes the keys are fetched anew, while nobody waits."""
    long_lived = token(exp=NOW + 100_000)
    assert (await send(ask, long_lived)).status_code == 200
    net.keys = [TWO.as_dict(private=False)]
    time.seconds += 600
    assert (await send(ask, long_lived)).status_code == 200
    for _ in range(20):
        await asyncio.sleep(0)
    assert (await send(ask, long_lived)).status_code == 401
    assert net.fetched == 2


NO_KEYS = {
    "refused": httpx.ConnectError("canary"),
    "no answer": httpx.ReadTimeout("canary"),
    "an error": httpx.Response(500),
    "a redirect": httpx.Response(302, headers={"Location": "https://elsewhere.test/"}),
    "no JSON": httpx.Response(200, text="<html>canary"),
    "deep JSON": httpx.Response(200, content=b"[" * 100_000),
    "a list": httpx.Response(200, json=[]),
    "no keys": httpx.Response(200, json={"keys": []}),
    "a secret only": httpx.Response(200, json={"keys": [{"kty": "oct", "k": "A" * 86, "kid": "one"}]}),
    "broken keys": httpx.Response(
        200, json={"keys": [5, {"kty": "RSA"}, {"kty": "RSA", "n": "AQ", "e": "AQ"}]}
    ),
    "a key for encryption": httpx.Response(
        200, json={"keys": [{**ONE.as_dict(private=False), "use": "enc"}]}
    ),
    "2 MB": httpx.Response(200, content=b" " * 2_000_000),
}


@pytest.mark.parametrize("answer", NO_KEYS.values(), ids=NO_KEYS)
async def test_without_keys_nobody_can_be_judged(
    ask: Ask, net: Net, time: Time, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """503 with when to come again, no failure counted; five seconds later it is tried again."""
    net.answer = answer
    for _ in range(15):
        response = await send(ask, token())
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert code(response) == "ISSUER_UNAVAILABLE"
    assert net.fetched == 1
    assert "canary" not in caplog.text
    assert len([found for found in caplog.records if found.levelno == logging.ERROR]) == 1
    net.answer = None
    time.seconds += 5
    assert (await send(ask, token())).status_code == 200


@pytest.mark.parametrize("answer", NO_KEYS.values(), ids=NO_KEYS)
async def test_old_keys_stay_when_a_fetch_fails(ask: Ask, net: Net, time: Time, answer: Any) -> None:
    """Who was let in before is let in; of a key that nobody knows nothing can be said."""
    assert (await send(ask, token())).status_code == 200
    net.answer = answer
    time.seconds += 60
    unknown = await send(ask, token(TWO))
    assert (unknown.status_code, code(unknown)) == (503, "ISSUER_UNAVAILABLE")
    assert net.fetched == 2
    assert (await send(ask, token(sub="bo"))).status_code == 200


async def test_many_at_once_share_one_fetch(ask: Ask, net: Net) -> None:
    """And one who gives up does not end it for the others."""
    net.gate = asyncio.Event()
    waiting = [asyncio.create_task(send(ask, token())) for _ in range(20)]
    await net.is_asked.wait()
    waiting[0].cancel()
    net.gate.set()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(answer, httpx.Response) and answer.status_code for answer in answers[1:]] == [200] * 19
    assert net.fetched == 1


def nameless(key: Any, *, private: bool = False) -> dict:
    """Return a key as an issuer has it that gives no names."""
    return {name: value for name, value in key.as_dict(private=private).items() if name != "kid"}


def unnamed(key: Any, alg: str = "RS256", **claims: Any) -> str:
    """Return a token that names no key."""
    return token(type(key).import_key(nameless(key, private=True)), alg, **claims)


OTHER = RSAKey.generate_key(2048, {"kid": "other"})
X = OKPKey.generate_key("X25519", {"kid": "x"})
WIDE = ECKey.generate_key("P-384", {"kid": "wide"})


@pytest.mark.parametrize(
    ("key", "alg"), [(ONE, "RS256"), (TWO, "RS256"), (OTHER, "PS256"), (CURVE, "ES256"), (ED, "Ed25519")]
)
@pytest.mark.parametrize("is_named", [True, False])
async def test_a_token_that_names_no_key_is_tried_with_each(
    ask: Ask, net: Net, key: Any, alg: str, is_named: bool
) -> None:
    """Of its algorithm's kind, wherever it stands among the issuer's, and whether or not those have names."""
    keys = (X, WIDE, TWO, ONE, OTHER, CURVE, ED)
    net.keys = [found.as_dict(private=False) if is_named else nameless(found) for found in keys]
    assert (await send(ask, unnamed(key, alg))).status_code == 200
    assert net.fetched == 1


HINTS = {
    "no key has a name": [nameless(TWO), nameless(ONE)],
    "two keys have the same": [CURVE.as_dict(private=False, kid="one"), ONE.as_dict(private=False)],
    "another has it, and this has none": [TWO.as_dict(private=False, kid="one"), nameless(ONE)],
}


@pytest.mark.parametrize("keys", HINTS.values(), ids=HINTS)
async def test_a_name_is_a_hint(ask: Ask, net: Net, keys: list[dict]) -> None:
    """It finds the key among those that have names."""
    net.keys = keys
    assert (await send(ask, token(ONE))).status_code == 200
    assert net.fetched == 1


@pytest.mark.parametrize(
    "unfit", [{"use": "enc"}, {"alg": "RS512"}, {"key_ops": ["sign"]}, {"key_ops": ["encrypt"]}]
)
async def test_a_key_for_something_else_signs_nothing(ask: Ask, net: Net, unfit: dict) -> None:
    """Though the signature is its own."""
    net.keys = [TWO.as_dict(private=False), {**nameless(ONE), **unfit}]
    assert (await send(ask, unnamed(ONE))).status_code == 401


async def test_a_strangers_token_without_a_name_is_a_guess(ask: Ask, net: Net) -> None:
    """Like any other that the issuer did not sign."""
    net.keys = [found.as_dict(private=False) for found in (TWO, ONE)]
    for _ in range(10):
        assert (await send(ask, unnamed(STRANGER))).status_code == 401
    assert (await send(ask, unnamed(STRANGER))).status_code == 429


async def test_a_new_key_is_fetched_for_a_token_without_a_name(ask: Ask, net: Net, time: Time) -> None:
    """Where no key that is known signed it; no more than twice a minute."""
    assert (await send(ask, unnamed(ONE))).status_code == 200
    net.keys = [TWO.as_dict(private=False), OTHER.as_dict(private=False)]
    time.seconds += 30
    assert (await send(ask, unnamed(OTHER))).status_code == 200
    assert net.fetched == 2
    for second in range(8):
        time.seconds += 1
        assert (await send(ask, unnamed(STRANGER, sub=str(second)))).status_code == 401
    assert net.fetched == 2


@pytest.mark.parametrize(("others", "status"), [(9, 200), (10, 401)])
async def test_a_token_without_a_name_is_tried_with_ten_keys(
    ask: Ask, net: Net, others: int, status: int
) -> None:
    """Anyone can send such tokens: an issuer with hundreds of keys must not make them dear. A name finds any."""
    keys = [OTHER.as_dict(private=False, kid=f"key-{number}") for number in range(others)]
    net.keys = [*keys, *[CURVE.as_dict(private=False)] * 100, ONE.as_dict(private=False)]
    assert (await send(ask, unnamed(ONE))).status_code == status
    assert (await send(ask, token(ONE))).status_code == 200


async def test_a_key_that_came_just_after_a_fetch_is_waited_for(ask: Ask, net: Net, time: Time) -> None:
    """Nobody can tell yet whether it is the issuer's: it is said when, and it is no guess."""
    assert (await send(ask, token())).status_code == 200
    net.keys.append(TWO.as_dict(private=False))
    time.seconds += 12
    for _ in range(15):
        response = await send(ask, token(TWO))
        assert (response.status_code, code(response)) == (503, "ISSUER_UNAVAILABLE")
        assert response.headers["retry-after"] == "18"
        assert response.json()["errors"][0]["extensions"]["retryAfter"] == 18
    assert net.fetched == 1
    time.seconds += 18
    assert (await send(ask, token(TWO))).status_code == 200


async def test_a_name_that_no_key_has_is_no_guess(ask: Ask, net: Net, time: Time) -> None:
    """Also once the keys were fetched for it: an application with an old token locks out nobody."""
    assert (await send(ask, token())).status_code == 200
    for _ in range(15):
        time.seconds += 30
        response = await send(ask, token(TWO))
        assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert (await send(ask, token(STRANGER))).status_code == 401


async def test_a_withdrawn_key_is_refused_at_once(ask: Ask, net: Net, time: Time) -> None:
    """It was the issuer's: a newer fetch would not bring it back."""
    assert (await send(ask, token())).status_code == 200
    net.keys = [TWO.as_dict(private=False)]
    time.seconds += 30
    assert (await send(ask, token(TWO))).status_code == 200
    for _ in range(15):
        assert (await send(ask, token(sub="other"))).status_code == 401
    assert (await send(ask, token(STRANGER, header={"kid": "two"}))).status_code == 401


@pytest.mark.parametrize("subject", ["ada", "bo"])
async def test_a_signature_counts_wherever_it_comes_from(ask: Ask, subject: str) -> None:
    """Behind one address somebody guesses; a token that was renewed, or is another's, is right all the same."""
    assert (await send(ask, token())).status_code == 200
    assert [(await send(ask, token(STRANGER, sub=str(n)))).status_code for n in range(12)] == [401] * 10 + [
        429
    ] * 2
    assert (await send(ask, token(sub=subject, jti="renewed"))).status_code == 200
    assert (await send(ask, token(STRANGER))).status_code == 429


CURVES = {"Ed25519": ED, "Ed448": OKPKey.generate_key("Ed448", {"kid": "ed448"})}


def by_edwards(key: OKPKey, name: str, **more: str) -> str:
    """Return a token of an algorithm's name, signed by hand."""
    sign = jws.JWSRegistry.algorithms[key.curve_name].sign
    return signed({"alg": name, "kid": key.kid, **more}, lambda text: sign(text, key))


@pytest.mark.parametrize("key", CURVES.values(), ids=CURVES)
@pytest.mark.parametrize("told", [{}, {"alg": "EdDSA"}])
async def test_eddsa_is_what_the_keys_curve_says(ask: Ask, net: Net, key: OKPKey, told: dict) -> None:
    """Most issuers still call it so, in their tokens and with their keys."""
    net.keys = [{**found.as_dict(private=False), **told} for found in CURVES.values()]
    assert (await send(ask, by_edwards(key, "EdDSA"))).status_code == 200
    assert (await send(ask, by_edwards(key, key.curve_name))).status_code == 200
    [other] = [name for name in CURVES if name != key.curve_name]
    assert (await send(ask, by_edwards(key, other))).status_code == 401


async def test_eddsa_is_nothing_for_another_kind_of_key(ask: Ask, net: Net) -> None:
    """Nor is a curve that signs nothing."""
    net.keys = [found.as_dict(private=False) for found in (ONE, X)]
    for kid in ("one", "x"):
        assert (await send(ask, signed({"alg": "EdDSA", "kid": kid}, with_key))).status_code == 401
