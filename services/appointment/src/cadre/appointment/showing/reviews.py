"""Decisions that are to be reviewed."""

from datetime import date

from pydantic import BaseModel

from cadre.appointment.deciding.review import REVIEWS
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.facts import shown
from cadre.shared.showing.reader import Reading
from cadre.shared.showing.view import View

VIEW = View()


class Review(BaseModel):
    event_id: str
    cadre_id: str
    effective_on: date
    decision_event: str
    corrected_event: str
    reason: str


class Reviews(BaseModel):
    reviews: list[Review]


@VIEW.routes.get("/reviews", Right(Role.READER, EVERYBODY), summary=REVIEWS.title)
async def reviews(reader: Reading) -> Reviews:
    """Every review opened because evidence came late or was corrected, in order of their days."""
    opened = await shown(REVIEWS).held(reader, date.max)
    return Reviews(reviews=[Review.model_validate(one.row, extra="ignore") for one in opened])
