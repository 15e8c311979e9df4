"""What a parent and a worker of its say to each other, over a pair of sockets that nobody else has."""

import asyncio
import socket
import struct
from enum import IntEnum
from typing import Self

_HEAD = struct.Struct("!BI")  # the word, and how many bytes come with it


class Word(IntEnum):
    """What is said. Only `TOLD` and `ALL` bring bytes along."""

    READY = 1
    """By a worker: it takes connections from now on."""
    TELL = 2
    """By the parent: what does the worker count?"""
    TOLD = 3
    """By a worker: that, as `gateway.telemetry.worker_metrics` packs it."""
    ASK = 4
    """By a worker: what do all workers count?"""
    ALL = 5
    """By the parent: that, in Prometheus' text format."""
    RELOAD = 6
    """By the parent: files are to be read anew."""
    STOP = 7
    """By the parent: all of them end."""
    LEAVE = 8
    """By the parent: another has taken the worker's place, so the address goes on."""


class Channel:
    """One end of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, end: socket.socket) -> Self:
        """Return the end that this socket is."""
        return cls(*await asyncio.open_unix_connection(sock=end))

    def say(self, word: Word, data: bytes = b"") -> None:
        """Say something; where the other is gone, nobody hears it."""
        self._writer.write(_HEAD.pack(word, len(data)) + data)

    async def hear(self) -> tuple[Word, bytes] | None:
        """Return what is said next, None once the other is gone."""
        try:
            word, size = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
            return Word(word), await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def close(self) -> None:
        """Let the other know that this one is gone."""
        self._writer.close()
