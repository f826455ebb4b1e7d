"""The import contracts name every module that they are about."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAY_ALERT = {"crawler.cli", "crawler.service", "crawler.config"}


def contracts() -> dict[str, dict]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    return {contract["name"]: contract for contract in settings["contracts"]}


def modules(package: str) -> set[str]:
    found = {path.stem for path in (ROOT / package).glob("*.py")} | {
        path.parent.name for path in (ROOT / package).glob("*/__init__.py")
    }
    return {f"{package}.{name}" for name in found - {"__init__"}}


def test_every_module_of_crawler_is_either_allowed_to_import_alerts_or_forbidden() -> None:
    forbidden = set(contracts()["of crawler, only cli, service and config import alerts"]["source_modules"])
    assert forbidden | MAY_ALERT == modules("crawler")
    assert not forbidden & MAY_ALERT


def test_every_module_that_a_contract_names_exists() -> None:
    known = modules("archive") | modules("crawler") | modules("alerts") | {"archive", "crawler", "alerts"}
    for contract in contracts().values():
        for name in (*contract["source_modules"], *contract["forbidden_modules"]):
            if name.split(".")[0] in ("archive", "crawler", "alerts"):
                assert ".".join(name.split(".")[:2]) in known, name


def test_no_module_has_grown_past_350_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for package in ("archive", "crawler", "alerts")
        for path in (ROOT / package).rglob("*.py")
        if (count := len(path.read_text("utf-8").splitlines())) > 350
    }
    assert set(long) <= {"archive/model.py"}, (
        long
    )  # the values stand in one module, in the order in which they flow
