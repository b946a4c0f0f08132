"""What an import found wrong, told so that the person who keeps the file can mend it.

An *error* keeps one row or file out of the import; a *warning* says what was taken to be meant.
"""

from dataclasses import dataclass, field
from typing import Literal

from cadre.contracts.vocabulary import Term


class Problem(Term):
    """Everything an import can complain of."""

    UNREADABLE_FILE = "unreadable-file", "文件无法读取"
    NO_HEADER = "no-header", "未找到表头"
    SKIPPED_SHEET = "skipped-sheet", "未读取的工作表"
    SKIPPED_ROW = "skipped-row", "未读取的行"
    SEVERAL_PERSONS = "several-persons", "一格多人"
    DITTO = "ditto", "同上"
    MISSING = "missing", "缺项"
    UNKNOWN_TERM = "unknown-term", "无法识别的用语"
    UNREADABLE_DATE = "unreadable-date", "日期无法识别"
    AMBIGUOUS_DATE = "ambiguous-date", "日期有歧义"
    EXCEL_SERIAL = "excel-serial", "日期存为序列号"
    BAD_ID_NUMBER = "bad-id-number", "身份证号有误"
    ID_PRECISION_LOST = "id-precision-lost", "身份证号精度丢失"
    CONTRADICTS_ID_NUMBER = "contradicts-id-number", "与身份证号不一致"
    DUPLICATE = "duplicate", "重复"
    RESUME_LINE = "resume-line", "简历行无法识别"
    REPAIRED_RESUME = "repaired-resume", "简历换行已修复"
    GRADES = "grades", "年度考核结果无法识别"
    DAMAGED_FIELD = "damaged-field", "字段损坏"
    SOURCES_DIFFER = "sources-differ", "来源不一致"
    PERHAPS_SAME_PERSON = "perhaps-same-person", "可能为同一人"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One finding; ``row`` and ``column`` are absent where the whole file is meant."""

    severity: Literal["error", "warning"]
    problem: Problem
    file: str
    row: int | None = None
    column: str | None = None
    value: str = ""
    what: str
    remedy: str

    def __str__(self) -> str:
        row = f"第 {self.row} 行" if self.row else ""
        column = f"“{self.column}”" if self.column else ""
        value = f"（{self.value}）" if self.value else ""
        return f"{self.file}{row}{column}：{self.what}{value}。{self.remedy}"


@dataclass(slots=True)
class Findings:
    """Collects the issues of one row or one file."""

    file: str
    row: int | None = None
    issues: list[Issue] = field(default_factory=list[Issue])

    @property
    def failed(self) -> bool:
        return any(issue.severity == "error" for issue in self.issues)

    def error(
        self,
        problem: Problem,
        what: str,
        remedy: str,
        *,
        column: str | None = None,
        value: str = "",
    ) -> None:
        self._add("error", problem, what, remedy, column, value)

    def warn(
        self,
        problem: Problem,
        what: str,
        remedy: str,
        *,
        column: str | None = None,
        value: str = "",
    ) -> None:
        self._add("warning", problem, what, remedy, column, value)

    def _add(
        self,
        severity: Literal["error", "warning"],
        problem: Problem,
        what: str,
        remedy: str,
        column: str | None,
        value: str,
    ) -> None:
        self.issues.append(
            Issue(
                severity=severity,
                problem=problem,
                file=self.file,
                row=self.row,
                column=column,
                value=value if len(value) <= SHOWN_MAX else value[:SHOWN_MAX] + "…",
                what=what,
                remedy=remedy,
            )
        )


SHOWN_MAX = 80
"""Characters of a cell that an issue repeats."""
