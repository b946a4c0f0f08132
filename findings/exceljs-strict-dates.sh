#!/usr/bin/env bash
# A date of birth in a workbook saved as "Strict Open XML".
#
# exceljs 4.4.0; the workbook is written here, part by part, after ISO/IEC 29500, and read for
# comparison with python-calamine 0.9.1 and SheetJS (npm package xlsx) 0.18.5.
#
# A strict workbook is an .xlsx like any other to whoever saves and opens it. Dates in it are
# written as ISO 8601 (`t="d"`), not as a number of days.
#
# One would guess: the date is read, or an error names the unknown kind of cell.
# What it does: the text of the date is read as a number as far as it goes, and that number, the
# year, is taken for a number of days since 1899-12-30: every date falls into 1905, one day apart
# for each year of age. `t="d"` is allowed in ordinary (transitional) workbooks too, and is read
# the same way there.
#
# Seen:
#               written       calamine      SheetJS       exceljs
#   strict      1985-03-01    1985-03-01    1985-03-01    1905-06-07
#   strict      1958-11-30    1958-11-30    1958-11-30    1905-05-11
#   ordinary    1985-03-01    1985-03-01    1985-03-01    1905-06-07
#
# Where it matters: a roster saved so has everybody born and appointed in early summer 1905. All
# are real dates of the right kind; only a check of ages finds it, and only after the import.
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
venv/bin/pip install --quiet python-calamine==0.9.1
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" exceljs@4.4.0 xlsx@0.18.5

venv/bin/python - <<'PYTHON'
from datetime import date
from zipfile import ZipFile

from python_calamine import load_workbook

TRANSITIONAL = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
)
STRICT = (
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
BIRTHS = ["1985-03-01", "1958-11-30"]


def write(name, main, related, conformance=""):
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KIND}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{KIND}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{related}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{related}"{conformance}><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{related}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{related}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><fonts count="1"><font/></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>'
        + "".join(
            f'<row r="{row}"><c r="A{row}" s="1" t="d"><v>{born}</v></c></row>'
            for row, born in enumerate(BIRTHS, 1)
        )
        + "</sheetData></worksheet>",
    }
    with ZipFile(name, "w") as archive:
        for part, text in parts.items():
            archive.writestr(part, '<?xml version="1.0" encoding="UTF-8"?>\n' + text)
    read = load_workbook(name).get_sheet_by_index(0).to_python()
    assert read == [[date.fromisoformat(born)] for born in BIRTHS], read


write("strict.xlsx", *STRICT, ' conformance="strict"')
write("ordinary.xlsx", *TRANSITIONAL)
PYTHON

cat >read.mjs <<'NODE'
import assert from "node:assert/strict";
import ExcelJS from "exceljs";
import XLSX from "xlsx";

const births = ["1985-03-01", "1958-11-30"];
const day = (value) => value.toISOString().slice(0, 10);
const columns = (...cells) => console.log(cells.map((cell) => cell.padEnd(14)).join("").trimEnd());
columns("", "written", "calamine", "SheetJS", "exceljs");
for (const kind of ["strict", "ordinary"]) {
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.readFile(`${kind}.xlsx`);
  const sheet = XLSX.readFile(`${kind}.xlsx`, { cellDates: true }).Sheets.Sheet1;
  const read = births.map((_, index) => ({
    sheetjs: day(sheet[`A${index + 1}`].v),
    exceljs: day(workbook.worksheets[0].getCell(`A${index + 1}`).value),
  }));
  read.forEach((row, index) => columns(kind, births[index], births[index], row.sheetjs, row.exceljs));
  assert.deepEqual(read.map((row) => row.sheetjs), births);
  assert.deepEqual(read.map((row) => row.exceljs), ["1905-06-07", "1905-05-11"]);
}
NODE
TZ=UTC node read.mjs
