"""The day of the newsroom with many kills at random moments ends like a quiet one. The seed is printed."""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

from crawler.demo.newsroom import START, Newsroom
from tests.e2e.day import Clock, after_requests, contents, killed_pass, one_pass
from tests.e2e.world import MailBox, free_port, write_config

HOURS = (0, 6, 14.1, 16.5, 20, 25, 30)
KILLS = 3  # in each pass
RECIPIENTS = ["desk@one.example", "desk@two.example"]


def test_kills_at_random_moments_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("PRESSWATCH_SEED") or random.randrange(10**9))
    print(f"PRESSWATCH_SEED={seed}")
    dice = random.Random(seed)
    clock, box, port = Clock(), MailBox(), free_port()
    reader = {
        "id": "reader", "to": RECIPIENTS, "topics": "all", "when": "daily at 07:00", "zone": "America/Lima",
    }  # fmt: skip
    with Newsroom(now=lambda: clock.now) as newsroom:
        troubled = write_config(
            tmp_path / "troubled", newsroom.sources_yaml(), subscribers=[reader], mail_port=port
        )
        with box.listening(port):
            for hours in HOURS:
                clock.now = START + timedelta(hours=hours)
                for _ in range(KILLS):
                    killed_pass(troubled, clock.now, after_requests(newsroom, dice.randint(1, 4)))
                one_pass(troubled, clock.now)
        quiet = write_config(tmp_path / "quiet", newsroom.sources_yaml())
        for hours in HOURS:
            clock.now = START + timedelta(hours=hours)
            one_pass(quiet, clock.now)
        assert newsroom.faults == []
    assert contents(tmp_path / "troubled" / "data") == contents(tmp_path / "quiet" / "data")
    assert Counter(recipient for recipient, _ in box.mails) == dict.fromkeys(RECIPIENTS, 1)
