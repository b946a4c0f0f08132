"""Every command of the service: what it reads and who decides it."""

from collections.abc import Iterable
from typing import Any

from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.supervision.influence import Disciplined, RectificationChecked, Talked
from cadre.shared.deciding.annulling import annul_handler
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.supervision.assessment import (
    Assess,
    CorrectAssessment,
    RequestAssessment,
    UnitYears,
    assess,
    assess_scopes,
    correct_assessment,
    correct_scopes,
    request_assessment,
)
from cadre.supervision.cadre import CADRE, cadre_handler
from cadre.supervision.flag import CloseFlag, Flag, close_flag, flag
from cadre.supervision.influence import (
    CheckRectification,
    Discipline,
    Talk,
    check_rectification,
    discipline,
    talk,
)
from cadre.supervision.merit import PostMerit, ReverseMerit, post_merit, reverse_merit
from cadre.supervision.off_duty import (
    ExpireOffDutyNote,
    RecordOffDutyVisit,
    expire_note,
    record_visit,
)
from cadre.supervision.point_scheme import POINT_SCHEME, PublishPointScheme, publish_point_scheme
from cadre.supervision.unit_year import (
    UNIT_YEAR,
    CloseMonth,
    OpenUnitYear,
    close_month,
    open_unit_year,
    unit_year_id,
)


def _unit_years(scopes: Iterable[Scope[Any]], world: World) -> UnitYears:
    return {scope.id: world[scope] for scope in scopes if scope.fold is UNIT_YEAR}


DECIDES = Right(Role.DECIDER, NAMED)
DECIDES_ALL = Right(Role.DECIDER, EVERYBODY)
RECORDS = Right(Role.RECORDER, NAMED)

HANDLERS: tuple[Handler[Any], ...] = (
    Handler(
        OpenUnitYear,
        lambda c, _: (UNIT_YEAR.of(unit_year_id(c.unit_id, c.year)),),
        lambda c, world: open_unit_year(c, world[UNIT_YEAR.of(unit_year_id(c.unit_id, c.year))]),
        DECIDES,
    ),
    Handler(
        CloseMonth,
        lambda c, _: (UNIT_YEAR.of(unit_year_id(c.unit_id, c.month)),),
        lambda c, world: close_month(c, world[UNIT_YEAR.of(unit_year_id(c.unit_id, c.month))]),
        RECORDS,
    ),
    Handler(
        Assess,
        assess_scopes,
        lambda c, world: assess(
            c, world[CADRE.of(c.cadre_id)], _unit_years(assess_scopes(c, world), world)
        ),
        RECORDS,
    ),
    Handler(
        CorrectAssessment,
        correct_scopes,
        lambda c, world: correct_assessment(
            c, world[CADRE.of(c.cadre_id)], _unit_years(correct_scopes(c, world), world)
        ),
        RECORDS,
    ),
    cadre_handler(RequestAssessment, request_assessment, RECORDS),
    Handler(
        PublishPointScheme,
        lambda c, _: (POINT_SCHEME.of(c.scheme_id),),
        lambda c, world: publish_point_scheme(c, world[POINT_SCHEME.of(c.scheme_id)]),
        DECIDES_ALL,
    ),
    Handler(
        PostMerit,
        lambda c, _: (CADRE.of(c.cadre_id), POINT_SCHEME.of(c.scheme_id)),
        lambda c, world: post_merit(
            c, world[CADRE.of(c.cadre_id)], world[POINT_SCHEME.of(c.scheme_id)]
        ),
        RECORDS,
    ),
    cadre_handler(ReverseMerit, reverse_merit, RECORDS),
    cadre_handler(Flag, flag, RECORDS),
    cadre_handler(CloseFlag, close_flag, DECIDES),
    cadre_handler(Talk, talk, RECORDS),
    cadre_handler(CheckRectification, check_rectification, DECIDES),
    cadre_handler(Discipline, discipline, DECIDES),
    annul_handler(CADRE, SupervisionAnnulled, {Talked, RectificationChecked, Disciplined}),
    cadre_handler(RecordOffDutyVisit, record_visit, RECORDS),
    cadre_handler(ExpireOffDutyNote, expire_note, DECIDES_ALL),
)
