"""``cadre audit``: its commands, each imported when it is asked for."""

import typer

from cadre.cli.commands import group

COMMANDS = {
    "checkpoint": "cadre.cli.auditing:checkpoint",
    "verify": "cadre.cli.auditing:verify",
    "repair": "cadre.cli.repairing:repair",
    "decide-again": "cadre.cli.deciding_again:decide_again",
    "export": "cadre.cli.exporting:export",
    "witness": "cadre.cli.witnessing:app",
    "cosigned": "cadre.cli.witnessing:cosigned",
    "keys": "cadre.cli.rotating:keys",
    "rotate-key": "cadre.cli.rotating:rotate_key",
    "public-keys": "cadre.cli.rotating:public_keys",
}
app = typer.Typer(cls=group(COMMANDS, under="audit"), no_args_is_help=True)


@app.callback()
def audit() -> None:
    """审计：检查点、核验、再裁决、修复、导出、见证。 Prove that nothing was altered."""
