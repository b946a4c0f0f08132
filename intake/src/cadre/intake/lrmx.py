"""LRMX, the 干部任免审批表 as XML: read tolerantly, written in one canonical form.

Reading is lossless: tags this project does not know are kept where they stand, so a form that was
read and written carries everything it came with. Elements are found by name, not by position.
Comments and blank text between elements are layout and are not kept.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from cadre.shared.deciding.errors import Malformed

SIZE_MAX = 16 * 1024 * 1024
"""Bytes; a form with a large photo has about one million."""
DEPTH_MAX = 32

FIELDS = (
    *("XingMing", "XingBie", "ChuShengNianYue", "MinZu", "JiGuan", "ChuShengDi", "RuDangShiJian"),
    *("CanJiaGongZuoShiJian", "JianKangZhuangKuang", "ZhuanYeJiShuZhiWu"),
    "ShuXiZhuanYeYouHeZhuanChang",
    *("QuanRiZhiJiaoYu_XueLi", "QuanRiZhiJiaoYu_XueWei"),
    *("QuanRiZhiJiaoYu_XueLi_BiYeYuanXiaoXi", "QuanRiZhiJiaoYu_XueWei_BiYeYuanXiaoXi"),
    *("ZaiZhiJiaoYu_XueLi", "ZaiZhiJiaoYu_XueWei"),
    *("ZaiZhiJiaoYu_XueLi_BiYeYuanXiaoXi", "ZaiZhiJiaoYu_XueWei_BiYeYuanXiaoXi"),
    *("XianRenZhiWu", "NiRenZhiWu", "NiMianZhiWu", "JianLi", "JiangChengQingKuang"),
    *("NianDuKaoHeJieGuo", "RenMianLiYou", "JiaTingChengYuan", "ChengBaoDanWei"),
    *("JiSuanNianLingShiJian", "TianBiaoShiJian", "TianBiaoRen", "ShenFenZheng", "ZhaoPian"),
    *("Version", "DaoLingNianYue", "GaiGeQianRenZhiNianLingJieXian", "ZhengZhiMianMao"),
)
"""The elements in the order in which forms carry them, with the two fields added in 2025."""

FAMILY_FIELDS = ("ChengWei", "XingMing", "ChuShengRiQi", "ZhengZhiMianMao", "GongZuoDanWeiJiZhiWu")

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
DECLARED_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*encoding=["']([A-Za-z0-9_-]+)""")
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
HACKED = re.compile(r"&1(lt|gt|amp|quot|apos|#0?39);")
HACKED_SIGNS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'", "#39": "'", "#039": "'"}


@dataclass(frozen=True, slots=True)
class Node:
    """One element as it was read; ``tail`` is text after it inside its parent."""

    tag: str
    text: str = ""
    children: tuple["Node", ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Relative:
    """A member of the family or an important social relation."""

    relation: str
    name: str
    born: str
    political: str
    occupation: str


@dataclass(frozen=True, slots=True)
class Lrmx:
    """One form."""

    root: Node

    @classmethod
    def of(cls, values: Mapping[str, str], family: Iterable[Relative] = ()) -> Self:
        """A new form with every field in its place, empty where no value is given."""
        if unknown := values.keys() - set(FIELDS):
            msg = f"not fields of the form: {', '.join(sorted(unknown))}"
            raise ValueError(msg)
        items = tuple(_item(relative) for relative in family)
        nodes = (
            Node(tag, children=items)
            if tag == "JiaTingChengYuan"
            else Node(tag, values.get(tag, ""))
            for tag in FIELDS
        )
        return cls(Node("Person", children=tuple(nodes)))

    def text(self, tag: str) -> str:
        """The first value given under this tag, "" if there is none."""
        values = (node.text for node in self.root.children if node.tag == tag)
        return next((value for value in values if value.strip()), "")

    @property
    def unknown(self) -> tuple[str, ...]:
        """Tags that the form has and this project gives no meaning to."""
        return tuple(node.tag for node in self.root.children if node.tag not in FIELDS)

    @property
    def repeated(self) -> tuple[str, ...]:
        """Known tags that carry a second, different value."""
        return tuple(
            tag
            for tag in FIELDS
            if len({n.text for n in self.root.children if n.tag == tag and n.text}) > 1
        )

    @property
    def family(self) -> tuple[Relative, ...]:
        return tuple(
            Relative(*(_value(item, tag) for tag in FAMILY_FIELDS))
            for node in self.root.children
            if node.tag == "JiaTingChengYuan"
            for item in node.children
            if item.tag == "Item" and any(child.text for child in item.children)
        )

    @property
    def photo(self) -> bytes | None:
        """The picture; None if there is none or it is damaged (its text is kept either way)."""
        try:
            return base64.b64decode("".join(self.text("ZhaoPian").split()), validate=True) or None
        except (binascii.Error, ValueError):
            return None


def _item(relative: Relative) -> Node:
    values = (
        relative.relation,
        relative.name,
        relative.born,
        relative.political,
        relative.occupation,
    )
    pairs = zip(FAMILY_FIELDS, values, strict=True)
    return Node("Item", children=tuple(Node(tag, value) for tag, value in pairs))


def _value(node: Node, tag: str) -> str:
    return next((child.text.strip() for child in node.children if child.tag == tag), "")


def read_lrmx(content: bytes) -> Lrmx:
    """Read a form.

    Raises:
        Malformed: Larger than 16 MiB, not XML, with a DTD, or no ``<Person>``.

    """
    if len(content) > SIZE_MAX:
        raise Malformed(
            f"表文件过大 · the form has {len(content)} bytes, more than {SIZE_MAX}",
            hint="请缩小照片后重新导出 · Shrink the photo (ZhaoPian) and export again",
        )
    text = NOT_XML.sub("", DECLARATION.sub("", _decoded(content), count=1))
    try:
        element = fromstring(HACKED.sub(_escaped, text), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Malformed(
            f"表文件不是合格的 XML · the form is not well-formed XML: {error}",
            hint="请用原软件重新导出 · Export it again from its software",
        ) from error
    if element.tag != "Person":
        raise Malformed(
            f"根元素不符 · the root is <{element.tag}>, not <Person>",
            hint="仅读取任免审批表 · Only 任免审批表 (.lrmx) are read",
        )
    return Lrmx(_node(element, DEPTH_MAX))


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    declared = DECLARED_ENCODING.match(content)
    chinese = declared is not None and declared[1].lower().startswith((b"gb", b"cp936"))
    return content.decode("gb18030" if chinese else "utf-8-sig", errors="replace")


def _escaped(found: re.Match[str]) -> str:
    return f"&#{ord(HACKED_SIGNS[found[1]])};"


def _unhacked(text: str) -> str:
    """Without the doubly escaped signs (``&1lt;``) that one exporter writes."""
    while (plain := HACKED.sub(lambda found: HACKED_SIGNS[found[1]], text)) != text:
        text = plain
    return text


def _node(element: Element, depth_left: int) -> Node:
    if not depth_left:
        raise Malformed(f"元素嵌套过深 · elements are nested deeper than {DEPTH_MAX}")
    return Node(
        tag=element.tag,
        text=_told(element.text),
        children=tuple(_node(child, depth_left - 1) for child in element),
        attributes=tuple((name, value) for name, value in element.attrib.items()),
        tail=_told(element.tail),
    )


def _told(text: str | None) -> str:
    return _unhacked(text) if text and text.strip() else ""


def write_lrmx(form: Lrmx) -> bytes:
    """The form in UTF-8; equal forms give equal bytes."""
    lines = _written(form.root, indent="", default_namespace="")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{"".join(lines)}\n'.encode()


def _written(node: Node, indent: str | None, default_namespace: str) -> Iterator[str]:
    """The parts of an element; without ``indent`` no layout is added, since text stands in it."""
    namespace, local = _split(node.tag)
    declared = "" if namespace == default_namespace else f' xmlns="{_quoted(namespace)}"'
    yield f"<{local}{declared}{''.join(_attributes(node))}>{_safe(node.text)}"
    mixed = bool(node.text) or any(child.tail for child in node.children)
    inner = None if indent is None or mixed else indent + "  "
    for child in node.children:
        yield "" if inner is None else f"\n{inner}"
        yield from _written(child, inner, namespace)
        yield _safe(child.tail)
    yield f"\n{indent}" if node.children and inner is not None else ""
    yield f"</{local}>"


def _split(name: str) -> tuple[str, str]:
    namespace, _, local = name.removeprefix("{").rpartition("}")
    return namespace, local


def _attributes(node: Node) -> Iterator[str]:
    for place, (name, value) in enumerate(node.attributes):
        namespace, local = _split(name)
        if not namespace:
            yield f' {local}="{_quoted(value)}"'
        elif namespace == XML_NAMESPACE:
            yield f' xml:{local}="{_quoted(value)}"'
        else:
            yield f' xmlns:n{place}="{_quoted(namespace)}" n{place}:{local}="{_quoted(value)}"'


def _safe(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return NOT_XML.sub("", escaped).replace("\r", "&#13;")


def _quoted(text: str) -> str:
    return _safe(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
