"""``presswatch match`` through the installed program: what it reads of a line, CSV, several processes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.corpus import COLUMNS, LONGEST, batches, lines_of
from tests.conftest import PROGRAM, environment, presswatch
from tests.e2e.world import write_config

KEYWORDS = """\
    topics:
      peru: {terms: [Peru, peruan*]}
      day: {dates: [2026-07-19]}
      known: {query: "lang:es AND source:rpp AND tag:minas AND author:ana AND country:pe AND section:mundo AND url:marcha"}
      both: {query: "@peru AND lluvia"}
    """


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = {"id": "a", "name": "A", "endpoints": [{"feed": "http://a.example/"}]}
    config = write_config(tmp_path_factory.mktemp("match"), [source])
    (config / "keywords.yaml").write_text(textwrap.dedent(KEYWORDS), "utf-8")
    return config


def write(path: Path, *records: Any) -> Path:
    path.write_text(
        "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in records), "utf-8"
    )
    return path


def coded(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_match_reads_what_is_known_of_an_article_beside_its_words(config: Path, tmp_path: Path) -> None:
    known = {
        "title": "Marcha", "lang": "es", "source": ["rpp", "RPP Noticias"], "tag": ["minas", "Lima"], "country": "PE",
        "author": "Ana Pérez", "section": "mundo", "url": "https://a.example/marcha", "date": "2026-07-18",
        "text": "El 19 de julio, en Perú. La lluvia.",
    }  # fmt: skip
    lines = write(tmp_path / "a.jsonl", known, {**known, "lang": "en", "date": "2020-01-01", "text": ""})
    first, second = coded(presswatch("match", lines, config=config).out)
    assert [match["topic"] for match in first["matches"]] == ["peru", "day", "known", "both"]
    fields = [
        hit["field"] for match in first["matches"] if match["topic"] == "known" for hit in match["hits"]
    ]
    assert set(fields) == {"lang", "source", "tag", "author", "country", "section", "url"}
    assert second["matches"] == []
    assert {key: value for key, value in first.items() if key != "matches"} == known


def test_what_is_no_text_beside_the_words_is_counted_and_the_words_are_read(
    config: Path, tmp_path: Path
) -> None:
    lines = write(
        tmp_path / "a.jsonl",
        {"title": "Peru", "source": 7, "author": {"name": "Ana"}, "date": ["2026"], "tag": [1], "lang": None},
        {"url": "https://a.example/peru", "author": []},
    )
    done = presswatch("match", lines, config=config)
    first, second = coded(done.out)
    assert [match["topic"] for match in first["matches"]] == ["peru"]
    assert second["matches"] == []
    assert done.err.splitlines() == [
        "lines with none of the fields that are read (title, summary, text): 1",
        "lines whose author is no text, and was not looked at: 1",
        "lines whose date is no text, and was not looked at: 1",
        "lines whose source is no text, and was not looked at: 1",
        "lines whose tag is no text, and was not looked at: 1",
    ]


def test_a_date_that_cannot_be_read_is_counted_too(config: Path, tmp_path: Path) -> None:
    days = ("19.7.2026", "soon", "", "2026-07-18", "2026-07-18T10:00:00Z")
    lines = write(tmp_path / "a.jsonl", *({"title": "El 19 de julio", "date": day} for day in days))
    done = presswatch("match", lines, config=config)
    assert [len(one["matches"]) for one in coded(done.out)] == [0, 0, 0, 1, 1]
    said = "lines whose date cannot be read (2026-07-19 is needed), and was not looked at: 2\n"
    assert done.err == said


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("this is a JSON list", '[{"title": "Peru"}, {"title": "Lima"}]'),
        ("this is a JSON list", '[\n  {"title": "Peru"},\n  {"title": "Lima"}\n]'),
        ("this is JSON on several lines", '{\n  "title": "Peru"\n}'),
        ("this is CSV", "id,title,text\n1,Peru,Lima\n2,Lima,Peru"),
        ("this is CSV", '\ufeff"Fecha";"URL"\n2026;a'),
        ("this is a spreadsheet or a zip file", "PK\x03\x04..."),
    ],
)
@pytest.mark.parametrize("flags", [(), ("--csv",)], ids=["JSON", "CSV"])
def test_a_file_of_another_kind_gets_one_message_that_says_what_is_needed(
    config: Path, tmp_path: Path, what: str, text: str, flags: tuple[str, ...]
) -> None:
    done = presswatch("match", write(tmp_path / "a", text), *flags, config=config, code=1)
    assert done.out == ""
    assert done.err.startswith(f"{what}: JSON lines are needed, one object a line")
    assert done.err.count("\n") == 1


def test_a_first_line_with_a_mistake_is_named_like_any_other(config: Path, tmp_path: Path) -> None:
    lines = write(tmp_path / "a.jsonl", "Peru, Lima", '{"title": Peru}', {"title": "Peru"})
    done = presswatch("match", lines, config=config, code=1)
    assert len(coded(done.out)) == 1
    assert done.err.splitlines()[-1] == "lines that could not be read: 2"


def test_csv_has_one_row_a_hit_that_says_of_which_line(config: Path, tmp_path: Path) -> None:
    lines = write(
        tmp_path / "a.jsonl",
        {"id": 7, "title": 'Peru, "Perú"', "url": "https://a.example/1"},
        {"title": "rain"},
        {"id": "x", "text": "=SUM(peruanos)", "title": "=1+1\x1b[31m\nPerú"},
    )
    done = presswatch("match", lines, "--csv", config=config)
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert tuple(rows[0]) == COLUMNS
    short = [
        [row[name] for name in ("id", "line", "field", "start", "end", "text", "variant", "how")]
        for row in rows
    ]
    assert short == [
        ["7", "1", "title", "0", "4", "Peru", "Peru", "exact"],
        ["7", "1", "title", "7", "11", "Perú", "Peru", "folded"],
        ["x", "3", "title", "10", "14", "Perú", "Peru", "folded"],
        ["x", "3", "text", "5", "13", "peruanos", "peruan*", "exact"],
    ]
    assert (rows[0]["topic"], rows[0]["url"], rows[0]["title"]) == (
        "peru",
        "https://a.example/1",
        'Peru, "Perú"',
    )
    assert rows[2]["title"] == "=1+1[31m\nPerú", "what a spreadsheet makes of it is said in --help"
    assert len(rows[0]["version"]) == 12


def test_a_corpus_without_a_hit_still_has_the_names_of_its_columns(config: Path, tmp_path: Path) -> None:
    done = presswatch("match", write(tmp_path / "a.jsonl", {"title": "rain"}), "--csv", config=config)
    assert done.out == ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize("flags", [(), ("--csv",)], ids=["JSON", "CSV"])
def test_several_processes_write_what_one_writes_in_the_same_order(
    config: Path, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    records = [
        "not json"
        if number % 301 == 7
        else {"id": number, "title": f"Peru {number}", "text": "lluvia " * (number % 50)}
        for number in range(1500)
    ]
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(write(tmp_path / "a.jsonl", *records).read_bytes()))
    one = presswatch("match", packed, *flags, config=config, code=1)
    for workers in (2, 0):
        many = presswatch("match", packed, *flags, "--workers", workers, config=config, code=1)
        assert many.out == one.out
        assert many.err == one.err
    assert "lines that could not be read: 5" in one.err
    assert one.out.count("\n") > 1400


def test_workers_cannot_be_fewer_than_none_and_the_file_must_be_there(config: Path, tmp_path: Path) -> None:
    assert presswatch("match", "--workers", "-1", config=config, code=2).out == ""
    assert "there is no file" in presswatch("match", tmp_path / "no.jsonl", config=config, code=2).err


def test_a_line_that_is_far_too_long_is_named_and_never_held_in_memory() -> None:
    stream = io.BytesIO(b"{}\n" + b"x" * (LONGEST + 5) + b"\n\n{}\n" + b"y" * (LONGEST + 1))
    assert list(lines_of(stream)) == [
        (1, b"{}\n"),
        (2, "it is longer than 64 MB"),
        (4, b"{}\n"),
        (5, "it is longer than 64 MB"),
    ]


def test_batches_hold_every_line_once_and_none_grows_without_end() -> None:
    lines = [(number, b"x" * (400_000 if number == 5 else 10)) for number in range(1000)]
    pieces = list(batches(iter(lines)))
    assert [line for piece in pieces for line in piece] == lines
    assert max(map(len, pieces)) <= 200
    assert len(list(batches((number, b"x" * 2_000_000) for number in range(5)))) == 5


def start(config: Path, lines: Path) -> subprocess.Popen[str]:
    command = [str(PROGRAM), "--config", str(config), "match", str(lines), "--workers", "2"]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )


def workers_of(pid: int, within: float = 60) -> list[int]:
    """The two worker processes of a program, once they are there."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        found = []
        for entry in Path("/proc").iterdir():
            try:
                parent = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
                if parent == pid and b"spawn_main" in entry.joinpath("cmdline").read_bytes():
                    found.append(int(entry.name))
            except (OSError, ValueError):
                continue
        if len(found) == 2:
            return found
        time.sleep(0.05)
    raise AssertionError("the workers did not start")


def gone(pids: list[int], within: float = 20) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.05)
    return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A corpus of 120 MB: nobody waits for its end."""
    return write(
        tmp_path / "long.jsonl", *({"title": "Peru", "text": "lluvia en Perú " * 400} for _ in range(20_000))
    )


@needs_proc
def test_a_worker_that_dies_is_said_and_ends_the_command(config: Path, endless: Path) -> None:
    with start(config, endless) as process:
        pids = workers_of(process.pid)
        assert process.stdout is not None
        process.stdout.readline()  # they are at work
        os.kill(pids[0], signal.SIGKILL)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.startswith("a worker process died")
    assert out.endswith("\n"), "what was written is whole lines"
    assert gone(pids)


@needs_proc
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
def test_who_stops_the_command_stops_its_workers(config: Path, endless: Path, how: signal.Signals) -> None:
    with start(config, endless) as process:
        pids = workers_of(process.pid)
        assert process.stdout is not None
        process.stdout.readline()
        if how is signal.SIGINT:
            os.killpg(process.pid, how)  # as a terminal does
        else:
            process.send_signal(how)
        _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in err
    assert gone(pids)


def test_a_reader_that_has_seen_enough_ends_the_command(config: Path, endless: Path) -> None:
    with start(config, endless) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        process.wait(60)
    assert err == ""


def test_what_json_cannot_hold_is_no_number_of_ours(config: Path, tmp_path: Path) -> None:
    lines = ['{"title": "Peru", "n": NaN}', '{"title": "Peru", "n": 1e999}', '{"title": "Perú", "n": 1.5}']
    done = presswatch("match", write(tmp_path / "a.jsonl", *lines), config=config, code=1)
    assert [line["n"] for line in coded(done.out)] == [1.5]
    assert done.err.count("is no number that JSON can hold") == 2


def test_a_pipe_is_a_file_and_ascii_surroundings_get_utf8(config: Path, tmp_path: Path) -> None:
    """As in ``presswatch match <(zcat x.gz)`` run by cron."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    surroundings = {**environment(), "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    with subprocess.Popen(
        [PROGRAM, "--config", config, "match", pipe],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=surroundings,
    ) as running:
        pipe.write_text('{"title": "Perú y Ñuñoa"}\n', "utf-8")
        out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert coded(out.decode("utf-8"))[0]["title"] == "Perú y Ñuñoa"
