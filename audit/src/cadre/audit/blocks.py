"""The files in which the log's server keeps a stream: records one after the other, in blocks.

A record is its length, position, time stamp and the subject's length (22 bytes, little-endian), the
subject, the headers after their length, the body, and a HighwayHash-64 over position, time stamp,
subject, headers and body, keyed with the hash of stream and block number. A position that holds no
event has a record too, with a bit set: positions never move.

Nothing else gives events back as they were: what is published gets a new position and time, and a
mirror drops headers. The server reads such files when it starts, whoever wrote them; it checks
every hash and makes its index anew.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Self

from cadre.audit.highway import highway_hash
from cadre.shared.log.signed import Message

BLOCK_BYTES_MAX = 8 << 20
"""As the server's own, for a stream without a limit."""
EMPTY = 1 << 63
HAS_HEADERS = 1 << 31
CHECKSUM_BYTES = 8
_HEAD = struct.Struct("<IQqH")
_STAMP = struct.Struct("<Qq")
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Record:
    """One event as it is stored."""

    position: int
    recorded_ns: int
    subject: bytes
    headers: bytes
    body: bytes
    checksum: bytes = b""

    @classmethod
    def of(cls, message: Message) -> Self:
        """The record of an event."""
        lines = [f"{name}: {value}\r\n" for name, value in message.headers.items()]
        headers = f"NATS/1.0\r\n{''.join(lines)}\r\n".encode() if lines else b""
        subject = message.subject.encode()
        return cls(message.position, message.recorded_ns, subject, headers, message.body)

    def packed(self, key: bytes) -> bytes:
        """The bytes of the record in the block of that key."""
        headers = _LENGTH.pack(len(self.headers)) + self.headers if self.headers else b""
        rest = self.subject + headers + self.body
        length = _HEAD.size + len(rest) + CHECKSUM_BYTES | (HAS_HEADERS if self.headers else 0)
        head = _HEAD.pack(length, self.position, self.recorded_ns, len(self.subject))
        return head + rest + self.hash(key)

    def hash(self, key: bytes) -> bytes:
        """The checksum it must bear in the block of that key."""
        stamp = _STAMP.pack(self.position, self.recorded_ns)
        return highway_hash(key, stamp + self.subject + self.headers + self.body)


def key_of(stream: str, number: int) -> bytes:
    """What the checksums of a block are keyed with."""
    return sha256(f"{stream}-{number}".encode()).digest()


def records(data: bytes) -> Iterator[Record]:
    """The records of an undamaged block."""
    at = 0
    while at < len(data):
        length, position, recorded_ns, subject_length = _HEAD.unpack_from(data, at)
        end = at + (length & ~HAS_HEADERS)
        middle = at + _HEAD.size + subject_length
        headers, subject = b"", data[at + _HEAD.size : middle]
        if length & HAS_HEADERS:
            (headers_length,) = _LENGTH.unpack_from(data, middle)
            middle += _LENGTH.size
            headers = data[middle : middle + headers_length]
            middle += headers_length
        body, checksum = data[middle : end - CHECKSUM_BYTES], data[end - CHECKSUM_BYTES : end]
        yield Record(position, recorded_ns, subject, headers, body, checksum)
        at = end


@dataclass(slots=True)
class BlockWriter:
    """Writes the blocks of a stream from its events, the first position first. A context."""

    folder: Path
    stream: str
    _number: int = 0
    _key: bytes = b""
    _file: IO[bytes] | None = field(default=None)
    _written: int = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        self._next()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def add(self, message: Message) -> None:
        """Write the next event."""
        self._write(Record.of(message))

    def skip(self, position: int, recorded_ns: int) -> None:
        """Write that there is no event at the next position."""
        self._write(Record(position | EMPTY, recorded_ns, b"", b"", b""))

    def _write(self, record: Record) -> None:
        if self._written >= BLOCK_BYTES_MAX:
            self._close()
            self._next()
        assert self._file is not None  # noqa: S101
        self._written += self._file.write(record.packed(self._key))

    def _next(self) -> None:
        self._number += 1
        self._key = key_of(self.stream, self._number)
        self._file = (self.folder / f"{self._number}.blk").open("xb")
        self._written = 0

    def _close(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
