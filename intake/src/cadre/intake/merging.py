"""Several sources about one person as one record."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cadre.contracts.selection.profile import CareerEntry
from cadre.contracts.vocabulary import Term
from cadre.intake.issues import Issue, Problem
from cadre.intake.records import Record
from cadre.intake.suggestions import near

PROFILE = {
    "full_name": "姓名",
    "ethnicity": "民族",
    "political": "政治面貌",
    "education": "学历",
    "major": "专业",
    "native_place": "籍贯",
}
STANDING = {
    "unit_name": "单位",
    "post_title": "职务",
    "level": "职务层次",
    "level_since": "任现职务层次时间",
    "rank": "职级",
    "rank_since": "任现职级时间",
    "work_since": "参加工作时间",
    "party_since": "入党时间",
}
"""What sources may disagree on; everything else follows from these or from the ID number."""


def merge(records: Sequence[Record]) -> Record:
    """The record of one ID number from all that carry it, with the issues of all.

    A form leads over a roster and the newest form over the others. What the leading source leaves
    out is taken from the next; where they differ the leading one holds and a warning names both.
    """
    lead, *others = sorted(records, key=_lead_order)
    for other in others:
        lead = _merge_two(lead, other)
    return lead


def _lead_order(record: Record) -> tuple[bool, int]:
    is_roster = record.sources[0].row is not None
    return is_roster, -record.effective_on.toordinal()


def _merge_two(lead: Record, other: Record) -> Record:
    if not near(lead.name, other.name):
        issue = _issue(other, "姓名", lead.name, other.name, lead, kept_out=True)
        return replace(lead, issues=(*lead.issues, *other.issues, issue))
    one, two = lead.baseline, other.baseline
    standing = one.standing.model_copy(update=_filled(one.standing, two.standing, STANDING))
    baseline = one.model_copy(
        update={
            **_filled(one, two, PROFILE),
            "standing": standing,
            "career": tuple(_career(one.career, two.career)),
        }
    )
    return Record.of(
        baseline,
        effective_on=lead.effective_on,
        sources=(*lead.sources, *other.sources),
        issues=(*lead.issues, *other.issues, *_differences(lead, other)),
    )


def _filled(lead: object, other: object, fields: dict[str, str]) -> dict[str, object]:
    """The values that only the other source has."""
    return {
        name: getattr(other, name)
        for name in fields
        if getattr(lead, name) is None and getattr(other, name) is not None
    }


def _differences(lead: Record, other: Record) -> Iterator[Issue]:
    leading, told = lead.baseline, other.baseline
    pairs = ((PROFILE, leading, told), (STANDING, leading.standing, told.standing))
    for fields, of_lead, of_other in pairs:
        for name, label in fields.items():
            one, two = getattr(of_lead, name), getattr(of_other, name)
            if one is not None and two is not None and one != two:
                yield _issue(other, label, one, two, lead)


def _issue(
    other: Record, label: str, one: object, two: object, lead: Record, *, kept_out: bool = False
) -> Issue:
    source = other.sources[0]
    told = f"与 {lead.sources[0]} 的“{_shown(one)}”不一致"
    return Issue(
        severity="error" if kept_out else "warning",
        problem=Problem.SOURCES_DIFFER,
        file=source.file,
        row=source.row,
        column=label,
        value=_shown(two),
        what=f"身份证号相同，{told}，未导入此处" if kept_out else f"{told}，采用后者",
        remedy="请核实身份证号属于何人" if kept_out else "请核实后统一两处",
    )


def _shown(value: object) -> str:
    return value.zh if isinstance(value, Term) else str(value)


def _career(lead: tuple[CareerEntry, ...], other: tuple[CareerEntry, ...]) -> Iterator[CareerEntry]:
    """The leading career, with entries of kinds and grades of years that only the other has."""
    yield from lead
    kinds = {entry.kind for entry in lead if entry.kind != "grade"}
    graded = {entry.begins for entry in lead if entry.kind == "grade"}
    for entry in other:
        if entry.kind == "grade":
            if entry.begins not in graded:
                yield entry
        elif entry.kind not in kinds:
            yield entry
