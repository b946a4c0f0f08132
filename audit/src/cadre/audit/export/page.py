"""A document as one HTML page: no script, nothing fetched, to be read, heard and printed."""

import html
from collections.abc import Iterator

from cadre.audit.export.document import Document, Pairs, Part, Section, Table
from cadre.shared.deciding.texts import escaped

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.6 "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC",
  "Microsoft YaHei", sans-serif; color: #1a1a1a; background: #fff; margin: 0 auto;
  max-width: 70rem; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; border-bottom: 2px solid #444; }
nav ol { columns: 2; padding-left: 1.5rem; }
a { color: #0b4a8f; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: 0; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .9rem; }
caption { text-align: left; color: #444; padding: .2rem 0; }
th, td { border: 1px solid #767676; padding: .3rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; white-space: pre-line; }
thead th { background: #ececec; }
tr.corrected td { color: #595959; }
tr.refused td { background: #fdecea; }
@page { size: A4; margin: 15mm; }
@media print {
  body { font-size: 10pt; max-width: none; padding: 0 1px; }
  table { font-size: 8pt; }
  th, td { padding: 1pt 3pt; }
  nav { display: none; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  h2 { break-after: avoid; }
}
"""


def _shown(text: str) -> str:
    """A text as it stands in a page: it can neither be taken for marks nor turn what follows."""
    return html.escape(escaped(text))


def page(document: Document) -> str:
    """The HTML text."""
    lines = [
        "<!DOCTYPE html>",
        '<html lang="zh-CN">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_shown(document.title)}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        f"<header><h1>{_shown(document.title)}</h1><p>{_shown(document.summary)}</p></header>",
        '<nav aria-label="目录"><ol>',
        *(
            f'<li><a href="#s{number}">{_shown(section.title)}</a></li>'
            for number, section in enumerate(document.sections, 1)
        ),
        "</ol></nav>",
        "<main>",
    ]
    for number, section in enumerate(document.sections, 1):
        lines += _section(number, section)
    lines += ["</main>", "</body>", "</html>"]
    return "\n".join(lines) + "\n"


def _section(number: int, section: Section) -> Iterator[str]:
    yield f'<section aria-labelledby="s{number}"><h2 id="s{number}">{_shown(section.title)}</h2>'
    for part in section.parts:
        yield from _part(part)
    yield "</section>"


def _part(part: Part) -> Iterator[str]:
    match part:
        case Pairs():
            yield "<dl>"
            for name, value in part.pairs:
                yield f"<dt>{_shown(name)}</dt><dd>{_shown(value)}</dd>"
            yield "</dl>"
        case Table():
            yield from _table(part)
        case str():
            yield f"<p>{_shown(part)}</p>"


def _table(table: Table) -> Iterator[str]:
    whole = sum(column.weight for column in table.columns)
    yield f"<table><caption>{_shown(table.caption)}</caption><colgroup>"
    for column in table.columns:
        yield f'<col style="width: {100 * column.weight / whole:.1f}%">'
    yield "</colgroup><thead><tr>"
    for column in table.columns:
        yield f'<th scope="col">{_shown(column.title)}</th>'
    yield "</tr></thead><tbody>"
    for row in table.rows:
        first, *others = (_shown(cell) for cell in row.cells)
        cells = "".join(f"<td>{cell}</td>" for cell in others)
        yield f'<tr class="{row.mark.value}"><th scope="row">{first}</th>{cells}</tr>'
    yield "</tbody></table>"
