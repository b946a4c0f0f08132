"""What an installation of the command brings along, read from the lock."""

import tomllib
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
PACKAGES: dict[str, dict[str, Any]] = {
    package["name"]: package
    for package in tomllib.loads((REPOSITORY / "uv.lock").read_text("utf-8"))["package"]
}


def _installed_with(name: str) -> set[str]:
    found: set[tuple[str, str]] = set()
    waiting = [(name, "")]
    while waiting:
        known, extra = one = waiting.pop()
        if one not in found:
            found.add(one)
            package = PACKAGES[known]
            needed = package.get("optional-dependencies", {}).get(extra, [])
            for other in [*package.get("dependencies", ()), *needed]:
                waiting += [(other["name"], wanted) for wanted in ("", *other.get("extra", ()))]
    return {known for known, _ in found}


def test_the_command_alone_brings_no_fiction_and_no_font() -> None:
    brought = _installed_with("cadre-cli")

    assert {"cadre-audit", "cadre-intake", "cadre-client"} <= brought
    assert brought & {"cadre-fiction", "pylopdf-fonts-zh-cn", "fpdf2"} == set()


def test_a_checkout_has_all_of_it() -> None:
    assert {"cadre-fiction", "pylopdf-fonts-zh-cn"} <= _installed_with("cadre")


def test_the_image_is_the_command_alone() -> None:
    steps = (REPOSITORY / "deploy/Dockerfile").read_text("utf-8")
    synced = [line for line in steps.splitlines() if "uv sync" in line]

    assert synced
    assert all("--package cadre-cli" in line and "--extra" not in line for line in synced)


def test_a_service_brings_no_command_and_reads_no_files() -> None:
    for name in ("selection", "training", "supervision", "appointment"):
        brought = {one for one in _installed_with(f"cadre-{name}") if one.startswith("cadre-")}

        assert brought == {f"cadre-{name}", "cadre-shared", "cadre-contracts"}
