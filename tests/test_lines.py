"""Lines that nobody takes hold up nothing, are counted, and leave a gap that says so once there is room."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from gateway.telemetry import line_writer as lines
from gateway.telemetry.line_writer import Lines

FULL = Path("/dev/full")


def gap(count: int) -> str:
    """Say that so many are missing."""
    return f"({count} missing)"


class Pipe:
    """A pipe that takes a few bytes until it is read."""

    def __init__(self) -> None:
        self.reads, self.writes = os.pipe()
        os.set_blocking(self.writes, False)
        self.fill = 0
        try:
            while True:
                self.fill += os.write(self.writes, b"x")
        except BlockingIOError:
            pass

    def read(self, most: int = 1_000_000) -> str:
        """Return what came after it was filled."""
        taken = os.read(self.reads, self.fill + most).decode()
        return taken.lstrip("x")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up at once."""
    monkeypatch.setattr(lines, "_PATIENCE_S", 0.01)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """Make a full one."""
    made = Pipe()
    yield made
    os.close(made.reads)


def test_a_gap_is_told_once_there_is_room(pipe: Pipe) -> None:
    """In its place, and every line that is there is whole."""
    with open(pipe.writes, "w", encoding="utf-8") as stream:
        written = Lines(stream, gap)
        for line in ("one", "two"):
            written.put(line)
            written.flush()
        assert written.lost == 2
        pipe.read()
        written.put("three")
        written.flush()
        assert pipe.read() == "(2 missing)\nthree\n"
        written.put("four")
        written.close()
        assert pipe.read() == "four\n"
        assert written.lost == 2


def test_a_line_that_was_cut_is_ended(pipe: Pipe) -> None:
    """What follows it is a line of its own: a reader of JSON loses one."""
    with open(pipe.writes, "w", encoding="utf-8") as stream:
        written = Lines(stream, gap)
        os.read(pipe.reads, 4096)  # a page of the pipe's
        written.put("cut" * 3_000)
        written.flush()
        pipe.fill -= 4096
        assert set(pipe.read()) == set("cut")
        written.put("whole")
        written.flush()
        assert pipe.read() == "\n(1 missing)\nwhole\n"
        written.close()


def test_a_reader_that_is_gone_costs_lines_alone() -> None:
    """Also a disk that is full."""
    reads, writes = os.pipe()
    os.close(reads)
    for stream in (open(writes, "w"), FULL.open("w")):  # noqa: SIM115
        written = Lines(stream, gap)
        for number in range(3):
            written.put(f"{number}")
            written.flush()
        assert written.lost == 3
        written.close()
        stream.close()


def test_a_queue_that_is_full_has_one_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines did not even find a place in it."""
    monkeypatch.setattr(lines, "_MOST_WAITING", 2)
    file = tmp_path / "log"
    with file.open("w") as stream:
        written = Lines(stream, gap)
        with written._writing:  # pyright: ignore[reportPrivateUsage] - as if it were held up
            for number in range(5):
                if written.is_full:
                    written.lose()
                else:
                    written.put(f"{number}")
        written.close()
        assert written.lost == 3
    assert file.read_text() == "0\n1\n(3 missing)\n"


def test_lines_of_several_processes_stay_whole() -> None:
    """In one pipe, which is full again and again: none stands in the middle of another's."""
    reads, writes = os.pipe()
    with open(reads, encoding="utf-8") as reader, open(writes, "w", encoding="utf-8") as stream:
        both = [Lines(stream, gap), Lines(stream, gap)]
        for written, sign in zip(both, "ab", strict=True):
            for _ in range(5_000):
                written.put(sign * 100)
        closing = [Thread(target=written.close) for written in both]
        for thread in closing:
            thread.start()
        came = {reader.readline() for _ in range(10_000)}
        for thread in closing:
            thread.join()
    assert came == {"a" * 100 + "\n", "b" * 100 + "\n"}


def test_what_is_no_text_is_written_all_the_same(tmp_path: Path) -> None:
    """Half a character comes from bytes that a client sent."""
    file = tmp_path / "log"
    with file.open("w") as stream:
        written = Lines(stream, gap)
        written.put("a\udcffb")
        written.close()
    assert file.read_text() == "a\\udcffb\n"
