"""Headers read the cheap way are the headers the client library reads."""

import string

from hypothesis import example, given
from hypothesis import strategies as st
from nats.aio.client import Client

from cadre.shared.connection import Connection

NAMES = st.text(string.ascii_letters + string.digits + "-_. \tÄ干", max_size=12)
VALUES = st.text(st.characters(exclude_characters="\r\n"), max_size=20)
LINES = st.one_of(
    st.tuples(NAMES, st.sampled_from([":", ": ", ":\t ", ""]), VALUES).map("".join).map(str.encode),
    st.binary(max_size=20),
)


def read(raw: bytes) -> dict[str, str]:
    return Connection._parse_header_lines(raw)


@given(st.lists(LINES, max_size=6).map(b"\r\n".join))
@example(b"ce-id: 1\r\nce-actor: \xff\r\n\r\n")
@example(b" ce-id: 1\r\nce-actor: 2\r\n")
@example(b"ce-id: 1\r\nce-id: 2\r\n: 3\r\n")
def test_every_block_reads_as_the_library_reads_it(raw: bytes) -> None:
    assert read(raw) == Client._parse_header_lines(raw)


def test_a_block_as_events_bear_it() -> None:
    assert read("ce-id: 1\r\nce-actor: 组织部\r\nx:\r\n\r\n".encode()) == {
        "ce-id": "1",
        "ce-actor": "组织部",
        "x": "",
    }
