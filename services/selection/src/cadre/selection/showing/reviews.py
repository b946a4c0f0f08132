"""Every review that was opened because the evidence of an entry came late or was corrected."""

from datetime import date

from pydantic import BaseModel

from cadre.selection.deciding.reviewing import REVIEWS
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.facts import shown
from cadre.shared.showing.kept import answer
from cadre.shared.showing.reader import Reading
from cadre.shared.showing.view import View

VIEW = View()
_REVIEW = answer("ReviewOfEntry", {**shown(REVIEWS).told(), "cadre_id": str})
_REVIEWS = answer("Reviews", {"reviews": list[_REVIEW]})


@VIEW.routes.get(
    "/reviews",
    Right(Role.READER, EVERYBODY),
    summary="入库复核 · Entries into pools whose evidence came late or was corrected",
    response_model=_REVIEWS,
)
async def reviews(reader: Reading) -> BaseModel:
    told = [
        {**await shown(REVIEWS).line(reader, one), "cadre_id": one.row["cadre_id"]}
        for one in await shown(REVIEWS).held(reader, date.max)
    ]
    return _REVIEWS.model_validate({"reviews": told})
