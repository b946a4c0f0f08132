"""A fictional county for trials, demonstrations and tests: its people, and the files it hands in.

`County` tells units, posts and people; `generate` writes rosters and forms as real offices do,
with some rows wrong on purpose. Read in this order: ``model``, ``county``, ``life``, then
``rosters`` with ``hazards``, ``forms``, ``generate``.
"""

from cadre.fiction.county.county import County
from cadre.fiction.county.generate import Generated, generate
from cadre.fiction.county.model import Person, Post, Unit, UnitKind

__all__ = ["County", "Generated", "Person", "Post", "Unit", "UnitKind", "generate"]
