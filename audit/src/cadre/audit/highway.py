"""HighwayHash-64, with which the log's server guards its records. No known package has it.

Speed matters a little: a repaired log is hashed record by record, 32 bytes at a time.
"""

import struct
from collections.abc import Sequence

PACKET_BYTES = 32
MASK = (1 << 64) - 1
LOW = (1 << 32) - 1
INIT_0 = (0xDBE6D5D5FE4CCE2F, 0xA4093822299F31D0, 0x13198A2E03707344, 0x243F6A8885A308D3)
INIT_1 = (0x3BD39E10CB0EF593, 0xC0ACF169B5F18A8C, 0xBE5466CF34E90C6C, 0x452821E638D01377)
_LANES = struct.Struct("<4Q")

type State = tuple[list[int], list[int], list[int], list[int]]
"""v0, v1, mul0, mul1: four lanes of 64 bits each."""


def highway_hash(key: bytes, data: bytes) -> bytes:
    """The hash of ``data`` under a key of 32 bytes."""
    keys = _LANES.unpack(key)
    state: State = (
        [a ^ b for a, b in zip(INIT_0, keys, strict=True)],
        [a ^ (b >> 32 | (b & LOW) << 32) for a, b in zip(INIT_1, keys, strict=True)],
        list(INIT_0),
        list(INIT_1),
    )
    whole = len(data) - len(data) % PACKET_BYTES
    for lanes in _LANES.iter_unpack(data[:whole]):
        _update(state, lanes)
    if rest := data[whole:]:
        _update_rest(state, rest)
    v0, v1, mul0, mul1 = state
    for _ in range(4):
        _update(state, [v0[i] >> 32 | (v0[i] & LOW) << 32 for i in (2, 3, 0, 1)])
    return ((v0[0] + v1[0] + mul0[0] + mul1[0]) & MASK).to_bytes(8, "little")


def _update(state: State, lanes: Sequence[int]) -> None:
    v0, v1, mul0, mul1 = state
    for i, lane in enumerate(lanes):
        a, b = v0[i], (v1[i] + mul0[i] + lane) & MASK
        mul0[i] ^= (b & LOW) * (a >> 32)
        a = (a + mul1[i]) & MASK
        mul1[i] ^= (a & LOW) * (b >> 32)
        v0[i], v1[i] = a, b
    for to, source in ((v0, v1), (v1, v0)):
        for i in (0, 2):
            low, high = _zipped(source[i + 1], source[i])
            to[i] = (to[i] + low) & MASK
            to[i + 1] = (to[i + 1] + high) & MASK


def _update_rest(state: State, rest: bytes) -> None:
    """The last, shorter packet."""
    v0, v1, _, _ = state
    size, odd, even = len(rest), len(rest) & 3, len(rest) & ~3
    for i in range(4):
        v0[i] = (v0[i] + (size << 32) + size) & MASK
        v1[i] = _rotated(v1[i] >> 32, size) << 32 | _rotated(v1[i] & LOW, size)
    packet = bytearray(PACKET_BYTES)
    packet[:even] = rest[:even]
    if size & 16:
        packet[28:32] = rest[size - 4 : size]
    elif odd:
        tail = rest[even:]
        packet[16:19] = bytes((tail[0], tail[odd >> 1], tail[odd - 1]))
    _update(state, _LANES.unpack(packet))


def _rotated(half: int, count: int) -> int:
    return (half << count | half >> (32 - count)) & LOW


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
