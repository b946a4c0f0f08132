#!/usr/bin/env bash
# Dates as Chinese official papers write them.
#
# gggdtparser 0.1.6.
#
# One would guess: a parser made for Chinese date strings, which reads 1985年3月 and 1985.03, reads
# the same month in the other spellings of official papers, or says that it cannot (it answers
# None for what it does not know).
# What it does: the round zero 〇 (U+3007), which is the zero of years in Chinese numerals, ends
# the year for it; so the year is dropped and the current one put in its place. A year of two
# digits is dropped the same way, the start of a period eats the year of its end as day and hour,
# and a month without a stop, 198503, becomes a day of the year 8503.
#
# Seen (run in 2026):
#   一九八五年三月             1985-03-01 00:00:00
#   二〇〇八年十月             2026-10-01 00:00:00
#   二〇二五年十二月           2026-12-01 00:00:00
#   85年3月                    2026-03-01 00:00:00
#   2010.09-2014.07            2010-09-20 14:00:00
#   198503                     8503-01-09 00:00:00
#   十八个月                   None
#
# Where it matters: appointment orders are dated in numerals with 〇, careers are lists of periods
# like 2010.09-2014.07, and birth months stand as 198503 in exports. Almost any answer is a date
# that looks sound; seniority counted from it is wrong.
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
venv/bin/pip install --quiet gggdtparser==0.1.6

venv/bin/python - <<'PYTHON'
from datetime import date

import gggdtparser

year = date.today().year
SEEN = {
    "一九八五年三月": "1985-03-01 00:00:00",
    "二〇〇八年十月": f"{year}-10-01 00:00:00",
    "二〇二五年十二月": f"{year}-12-01 00:00:00",
    "85年3月": f"{year}-03-01 00:00:00",
    "2010.09-2014.07": "2010-09-20 14:00:00",
    "198503": "8503-01-09 00:00:00",
    "十八个月": "None",
}
read = {text: str(gggdtparser.parse(text)) for text in SEEN}
for text, value in read.items():
    print(text, "->", value)
assert read == SEEN
PYTHON
