"""What a check says."""

import socket
import ssl
from enum import Enum

import msgspec


class Level(Enum):
    """How much a finding matters: the gateway works, works for more requests, or does not work."""

    OK = 0
    WARNING = 1
    FAILURE = 2


class Finding(msgspec.Struct, frozen=True):
    """One sentence: what was seen, and what to do about it."""

    level: Level
    sentence: str


def unreachable(host: str, setting: str, error: BaseException, *, is_late: bool) -> Finding:
    """Return why a host, which a setting names, could not be asked; `is_late` where it did not answer in time."""
    cause = _root(error)
    match cause:
        case ssl.SSLError():
            why = getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or "no TLS there"
            sentence = (
                f"The TLS connection to {host} fails ({why}): "
                f"is {setting} right, https or http, and its certificate valid?"
            )
        case socket.gaierror():
            sentence = f"There is no host {host}: correct {setting}."
        case _ if is_late:
            sentence = f"{host} does not answer in time: correct {setting}, or open the way there."
        case _:
            sentence = f"{host} refuses or drops the connection: correct {setting}, or wait for it."
    return Finding(Level.FAILURE, sentence)


def _root(error: BaseException) -> BaseException:
    """Return what first went wrong: httpx wraps its transport's error, which wraps the system's."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error
