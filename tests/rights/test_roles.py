"""Each role and what it may, over HTTP and NATS, against real services and a real log."""

import re
from pathlib import Path
from typing import Any, cast

import pytest

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.contracts.event import Event
from cadre.contracts.examples import example
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.rights import Role
from cadre.shared.showing.routes import OPEN_PATHS
from cadre.shared.showing.service import Service
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.training.app import SERVICE as TRAINING
from rights.callers import EACH_ROLE, Served, entry, served, token_of
from support.mini import cadre_id
from support.nats_server import NatsServer

PERSON = cadre_id(1)
TALKS = {"talks", "flags", "sanctions"}
"""Reports of supervision material."""


def asked(operation: dict[str, Any]) -> dict[str, str]:
    """Something for each parameter that a question needs."""
    given = {"year": "2026", "period": "2026", "kind": "village-team", "target": "officer-3"}
    return {
        one["name"]: given.get(one["name"], "2026-03-02")
        for one in operation.get("parameters", ())
        if one["in"] == "query" and one["required"]
    }


async def roles_let_in(it: Served, method: str, path: str, operation: dict[str, Any]) -> set[Role]:
    """The roles that an operation does not refuse."""
    filled = path.replace("{cadre_id}", PERSON).replace("{person}", PERSON)
    filled = filled.replace("{year}", "2026").replace("{entity}", "cadre")
    filled = re.sub(r"\{[^}]+\}", "x-1", filled)
    let_in: set[Role] = set()
    for role in Role:
        answer = await it.ask(
            token_of(role), method.upper(), filled, params=asked(operation), json={}
        )
        assert answer.status_code not in {401, 405}, (method, path)
        if answer.status_code != 403:
            let_in.add(role)
        else:
            problem = answer.json()
            assert problem["type"] == "urn:cadre:problem:forbidden"
            assert {"detail", "where", "hint"} <= problem.keys()
            assert " · " in problem["detail"]
            assert answer.headers["content-type"] == "application/problem+json"
    return let_in


@pytest.mark.parametrize(
    "service", [SELECTION, TRAINING, SUPERVISION, APPOINTMENT], ids=lambda one: one.name
)
async def test_every_operation_lets_in_the_role_it_tells_and_no_other(
    service: Service, server: NatsServer, tmp_path: Path
) -> None:
    async with served(service, server, tmp_path, *EACH_ROLE) as it:
        document = (await it.web.get("/openapi.json")).json()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if path.startswith((*OPEN_PATHS, "/commands")):
                    continue
                told = operation["x-right"]["role"]
                expected = set(Role) if told == "any" else {Role(told)}
                if path == "/projections/dump":
                    expected = {Role.OPERATOR}
                assert await roles_let_in(it, method, path, operation) == expected, path
        for report in service.reports:
            expected = {Role.INSPECTOR if report.name in TALKS else Role.READER}
            let_in = await roles_let_in(it, "get", f"/reports/{report.name}", {})
            assert let_in == expected, report.name
        for role in Role:
            full = {"full": "true"}
            dumped = await it.ask(token_of(role), "GET", "/projections/dump", params=full)
            assert (dumped.status_code == 200) == (role is Role.INSPECTOR)
        for handler in service.handlers:
            command = handler.command
            body = example(cast("type[Event]", command))
            for role in Role:
                for told in await it.command(token_of(role), command.name, body):
                    refused = told.get("type") == "urn:cadre:problem:forbidden"
                    assert refused == (role is not handler.right.role), (command.name, role, told)


BODIES: dict[str, dict[str, Any]] = {
    "observe": {
        "cadre_id": PERSON,
        "effective_on": "2026-03-02",
        "occasion": "project",
        "indication": "positive",
        "observer": "x",
        "note": "在场",
    },
    "define-pool": {
        "pool_id": "p-1",
        "effective_on": "2026-03-02",
        "pool_class": "young",
        "title": "库",
        "seats": 3,
    },
    "enter-pool": {
        "pool_id": "p-1",
        "cadre_id": PERSON,
        "effective_on": "2026-03-02",
        "decided_by": "部务会",
    },
    "restrict": {
        "cadre_id": PERSON,
        "effective_on": "2026-03-02",
        "retained_until": "2031-12-31",
        "basis": "x",
    },
}
"""Commands that are well-formed: what cannot be read is refused before it is asked who sent it."""


async def test_no_token_and_a_wrong_one_are_refused_alike_over_both(
    server: NatsServer, tmp_path: Path
) -> None:
    body = BODIES["observe"]
    async with served(SELECTION, server, tmp_path, entry("li", ["recorder"])) as it:
        for token in (None, "wrong", token_of("wang")):
            over_nats = await it.over_nats(token, "observe", body)
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            over_http = await it.web.post("/commands/observe", json=body, headers=headers)
            assert over_http.status_code == over_nats["status"] == 401
            assert over_http.json() == over_nats
            assert over_http.headers["WWW-Authenticate"] == "Bearer"
            assert {"detail", "where", "hint"} <= over_nats.keys()


async def test_of_many_commands_each_is_admitted_by_itself(
    server: NatsServer, tmp_path: Path
) -> None:
    tokens = [entry("li", ["decider"])]
    async with served(SELECTION, server, tmp_path, *tokens) as it:
        many = [
            {"name": name, "id": f"00000000-0000-4000-8000-{place:012}", "body": BODIES[name]}
            for place, name in enumerate(("observe", "define-pool", "observe"))
        ]
        told = (await it.ask(token_of("li"), "POST", "/commands", json=many)).json()
    assert [one.get("status") for one in told] == [403, None, 403]
    assert told[1]["outcome"] == "recorded"


async def test_the_actor_of_an_event_is_the_name_of_the_token(
    server: NatsServer, tmp_path: Path
) -> None:
    roles = ["recorder", "decider", "inspector", "operator"]
    tokens = [entry("li", roles, account="clerk-li"), entry("gate", roles)]
    async with served(SELECTION, server, tmp_path, *tokens) as it:
        for place, (token, given, expected) in enumerate(
            [
                ("li", None, "clerk-li"),
                ("li", "clerk-li", "clerk-li"),
                ("li", "wang", None),
                ("gate", "wang", "wang"),
            ]
        ):
            for way, answer in enumerate(
                [
                    await it.ask(
                        token_of(token),
                        "POST",
                        "/commands/define-pool",
                        actor=given,
                        json=BODIES["define-pool"] | {"pool_id": f"p-{place}-0"},
                    ),
                    await it.over_nats(
                        token_of(token),
                        "define-pool",
                        BODIES["define-pool"] | {"pool_id": f"p-{place}-1"},
                        actor=given,
                    ),
                ]
            ):
                told = answer if isinstance(answer, dict) else answer.json()
                if expected is None:
                    assert (told["status"], told["where"]) == (403, "Cadre-Actor")
                    assert "wang" not in str(told)
                    continue
                assert told["outcome"] == "recorded", told
                history = await it.ask(
                    token_of("li"), "GET", f"/histories/pool/p-{place}-{way}", actor=None
                )
                assert history.json()["entries"][0]["actor"] == expected
        nameless = await it.ask(token_of("gate"), "GET", "/histories/pool/p-0-0", actor=None)
        assert (nameless.status_code, nameless.json()["where"]) == (400, "Cadre-Actor")
        for token, expected in (("li", (404, None)), ("gate", (400, "Cadre-Actor"))):
            wish = {"position": 99, "reason": "无法适用"}
            answer = await it.ask(
                token_of(token), "POST", "/projections/set-aside", actor=None, json=wish
            )
            assert (answer.status_code, answer.json().get("where")) == expected
