"""The text of files that people and their tools write."""

from pathlib import Path


class FileError(Exception):
    """A file is no text, or cannot be read; the message says why, to stand behind what the file is called."""


def read_text(file: Path) -> str:
    """Return a file's text, without the byte-order mark of editors on Windows; FileError where it has none."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileError(f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16 without a mark is UTF-8 with zeros
        raise FileError("is not text in UTF-8: save it as UTF-8")
    return text
