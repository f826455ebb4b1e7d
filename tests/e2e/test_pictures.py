"""What people see, in a real browser: the digest at the width of a telephone and of a desktop, and the archive."""

from __future__ import annotations

import html
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from alerts import leavepage, spike, spikemail
from alerts.leave import Wanted
from alerts.leavepage import Standing
from alerts.model import Leaving
from alerts.render import render
from alerts.sample import digests
from alerts.spikemail import Alarm
from archive.model import Headline, Place
from tests.alerts.factory import NOON, article, digest, server, subscription, trouble

pytestmark = pytest.mark.browser

# In a frame, because a headless window cannot be as narrow as a telephone.
FRAME = """<!doctype html><title>not measured</title>
<iframe width="{width}" height="9999" style="border:0" srcdoc="{page}"></iframe>
<script>addEventListener("load", () => {{
  const inside = document.querySelector("iframe").contentDocument;
  const wide = [...inside.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > {width} + 1);
  const root = inside.documentElement;
  document.title = `overflow=${{root.scrollWidth - root.clientWidth}} wide=${{wide.length}}`;
}});</script>"""


def browse(chromium: str, page: Path, width: int, profile: Path) -> str:
    """Load ``page`` in a window ``width`` pixels wide, and return its document after scripts ran."""
    command = [
        chromium,
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}"),
        f"--window-size={width},2000",
        "--dump-dom",
        page.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def assert_fits(chromium: str, digest: str, width: int, folder: Path) -> None:
    page = folder / "frame.html"
    page.write_text(FRAME.format(width=width, page=html.escape(digest)), "utf-8")
    document = browse(chromium, page, 1000, folder / "profile")
    title = re.search("<title>(.*?)</title>", document)
    assert title is not None
    assert title[1] == "overflow=0 wide=0"


@pytest.mark.parametrize("width", [390, 800])
def test_the_digest_fits_the_window(demo_folder: Path, chromium: str, tmp_path: Path, width: int) -> None:
    page = max((demo_folder / "data" / "outbox").glob("*.html")).read_text("utf-8")
    assert_fits(chromium, page, width, tmp_path)
    # Nothing in a mail may be fetched when it is opened.
    assert "<img" not in page
    assert "url(" not in page


@pytest.mark.parametrize("width", [390, 800])
def test_words_without_end_do_not_widen_the_digest(chromium: str, tmp_path: Path, width: int) -> None:
    endless = "Peru" + "x" * 2000
    made = digest(
        article(1, title=endless, author=endless, summary=endless, source_name=endless[:200]),
        subscription=subscription(name=endless[:200]),
        coverage=(trouble(endless[:200], detail=endless),),
    )
    leave = f"https://example.org/{endless}"
    assert_fits(chromium, render(made, "desk@example.org", server(unsubscribe=leave)).html, width, tmp_path)


@pytest.mark.parametrize("width", [390, 800])
@pytest.mark.parametrize("what", ["ask", "left", "later", "refused"])
def test_the_page_for_leaving_fits_the_window(chromium: str, tmp_path: Path, what: str, width: int) -> None:
    wanted = Wanted("lima-desk", f"{'a' * 60}@{'long.' * 30}example.org")
    standing = Standing(name="Lista" + "x" * 200, language="es", left=what == "left")
    known = (wanted, standing) if what in ("ask", "left") else (wanted,) if what == "later" else ()
    assert_fits(chromium, leavepage.page(what, "es", *known), width, tmp_path)


def alert(language: str) -> str:
    """Return the page of an alert whose words have no end."""
    counts = [1_234, *[7] * (spike.HOURS - 1)]
    found = spike.look(counts)
    assert found is not None
    endless = "Peru" + "x" * 2000
    alarm = Alarm(
        subscription=subscription(language=language),
        topic_id="peru",
        topic_title=endless[:100],
        spike=found,
        headlines=[Headline(1, endless, None, endless[:200], Place("peru", "andina", "PE", "es"))],
        at=NOON,
    )
    leaving = Leaving(public_url="https://press.example.org", key=bytes(32))
    (mail,) = spikemail.render(alarm, ["desk@example.org"], server(leaving=leaving))
    return mail.html


@pytest.mark.parametrize("width", [390, 800])
def test_an_alert_fits_the_window(chromium: str, tmp_path: Path, width: int) -> None:
    assert_fits(chromium, alert("es"), width, tmp_path)


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_validator_finds_nothing_in_what_readers_get(tidy: str, demo_folder: Path, language: str) -> None:
    wanted, standing = Wanted("desk", "a@example.org"), Standing(name="Desk", language=language, left=False)
    pages = {path.name: path.read_text("utf-8") for path in (demo_folder / "data" / "outbox").glob("*.html")}
    for number, made in enumerate(digests()):
        reader = replace(made.subscription, language=language)
        leave = server(unsubscribe="leave@example.org")
        pages[f"sample {number}"] = render(replace(made, subscription=reader), "a@example.org", leave).html
    pages |= {
        "alert": alert(language),
        "ask": leavepage.page("ask", language, wanted, standing),
        "refused": leavepage.page("refused", language),
    }
    assert len(pages) >= 7
    for name, page in pages.items():
        done = subprocess.run(
            [tidy, "-e", "-q", "-utf8"], input=page, capture_output=True, text=True, check=False
        )
        # Without this attribute Outlook, whose HTML is that of Word, puts a digest to the left.
        found = [line for line in done.stderr.splitlines() if 'attribute "align" not allowed' not in line]
        assert (name, found) == (name, [])
