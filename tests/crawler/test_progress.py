"""Progress in plain lines, for logs and pipes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crawler.cli.service import Lines, Unread, in_words
from crawler.outgoing import Counts
from crawler.pipelines import Tally


def lines(steps: list[Counts], *, news: bool = False, every: float = 0.0) -> list[str]:
    """Show ``steps`` in one go, let the time pass, and return what was said."""

    async def main() -> list[str]:
        said: list[str] = []
        progress = Lines(said.append, every, news=news)
        for counts in steps:
            progress.show(counts)
        passed = asyncio.Event()
        asyncio.get_running_loop().call_later(0, passed.set)  # behind the line, which was put there before
        await passed.wait()
        progress.close()
        return said

    return asyncio.run(main())


def counts(polled: int, *, new: int = 0, sent: int = 0) -> Counts:
    return Counts(tally=Tally(polled=polled, new=new), sent=sent)


def test_many_steps_are_one_line_that_says_the_last() -> None:
    assert lines([counts(1), counts(2), counts(3, new=5)]) == [
        "so far: 3 polls, 5 new articles, 0 pages, 0 new matches, 0 messages"
    ]


def test_nothing_done_is_no_line() -> None:
    assert lines([counts(0), counts(0)]) == []


def test_polls_without_news_are_no_line_where_only_news_count() -> None:
    assert lines([counts(1), counts(2)], news=True) == []
    assert len(lines([counts(1), counts(2, new=1)], news=True)) == 1


def test_there_is_no_line_before_its_time() -> None:
    assert lines([counts(1)], every=3600) == []


def test_each_line_has_something_new_to_say() -> None:
    async def main() -> list[str]:
        said: list[str] = []
        told = asyncio.Event()

        def say(line: str) -> None:
            said.append(line)
            told.set()

        progress = Lines(say, 0)
        for number in (1, 1, 2):
            told.clear()
            progress.show(counts(number))
            if number != len(said):
                await told.wait()
        return said

    assert [line.split(",")[0] for line in asyncio.run(main())] == ["so far: 1 poll", "so far: 2 polls"]


def test_failures_are_counted_where_there_are_any() -> None:
    say: Callable[[Counts], str] = in_words
    assert "(1 failed)" in say(Counts(tally=Tally(polled=2, failed=["a"])))
    assert "failed" not in say(counts(2))


# --- feeds that cannot be read ----------------------------------------------------------------------------

NO_FEED = "no feed at all could be read: is this computer online?"


def unread(feeds: int, *steps: list[str], read: int = 0) -> list[str]:
    """Let the feeds fail as ``steps`` say, when ``read`` polls were well, and return what was said."""
    said: list[str] = []
    names, tally = Unread(said.append, feeds), Tally(polled=read)
    for failed in steps:
        tally.add(Tally(polled=len(failed), failed=failed))
        names.show(Counts(tally=tally))
        assert tally.failed == []
    return said


def test_a_feed_is_named_once_however_its_failure_is_worded() -> None:
    first, *more = [[f"a http://a.example: timeout: after {number} s"] for number in range(100)]
    assert unread(2, first, *more) == ["could not be read: a http://a.example: timeout: after 0 s"]


def test_no_more_names_are_kept_than_there_are_feeds() -> None:
    said = unread(3, *([f"a http://a.example/{number}: dns: no"] for number in range(100)), read=1)
    assert len(said) == 3


def test_when_no_feed_could_be_read_that_is_said_once() -> None:
    a, b = "a http://a.example: dns: no", "b http://b.example: dns: no"
    said = [f"could not be read: {a}", f"could not be read: {b}", NO_FEED]
    assert unread(2, [a], [b], [a, b]) == said
    # One of them was asked twice before the other had its answer.
    assert unread(2, [a], [a.replace("no", "still no")], [b]) == said


def test_where_one_feed_fails_in_many_words_or_one_was_read_it_is_not_said_that_none_could_be() -> None:
    a, b = "a http://a.example: dns: no", "b http://b.example: dns: no"
    assert NO_FEED not in unread(2, [a, a.replace("no", "nor now")])
    assert NO_FEED not in unread(2, [a, b], read=1)
    assert unread(0, []) == []


def test_what_was_named_once_still_counts_as_failed() -> None:
    counts = Counts(
        tally=Tally(
            polled=3, failed=["andina https://a.example/: dns: no", "rpp https://b.example/: dns: no"]
        )
    )
    Unread(lambda _: None, 2).show(counts)
    assert "3 polls (2 failed)" in in_words(counts)
