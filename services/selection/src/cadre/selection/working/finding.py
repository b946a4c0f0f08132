"""Finding somebody by name or ID number, through the index of identities."""

from datetime import date
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from cadre.selection.showing.profiles import CADRES, PersonLine, persons
from cadre.selection.working.identities import identities
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.rights import ASKED, Right, Role
from cadre.shared.deciding.texts import FIT
from cadre.shared.showing.reader import Reading
from cadre.shared.showing.routes import Admitted
from cadre.shared.showing.view import View

VIEW = View()
SearchText = Annotated[str, Field(min_length=1, max_length=100), FIT] | None


class Search(BaseModel):
    """Whom to look for. A body, so that neither a name nor an ID number stands in an address."""

    model_config = ConfigDict(extra="forbid")

    name: SearchText = None
    id_number: SearchText = None


class CadresFound(BaseModel):
    cadres: list[PersonLine]


@VIEW.routes.post(
    "/cadres/find",
    Right(Role.READER, ASKED),
    summary="按姓名或身份证号查找干部 · Find cadres by name or ID number",
)
async def find_cadres(
    request: Request, reader: Reading, admission: Admitted, search: Search
) -> CadresFound:
    if search.name is None and search.id_number is None:
        raise Malformed(
            "未给出查找条件 · nothing to search for",
            where="name",
            hint="请给出姓名、身份证号或两者 · give name, id_number or both",
        )
    index = identities(request.app.state.context)
    found = await index.find(name=search.name, id_number=search.id_number)
    found = [one for one in await admission.within(found) if one not in reader.hidden]
    return CadresFound(cadres=await persons(reader, CADRES.c.cadre_id.in_(found), date.max))
