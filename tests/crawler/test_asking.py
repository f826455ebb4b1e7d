"""What somebody does who waits for the service's answer."""

from __future__ import annotations

import pytest

from alerts.requests import State
from crawler.cli.asking import FREE, Step, next_step


@pytest.mark.parametrize(
    ("how_far", "waited", "free", "step"),
    [
        (State.OPEN, 0, 0, Step.WAIT),
        (State.OPEN, 59, 0, Step.WAIT),
        (State.OPEN, 60, 0, Step.GIVE_UP),
        (State.CLAIMED, 59, 0, Step.WAIT),
        (State.CLAIMED, 60, 0, Step.GIVE_UP),
        # The service was killed, or left: with the lock, nobody is at it.
        (State.OPEN, 10, FREE, Step.TAKE),
        (State.CLAIMED, 10, FREE, Step.TAKE),
        (State.OPEN, 60, FREE, Step.TAKE),
        # It is being started again.
        (State.OPEN, 10, FREE - 0.1, Step.WAIT),
        # An answer is an answer, however late, and whoever gave it.
        (State.DONE, 0, 0, Step.ANSWERED),
        (State.DONE, 99, FREE, Step.ANSWERED),
        (State.FAILED, 99, 0, Step.ANSWERED),
    ],
)
def test_the_next_step_of_who_waits(how_far: State, waited: float, free: float, step: Step) -> None:
    assert next_step(how_far, waited, free, limit=60) is step
