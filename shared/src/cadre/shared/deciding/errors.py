"""Errors a caller may want to catch. Each says what was wrong, where, and what to do.

* CadreError
  + Malformed         400  the input cannot be understood
  + UnknownCaller     401  no valid token came with it
  + Forbidden         403  the token has not the right
  + NotFound          404  nothing of that id is known
  + NotAllowed        405  the address is known, but not with that method
  + LostRace          409  somebody else was faster, several times over
  + CommandReused     409  the command id was used before for another command
  + ParkedPerson      409  an event of that person waits to be mended
  + PersonForgotten   410  the personal data this would need were destroyed
  + StalePosition     412  the caller decided on an older history than the one that holds
  + TooLarge          413  the message is larger than what is taken
  + NotPossible       422  it cannot be right in this state; retrying will not help
  + Restricted        451  the law allows these data to be stored and nothing else
  + Unavailable       503  a part of the system cannot be reached; nothing was written
    + OtherBranch          the log has other events at positions that were read or written before
  + OutcomeUnknown    504  no answer came: it may or may not have been written; repeat the same id
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

FAULTS_TOLD_MAX = 20


class CadreError(Exception):
    """Base of every error this project raises on purpose."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "系统内部出错 · Something is wrong inside"

    def __init__(self, detail: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        hint = f". {self.hint}" if self.hint else ""
        return f"{self.detail}{where}{hint}"

    def problem(self) -> dict[str, object]:
        """RFC 9457 problem details; the same fields go over NATS."""
        fields: dict[str, object] = {
            "type": f"urn:cadre:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.where:
            fields["where"] = self.where
        if self.hint:
            fields["hint"] = self.hint
        return fields


class Malformed(CadreError):
    status = 400
    code = "malformed"
    title = "输入内容无法识别 · The input cannot be understood"


class UnknownCaller(CadreError):
    status = 401
    code = "unauthorised"
    title = "调用者身份不明 · The caller is not known"


class Forbidden(CadreError):
    status = 403
    code = "forbidden"
    title = "没有此项权限 · This caller may not do that"


class NotFound(CadreError):
    status = 404
    code = "not-found"
    title = "查无此编号 · Nothing of that id is known"


class NotAllowed(CadreError):
    status = 405
    code = "not-allowed"
    title = "此地址不接受该方法 · This address is not asked with that method"


class LostRace(CadreError):
    status = 409
    code = "lost-race"
    title = "已被他人抢先，请重试 · Others were faster; try again"


class CommandReused(CadreError):
    status = 409
    code = "command-reused"
    title = "该命令编号已用于其他命令 · This command id was used before, for another command"


class ParkedPerson(CadreError):
    status = 409
    code = "parked"
    title = "此人有事件被搁置待处理 · An event of this person waits to be mended"


class PersonForgotten(CadreError):
    status = 410
    code = "forgotten"
    title = "所需的个人信息已删除 · The personal data this would need were destroyed"


class StalePosition(CadreError):
    status = 412
    code = "stale-position"
    title = "历史在所写位置之后已有新事件 · The history has moved on from the position you named"


class TooLarge(CadreError):
    status = 413
    code = "too-large"
    title = "内容过大 · The message is larger than what is taken"


class NotPossible(CadreError):
    status = 422
    code = "not-possible"
    title = "目前情况下不能办理 · This cannot be done in the present state"


class Restricted(CadreError):
    status = 451
    code = "restricted"
    title = "该信息已限制处理，只能存储 · These data may only be stored at present"


class Unavailable(CadreError):
    status = 503
    code = "unavailable"
    title = (
        "系统有部分无法连接，未写入任何内容 · "
        "A part of the system cannot be reached; nothing was written"
    )


class OtherBranch(Unavailable):
    code = "other-branch"
    title = (
        "事件日志不是本服务所知的日志，未写入任何内容 · "
        "The log is not the one this service knows; nothing was written"
    )


class OutcomeUnknown(CadreError):
    status = 504
    code = "outcome-unknown"
    title = (
        "没有收到答复，请用原编号重发同一命令 · "
        "No answer came; repeat the same command with the same id"
    )


def malformed(faults: Iterable[tuple[str, str]]) -> Malformed:
    """Fields, each with what is wrong with it; of many the first ones."""
    found = list(islice(faults, FAULTS_TOLD_MAX))
    return Malformed(
        "输入有误 · " + "; ".join(f"{where or 'body'}: {message}" for where, message in found),
        where=", ".join(where for where, _ in found) or None,
        hint="请对照接口文档中的格式 · compare with the schema in /openapi.json",
    )


def from_validation(errors: Sequence[Mapping[str, Any]]) -> Malformed:
    """What pydantic found wrong, without the values: they may be personal."""
    return malformed(
        (".".join(str(part) for part in item["loc"] if part != "body"), str(item["msg"]))
        for item in errors
    )
