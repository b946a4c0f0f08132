"""Whose personal data may only be stored, and whose are gone (个人信息保护法 art. 47).

A restriction lasts until it is lifted or the person is forgotten: when the statutory period ends
the data are to be destroyed, not to be used again. It is folded from the person's history, so
every service decides on it.
"""

from dataclasses import dataclass, replace
from datetime import date

from cadre.contracts.event import Event
from cadre.contracts.selection.privacy import CadreForgotten, DataRestricted, RestrictionLifted
from cadre.shared.deciding.errors import PersonForgotten, Restricted


@dataclass(frozen=True, slots=True)
class Protection:
    """What stands between a person's data and their use."""

    retained_until: date | None = None
    """Last day of a statutory retention period, while the data are restricted."""
    forgotten: bool = False

    @property
    def restricted(self) -> bool:
        return self.retained_until is not None


UNPROTECTED = Protection()


def evolve(state: Protection, event: Event) -> Protection:
    match event:
        case DataRestricted():
            return replace(state, retained_until=event.retained_until)
        case RestrictionLifted():
            return replace(state, retained_until=None)
        case CadreForgotten():
            return Protection(forgotten=True)
        case _:
            return state


def restricted(cadre_id: str) -> Restricted:
    """What is told to whoever would use restricted data."""
    return Restricted(
        "该干部的个人信息已限制处理，只存储、不使用 · "
        "the personal data of this cadre are restricted: they are stored and not used",
        where=cadre_id,
        hint="请在标头中写明查阅的法定依据，或解除限制 · "
        "name a legal ground in Cadre-Legal-Ground to read, or lift the restriction",
    )


def forgotten(cadre_ids: str) -> PersonForgotten:
    """What is told to whoever would add to data that were destroyed."""
    return PersonForgotten(
        "该干部的个人信息已删除，不能再补充个人信息 · "
        "the personal data of this cadre were destroyed; nothing personal can be added",
        where=cadre_ids,
        hint="再次进入的，重新录用并另编干部编号 · "
        "somebody who returns is recruited anew and gets a new cadre id",
    )
