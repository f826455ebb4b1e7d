"""The operator's own templates: used when they can be, and never the reason for which a digest is missed."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from alerts.model import Stationery
from alerts.render import render
from crawler.stationery import read_stationery
from tests.alerts.factory import article, digest, server
from tests.alerts.test_page import plain


def written(folder: Path, **files: str) -> Path:
    (folder / "templates").mkdir()
    for name, source in files.items():
        (folder / "templates" / name.replace("_", ".", 1)).write_text(source, "utf-8")
    return folder


def test_an_own_template_is_used_and_escapes_what_is_not_ours(tmp_path: Path) -> None:
    own, complaints = read_stationery(
        written(
            tmp_path, digest_html="<!doctype html><title>{{ view.groups[0].title if view.groups }}</title>"
        ),
        None,
    )
    assert complaints == ()
    shown = render(digest(article(1, topic_title="<b>")), "desk@example.org", server(), own)
    assert "<title>&lt;b&gt;</title>" in shown.html
    assert "*Peru* story 1" in plain(shown), "the other part is the program's"


def test_an_own_template_may_extend_the_one_it_replaces(tmp_path: Path) -> None:
    own, complaints = read_stationery(
        written(tmp_path, digest_txt="{% include 'default/digest.txt' %}\nThe press office\n"), None
    )
    assert complaints == ()
    shown = plain(render(digest(article(1)), "desk@example.org", server(), own))
    assert "*Peru* story 1" in shown
    assert shown.rstrip().endswith("The press office")


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("\n\n{% if view.day %}", 3, "endif"),
        ("\n{{ view.headline }}", 2, "headline"),
        ("\n{{ view.__class__.__mro__ }}", 2, "unsafe"),
        ("{{ 1 // 0 }}", 1, "ZeroDivisionError"),
        ("\n\n{{ wrap() }}", 3, "TypeError"),
        ("{% include '/etc/passwd' %}", 1, "TemplateNotFound"),
    ],
)
def test_one_that_is_broken_is_told_at_its_line_and_the_built_in_one_is_used(
    tmp_path: Path, source: str, line: int, said: str
) -> None:
    own, (complaint,) = read_stationery(written(tmp_path, digest_txt=source), None)
    assert (complaint.file, complaint.line) == ("templates/digest.txt", line)
    assert said in complaint.message
    assert "the program's own template is used" in complaint.message
    assert own.templates == {}


def test_one_that_breaks_only_on_a_later_digest_is_logged_and_the_built_in_one_is_used(
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = Stationery(templates={"digest.txt": "\n{{ 1 // 0 }}"})
    with caplog.at_level(logging.WARNING):
        shown = render(digest(article(1)), "desk@example.org", server(), own)
    assert "*Peru* story 1" in plain(shown)
    assert "templates/digest.txt:2: " in caplog.text


def test_a_file_of_another_name_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    folder = written(tmp_path, digest_htm="x")
    (folder / "templates" / ".digest.html.swp").write_text("x")
    _, (complaint,) = read_stationery(folder, None)
    assert "did you mean digest.html?" in complaint.message


@pytest.mark.parametrize("name", ["digest.txt", "digest.html"])
def test_one_that_writes_half_a_character_stops_no_mail(name: str) -> None:
    own = Stationery(templates={name: "{{ '\\ud800' }}"})
    message = render(digest(article(1)), "desk@example.org", server(), own)
    assert "*Peru* story 1" in plain(message)
    assert "https://news.example/1" in message.html
