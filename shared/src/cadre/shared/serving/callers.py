"""Who may call: the tokens of a settings file, each with its roles, its units and its name.

Only a token's SHA-256 stands in the file, and only that is kept in memory. A token is a long random
text, so its hash tells nothing. Like every setting the file is read once, at the start.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from cadre.contracts.event import UnitId
from cadre.shared.asking.wire import ACTOR_LENGTH_MAX, is_account
from cadre.shared.deciding.errors import Forbidden, Malformed, UnknownCaller
from cadre.shared.deciding.rights import EVERYTHING_ALLOWED, Caller, Role
from cadre.shared.upkeep.settings import Settings

_SCHEME = "Bearer "
_INTERNAL = ("reaction:", "calendar:")
"""How the accounts begin that services themselves act under."""
_AN_ACCOUNT = f"an account is printable ASCII, at most {ACTOR_LENGTH_MAX} characters"


def _account(text: str) -> str:
    if not is_account(text):
        raise ValueError(_AN_ACCOUNT)
    if text.startswith(_INTERNAL):
        msg = f"accounts that begin with {' or '.join(_INTERNAL)} are those of services"
        raise ValueError(msg)
    return text


class Token(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", repr=False)
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    units: Annotated[frozenset[UnitId], Field(min_length=1)] | None = None
    name: Annotated[str, AfterValidator(_account)] | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: Annotated[list[Token], Field(min_length=1)]


@dataclass(frozen=True, slots=True, repr=False)
class Callers:
    """The callers by the hash of their token."""

    by_hash: Mapping[bytes, Caller]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those that settings name. Raises: Malformed."""
        own = settings.api_token
        return cls.listed(own.get_secret_value() if own else None, settings.tokens_file)

    @classmethod
    def listed(cls, api_token: str | None, tokens_file: Path | None) -> Self:
        """The one that may do everything, and those of a file. Raises: Malformed."""
        callers: dict[bytes, Caller] = {}
        if api_token is not None:
            callers[_hash(api_token)] = EVERYTHING_ALLOWED
        if tokens_file is not None:
            callers |= _read(tokens_file, callers)
        return cls(callers)

    def by_token(self, token: str) -> Caller | None:
        """Whose token this is."""
        return self.by_hash.get(_hash(token))

    def known(self, headers: Mapping[str, str]) -> Caller:
        """Who sent these headers, by the token among them. Raises: UnknownCaller."""
        given = headers.get("authorization", "")
        found = self.by_token(given[len(_SCHEME) :]) if given.startswith(_SCHEME) else None
        if found is None:
            raise UnknownCaller(
                "请求未带有效令牌 · the request bears no valid token",
                where="Authorization",
                hint="请发送 Authorization: Bearer <令牌>；HTTP 与 NATS 相同 · "
                "send Authorization: Bearer <token>, over HTTP and over NATS",
            )
        return found


def speaking(caller: Caller, headers: dict[str, str]) -> dict[str, str]:
    """The headers without the token, and with the account that the caller speaks as.

    Raises: Forbidden where a token that has a name came under another.
    """
    told = {name: value for name, value in headers.items() if name != "authorization"}
    if caller.name and told.setdefault("cadre-actor", caller.name) != caller.name:
        raise Forbidden(
            f"此令牌属于 {caller.name}，不能以他人名义操作 · "
            f"this token is {caller.name}'s and cannot act for somebody else",
            where="Cadre-Actor",
            hint="请省去该标头，或写令牌的名称 · leave the header out, or name the token's owner",
        )
    return told


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _read(path: Path, known: Mapping[bytes, Caller]) -> dict[bytes, Caller]:
    try:
        given = _File.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise _wrong(path, f"it cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, f"it is no TOML: {error}") from error
    except ValidationError as error:
        told = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
        raise _wrong(path, "; ".join(f"{where}: {what}" for where, what in told)) from error
    found: dict[bytes, Caller] = {}
    for place, token in enumerate(given.token):
        key = bytes.fromhex(token.sha256)
        if key in found or key in known:
            raise _wrong(path, f"token.{place}: the same token stands twice, or is CADRE_API_TOKEN")
        found[key] = Caller(token.roles, token.units, token.name or "")
    return found


def _wrong(path: Path, why: str) -> Malformed:
    return Malformed(
        f"令牌文件有误 · the file of tokens is wrong: {why}",
        where=str(path),
        hint="请对照部署说明改正 · each [[token]] has sha256, roles "
        f"({', '.join(Role)}), and perhaps name and units; see deploy/README.md",
    )
