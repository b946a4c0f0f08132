"""Warning signs of everybody, with counts of what became of them (M56)."""

from collections import Counter
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.facts import shown
from cadre.shared.showing.kept import answer
from cadre.shared.showing.reader import On, Reading
from cadre.shared.showing.view import View
from cadre.supervision.deciding.flag import FLAGS

VIEW = View()
_COUNTS = Field(description="open, dismissed and acted, over all flags")
_FLAG = answer("FlagOfSomebody", {**shown(FLAGS).told(), "cadre_id": str})
_FLAGS = answer("FlagsOn", {"on": date, "counts": (dict[str, int], _COUNTS), "flags": list[_FLAG]})


@VIEW.routes.get(
    "/flags",
    Right(Role.INSPECTOR, EVERYBODY),
    summary="苗头性问题及其处置 · Warning signs, with counts of what became of them",
    response_model=_FLAGS,
)
async def flags(
    reader: Reading,
    on: On,
    only_open: Annotated[
        bool,
        Query(alias="open", description="仅该日仍未办结的 · Only those still open on that day"),
    ] = False,
) -> BaseModel:
    held = await shown(FLAGS).held(reader, on)
    counts = Counter(one.ended["outcome"] if one.ended else "open" for one in held)
    told = [
        {**await shown(FLAGS).line(reader, one), "cadre_id": one.row["cadre_id"]}
        for one in held
        if not (only_open and one.ended)
    ]
    outcomes = {name: counts[name] for name in ("open", "dismissed", "acted")}
    return _FLAGS.model_validate({"on": on, "counts": outcomes, "flags": told})
