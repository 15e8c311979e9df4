"""Stored documents: operations that requests name by a hash instead of sending their text.

A manifest holds hash -> text, as front-end tools write it when an application is built: graphql-codegen's client
preset (`persisted-documents.json`, `sha256:` before each hash since version 6) and relay-compiler
(`persistConfig.file`, MD5 or SHA-256). Requests name one as `documentId`, by GraphQL over HTTP, or as
`extensions.persistedQuery`, by Apollo. The latter may also bring text and hash together once, which are then
known to all for a while; never where nothing but the manifest is taken.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from gateway.errors import CallerError, SettingsError
from gateway.settings import Settings

Mode = Literal["off", "prefer", "only"]
Problems = Callable[[str], list[str]]
"""What is wrong with a document's text, by the schema."""

_PREFIX = "sha256:"
_REGISTERED = 1_000
_LONGEST_REGISTERED = 20_000  # characters
_TOLD = 5


class Wanted(msgspec.Struct, frozen=True):
    """Which document a request wants: by its text, by a stored document's id, or by its text's hash."""

    query: str | None = None
    document_id: str | None = None
    sha256: str | None = None


class NotStoredError(CallerError):
    """No stored document has this id or hash."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    @classmethod
    def automatic(cls) -> "NotStoredError":
        """Return the error for a hash, in the words that Apollo's clients go by: they send the text next."""
        return cls("PersistedQueryNotFound")

    @classmethod
    def by_id(cls) -> "NotStoredError":
        """Return the error for an id."""
        return cls(
            "No document is stored under this documentId: give the gateway the manifest that holds it."
        )


class NotSupportedError(CallerError):
    """Stored documents are off. In the words that Apollo's clients go by: they send texts from then on."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotSupported")


class OnlyStoredError(Exception):
    """A text came where only stored documents are taken."""

    def __init__(self) -> None:
        super().__init__(
            "This gateway answers stored documents only, and this text is none: "
            "give the gateway a manifest that holds it, and send its documentId."
        )


class WrongHashError(Exception):
    """A text came with a hash that is not its own."""

    def __init__(self) -> None:
        super().__init__("'sha256Hash' is not the SHA-256 of 'query': send both of one document.")


class StoredDocuments:
    """The documents of a manifest, and those that clients registered."""

    def __init__(self, mode: Mode, manifest: Mapping[str, str], problems: Problems) -> None:
        self._mode = mode
        self._manifest = manifest
        self._texts = frozenset(manifest.values())
        self._problems = problems
        self._registered: OrderedDict[str, str] = OrderedDict()

    @classmethod
    def of(cls, settings: Settings, problems: Problems) -> "StoredDocuments":
        """Return the documents that the settings name.

        Raises:
            SettingsError: the file is no manifest, or a document in it is broken or not for this schema.
        """
        if settings.documents == "off" or settings.documents_file is None:
            return cls(settings.documents, {}, problems)
        manifest = _read(settings.documents_file)
        refused = [(name, found[0]) for name, text in manifest.items() if (found := problems(text))]
        if refused:
            raise SettingsError(
                "\n".join(_wrong(f"the document {name} is refused: {why}") for name, why in refused[:_TOLD])
            )
        return cls(settings.documents, manifest, problems)

    def text(self, wanted: Wanted) -> str:
        """Return the text of the document that is wanted.

        Raises:
            NotStoredError: nothing is stored under its name.
            NotSupportedError: it is named, and stored documents are off.
            OnlyStoredError: its text is not in the manifest, and nothing else is taken.
            WrongHashError: its text and its hash do not belong together.
        """
        if wanted.query is None:
            return self._named(wanted)
        if self._mode == "only" and wanted.query not in self._texts:
            raise OnlyStoredError
        if self._mode == "prefer" and wanted.sha256 is not None:
            self._register(wanted.query, wanted.sha256)
        return wanted.query

    def _named(self, wanted: Wanted) -> str:
        if self._mode == "off":
            raise NotSupportedError
        if wanted.document_id is not None:
            text = self._manifest.get(wanted.document_id.removeprefix(_PREFIX))
            if text is None:
                raise NotStoredError.by_id()
            return text
        sha256 = wanted.sha256 or ""
        text = self._manifest.get(sha256) or self._registered.get(sha256)
        if text is None:
            raise NotStoredError.automatic()
        if sha256 in self._registered:
            self._registered.move_to_end(sha256)
        return text

    def _register(self, text: str, sha256: str) -> None:
        """Know a text by its hash from now on, the most recently used ones; none that could never run."""
        if sha256 in self._registered and self._registered[sha256] == text:
            return
        if hashlib.sha256(text.encode()).hexdigest() != sha256:
            raise WrongHashError
        if len(text) <= _LONGEST_REGISTERED and not self._problems(text):
            self._registered[sha256] = text
            if len(self._registered) > _REGISTERED:
                self._registered.popitem(last=False)


def _read(file: Path) -> dict[str, str]:
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (OSError, UnicodeDecodeError, msgspec.DecodeError):
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
