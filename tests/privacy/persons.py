"""People whose values are found nowhere by chance, and where to look for their bytes."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from cadre.client.services import Client

DAY = "2026-03-02"
NOTE_ID = UUID("5a1d1c5e-58a0-4a36-9d2b-6f4a1d0c7e11")


@dataclass(frozen=True)
class Somebody:
    """A person with values that stand in no other place."""

    full_name: str
    id_number: str
    birth_date: str
    sex: str
    native_place: str
    observed: str
    talked: str
    visited: str

    @property
    def clear(self) -> list[str]:
        """What must stand nowhere."""
        return [
            self.full_name,
            self.id_number,
            self.birth_date,
            self.native_place,
            self.observed,
            self.talked,
            self.visited,
        ]

    def recruit(self, client: Client) -> str:
        outcome = client.command(
            "selection",
            "recruit",
            {
                "effective_on": DAY,
                "full_name": self.full_name,
                "id_number": self.id_number,
                "birth_date": self.birth_date,
                "birth_month": self.birth_date[:7],
                "native_place": self.native_place,
                "sex": self.sex,
                "ethnicity": "汉族",
                "political": "13",
                "education": "bachelor",
                "channel": "civil-service",
                "unit_id": "u-1",
                "unit_name": "县委办",
            },
        )
        cadre_id: str = outcome["events"][0]["data"]["cadre_id"]
        return cadre_id

    def live(self, client: Client, cadre_id: str, note_id: UUID = NOTE_ID) -> int:
        """Something said about the person by two services; the last position."""
        about = {"cadre_id": cadre_id, "effective_on": DAY}
        seen = {
            "occasion": "project",
            "indication": "positive",
            "observer": "督查组",
            "note": self.observed,
        }
        client.command("selection", "observe", about | seen)
        talk = {"kind": "care", "talkers": ["组织部"], "reason": "日常", "record": self.talked}
        client.command("supervision", "talk", about | talk)
        return visit(client, cadre_id, self.visited, note_id)["position"]


def visit(
    client: Client, cadre_id: str, note: str, note_id: UUID, command_id: UUID | None = None
) -> dict[str, Any]:
    return client.command(
        "supervision",
        "record-off-duty-visit",
        {
            "cadre_id": cadre_id,
            "effective_on": DAY,
            "note_id": str(note_id),
            "kind": "home",
            "visitors": ["组织部干部监督科"],
            "lawful_purpose": "了解八小时外表现",
            "note": note,
            "keep_until": "2027-02-01",
        },
        command_id,
    )


OUYANG = Somebody(
    "欧阳若璎",
    "990101199506150025",
    "1995-06-15",
    "female",
    "四川省剑阁县鹤龄镇",
    "在鹤龄堤坝连守七夜",
    "谈及其母久病于广济医院",
    "家住鹤龄老街十七号之二",
)
BAILI = Somebody(
    "百里长河",
    "11010119900307803X",
    "1990-03-07",
    "male",
    "湖南省岳塘区滴水村",
    "在滴水泵站抢修",
    "谈及其子入学于滴水小学",
    "家住滴水巷九号之一",
)


def keys_of(store: Path, cadre_id: str) -> list[bytes]:
    """The wrapped data keys of a person."""
    with closing(sqlite3.connect(store)) as connection:
        query = "SELECT wrapped FROM data_keys WHERE person = ?"
        return [bytes(row[0]) for row in connection.execute(query, (cadre_id,))]


def index_tokens_of(store: Path, cadre_id: str) -> list[bytes]:
    """What the index of identities knows a person by."""
    with closing(sqlite3.connect(store)) as connection:
        rows = [
            *connection.execute("SELECT id_token FROM identities WHERE cadre_id = ?", (cadre_id,)),
            *connection.execute("SELECT name_token FROM names WHERE cadre_id = ?", (cadre_id,)),
        ]
    return [row[0].encode() for row in rows]


def files_with(folder: Path, *wanted: bytes | str) -> dict[str, list[str]]:
    """In which files below a folder which of these bytes stand, in any usual encoding."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            hits = [str(one) for one in wanted if any(form in content for form in _forms(one))]
            if hits:
                found[str(path.relative_to(folder))] = hits
    return found


def _forms(value: bytes | str) -> list[bytes]:
    if isinstance(value, bytes):
        return [value]
    escaped = value.encode("unicode_escape")
    return [value.encode(), value.encode("utf-16-le"), value.encode("gb18030"), escaped]
