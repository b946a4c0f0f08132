import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadre.intake.lrmx import FIELDS, Lrmx, Node, Relative, read_lrmx, write_lrmx
from cadre.shared.deciding.errors import Malformed

FATHER = Relative("父亲", "林某", "195503", "群众", "已去世")


def form(inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\r\n<Person>{inside}</Person>'.encode()


def test_every_field_survives_writing():
    values = {tag: f"{tag} 的值" for tag in FIELDS if tag != "JiaTingChengYuan"}
    again = read_lrmx(write_lrmx(Lrmx.of(values, [FATHER])))
    assert {tag: again.text(tag) for tag in values} == values
    assert again.family == (FATHER,)
    assert [node.tag for node in again.root.children] == list(FIELDS)


def test_unknown_tags_keep_their_place_and_content():
    content = form(
        "<XingMing>林若安</XingMing><BenDi a='1'><Zi>甲</Zi>混<Zi/>排</BenDi><JianLi>无</JianLi>"
        "<x:Fu xmlns:x='urn:x' x:b='2'>乙</x:Fu>"
    )
    read = read_lrmx(content)
    assert read.unknown == ("BenDi", "{urn:x}Fu")
    written = write_lrmx(read)
    assert read_lrmx(written) == read
    assert write_lrmx(read_lrmx(written)) == written
    assert written.index(b"BenDi") < written.index(b"JianLi") < written.index(b"Fu")


LETTERS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\t\n\r"),
    max_size=20,
).filter(lambda text: "&1" not in text and "\ufffe" not in text and "\uffff" not in text)
TOLD = LETTERS.map(lambda text: text if text.strip() else "")
TAGS = st.sampled_from([*FIELDS, "BenDi", "_x-1", "项目"])
ATTRIBUTES = st.dictionaries(st.sampled_from(["a", "b", "{urn:z}c"]), LETTERS).map(
    lambda pairs: tuple(pairs.items())
)
LEAVES = st.builds(Node, TAGS, TOLD, attributes=ATTRIBUTES, tail=TOLD)
NODES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        Node, TAGS, TOLD, st.lists(inner, max_size=3).map(tuple), ATTRIBUTES, TOLD
    ),
    max_leaves=8,
)


@settings(deadline=None)  # building the tree takes most of the time, and varies
@given(st.lists(NODES, max_size=5).map(tuple))
def test_any_form_reads_back_as_written_and_writes_the_same_again(children: tuple[Node, ...]):
    given_form = Lrmx(Node("Person", children=children))
    written = write_lrmx(given_form)
    assert read_lrmx(written) == given_form
    assert write_lrmx(read_lrmx(written)) == written


@pytest.mark.parametrize(
    "empty", ["", "<NiRenZhiWu/>", "<NiRenZhiWu></NiRenZhiWu>", "<NiRenZhiWu>\n  </NiRenZhiWu>"]
)
def test_the_ways_to_leave_a_field_empty(empty: str):
    assert read_lrmx(form(empty)).text("NiRenZhiWu") == ""


@pytest.mark.parametrize("hacked", ["&amp;1lt;甲&amp;1gt;", "&1lt;甲&1gt;"])
def test_doubly_escaped_signs_are_decoded_and_never_written(hacked: str):
    read = read_lrmx(form(f"<JianLi>{hacked}</JianLi>"))
    assert read.text("JianLi") == "<甲>"
    assert "&lt;甲&gt;".encode() in write_lrmx(read)


def test_gbk_files_and_control_characters_are_read():
    content = (
        '<?xml version="1.0" encoding="GB2312"?><Person><XingMing>林\x0b若安</XingMing></Person>'
    )
    assert read_lrmx(content.encode("gbk")).text("XingMing") == "林若安"


def test_the_photo_is_decoded_across_line_breaks_and_kept_when_damaged():
    picture = base64.b64encode(b"\xff\xd8\xff" * 40).decode()
    read = read_lrmx(form(f"<ZhaoPian>{picture[:20]}\n{picture[20:]}</ZhaoPian>"))
    assert read.photo == b"\xff\xd8\xff" * 40
    damaged = read_lrmx(form("<ZhaoPian>!!</ZhaoPian>"))
    assert damaged.photo is None
    assert damaged.text("ZhaoPian") == "!!"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<Person>",
        b"<People/>",
        b'<!DOCTYPE Person [<!ENTITY a "b">]><Person>&a;</Person>',
        b'<!DOCTYPE Person SYSTEM "file:///etc/passwd"><Person/>',
        b"<Person>" + b"<a>" * 100 + b"</a>" * 100 + b"</Person>",
        b"<Person>" + b" " * (16 * 1024 * 1024) + b"</Person>",
    ],
    ids=["empty", "cut", "other-root", "entity", "dtd", "deep", "large"],
)
def test_what_is_no_form_is_refused(content: bytes):
    with pytest.raises(Malformed):
        read_lrmx(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes):
    with pytest.raises(Malformed):
        read_lrmx(content)
