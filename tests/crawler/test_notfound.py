from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archive.errors import ParseError
from crawler.extract import read_page
from crawler.notfound import Seen, judge

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "notfound.toml").read_text("utf-8"))["case"]
NOW = datetime(2026, 7, 20, tzinfo=UTC)
SENTENCES = (
    "La presidenta anunció en Puno una planta de litio que dará trabajo a mil familias de la región.",
    "Los pobladores piden una consulta previa antes de que comiencen las obras, previstas para agosto.",
    "El alcalde de la provincia recordó que el lago abastece de agua a tres ciudades y a sus campos.",
    "Una comisión del congreso viajará la próxima semana para escuchar a las comunidades de la zona.",
    "La empresa sostiene que usará agua reciclada y que cada mes publicará sus mediciones en una página.",
    "En Lima, el ministro dijo que el contrato se conocerá completo cuando todas las partes lo firmen.",
    "Los transportistas levantaron ayer el bloqueo de la carretera que une la capital con la frontera sur.",
    "La cámara de comercio calcula que el proyecto atraerá inversiones por unos cien millones de soles.",
)
ARTICLE = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
TEXTS = {
    "{text}": ARTICLE,
    "{brief}": "".join(f"<p>{sentence}</p>" for sentence in SENTENCES[:2]),
    "{long}": "".join(f"<p>{number}. {one}</p>" for number in range(3) for one in SENTENCES),
}


def read(case: dict[str, Any]) -> None:
    body = case["body"]
    for name, text in TEXTS.items():
        body = body.replace(name, text)
    asked = case.get("asked", "https://faro.example/2026/07/19/puno-pide-una-consulta-previa")
    page = f"<!DOCTYPE html><html><head>{case.get('head', '<title>Puno</title>')}</head><body>{body}</body></html>"
    read_page(page.encode(), url=case.get("url", asked), asked=asked, now=NOW)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_a_page_is_the_article_or_it_is_said_what_else(case: dict[str, Any]) -> None:
    if "reason" not in case:
        read(case)
        return
    with pytest.raises(ParseError) as caught:
        read(case)
    assert caught.value.reason == case["reason"]
    assert caught.value.detail


def test_every_reason_has_cases_and_so_have_articles_that_come_near_it() -> None:
    reasons = [case.get("reason") for case in CASES]
    assert {"soft_404", "consent", "captcha", None} == set(reasons)
    assert reasons.count(None) >= 12


def test_what_is_asked_for_by_another_form_of_its_address_is_no_redirect() -> None:
    assert judge(Seen(asked="http://faro.example", url="https://www.faro.example/", text="")) is None


@pytest.mark.corpus
def test_no_page_of_the_readability_set_is_called_something_else(corpus: Path) -> None:
    folders = sorted((corpus / "articles" / "readability").iterdir())
    for folder in folders:
        asked = f"https://paper.example/2026/07/{folder.name}"
        read_page((folder / "source.html").read_bytes(), url=asked, asked=asked, now=NOW)
    assert len(folders) > 100
