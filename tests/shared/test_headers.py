"""Headers read one by one are those read all together, and what travels reads the same."""

import string

from hypothesis import example, given
from hypothesis import strategies as st

from cadre.shared.log.headers import Headers

NAMES = st.text(string.ascii_letters + string.digits + "-_. \tÄ干", max_size=6)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12)
LINES = st.one_of(
    st.tuples(NAMES, st.sampled_from([":", ": ", ":\t ", ""]), VALUES).map("".join).map(str.encode),
    st.binary(max_size=20).filter(lambda raw: b"\r\n" not in raw),
)
BLOCKS = st.lists(LINES, max_size=6).map(
    lambda lines: b"\r\n".join([b"NATS/1.0", *lines, b"", b""])
)


def lines_of(block: bytes) -> dict[str, str]:
    """The definition, word for word: the first line of a name counts."""
    found: dict[str, str] = {}
    for line in block.split(b"\r\n")[1:]:
        if b":" in line:
            name, value = line.split(b":", 1)
            text = value.strip().decode("utf-8", "replace")
            found.setdefault(name.decode("utf-8", "replace"), text)
    return found


@given(BLOCKS)
@example(b"NATS/1.0\r\nce-id: 1\r\nce-actor: \xff\r\n\r\n")
@example(b"NATS/1.0\r\n ce-id: 1\r\nce-id: 2\r\nce-id: 3\r\n: 4\r\n\r\n")
@example(b"")
def test_one_by_one_and_all_together_are_the_same(block: bytes) -> None:
    headers, expected = Headers(block), lines_of(block)
    assert dict(headers) == expected
    readable = {name for name in expected if "\ufffd" not in name}
    assert {name: headers[name] for name in readable} == {n: expected[n] for n in readable}
    assert all(name in headers for name in readable)
    assert headers.get("nobody-sent-this") is None


@given(
    st.dictionaries(
        st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=12),
        VALUES.map(lambda text: text.strip().strip("\x1c\x1d\x1e\x1f\x85\xa0")),
        max_size=5,
    )
)
def test_what_is_made_reads_as_it_was_given(given_headers: dict[str, str]) -> None:
    made = Headers.of(given_headers)
    assert dict(made) == given_headers
    assert dict(Headers(made.block)) == given_headers
    assert Headers.of(made) is made


def test_what_a_server_says_instead_of_an_event() -> None:
    assert Headers(b"NATS/1.0 404 No Messages\r\n\r\n").status == "404"
    assert Headers(b"NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Stream: 7\r\n\r\n").status == "100"
    assert Headers(b"NATS/1.0\r\nce-id: 1\r\n\r\n").status == ""
    assert Headers(b"").status == ""
