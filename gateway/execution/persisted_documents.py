"""Stored documents: operations that requests name by a hash instead of sending their text.

A manifest holds hash -> text, as front-end tools write it when an application is built: graphql-codegen's client
preset (`persisted-documents.json`, `sha256:` before each hash since version 6) and relay-compiler
(`persistConfig.file`, MD5 or SHA-256). Requests name one as `documentId`, by GraphQL over HTTP, or as
`extensions.persistedQuery`, by Apollo. The latter may also bring text and hash together once, which are then
known to all for a while, where who brings them is known; never where nothing but the manifest is taken.
"""

import hashlib
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path

import msgspec

from gateway.errors import CallerError, ForbiddenError, SettingsError
from gateway.execution.operation import Request
from gateway.graph.caller import Caller
from gateway.settings.access import AccessSettings
from gateway.settings.text_files import FileError, read_text

log = logging.getLogger(__name__)

Problems = Callable[[str], list[str]]
"""What is wrong with a document's text, by the schema."""

_PREFIX = "sha256:"
_TOLD = 5
_MOST = 1_000  # texts that clients registered
_LARGEST = 20_000  # bytes of one


class NotStoredError(CallerError):
    """No stored document has this id or hash."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class NotSupportedError(CallerError):
    """Stored documents are off. In the words that Apollo's clients go by: they send texts from then on."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"


class WrongHashError(Exception):
    """A text came with a hash that is not its own."""


class StoredDocuments:
    """The documents of a manifest, and those that clients registered."""

    def __init__(self, settings: AccessSettings, problems: Problems) -> None:
        """Read the documents that the settings name.

        Raises:
            SettingsError: the file is no manifest, or a document in it is broken or not for this schema.
        """
        self._mode = settings.documents
        self._file = None if self._mode == "off" else settings.documents_file
        self._problems = problems
        self._registered = _Registered()
        self._read()

    def reload(self) -> None:
        """Read the manifest anew. Where it is none, or has a broken document, those before hold on."""
        try:
            self._read()
        except SettingsError as error:
            log.error("The stored documents are not taken, and those before hold on: %s", error)
        else:
            log.info("The stored documents were read anew: %d documents.", len(self._manifest))

    def _read(self) -> None:
        manifest = {} if self._file is None else _manifest(self._file)
        refused = [(name, found[0]) for name, text in manifest.items() if (found := self._problems(text))]
        if refused:
            lines = [_wrong(f"the document {name} is refused: {why}") for name, why in refused[:_TOLD]]
            raise SettingsError("\n".join(lines))
        self._manifest = manifest
        self._texts = frozenset(manifest.values())

    def resolved(self, request: Request) -> Request:
        """Return a request with the text of the document that it wants.

        Raises:
            NotStoredError: nothing is stored under its name.
            NotSupportedError: it is named, and stored documents are off.
            ForbiddenError: its text is not in the manifest, and nothing else is taken.
            WrongHashError: its text and its hash do not belong together.
        """
        if not request.query:
            return msgspec.structs.replace(request, query=self._named(request))
        if self._mode == "only" and request.query not in self._texts:
            # Not PERSISTED_QUERY_NOT_FOUND: clients answer that by sending the text once more.
            raise ForbiddenError(
                "This gateway answers stored documents only, and this text is none: "
                "give the gateway a manifest that holds it, and send its documentId."
            )
        sha256 = request.sha256 if self._mode == "prefer" else None
        if sha256 is not None and hashlib.sha256(request.query.encode()).hexdigest() != sha256:
            raise WrongHashError("'sha256Hash' is not the SHA-256 of 'query': send both of one document.")
        return request

    def register(self, request: Request, caller: Caller) -> None:
        """Know a document by its hash from now on, where a request brought both; `resolved` was asked for it before.

        It is for who asks to see that it could run, and that the caller is known.
        """
        if self._mode == "prefer" and request.query and request.sha256 is not None:
            self._registered.add(request.sha256, request.query, (caller.credential, caller.name))

    def _named(self, request: Request) -> str:
        if self._mode == "off":
            raise NotSupportedError("PersistedQueryNotSupported")
        if request.document_id is not None:
            text = self._manifest.get(request.document_id.removeprefix(_PREFIX))
            if text is None:
                raise NotStoredError(
                    "No document is stored under this documentId: give the gateway the manifest that holds it."
                )
            return text
        sha256 = request.sha256 or ""
        text = self._manifest.get(sha256) or self._registered.find(sha256)
        if text is None:
            raise NotStoredError("PersistedQueryNotFound")  # by this Apollo's clients know to send the text
        return text


def _manifest(file: Path) -> dict[str, str]:
    try:
        manifest = msgspec.json.decode(read_text(file), type=dict[str, str])
    except FileError as error:
        raise SettingsError(_wrong(f"{error}.")) from None
    except msgspec.DecodeError:
        raise SettingsError(
            _wrong(
                'is not a manifest of stored documents: a JSON object of hash to text, {"<hash>": "query …"}.'
            )
        ) from None
    if not manifest:
        raise SettingsError(_wrong("holds no document: write it with graphql-codegen or relay-compiler."))
    return {name.removeprefix(_PREFIX): text for name, text in manifest.items()}


def _wrong(what: str) -> str:
    return f"GATEWAY_DOCUMENTS_FILE: {what}"


class _Registered:
    """The most recently used texts by their SHA-256: a thousand, of 20 kB each at the most.

    Everybody may use what anybody registered. Where room is wanted, whoever has most of them loses one, so that
    nobody can push out those of others beyond an equal share.
    """

    def __init__(self) -> None:
        # In UTF-8, which is smaller, and whose it is; the least recently used first.
        self._texts: OrderedDict[str, tuple[bytes, Hashable]] = OrderedDict()

    def find(self, sha256: str) -> str | None:
        """Return the text of a hash, which is used by that; None where it is not registered."""
        if sha256 not in self._texts:
            return None
        self._texts.move_to_end(sha256)
        return self._texts[sha256][0].decode()

    def add(self, sha256: str, text: str, owner: Hashable) -> None:
        """Know a text from now on, unless it is too large."""
        encoded = text.encode()
        if sha256 in self._texts or len(encoded) > _LARGEST:
            return
        self._texts[sha256] = encoded, owner
        if len(self._texts) > _MOST:
            [(most, _)] = Counter(of for _, of in self._texts.values()).most_common(1)
            del self._texts[next(one for one, (_, of) in self._texts.items() if of == most)]
