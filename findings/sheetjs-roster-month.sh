#!/usr/bin/env bash
# The month of birth, shown as 1985.03.
#
# SheetJS, the npm package xlsx 0.18.5; the workbook is written with XlsxWriter 3.3.1 and read for
# comparison with openpyxl 3.1.5.
#
# In cadre rosters months are written 1985.03. As a date cell that is the number format `yyyy.mm`.
#
# One would guess: the text of the cell is 1985.03, as it is 1985-03 for `yyyy-mm` and 1985年3月
# for `yyyy"年"m"月"`; a format that the library cannot do would be an error where it is read.
# What it does: a full stop after y, m or d is more than its formatter knows ("bad second format").
# Reading swallows that error, and the cell's text becomes the bare day number, as it does for
# `yyyy.mm.dd` and `yyyy.m`. CSV and JSON of texts carry it on. The stop is taken when it is
# escaped or quoted (`yyyy\.mm`).
#
# Seen (1 March 1985):
#   yyyy.mm         31107
#   yyyy.mm.dd      31107
#   yyyy.m          31107
#   yyyy\.mm        1985.03
#   yyyy-mm         1985-03
#   yyyy"年"m"月"      1985年3月
#   formatter alone: bad second format: .
#
# Where it matters: pages that take a roster in the browser often read it with this package and
# ask for the texts, to get what the clerk sees. Months of birth, of joining the Party and
# of appointment arrive as five digits.
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
venv/bin/pip install --quiet XlsxWriter==3.3.1 openpyxl==3.1.5
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" xlsx@0.18.5

venv/bin/python - <<'PYTHON'
from datetime import datetime

import openpyxl
import xlsxwriter

FORMATS = ["yyyy.mm", "yyyy.mm.dd", "yyyy.m", r"yyyy\.mm", "yyyy-mm", 'yyyy"年"m"月"']
workbook = xlsxwriter.Workbook("roster.xlsx")
sheet = workbook.add_worksheet()
for row, number_format in enumerate(FORMATS):
    sheet.write_string(row, 0, number_format)
    shown = workbook.add_format({"num_format": number_format})
    sheet.write_datetime(row, 1, datetime(1985, 3, 1), shown)
workbook.close()
read = openpyxl.load_workbook("roster.xlsx").active.iter_rows(values_only=True)
assert [row[1] for row in read] == [datetime(1985, 3, 1)] * len(FORMATS)
PYTHON

cat >read.mjs <<'NODE'
import assert from "node:assert/strict";
import XLSX from "xlsx";

const sheet = XLSX.readFile("roster.xlsx").Sheets.Sheet1;
const texts = XLSX.utils.sheet_to_json(sheet, { header: 1, raw: false });
for (const [format, text] of texts) console.log(format.padEnd(16), text);
let error = "none";
try {
  XLSX.SSF.format("yyyy.mm", 31107);
} catch (thrown) {
  error = thrown.message ?? String(thrown);
}
console.log("formatter alone:", error);
assert.deepEqual(Object.fromEntries(texts), {
  "yyyy.mm": "31107",
  "yyyy.mm.dd": "31107",
  "yyyy.m": "31107",
  "yyyy\\.mm": "1985.03",
  "yyyy-mm": "1985-03",
  'yyyy"年"m"月"': "1985年3月",
});
assert.match(error, /bad second format/);
assert.match(XLSX.utils.sheet_to_csv(sheet), /^yyyy\.mm,31107$/m);
NODE
node read.mjs
