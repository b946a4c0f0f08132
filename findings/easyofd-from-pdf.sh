#!/usr/bin/env bash
# A notice of appointment, turned from PDF into OFD.
#
# easyofd 20260427, with PyMuPDF 2.0; the PDF is written with reportlab 4.4.4.
#
# OFD (GB/T 33190-2016) is the format in which Chinese authorities exchange finished documents.
#
# One would guess: one A4 page of PDF becomes one A4 page of OFD (lengths in OFD are millimetres:
# 210 by 297), black stays black, the text can be searched, and the elements are those of the
# standard's namespace, http://www.ofdspec.org/2016.
# What it does:
#   - as called plainly it makes a picture of each page: no text at all;
#   - A4 becomes 100.838 by 142.621 mm. With `optional_text=True` there is text, on a page of 595
#     by 842 mm (the points of the PDF) in a document whose page area is 140 by 90;
#   - black text is brown, RGB 156 82 35;
#   - the elements are in a namespace of its own, none is in that of the standard;
#   - a folder `test` stays behind in the working directory, and the next call there fails.
#
# Seen:
#   plain     : page area 0 0 100.838 142.621, page 0 0 100.838 142.621, texts []
#   with text : page area 0 0 140 90, page 0 0 595.276 841.89, texts ['Notice of appointment']
#   colour    : 156 82 35
#   elements in the namespace of OFD: False
#   next call : FileExistsError
#
# Where it matters: an order turned so is not the page that was signed, has no text for the archive
# to search, and is no OFD to a program that goes by the namespace; a service that offers it can do
# so once.
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
venv/bin/pip install --quiet easyofd==20260427 PyMuPDF==2.0 reportlab==4.4.4 xmltodict==1.0.2 \
    loguru==0.7.3

cat >turn.py <<'PYTHON'
import re
import sys
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from loguru import logger

logger.remove()

from easyofd import OFD  # noqa: E402
from reportlab.lib.pagesizes import A4  # noqa: E402
from reportlab.pdfgen import canvas  # noqa: E402

OFD_NAMESPACE = "http://www.ofdspec.org/2016"

pdf = BytesIO()
page = canvas.Canvas(pdf, pagesize=A4)
page.drawString(72, 700, "Notice of appointment")
page.showPage()
page.save()


def turned(*, optional_text):
    # It prints its own progress and leaves the folder behind
    with ZipFile(BytesIO(OFD().pdf2ofd(pdf.getvalue(), optional_text=optional_text))) as ofd:
        parts = {name: ofd.read(name).decode() for name in ofd.namelist() if name.endswith(".xml")}
    document, content = parts["Doc_0/Document.xml"], parts["Doc_0/Pages/Page_0/Content.xml"]
    size = re.compile("PhysicalBox>([^<]+)<")
    page_area = " ".join(f"{float(n):g}" for n in size.search(document)[1].split())
    page = " ".join(f"{float(n):.6g}" for n in size.search(content)[1].split())
    return {
        "page area": page_area,
        "page": page,
        "texts": re.findall("<ofd:TextCode[^>]*>([^<]+)<", content),
        "colours": set(re.findall(r"<Value>([^<]+)<", content)),
        "namespaces": {
            found for part in parts.values() for found in re.findall(r'xmlns:\w+="([^"]+)"', part)
        },
    }


def tell(*words):
    print(*words, file=sys.stderr)


plain = turned(optional_text=False)
try:
    turned(optional_text=False)
    again = "no error"
except FileExistsError:
    again = "FileExistsError"
Path("test").rename("test-of-the-first-call")
with_text = turned(optional_text=True)
for name, ofd in (("plain    ", plain), ("with text", with_text)):
    tell(f"{name} : page area {ofd['page area']}, page {ofd['page']}, texts {ofd['texts']}")
tell("colour    :", *with_text["colours"])
tell("elements in the namespace of OFD:", OFD_NAMESPACE in plain["namespaces"])
tell("next call :", again)
assert plain["texts"] == []
assert plain["page area"] == plain["page"] == "0 0 100.838 142.621"
assert with_text["texts"] == ["Notice of appointment"]
assert with_text["page area"] == "0 0 140 90"
assert with_text["page"].startswith("0 0 595.")
assert with_text["colours"] == {"156 82 35"}
assert OFD_NAMESPACE not in plain["namespaces"] | with_text["namespaces"]
assert len(plain["namespaces"]) == 1
assert again == "FileExistsError"
PYTHON
venv/bin/python -W ignore turn.py 2>seen.txt >/dev/null || failed=$?
grep -v -e '| WARNING' -e '| INFO' seen.txt || true
exit "${failed:-0}"
