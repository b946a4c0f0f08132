"""A document as PDF, with the font in it, the same bytes for the same document.

The lines of a text are broken here, since the library knows no Chinese: a word of Latin script is
divided only where it fits no line, and no line begins with a mark that closes.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from fpdf import FPDF
from fpdf.enums import TableCellFillMode
from fpdf.fonts import FontFace, TTFFont
from pylopdf_fonts_zh_cn import sans_path

from cadre.audit.export.document import Document, Mark, Pairs, Part, Row, Table
from cadre.shared.deciding.texts import escaped

FONT = "notosanssc"
MARGIN_MM, LINE_MM, PADDING_MM, SLACK_MM = 15, 5, 1, 0.2
TITLE_PT, HEADING_PT, TEXT_PT, TABLE_PT, BELOW_PT = 17, 13, 10.5, 8.5, 8
LINE_MM_PER_PT = 0.53
ROW_LINES_MAX = 40
"""A longer text goes on in a row below: a row must fit a page."""
FACTS = (28, 152)
"""Weights of a fact's name and value."""
_FILL = {Mark.REFUSED: (253, 236, 234)}
_GREY = {Mark.CORRECTED: 100}
_WORD = re.compile(r"[（《〔【“‘]*(?:[!-~]+|.)[，。；：、）》〕】”’！？％]*")
"""A word of Latin script or one character, with the marks that open and close it."""
_PART = re.compile(r"(?<=[-:/.=])")


class _Paper(FPDF):
    """Pages with their number and what they belong to below."""

    def __init__(self, title: str, dated: datetime) -> None:
        super().__init__(format="A4")
        self.below = title
        self.add_font(FONT, "", sans_path())
        font = self.fonts[FONT]
        assert isinstance(font, TTFFont)  # noqa: S101  # the kind of every font that is added
        self.known: set[int] = set(font.cmap)
        self.widths: dict[tuple[float, str], float] = {}
        """Millimetres by size and word: measuring costs most of the time."""
        self.set_title(title)
        self.set_lang("zh-CN")
        self.set_creation_date(dated)
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM + LINE_MM)

    def footer(self) -> None:
        self.set_y(-MARGIN_MM)
        self.set_font(FONT, size=BELOW_PT)
        below = f"{printable(self.below, self.known)}    第 {self.page_no()} 页，共 {{nb}} 页"
        self.cell(0, LINE_MM, below, align="C")

    def text_in(self, text: str, size_pt: float) -> None:
        """A paragraph over the whole width."""
        self.set_font(FONT, size=size_pt)
        fitted = self.fitted(text, self.epw - 2 * self.c_margin)
        height = size_pt * LINE_MM_PER_PT
        self.multi_cell(0, height, fitted, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(1)

    def rows(self, weights: Sequence[int], rows: Sequence[Row], *, headed: bool) -> None:
        """A table; its first row is repeated on each page if it is a heading."""
        self.set_font(FONT, size=TABLE_PT)
        self.set_draw_color(120)
        whole = sum(weights)
        widths = [self.epw * weight / whole - 2 * PADDING_MM - SLACK_MM for weight in weights]
        with self.table(
            col_widths=tuple(weights),
            line_height=TABLE_PT * LINE_MM_PER_PT,
            padding=PADDING_MM,
            text_align="LEFT",
            v_align="T",
            first_row_as_headings=headed,
            headings_style=FontFace(emphasis=None, fill_color=(236, 236, 236)),
            cell_fill_mode=TableCellFillMode.NONE,
        ) as table:
            for row in rows:
                style = FontFace(color=_GREY.get(row.mark, 0), fill_color=_FILL.get(row.mark))
                texts = list(map(self.fitted, row.cells, widths))
                for cells in _pieces(texts):
                    table.row(cells, style=style)

    def fitted(self, text: str, width_mm: float) -> str:
        """What can be printed of a text, in lines of a width."""
        paragraphs = printable(text, self.known).split("\n")
        return "\n".join(line for one in paragraphs for line in self._lines(one, width_mm))

    def _lines(self, text: str, width_mm: float) -> Iterator[str]:
        line, left = "", width_mm
        for word in self._words(text, width_mm):
            taken = self._width(word)
            if taken > left:
                yield line.rstrip()
                line, left = "", width_mm
            if line or word != " ":
                line, left = line + word, left - taken
        yield line

    def _words(self, text: str, width_mm: float) -> Iterator[str]:
        for word in _WORD.findall(text):
            whole = self._width(word) <= width_mm
            for part in [word] if whole else _PART.split(word):
                yield from [part] if self._width(part) <= width_mm else part

    def _width(self, word: str) -> float:
        key = self.font_size_pt, word
        if key not in self.widths:
            self.widths[key] = self.get_string_width(word)
        return self.widths[key]


def paper(document: Document, dated: datetime) -> bytes:
    """The PDF, dated as given."""
    pdf = _Paper(document.title, dated)
    pdf.add_page()
    pdf.text_in(document.title, TITLE_PT)
    pdf.text_in(document.summary, TEXT_PT)
    for section in document.sections:
        if pdf.will_page_break(6 * LINE_MM):
            pdf.add_page()
        pdf.ln(LINE_MM)
        pdf.start_section(section.title)
        pdf.text_in(section.title, HEADING_PT)
        for part in section.parts:
            _part(pdf, part)
    return bytes(pdf.output())


def _part(pdf: _Paper, part: Part) -> None:
    match part:
        case Pairs():
            pdf.rows(FACTS, [Row(pair) for pair in part.pairs], headed=False)
            pdf.ln(1)
        case Table():
            head = Row([column.title for column in part.columns])
            pdf.rows([column.weight for column in part.columns], [head, *part.rows], headed=True)
        case str():
            pdf.text_in(part, TEXT_PT)


def _pieces(cells: list[str]) -> list[list[str]]:
    """The row in as many as it takes for every text to fit a page."""
    lines = [cell.split("\n") for cell in cells]
    step = ROW_LINES_MAX
    count = max(-(-len(one) // step) for one in lines)
    return [["\n".join(one[at * step : (at + 1) * step]) for one in lines] for at in range(count)]


def printable(text: str, known: set[int]) -> str:
    """The text with the number of each character that the font lacks: 〓(U+20000)."""
    shown = escaped(text)
    return "".join(c if ord(c) in known or c == "\n" else f"〓(U+{ord(c):X})" for c in shown)
