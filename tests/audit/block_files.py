"""The log server's block files, for whoever wants to alter them without the server noticing.

A record is its length, position, time stamp and subject length (22 bytes, little-endian), the
subject, the headers after their length, the body, and a HighwayHash-64 over all but the lengths,
keyed with the hash of stream and block number.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from cadre.shared.log import STREAM

MASK = (1 << 64) - 1
INIT_0 = (0xDBE6D5D5FE4CCE2F, 0xA4093822299F31D0, 0x13198A2E03707344, 0x243F6A8885A308D3)
INIT_1 = (0x3BD39E10CB0EF593, 0xC0ACF169B5F18A8C, 0xBE5466CF34E90C6C, 0x452821E638D01377)
PACKET = 32
HEAD = struct.Struct("<IQqH")
HAS_HEADERS = 1 << 31


@dataclass(frozen=True)
class Record:
    position: int
    recorded_ns: int
    subject: bytes
    headers: bytes
    body: bytes
    checksum: bytes = b""

    def packed(self, key: bytes) -> bytes:
        headers = struct.pack("<I", len(self.headers)) + self.headers if self.headers else b""
        rest = self.subject + headers + self.body
        length = HEAD.size + len(rest) + 8 | (HAS_HEADERS if self.headers else 0)
        head = HEAD.pack(length, self.position, self.recorded_ns, len(self.subject))
        return head + rest + self.hash(key)

    def hash(self, key: bytes) -> bytes:
        stamp = struct.pack("<Qq", self.position, self.recorded_ns)
        return highway_hash(key, stamp + self.subject + self.headers + self.body)


def block(store: Path, number: int = 1) -> Path:
    return store / f"jetstream/CADRE/streams/{STREAM}/msgs/{number}.blk"


def records(data: bytes) -> Iterator[Record]:
    at = 0
    while at < len(data):
        length, position, recorded_ns, subject_length = HEAD.unpack_from(data, at)
        end = at + (length & ~HAS_HEADERS)
        middle = at + HEAD.size + subject_length
        headers = b""
        subject = data[at + HEAD.size : middle]
        if length & HAS_HEADERS:
            (headers_length,) = struct.unpack_from("<I", data, middle)
            headers = data[middle + 4 : middle + 4 + headers_length]
            middle += 4 + headers_length
        body, checksum = data[middle : end - 8], data[end - 8 : end]
        yield Record(position, recorded_ns, subject, headers, body, checksum)
        at = end


def rewrite(store: Path, bodies: dict[int, bytes]) -> None:
    """Give events other bodies and mend the checksums."""
    path = block(store)
    key = sha256(f"{STREAM}-1".encode()).digest()
    found = list(records(path.read_bytes()))
    assert all(one.checksum == one.hash(key) for one in found), "the server hashes otherwise"
    altered = [replace(one, body=bodies.get(one.position, one.body)) for one in found]
    path.write_bytes(b"".join(one.packed(key) for one in altered))


def highway_hash(key: bytes, data: bytes) -> bytes:
    state = _Highway(key)
    whole = len(data) - len(data) % PACKET
    for at in range(0, whole, PACKET):
        state.update(data[at : at + PACKET])
    if rest := data[whole:]:
        state.update_rest(rest)
    return state.finish()


class _Highway:
    def __init__(self, key: bytes) -> None:
        lanes = struct.unpack("<4Q", key)
        self.mul0, self.mul1 = list(INIT_0), list(INIT_1)
        self.v0 = [a ^ b for a, b in zip(INIT_0, lanes, strict=True)]
        self.v1 = [a ^ _halves_swapped(b) for a, b in zip(INIT_1, lanes, strict=True)]

    def update(self, packet: bytes) -> None:
        for i, lane in enumerate(struct.unpack("<4Q", packet)):
            self.v1[i] = (self.v1[i] + self.mul0[i] + lane) & MASK
            self.mul0[i] ^= (self.v1[i] & 0xFFFFFFFF) * (self.v0[i] >> 32)
            self.v0[i] = (self.v0[i] + self.mul1[i]) & MASK
            self.mul1[i] ^= (self.v0[i] & 0xFFFFFFFF) * (self.v1[i] >> 32)
        for to, source in ((self.v0, self.v1), (self.v1, self.v0)):
            for i in (0, 2):
                low, high = _zipped(source[i + 1], source[i])
                to[i] = (to[i] + low) & MASK
                to[i + 1] = (to[i + 1] + high) & MASK

    def update_rest(self, rest: bytes) -> None:
        size, odd = len(rest), len(rest) & 3
        self.v0 = [(v + (size << 32) + size) & MASK for v in self.v0]
        self.v1 = [_rotated(v >> 32, size) << 32 | _rotated(v & 0xFFFFFFFF, size) for v in self.v1]
        even = size & ~3
        packet = bytearray(PACKET)
        packet[:even] = rest[:even]
        if size & 16:
            packet[28:32] = rest[size - 4 : size]
        elif odd:
            tail = rest[even:]
            packet[16:19] = bytes((tail[0], tail[odd >> 1], tail[odd - 1]))
        self.update(bytes(packet))

    def finish(self) -> bytes:
        for _ in range(4):
            turned = [_halves_swapped(self.v0[i]) for i in (2, 3, 0, 1)]
            self.update(struct.pack("<4Q", *turned))
        total = (self.v0[0] + self.v1[0] + self.mul0[0] + self.mul1[0]) & MASK
        return struct.pack("<Q", total)


def _halves_swapped(lane: int) -> int:
    return lane >> 32 | (lane & 0xFFFFFFFF) << 32


def _rotated(half: int, count: int) -> int:
    return (half << count | half >> (32 - count)) & 0xFFFFFFFF


def _zipped(v1: int, v0: int) -> tuple[int, int]:
    low = (
        ((v0 & 0xFF000000) | (v1 & 0xFF00000000)) >> 24
        | ((v0 & 0xFF0000000000) | (v1 & 0xFF000000000000)) >> 16
        | (v0 & 0xFF0000)
        | (v0 & 0xFF00) << 32
        | (v1 & 0xFF00000000000000) >> 8
        | v0 << 56
    )
    high = (
        ((v1 & 0xFF000000) | (v0 & 0xFF00000000)) >> 24
        | (v1 & 0xFF0000)
        | (v1 & 0xFF0000000000) >> 16
        | (v1 & 0xFF00) << 24
        | (v0 & 0xFF000000000000) >> 8
        | (v1 & 0xFF) << 48
        | (v0 & 0xFF00000000000000)
    )
    return low & MASK, high & MASK
