"""Who runs a command that no service stands before: known by a token, as the services know it."""

from pathlib import Path

from cadre.cli.installation.calling import own_token
from cadre.cli.installation.data_directory import DataDirectory
from cadre.cli.installation.settings_file import SystemSettings
from cadre.shared.deciding.errors import UnknownCaller
from cadre.shared.deciding.rights import EVERYTHING_ALLOWED, Caller
from cadre.shared.serving.callers import Callers

ENVIRONMENT = Path("/dev/null")
"""A file of settings that says nothing, so the environment says all."""


def caller_of(data: Path | None, settings: Path | None) -> Caller:
    """The caller whose token is at hand: ``CADRE_TOKEN``, or else the installation's own.

    Where nothing lists tokens, as on a single machine, everything is allowed.

    Raises: UnknownCaller for a token that is neither listed nor the installation's; Malformed for a
    wrong list; NotFound for settings that are not there.
    """
    if settings is None and data is not None:
        own, listed = _of_directory(data)
    else:
        given = SystemSettings.of(settings or ENVIRONMENT)
        own = given.api_token.get_secret_value() if given.api_token else None
        listed = given.tokens_file
    mine = own_token()
    if listed is None and (mine is None or own is None):
        return EVERYTHING_ALLOWED
    token = mine or own
    if token is not None:
        found = Callers.listed(None, listed).by_token(token)
        if found is not None:
            return found
        if token == own:
            return EVERYTHING_ALLOWED
    raise UnknownCaller(
        "此处没有系统认识的令牌 · no token that this system knows is at hand",
        where="CADRE_TOKEN",
        hint="请设置 CADRE_TOKEN · set CADRE_TOKEN to your token",
    )


def _of_directory(data: Path) -> tuple[str | None, Path | None]:
    """The token of a data directory, and the file that lists others; none before it is made."""
    if not data.exists():
        return None, None
    directory = DataDirectory.open_data(data)
    own = directory.secrets.api_token if directory.has_secrets else None
    return own, directory.tokens if directory.tokens.exists() else None
