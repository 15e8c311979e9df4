"""What a publish tells beside rows: no content, only kinds, ids and names of fields."""

from typing import Any

import msgspec

from gateway.mirror.rows.held import Part
from gateway.upstream.record import Record
from gateway.upstream.write import Write


class WriteNote(msgspec.Struct, frozen=True, tag="write"):
    """A write that was sent."""

    path: str
    method: str
    id: int | None
    names: tuple[str, ...]

    @classmethod
    def of(cls, write: Write[Any], row_id: int | None) -> "WriteNote":
        """Return the note of a write, of a row that may be known only after it."""
        return cls(write.record.path, write.method, row_id, tuple(write.body or ()))

    def write(self, record: Record[Any]) -> Write[Any]:
        """Return the write without what it wrote."""
        method: Any = self.method
        row_id = None if self.method == "POST" else self.id
        return Write(method, record, row_id, dict.fromkeys(self.names))


class WantNote(msgspec.Struct, frozen=True, tag="want"):
    """Somebody waits until all of a resource is read, or of a part."""

    path: str
    part: Part | None
    is_refused: bool = False
    """Whether it is the answer of who walks: it cannot be read now."""


Notes = list[WriteNote | WantNote]
_DECODER = msgspec.json.Decoder(Notes)


def encode(notes: Notes) -> bytes:
    """Return notes as they are told; nothing where there are none."""
    return msgspec.json.encode(notes) if notes else b""


def decode(told: bytes) -> Notes:
    """Return the notes that were told; none where they cannot be read."""
    try:
        return _DECODER.decode(told) if told else []
    except msgspec.MsgspecError:
        return []
