#!/usr/bin/env bash
# Chinese number formats on the way to CSV.
#
# xlsx2csv 0.8.6; the workbook is written with XlsxWriter 3.3.1 and read for comparison with
# openpyxl 3.1.5.
#
# One would guess: a cell is written as it is shown, or as its bare value where the format is not
# known. Text in quotes is text.
# What it does: the quotes of `yyyy"年"m"月"` come into the value, and the month gets a zero. And
# formats of plain numbers whose quoted or escaped text has a d, m or y are taken for dates: the
# number is replaced by pieces of a date, or is gone altogether.
#
# Seen (the format, what a spreadsheet program shows, what xlsx2csv writes, here without the quoting
# of CSV):
#   yyyy"年"m"月"            1985年3月        1985"年"03"月"
#   m"月"d"日"               3月1日           03"月"01"日"
#   0.00"m²"               31107.00m²     0.00"03²"
#   0"yuan"                31107yuan      0"yuan"
#   0\d                    31107d         001
#   0"年"                   31107年         31107
#
# Where it matters: `yyyy"年"m"月"` is what a Chinese spreadsheet program offers for months, so
# it stands in many rosters; areas of offices and homes are declared in m².
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
venv/bin/pip install --quiet xlsx2csv==0.8.6 XlsxWriter==3.3.1 openpyxl==3.1.5

venv/bin/python - <<'PYTHON'
import csv
import io

import openpyxl
import xlsxwriter
from xlsx2csv import Xlsx2csv

VALUE = 31107  # 1 March 1985, where the format is one of a date
SHOWN = {
    'yyyy"年"m"月"': ("1985年3月", '1985"年"03"月"'),
    'm"月"d"日"': ("3月1日", '03"月"01"日"'),
    '0.00"m²"': ("31107.00m²", '0.00"03²"'),
    '0"yuan"': ("31107yuan", '0"yuan"'),
    r"0\d": ("31107d", "001"),
    '0"年"': ("31107年", "31107"),
}
workbook = xlsxwriter.Workbook("roster.xlsx")
sheet = workbook.add_worksheet()
for row, number_format in enumerate(SHOWN):
    sheet.write_string(row, 0, number_format)
    sheet.write_number(row, 1, VALUE, workbook.add_format({"num_format": number_format}))
workbook.close()
plain = [cell.is_date for (cell,) in openpyxl.load_workbook("roster.xlsx").active["B1:B6"]]
assert plain == [True, True, False, False, False, False]

text = io.StringIO()
Xlsx2csv("roster.xlsx").convert(text)
written = dict(csv.reader(io.StringIO(text.getvalue())))
for number_format, value in written.items():
    print(f"{number_format:22} {SHOWN[number_format][0]:14} {value}")
assert written == {key: value for key, (_, value) in SHOWN.items()}
PYTHON
