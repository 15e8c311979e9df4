"""How operators write settings in an environment, and what of it is nobody's setting. Pure.

`docker run --env-file`, systemd and Kubernetes take quotes as a part of the value that a shell takes away, and a
secret that is read from a file may bring the file's last line break along.
"""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

_OURS = ("GATEWAY_", "PLANDOCKET_")
_OF_KUBERNETES = re.compile(r"\w+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)")
"""What it sets for a service of the same namespace that is called "gateway" or "plandocket"."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def plain(value: str) -> str:
    """Return a value as it is; ValueError says, without it, what in it nobody meant to write."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`":
        raise ValueError("stands in quotes, which are taken as a part of it here: leave them out")
    if "\n" in value or "\r" in value:
        raise ValueError("holds a line break: write it in one line, without one at its end")
    return value


def address(value: str) -> str:
    """Return an address of a server as it is; ValueError says what it lacks that people leave out."""
    if not _SCHEME.match(value):
        raise ValueError("must begin with https:// (or http://)")
    host = re.split(r"[/?#]", _SCHEME.sub("", value, count=1))[0].rpartition("@")[2]
    if host.count(":") > 1 and not host.startswith("["):
        raise ValueError("has an address of IPv6, which needs brackets: http://[::1]:8001")
    return value


def host(value: str) -> str:
    """Return a host to listen at, IPv6 without its brackets; ValueError where there is more than a host."""
    found = re.fullmatch(r"\[(.*)\]", value)
    if found is not None:
        return found[1]
    if "/" in value or value.count(":") == 1:
        raise ValueError(
            "must be an address or name alone, such as 127.0.0.1 or ::1: its port has a setting of its own"
        )
    return value


def empty(environment: Mapping[str, str], names: Collection[str]) -> list[str]:
    """Return which of these variables are there and hold nothing, in the order of `names`."""
    given = {name.upper(): value for name, value in environment.items()}
    return [name for name in names if not given.get(name, "set").strip()]


def unknown(environment: Mapping[str, str], known: Collection[str], former: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that is named like a setting and is none, with the nearest that is one.

    `former` has what to say of those that once were settings: what took their place.
    """
    sentences: list[str] = []
    for name in sorted(environment):
        if not name.upper().startswith(_OURS) or name.upper() in known or _OF_KUBERNETES.fullmatch(name):
            continue
        if (successor := former.get(name.upper())) is not None:
            sentences.append(f"{name} is no setting any more: {successor}")
            continue
        nearest = get_close_matches(name.upper(), known, n=1, cutoff=0)
        sentences.append(f"{name} is no setting: did you mean {nearest[0]}?")
    return sentences
