"""The ``cadre`` command.

Exit codes: 0 done and as it should be; 1 done, and something differs or was refused; 2 the input is
wrong; 3 the system cannot be reached or did not answer.
"""

import sys
from importlib.util import find_spec

import typer

from cadre.cli.commands import group
from cadre.cli.output import UNAVAILABLE, fail, not_usable
from cadre.shared.deciding.errors import CadreError

_FICTION = {"demo": "cadre.cli.demo:demo"} if find_spec("cadre.fiction") else {}
"""Where the extra ``demo`` is not installed there is no county to show."""
COMMANDS = _FICTION | {
    "up": "cadre.cli.operating:up",
    "down": "cadre.cli.operating:down",
    "provision": "cadre.cli.provisioning:provision",
    "doctor": "cadre.cli.doctor:doctor",
    "import": "cadre.cli.importing:import_files",
    "find": "cadre.cli.reading:find",
    "history": "cadre.cli.reading:history",
    "replay": "cadre.cli.reading:replay",
    "report": "cadre.cli.reporting:report",
    "audit": "cadre.cli.audit_commands:app",
    "log": "cadre.cli.branches:app",
    "projections": "cadre.cli.projections:app",
    "privacy": "cadre.cli.privacy:app",
}
app = typer.Typer(
    cls=group(COMMANDS),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 ok, 1 differences or refusals, 2 wrong input, 3 system unavailable.",
)


@app.callback()
def cadre() -> None:
    """干部选育管用全程记录：运行、导入、查询、重放。 Run, import, read, replay."""


def run() -> None:
    """Entry point: errors become one sentence and an exit code."""
    try:
        app()
    except CadreError as error:
        sys.exit(fail(error, as_json="--json" in sys.argv))
    except OSError as error:
        # A crash's exit code would say that something differs.
        sys.exit(fail(not_usable(error), as_json="--json" in sys.argv))
    except KeyboardInterrupt:
        sys.exit(UNAVAILABLE)


if __name__ == "__main__":
    run()
