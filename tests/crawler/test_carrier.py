from __future__ import annotations

import asyncio

import pytest

from archive.model import PollOutcome, Result
from crawler.carrier import LocalCarrier
from tests.archive.world import poll

RESULTS: list[Result] = [poll([], endpoint) for endpoint in (1, 2, 3, 1, 2)]


@pytest.mark.parametrize("most", [1, 2, 5, 64])
def test_what_came_before_the_end_is_received_and_then_nothing(most: int) -> None:
    async def received() -> list[list[Result]]:
        carrier = LocalCarrier(most=most)
        for result in RESULTS:
            carrier.deliver(result)
        carrier.close()
        batches = []
        while batch := await carrier.receive():
            batches.append(batch)
        return batches

    batches = asyncio.run(received())
    assert [result for batch in batches for result in batch] == RESULTS
    assert max(map(len, batches)) <= most


def test_who_waits_when_it_is_closed_is_told() -> None:
    async def told() -> list[Result]:
        carrier = LocalCarrier()
        waiting = asyncio.ensure_future(carrier.receive())
        carrier.close()
        return await waiting

    assert asyncio.run(told()) == []


def test_results_of_tasks_that_are_under_way_are_received_together() -> None:
    async def received() -> list[Result]:
        carrier = LocalCarrier()
        carrier.feed = lambda _: None
        carrier.send([result.task for result in RESULTS if isinstance(result, PollOutcome)])
        carrier.deliver(RESULTS[0])
        waiting = asyncio.ensure_future(carrier.receive())
        for result in RESULTS[1:]:
            await asyncio.sleep(0)  # the loop turns: whoever did not wait would have the first alone
            carrier.deliver(result)
        return await waiting

    assert asyncio.run(received()) == RESULTS


def test_a_task_that_is_slow_does_not_keep_the_results_of_others() -> None:
    async def received() -> list[Result]:
        carrier = LocalCarrier()
        carrier.feed = lambda _: None
        carrier.send([result.task for result in RESULTS if isinstance(result, PollOutcome)])
        carrier.deliver(RESULTS[0])
        return await carrier.receive()

    assert asyncio.run(received()) == RESULTS[:1]
