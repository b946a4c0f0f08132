"""Real files of a cadre office as baselines: everyday rosters (名册) and forms (任免审批表, LRMX).

Pure reading: nothing here talks to a service. Read in this order: ``records`` and ``issues`` (what
comes out), ``person`` and ``baseline`` (the rules for one person), ``roster`` with ``sheet`` and
``header``, ``form`` with ``lrmx`` and ``resume``, ``plan`` with ``merging`` and ``suggestions``.
"""

from cadre.cli.intake.files import files_in
from cadre.cli.intake.form import read_form
from cadre.cli.intake.issues import Issue, Problem
from cadre.cli.intake.lrmx import Lrmx, read_lrmx, write_lrmx
from cadre.cli.intake.plan import ImportPlan, combine, plan_import
from cadre.cli.intake.records import Import, Record, Source
from cadre.cli.intake.roster import read_roster

__all__ = [
    "Import",
    "ImportPlan",
    "Issue",
    "Lrmx",
    "Problem",
    "Record",
    "Source",
    "combine",
    "files_in",
    "plan_import",
    "read_form",
    "read_lrmx",
    "read_roster",
    "write_lrmx",
]
