from collections import Counter
from pathlib import Path

import pytest

from cadre.contracts.appointment.post import PostDefinition
from cadre.contracts.vocabulary import PostLevel
from cadre.fiction.county import County, Generated, generate
from cadre.fiction.county.forms import has_form
from cadre.fiction.county.hazards import REFUSED, WARNED, hazard_of
from cadre.intake import Problem, files_in, plan_import
from cadre.selection.deciding.profile import RecordBaseline
from cadre.shared.deciding.idnumber import read_id_number, read_profile

SHIPPED = Path(__file__).parents[2] / "samples" / "county"
SHIPPED_CADRES, SHIPPED_SEED = 60, 2026


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_shipped_sample_is_what_its_seed_gives(tmp_path: Path):
    generate(tmp_path, cadres=SHIPPED_CADRES, seed=SHIPPED_SEED)
    made, shipped = contents(tmp_path), contents(SHIPPED)
    assert made.keys() == shipped.keys()
    assert [name for name in made if made[name] != shipped[name]] == []
    readme = shipped["README.md"].decode()
    assert f"cadres={SHIPPED_CADRES}" in readme
    assert f"seed={SHIPPED_SEED}" in readme


def test_another_seed_is_another_county(tmp_path: Path):
    generate(tmp_path, cadres=12, seed=1)
    generate(tmp_path / "other", cadres=12, seed=2)
    assert County(12, 1).person(0) == County(12, 1).person(0)
    assert County(12, 1).person(0) != County(12, 2).person(0)
    assert (tmp_path / "README.md").read_bytes() != (tmp_path / "other/README.md").read_bytes()


@pytest.fixture(scope="module", params=[(60, 2026), (400, 7)])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    cadres, seed = request.param
    folder = tmp_path_factory.mktemp("county")
    return folder, generate(folder, cadres=cadres, seed=seed)


def test_an_import_finds_what_was_planted_and_nothing_else(made: tuple[Path, Generated]):
    folder, generated = made
    plan = plan_import(files_in([folder]), effective_on=County.on)
    rows = [planted for planted in generated.planted if planted.row]
    forms = Counter(planted.told for planted in generated.planted if not planted.row)
    between = {Problem.SOURCES_DIFFER, Problem.PERHAPS_SAME_PERSON}
    told = [issue for issue in plan.issues if issue.problem not in between]

    errors = Counter((i.file, i.row) for i in told if i.severity == "error")
    assert errors == Counter((p.file, p.row) for p in rows if p.outcome == "refused")
    warned = Counter((i.file, i.row) for i in told if i.severity == "warning" and i.row)
    assert warned == Counter((p.file, p.row) for p in rows if p.outcome in {"warned", "skipped"})
    problems = Counter(issue.problem for issue in plan.issues)
    assert problems[Problem.REPAIRED_RESUME] == forms["简历缺少换行"] > 0
    assert problems[Problem.SOURCES_DIFFER] == forms["参加工作时间与名册不一致"] > 0


def test_an_import_reads_everybody_else_as_they_are(made: tuple[Path, Generated]):
    folder, generated = made
    county = generated.county
    refused = {p.name for p in generated.planted if p.outcome == "refused" and "重复" not in p.told}
    plan = plan_import(files_in([folder]), effective_on=County.on)
    records = {record.id_number: record for record in plan.records}
    spoiled = {p.name for p in generated.planted}
    for person in county.people():
        record = records.pop(person.id_number, None)
        if record is None:
            assert person.full_name in refused
            continue
        standing = record.baseline.standing
        assert record.name == person.full_name
        assert record.baseline.birth_date == person.birth_date
        assert record.baseline.political is person.political
        assert record.baseline.education is (person.on_job or person.full_time).education
        assert (standing.unit_id, standing.unit_name) == (person.unit.unit_id, person.unit.name)
        assert standing.post_title == (person.title if person.post or not person.rank else None)
        assert standing.level is (person.post.level if person.post else None)
        assert (standing.rank, standing.rank_since) == (person.rank, person.rank_since)
        assert (standing.level_since, standing.party_since) == (
            person.level_since,
            person.party_since,
        )
        assert standing.work_since == person.work_since or person.full_name in spoiled
    assert records == {}


def test_records_are_what_selection_takes(made: tuple[Path, Generated]):
    folder, _ = made
    plan = plan_import(files_in([folder]), effective_on=County.on)
    for record in plan.records:
        command = RecordBaseline(effective_on=record.effective_on, **dict(record.baseline))
        assert read_profile(command).text == record.id_number
    assert len({record.command_id for record in plan.records}) == len(plan.records)


def test_every_kind_of_damage_occurs_among_the_first(made: tuple[Path, Generated]):
    _, generated = made
    if generated.county.cadres > 120:
        told = {planted.told for planted in generated.planted}
        assert {hazard.told for hazard in (*REFUSED, *WARNED)} <= told
    assert sum(p.outcome == "refused" for p in generated.planted) >= 3


def test_people_are_possible():
    county = County(1500, 3)
    numbers = set()
    for person in county.people():
        number = read_id_number(person.id_number)
        assert (number.birth_date, number.sex) == (person.birth_date, person.sex)
        assert person.id_number.startswith("99")
        assert f"{person.birth_date:%Y-%m}" < person.full_time.ends < person.work_since
        assert person.work_since <= person.post_since <= f"{county.on:%Y-%m}"
        assert [e.begins for e in person.resume] == sorted(e.begins for e in person.resume)
        assert 22 <= (county.on - person.birth_date).days // 365 <= 60
        assert (person.level_since is None) == (person.post is None)
        numbers.add(person.id_number)
    assert len(numbers) == 1500


def test_posts_have_no_more_holders_than_seats_and_some_stand_vacant():
    county = County(700, 3)
    held = Counter(person.post.post_id for person in county.people() if person.post)
    for post in county.posts:
        assert held[post.post_id] <= post.seats
        PostDefinition(
            post_id=post.post_id,
            unit_id=post.unit.unit_id,
            unit_name=post.unit.name,
            title=post.title,
            level=post.level,
            seats=post.seats,
        )
    deputies = [p for p in county.posts if p.level is PostLevel.SECTION_DEPUTY]
    assert any(held[post.post_id] < post.seats for post in deputies)
    assert len({post.post_id for post in county.posts}) == len(county.posts)


@pytest.mark.parametrize("cadres", [1, 9, 60, 3000, 3001, 100_000, 300_000])
def test_units_hold_exactly_everybody_at_any_size(cadres: int):
    county = County(cadres, 1)
    assert sum(unit.size for unit in county.units) == cadres
    assert len({unit.unit_id for unit in county.units}) == len(county.units)
    assert county.person(cadres - 1).unit == county.units[-1]
    assert max(unit.size for unit in county.units) <= 32


@pytest.mark.parametrize("cadres", [0, 300_001])
def test_no_county_of_that_size(cadres: int):
    with pytest.raises(ValueError, match="cadres must be"):
        County(cadres, 1)


def test_those_with_a_form_keep_rows_that_can_be_read():
    with_forms = [person for person in County(1000, 1).people() if has_form(person.number)]
    assert len(with_forms) > 100
    assert [hazard_of(person) for person in with_forms] == [None] * len(with_forms)
