"""Knowing people at work: observations, political quality, a profile put right."""

from uuid import UUID

from cadre.contracts.selection.identification import Occasion, PoliticalQuality
from cadre.contracts.vocabulary import Education
from cadre.fiction.life.chronicle import Chronicle, Member, some, workday
from cadre.fiction.life.words import OBSERVED
from cadre.selection.deciding.observation import Observe
from cadre.selection.deciding.political import AssessPoliticalQuality, LiftPoliticalVeto
from cadre.selection.deciding.profile import CorrectProfile

OBSERVED_SHARE = 0.8
POLITICAL_SHARE = 0.5
POSITIVE_SHARE = 0.85
ASSESSORS = ("区委组织部干部科", "纪检监察组")


def spring(chronicle: Chronicle, year: int) -> None:
    """Most are observed somewhere; every second one's political quality is concluded."""
    rng = chronicle.random(f"knowing/{year}")
    people = [one for one in chronicle.active() if one is not chronicle.protagonist]
    for one in some(rng, people, round(OBSERVED_SHARE * len(people))):
        observe(chronicle, one, rng.choice(tuple(Occasion)), year, rng.random() < POSITIVE_SHARE)
    for one in some(rng, people, round(POLITICAL_SHARE * len(people))):
        if one.role != "vetoed":
            conclusion = rng.choice((PoliticalQuality.GOOD, PoliticalQuality.FAIR))
            conclude(chronicle, one, conclusion, year)
    occasion = Occasion.INVESTMENT if year == chronicle.first else rng.choice(tuple(Occasion))
    observe(chronicle, chronicle.protagonist, occasion, year, positive=True)
    if year == chronicle.first:
        conclude(chronicle, chronicle.protagonist, PoliticalQuality.GOOD, year)
        vetoed = chronicle.with_role("vetoed")
        chronicle.marks["veto"] = conclude(chronicle, vetoed, PoliticalQuality.POOR, year)
        _correct_profile(chronicle)


def lift_veto(chronicle: Chronicle, year: int) -> None:
    """The body that concluded lifts its veto after a year."""
    vetoed = chronicle.with_role("vetoed")
    chronicle.add(
        "lift",
        LiftPoliticalVeto(
            effective_on=workday(year, 2, 26),
            cadre_id=vetoed.cadre_id,
            assessment_event=chronicle.marks["veto"],
            decided_by="区委组织部部务会",
            reason="一年来整改到位，经重新考察同意解除",
        ),
    )


def observe(
    chronicle: Chronicle, one: Member, occasion: Occasion, year: int, positive: bool
) -> None:
    observer, note = OBSERVED[occasion]
    chronicle.add(
        f"observe/{one.cadre_id}",
        Observe(
            effective_on=workday(year, 2, 24),
            cadre_id=one.cadre_id,
            occasion=occasion,
            indication="positive" if positive else "neutral",
            observer=observer,
            note=note,
        ),
    )


def conclude(chronicle: Chronicle, one: Member, conclusion: PoliticalQuality, year: int) -> UUID:
    """Returns the id of the event."""
    step = chronicle.add(
        f"political/{one.cadre_id}",
        AssessPoliticalQuality(
            effective_on=workday(year, 2, 26),
            cadre_id=one.cadre_id,
            conclusion=conclusion,
            occasion="年度政治素质考察",
            assessors=ASSESSORS,
            note=f"经谈话、走访和查阅材料，结论为{conclusion.zh}",
        ),
    )
    return step.caused_of(one.cadre_id)


def _correct_profile(chronicle: Chronicle) -> None:
    one = chronicle.with_role("corrected")
    chronicle.add(
        f"profile/{one.cadre_id}",
        CorrectProfile(
            effective_on=workday(chronicle.first, 2, 26),
            cadre_id=one.cadre_id,
            education=Education.MASTER,
            reason="在职研究生毕业，原登记未更新",
            basis="省委党校毕业证书及学历认定表",
        ),
    )
