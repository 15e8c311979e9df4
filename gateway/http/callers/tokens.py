"""`tokens`: the gateway's own, of which a file holds names, hashes and roles.

A line for each token, as `gateway token` prints it, `#` before a remark:

    storefront sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 read,events

The hash is a fast one on purpose. A slow hash helps against guessing what people choose; a token is 256
random bits, which nobody guesses however fast, and a slow one would cost each request milliseconds.
"""

import hashlib
import hmac
import logging
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import msgspec
from pydantic import SecretStr

from gateway.errors import SettingsError, UnauthenticatedError
from gateway.graph.caller import ROLES, Access, Caller
from gateway.resources import PATHS
from gateway.settings.access import AccessSettings
from gateway.settings.text_files import FileError, read_text
from gateway.upstream.way.credential import Credential

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_MOST_WITHDRAWN = 10_000
_PREFIX = 8  # bytes of a hash by which its entry is found
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HASH = re.compile(r"sha256:([0-9a-f]{64})")

_Stamp = tuple[int, ...]
_Entries = dict[bytes, list[tuple[bytes, Caller]]]
"""Hashes and callers by the hashes' beginning."""


class TokenError(Exception):
    """A token's name, or a line of the file, is wrong; the message says what is wanted and holds no hash."""


class NewToken(msgspec.Struct, frozen=True):
    """A token that was just made."""

    token: SecretStr
    line: str
    """What the file is to hold of it."""


def new_token(name: str, roles: Iterable[str], only: Collection[str] = ()) -> NewToken:
    """Make a token with these roles, limited to `only` if there are any; TokenError for a bad name or resource."""
    _check_name(name)
    if unknown := [path for path in only if path not in PATHS]:
        raise TokenError(f"{', '.join(map(repr, unknown))} is no resource, which are {', '.join(PATHS)}")
    token = f"pdg_{secrets.token_urlsafe(32)}"
    line = f"{name} sha256:{hashlib.sha256(token.encode()).hexdigest()} {','.join([*roles, *only])}"
    read_line(line)
    return NewToken(SecretStr(token), line)


class Line(msgspec.Struct, frozen=True):
    """What the file holds of a token."""

    name: str
    digest: bytes
    access: Access


def read_line(line: str) -> Line:
    """Return what a line of the file says; TokenError where it is not as `gateway token` prints it."""
    parts = line.split()
    if len(parts) != 3:
        raise TokenError("must be a name, a hash and roles, as 'gateway token' prints them")
    name, hashed, roles = parts
    _check_name(name)
    if (found := _HASH.fullmatch(hashed)) is None:
        raise TokenError("the hash must be 'sha256:' and 64 hexadecimal digits in small letters")
    given = roles.split(",")
    for role in given:
        if role not in ROLES and role not in PATHS:
            raise TokenError(f"the roles must be of {', '.join([*sorted(ROLES), *PATHS])}")
    access = Access.of(given, PATHS)
    if access is None:
        raise TokenError("the roles must have 'read' or 'write'")
    return Line(name, bytes.fromhex(found[1]), access)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise TokenError(
            "the name must be up to 63 letters, digits, '.', '_' and '-', a letter or digit first"
        )


def read_lines(text: str) -> list[Line]:
    """Return what the file says; TokenError names a line that is wrong, or has the name or hash of another."""
    lines: list[Line] = []
    seen: set[str | bytes] = set()
    for number, text_line in enumerate(text.splitlines(), start=1):
        plain = text_line.partition("#")[0].strip()
        if not plain:
            continue
        try:
            line = read_line(plain)
        except TokenError as error:
            raise TokenError(f"line {number}: {error}") from None
        if line.name in seen or line.digest in seen:
            what = f"the name {line.name}" if line.name in seen else "its hash"
            raise TokenError(f"line {number}: {what} stands on a line above already")
        seen |= {line.name, line.digest}
        lines.append(line)
    return lines


def read_file(file: Path, *, takes_empty: bool = True) -> list[Line]:
    """Return what the file says. Where there were tokens, an empty one is none: it may be written just now.

    Raises:
        TokenError: it cannot be read, or a line is wrong.
    """
    try:
        text = read_text(file)
    except FileError as error:
        raise TokenError(f"it {error}") from None
    if not takes_empty and not text.strip():
        raise TokenError("it is empty (a line with '#' alone lets nobody in)")
    return read_lines(text)


class Tokens:
    """The tokens of the file, which is read again within a second of a change, and before a token is refused.

    A changed file that cannot be read, is empty or has a wrong line leaves the tokens as they were, and the log
    says why: it may be written just now. One that has only remarks lets nobody in.
    """

    def __init__(self, settings: AccessSettings, held: Credential, now: Callable[[], float]) -> None:
        """Read the file; SettingsError where that fails."""
        assert settings.tokens_file is not None, "the settings see to that"  # noqa: S101
        self._file = settings.tokens_file
        self._held = held
        self._now = now
        self._looked_at = now()
        self._stamp = _stamp(self._file)
        self._withdrawn: OrderedDict[bytes, None] = OrderedDict()
        try:
            self._entries = self._read()
        except TokenError as error:
            raise SettingsError(f"GATEWAY_TOKENS_FILE: {error}") from None

    async def caller(self, token: str, digest: bytes) -> Caller | None:
        """Return whose token this is, by its SHA-256; None if nobody's, UnauthenticatedError if it was somebody's."""
        if self._now() - self._looked_at >= _LOOK_EVERY_S:
            self._look()
        found = self._find(digest)
        if found is None and self._look():
            found = self._find(digest)
        if found is None and digest in self._withdrawn:
            raise UnauthenticatedError("This token was withdrawn.", wanted="token", shown="TOKEN")
        return found

    def reload(self) -> None:
        """Read the file, changed or not."""
        self._take(_stamp(self._file))

    def _find(self, digest: bytes) -> Caller | None:
        found = None
        for hashed, caller in self._entries.get(digest[:_PREFIX], ()):
            if hmac.compare_digest(hashed, digest):
                found = caller
        return found

    def _look(self) -> bool:
        """Read the file if it changed, and return whether it did."""
        self._looked_at = self._now()
        stamp = _stamp(self._file)
        has_changed = stamp != self._stamp
        if has_changed:
            self._take(stamp)
        return has_changed

    def _take(self, stamp: _Stamp) -> None:
        self._stamp = stamp
        before = self._entries
        try:
            self._entries = self._read(takes_empty=not before)
        except TokenError as error:
            log.error("The file of tokens is not taken, and those before hold on: %s.", error)
            return
        self._withdraw(before)
        log.info("The file of tokens was read anew: %d tokens.", sum(map(len, self._entries.values())))

    def _withdraw(self, before: _Entries) -> None:
        """Remember which tokens were right: who still shows one guesses nothing."""
        now = {hashed for entries in self._entries.values() for hashed, _ in entries}
        for hashed in [hashed for entries in before.values() for hashed, _ in entries]:
            if hashed not in now:
                self._withdrawn[hashed] = None
        while len(self._withdrawn) > _MOST_WITHDRAWN:
            self._withdrawn.popitem(last=False)

    def _read(self, *, takes_empty: bool = True) -> _Entries:
        lines = read_file(self._file, takes_empty=takes_empty)
        if not lines:
            log.warning("The file of tokens has none: nobody is let in.")
        entries: _Entries = {}
        for line in lines:
            caller = Caller(self._held, line.access, line.name, is_let_in=True)
            entries.setdefault(line.digest[:_PREFIX], []).append((line.digest, caller))
        return entries


def _stamp(file: Path) -> _Stamp:
    """Return what is another once the file was written, replaced or removed."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
