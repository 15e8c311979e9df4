"""Errors are sorted by what the caller can do, and each says which it is."""

from collections.abc import Iterator

from gateway.errors import GatewayError


def concrete(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    """Yield every class below `kind` that has a code."""
    for sub in kind.__subclasses__():
        if "code" in vars(sub):
            yield sub
        yield from concrete(sub)


def test_every_error_has_a_code_of_its_own() -> None:
    """Clients branch on the code, so no two share one."""
    codes = [kind.code for kind in dict.fromkeys(concrete(GatewayError))]
    assert len(codes) == len(set(codes)) > 0
