"""The import contracts name every module that they are about."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAY_ALERT = {
    "crawler.cli",
    "crawler.service",
    "crawler.outgoing",
    "crawler.asked",
    "crawler.config",
    "crawler.subscribers",
    "crawler.found",
    "crawler.stationery",
}
MAY_ACT = {
    "crawler.cli",
    "crawler.service",
    "crawler.watchlist",
    "crawler.watching",
    "crawler.copies",
    "crawler.outgoing",
    "crawler.found",
    "crawler.run",
    "crawler.pipelines",
    "crawler.recognise",
    "crawler.upgrade",
    "crawler.demo.day",
}
ACT = (
    "of crawler, only cli, service, watchlist, watching, copies, outgoing, found, run, pipelines, recognise, upgrade and the "
    "demo's day import what acts in archive"
)


def contracts() -> dict[str, dict]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    return {contract["name"]: contract for contract in settings["contracts"]}


def modules(package: str) -> set[str]:
    found = {path.stem for path in (ROOT / package).glob("*.py")} | {
        path.parent.name for path in (ROOT / package).glob("*/__init__.py")
    }
    return {f"{package}.{name}" for name in found - {"__init__"}}


def test_every_module_of_crawler_is_either_allowed_to_import_alerts_or_forbidden() -> None:
    forbidden = set(
        contracts()[
            "of crawler, only cli, service, outgoing, found, asked, config, stationery and subscribers import alerts"
        ]["source_modules"]
    )
    assert forbidden | MAY_ALERT == modules("crawler")
    assert not forbidden & MAY_ALERT


def test_every_module_of_archive_is_either_pure_or_acts() -> None:
    pure = set(contracts()["pure modules import no framework, no SQLite and no SMTP"]["source_modules"])
    acts = set(contracts()[ACT]["forbidden_modules"])
    assert (pure & modules("archive")) | acts == modules("archive")
    assert not pure & acts


def test_every_module_of_crawler_is_either_allowed_to_import_what_acts_in_archive_or_forbidden() -> None:
    forbidden = set(contracts()[ACT]["source_modules"])
    demo = {f"crawler.demo.{path.stem}" for path in (ROOT / "crawler/demo").glob("*.py")}
    known = (modules("crawler") - {"crawler.demo"}) | demo - {"crawler.demo.__init__"}
    assert forbidden | MAY_ACT == known
    assert not forbidden & MAY_ACT


def test_the_demos_day_asks_and_locks_the_archive_and_is_forbidden_all_else_that_acts() -> None:
    forbidden = contracts()["of what acts in archive, the demo's day imports only search and lock"]
    assert forbidden["source_modules"] == ["crawler.demo.day"]
    acts = set(contracts()[ACT]["forbidden_modules"])
    assert acts - set(forbidden["forbidden_modules"]) == {"archive.search", "archive.lock"}


def test_what_is_fetched_is_forbidden_all_that_acts() -> None:
    (name,) = (name for name in contracts() if name.startswith("spiders, extraction"))
    assert set(contracts()[ACT]["forbidden_modules"]) <= set(contracts()[name]["forbidden_modules"])


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
    # The values stand in one module, in the order in which they flow; migrations are appended to, never edited.
    assert set(long) <= {"archive/model.py", "archive/schema.py"}, long
