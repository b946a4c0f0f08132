"""Sent out to practise and back; mentors and their apprentices."""

from cadre.contracts.training.posting import PostingKind
from cadre.fiction.life.chronicle import Chronicle, Member, some, workday
from cadre.fiction.life.words import MENTOR_TASKS, POSTED
from cadre.shared.deciding.rulebook import rulebook
from cadre.training.deciding.mentorship import EndMentorship, PairMentor, ReviewMentorship
from cadre.training.deciding.posting import EndPosting, Post


def end(chronicle: Chronicle, year: int) -> None:
    """Last year's pairs and postings end."""
    _end_pairs(chronicle, year)
    for one in [one for one in chronicle.active() if one.posting]:
        come_back(chronicle, one, year)


def begin(chronicle: Chronicle, year: int) -> None:
    """Others are sent out; recruits get mentors, and one mentor is asked for one too many."""
    rng = chronicle.random(f"practice/{year}")
    kinds = tuple(PostingKind)
    sent = some(rng, chronicle.free(), max(3, len(chronicle.members) // 12))
    for place, one in enumerate(sent):
        send_out(chronicle, one, kinds[(year + place) % len(kinds)], year, (8, 10))
    _pair(chronicle, year)


def review(chronicle: Chronicle, year: int) -> None:
    """Every pair is reviewed in the middle of its time."""
    for apprentice, _, pairing in chronicle.pairs:
        chronicle.add(
            f"review/{apprentice.cadre_id}",
            ReviewMentorship(
                effective_on=workday(year, 2, 24),
                cadre_id=apprentice.cadre_id,
                pairing_event=pairing,
                progress="good",
                note="能独立起草材料，入户走访主动",
            ),
        )


def send_out(
    chronicle: Chronicle, one: Member, kind: PostingKind, year: int, on: tuple[int, int]
) -> None:
    host, task = POSTED[kind]
    step = chronicle.add(
        f"post/{one.cadre_id}",
        Post(
            effective_on=workday(year, *on),
            cadre_id=one.cadre_id,
            kind=kind,
            host=host,
            home_unit=one.unit_name,
            task=task,
        ),
    )
    one.posting = step.caused_of(one.cadre_id)


def come_back(chronicle: Chronicle, one: Member, year: int) -> None:
    assert one.posting is not None  # noqa: S101
    rng = chronicle.random(f"back/{year}/{one.cadre_id}")
    chronicle.add(
        f"back/{one.cadre_id}",
        EndPosting(
            effective_on=workday(year, 7, 30),
            cadre_id=one.cadre_id,
            posting_event=one.posting,
            evaluation=rng.choice(("good", "good", "fair")),
            note="任务完成，接收单位评价良好",
        ),
    )
    one.posting = None


def _end_pairs(chronicle: Chronicle, year: int) -> None:
    for apprentice, mentor, pairing in chronicle.pairs:
        chronicle.add(
            f"end/{apprentice.cadre_id}",
            EndMentorship(
                effective_on=workday(year, 7, 30),
                cadre_id=apprentice.cadre_id,
                pairing_event=pairing,
                completed=True,
            ),
            also=(f"mentor/{mentor.cadre_id}",),
        )
    chronicle.pairs.clear()


def _pair(chronicle: Chronicle, year: int) -> None:
    """The first mentor takes apprentices to the limit and is asked for one more."""
    day = workday(year, 8, 12)
    places = rulebook().on("TRN-12", day).whole("apprentices_max")
    mentors = [one for one in chronicle.holders() if one is not chronicle.protagonist]
    if year > chronicle.first:
        mentors.insert(1, chronicle.protagonist)
    for number, apprentice in enumerate(chronicle.recruits.get(year, ())):
        if number == places:
            _ask(chronicle, apprentice, mentors[0], year, possible=False)
        _ask(chronicle, apprentice, mentors[number // places], year, possible=True)


def _ask(
    chronicle: Chronicle, apprentice: Member, mentor: Member, year: int, *, possible: bool
) -> None:
    step = chronicle.add(
        f"pair/{apprentice.cadre_id}/{mentor.cadre_id}",
        PairMentor(
            effective_on=workday(year, 8, 12),
            cadre_id=apprentice.cadre_id,
            mentor_id=mentor.cadre_id,
            tasks=MENTOR_TASKS,
            until=workday(year + 1, 7, 30) if year < chronicle.last else None,
        ),
        expected="recorded" if possible else "impossible",
    )
    if possible:
        pairing = step.caused_of(apprentice.cadre_id)
        chronicle.pairs.append((apprentice, mentor, pairing))
