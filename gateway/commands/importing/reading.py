"""The file's rows, in whichever encoding and with whichever separator a spreadsheet has written them. Pure."""

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from itertools import islice

import msgspec

from gateway.commands.mirror.asking import OperatorError
from gateway.upstream.wire.natural_keys import comparable

_SEPARATORS = ",;\t"
_COLUMNS = {
    "eventkey": 0,
    "event": 0,
    "customernumber": 1,
    "customer": 1,
    "isconfirmed": 2,
    "confirmed": 2,
}
_YES = ("true", "yes", "y", "1", "x", "wahr", "ja", "j")
_NO = ("false", "no", "n", "0", "falsch", "nein")
_Key = tuple[str, str]


class Row(msgspec.Struct, frozen=True):
    """A participation as the file has it."""

    line: int
    """Where it begins, from 1."""
    event_key: str
    customer_number: str
    confirmed: str
    fault: str = ""
    """Why it cannot be written; empty where it can."""

    @property
    def key(self) -> _Key:
        """Return which participation it is, in whatever spelling."""
        return comparable(self.event_key), comparable(self.customer_number)

    @property
    def is_confirmed(self) -> bool:
        """Return whether it shall be confirmed."""
        return self.confirmed.casefold() in _YES


class Table(msgspec.Struct, frozen=True):
    """A file's rows, in its order."""

    rows: list[Row]
    separator: str


def read(data: bytes) -> Table:
    """Return the rows of a file's bytes; those that are wrong in themselves with their fault.

    Raises:
        OperatorError: it is no table, or not of these columns.
    """
    text = _decoded(data).removeprefix("\ufeff")
    for separator in _SEPARATORS:
        records = _records(text, separator)
        places = [
            _COLUMNS.get(re.sub(r"[\W_]", "", name).casefold())
            for _, cells in islice(records, 1)
            for name in cells
        ]
        if sorted(place for place in places if place is not None) == [0, 1, 2]:
            columns = [places.index(place) for place in range(3)]
            return Table(_once(_row(line, cells, columns) for line, cells in records), separator)
    raise OperatorError(
        "The file's first line must name the columns eventKey, customerNumber and isConfirmed, each once, with commas, "
        "semicolons or tabs between."
    )


def _decoded(data: bytes) -> str:
    encodings = ["utf-8", "cp1252"]
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif 0 in data[:2]:
        encodings = ["utf-16-be" if data[0] == 0 else "utf-16-le"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise OperatorError("The file's text cannot be read: save it as CSV in UTF-8.")


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that hold anything, with their numbers."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and cells[0][:4] != "sep=":  # Excel's own first line
                yield begins, [cell.strip() for cell in cells]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise OperatorError(f"Line {begins} cannot be read as CSV: {error}.") from None


def _row(line: int, cells: list[str], columns: list[int]) -> Row:
    event_key, number, confirmed = (cells[at] if at < len(cells) else "" for at in columns)
    faults = [
        *(() if event_key else ("the event key is missing",)),
        *(() if number else ("the customer number is missing",)),
        *(() if confirmed.casefold() in _YES + _NO else ("write true or false for isConfirmed",)),
    ]
    return Row(line, event_key, number, confirmed, "; ".join(faults))


def _once(rows: Iterator[Row]) -> list[Row]:
    """Return the rows; whichever names a participation that an earlier one names is wrong."""
    lines: dict[_Key, int] = {}
    found: list[Row] = []
    for row in rows:
        first = row.line if row.fault else lines.setdefault(row.key, row.line)
        twice = f"the same participation is in line {first}"
        found.append(row if first == row.line else msgspec.structs.replace(row, fault=twice))
    return found
