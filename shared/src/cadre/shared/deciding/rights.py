"""What may be asked of a service, and by whom: the right that everything declares.

A `Right` is a role, and of whom a mechanism speaks. What names persons or units names them by the
types of its fields, ``CadreId`` and ``UnitId``, so a declaration says only *that* it does; a
mechanism that names somebody cannot be declared as one that names nobody.
`cadre.shared.running.gate` checks rights, for HTTP and NATS alike. Everything here is pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, TypeAliasType, get_args, get_type_hints

from pydantic import BaseModel

from cadre.contracts.event import CadreId, UnitId
from cadre.contracts.vocabulary import Term
from cadre.shared.deciding.errors import Forbidden


class Role(Term):
    """What somebody may do. A caller may have several; none includes another."""

    READER = "reader", "查阅"
    """Reads what is known of persons, posts, pools, classes; no supervision material."""
    RECORDER = "recorder", "记录"
    """Records what happened."""
    DECIDER = "decider", "决定"
    """Decides what follows: entries, promotions, sanctions, definitions, forgetting."""
    INSPECTOR = "inspector", "监督"
    """Reads supervision material, whole histories, full dumps, and who read what."""
    OPERATOR = "operator", "运维"
    """Looks after tables and log; reads nothing personal."""


class About(Enum):
    """Of whom a mechanism speaks."""

    NAMED = "named"
    """Of the persons and units that its fields or parameters name; of everybody if of none."""
    EVERYBODY = "everybody"
    """Of the whole installation: a caller who is limited to units is refused."""
    NOBODY = "nobody"
    """Of no person and no unit."""
    ASKED = "asked"
    """Of whom only its own code can tell: a route that asks the gate itself."""


NAMED, EVERYBODY, NOBODY, ASKED = About


@dataclass(frozen=True, slots=True)
class Right:
    """What is needed. ``role`` is None where any known caller will do."""

    role: Role | None
    about: About

    def document(self) -> dict[str, str]:
        """For the documents of a service."""
        return {"role": self.role or "any", "about": self.about.value}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as a token tells. The token itself is nowhere kept."""

    roles: frozenset[Role]
    units: frozenset[str] | None = None
    """The only units this caller may ask about; None: about all."""
    name: str = ""
    """The account that this caller speaks as; empty where a request may name it."""

    def require(self, role: Role | None, where: str) -> None:
        """Raises Forbidden for somebody without the role."""
        if role is not None and role not in self.roles:
            raise Forbidden(
                f"所用令牌没有“{role.zh}”权限 · the token has not the role {role}",
                where=where,
                hint="请换用有此权限的令牌，或请运维人员在令牌文件中添加 · "
                "use a token with this role, or have it added to the file of tokens",
            )

    def require_everybody(self, where: str) -> None:
        """Raises Forbidden for somebody who may ask about some units alone."""
        if self.units is not None:
            raise self.beyond("这涉及全部单位", "this speaks of all units", where)

    def beyond(self, zh: str, en: str, where: str) -> Forbidden:
        """What is told to somebody who is limited to units."""
        mine = ", ".join(sorted(self.units or ()))
        return Forbidden(
            f"{zh}，令牌限于某些单位 · {en}; the token is limited to {mine}",
            where=where,
            hint="请指明本单位的人员或单位，或换用不限单位的令牌 · "
            "name a person or unit of yours, or use a token that is not limited",
        )


EVERYTHING_ALLOWED = Caller(frozenset(Role))
"""The one token of a single machine."""


class Named(NamedTuple):
    """Whom a command or a request names."""

    persons: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()


NOTHING = Named()


@dataclass(frozen=True, slots=True)
class Fields:
    """Where the fields of something name persons and units, as paths of names."""

    persons: tuple[str, ...] = field(default=())
    units: tuple[str, ...] = field(default=())

    def require(self, right: Right, what: str) -> None:
        """Raises TypeError where a right does not fit what it is declared for."""
        names = ", ".join((*self.persons, *self.units))
        if right.about is About.NOBODY and names:
            msg = f"{what} names somebody ({names}): its right is about NAMED or EVERYBODY"
            raise TypeError(msg)
        if right.about is About.NAMED and not names:
            msg = f"{what} names nobody: its right is about EVERYBODY or NOBODY"
            raise TypeError(msg)

    def of(self, given: object) -> Named:
        """Whom they name in a command or in the parameters of a request."""
        return Named(
            frozenset(one for path in self.persons for one in _at(given, path.split("."))),
            frozenset(one for path in self.units for one in _at(given, path.split("."))),
        )


@cache
def fields_of(model: type[BaseModel]) -> Fields:
    """The fields of a model that name somebody."""
    return fields_in(
        {
            name: hint
            for name, hint in get_type_hints(model, include_extras=True).items()
            if name in model.model_fields
        }
    )


def fields_in(hints: Mapping[str, Any]) -> Fields:
    """The same for annotations by name."""
    found = [(path, kind) for name, hint in hints.items() for path, kind in _paths(name, hint)]
    return Fields(
        tuple(path for path, kind in found if kind is CadreId),
        tuple(path for path, kind in found if kind is UnitId),
    )


def _paths(name: str, hint: Any) -> Iterator[tuple[str, Any]]:
    if hint is CadreId or hint is UnitId:
        yield name, hint
    elif isinstance(hint, TypeAliasType):
        yield from _paths(name, hint.__value__)
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        inner = fields_of(hint)
        for kind, paths in ((CadreId, inner.persons), (UnitId, inner.units)):
            yield from ((f"{name}.{path}", kind) for path in paths)
    else:
        for part in get_args(hint):
            yield from _paths(name, part)


def _at(given: object, path: list[str]) -> Iterator[str]:
    """The texts at a path, through lists."""
    if given is None:
        return
    if isinstance(given, list | tuple | set | frozenset):
        for one in given:  # pyright: ignore[reportUnknownVariableType]
            yield from _at(one, path)  # pyright: ignore[reportUnknownArgumentType]
    elif not path:
        yield str(given)
    elif isinstance(given, Mapping):
        yield from _at(given.get(path[0]), path[1:])  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    else:
        yield from _at(getattr(given, path[0]), path[1:])
