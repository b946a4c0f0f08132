"""The ``cadre`` command.

Exit codes: 0 done and as it should be; 1 done, and something differs or was refused; 2 the input is
wrong; 3 the system cannot be reached or did not answer.
"""

import sys

import typer

from cadre.cli import auditing, demo, importing, operating, projections, reading
from cadre.cli.output import UNAVAILABLE, fail
from cadre.shared.errors import CadreError

app = typer.Typer(
    help="干部选育管用全程记录：运行、导入、查询、重放。 Run, import, read, replay.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 ok, 1 differences or refusals, 2 wrong input, 3 system unavailable.",
)
app.command("demo")(demo.demo)
app.command("up")(operating.up)
app.command("down")(operating.down)
app.command("provision")(operating.provision)
app.command("doctor")(operating.doctor)
app.command("import")(importing.import_files)
app.command("find")(reading.find)
app.command("history")(reading.history)
app.command("replay")(reading.replay)
app.add_typer(projections.app, name="projections")
app.add_typer(auditing.app, name="audit")


def run() -> None:
    """Entry point: errors become one sentence and an exit code."""
    try:
        app()
    except CadreError as error:
        sys.exit(fail(error, as_json="--json" in sys.argv))
    except KeyboardInterrupt:
        sys.exit(UNAVAILABLE)


if __name__ == "__main__":
    run()
