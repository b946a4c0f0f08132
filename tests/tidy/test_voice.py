"""What a caller or an operator reads is said in Chinese first, then in English."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PRODUCT = ("shared", "services", "audit", "client", "intake", "cli")
ALONE: dict[str, str] = {}
"""Texts in one language, each with the reason."""

BOTH = re.compile(r"[^·]*[\u4e00-\u9fff][^·]* · .*[A-Za-z]", re.DOTALL)
ASKED = {"Query", "Header", "Path"}
"""What declares a parameter of a question."""

type Given = Mapping[str, list[ast.expr]]
"""What names stand for, in a module and in the function that is looked at."""


@cache
def _modules() -> dict[Path, ast.Module]:
    paths = sorted(one for part in PRODUCT for one in (REPOSITORY / part).rglob("src/**/*.py"))
    return {path: ast.parse(path.read_text("utf-8")) for path in paths}


@cache
def _classes() -> tuple[tuple[ast.ClassDef, frozenset[str]], ...]:
    """Every class, with the names of what it is made from."""
    return tuple(
        (node, frozenset(base.id for base in node.bases if isinstance(base, ast.Name)))
        for module in _modules().values()
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
    )


@cache
def _kinds(first: str) -> frozenset[str]:
    """The names of a class and of every class made from it."""
    known = {first}
    while more := {node.name for node, bases in _classes() if bases & known} - known:
        known |= more
    return frozenset(known)


def _errors() -> frozenset[str]:
    return _kinds("CadreError")


def _commands() -> list[tuple[str, str]]:
    """Each command that can be sent, and the first line of its docstring: its summary."""
    made_more_of = frozenset[str]().union(*(bases for _, bases in _classes()))
    return [
        (node.name, (ast.get_docstring(node) or "").partition("\n")[0])
        for node, bases in _classes()
        if bases & _kinds("Command") and node.name not in made_more_of
    ]


def _given(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.setdefault(name, []).append(value)
            case _:
                continue
    return found


def _texts(value: ast.expr | None, given: Given) -> Iterator[str]:
    """The literals that a value may be, with an x for what is filled in."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "x" for part in parts
            )
        case ast.IfExp(body=one, orelse=other):
            yield from (*_texts(one, given), *_texts(other, given))
        case ast.BoolOp(values=values):
            yield from (text for one in values for text in _texts(one, given))
        case ast.BinOp(left=one):
            yield from (f"{text}x" for text in _texts(one, given))
        case ast.Name(id=name):
            yield from (text for one in given.get(name, ()) for text in _texts(one, {}))
        case _:
            return


def _said(node: ast.AST, given: Given, error: str = "") -> Iterator[str]:
    """The texts under a node; ``error`` is the class of errors it stands in."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            given = {**given, **_given(ast.walk(node))}
        case ast.ClassDef(name=name):
            error = name if name in _errors() else ""
        case ast.Call():
            yield from _of_call(node, given, error)
        case ast.Assign(targets=[ast.Name(id="title")], value=title) if error:
            yield from _texts(title, given)
        case ast.AnnAssign(target=ast.Name(id="title"), value=title) if error:
            yield from _texts(title, given)
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        yield from _said(child, given, error)


def _of_call(call: ast.Call, given: Given, error: str) -> Iterator[str]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    more = {one.arg: one.value for one in call.keywords}
    told = [more.get("summary")]
    if name in _errors() or (error and name == "__init__"):
        told += [*call.args[:1], more.get("hint")]
    if name in ASKED:
        told.append(more.get("description"))
    yield from (text for value in told for text in _texts(value, given))


@cache
def _all() -> dict[str, list[str]]:
    """What is said, by the file that says it."""
    return {
        str(path.relative_to(REPOSITORY)): list(_said(module, _given(module.body)))
        for path, module in _modules().items()
    }


def _not_in_both() -> set[str]:
    return {
        f"{file}: {text}"
        for file, texts in _all().items()
        for text in texts
        if not BOTH.match(text) and text not in ALONE
    }


def test_errors_hints_and_questions_are_said_in_both_languages() -> None:
    assert sorted(_not_in_both()) == []


def test_what_a_command_is_for_is_said_in_both_languages() -> None:
    assert [
        (name, line) for name, line in _commands() if not (BOTH.match(line) and line.endswith("."))
    ] == []


def test_there_is_much_to_look_at() -> None:
    assert sum(map(len, _all().values())) > 500
    assert len(_commands()) > 60


def test_nothing_is_left_out_without_need() -> None:
    assert ALONE.keys() - {text for texts in _all().values() for text in texts} == set()
