"""The program's own service, made to pass at times that are read from standard input: a day in one process.

Run as a module: ``python -m tests.e2e.passes CONFIG``. A line is ``TIME`` or ``TIME due``; the answer is what
``run --once --json`` prints. Starting the program anew for each of a hundred passes took five minutes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path


async def main(config_dir: Path, stop: asyncio.Event) -> int:
    from crawler import config as configuration
    from crawler import run

    now = [datetime.fromisoformat((await asyncio.to_thread(sys.stdin.readline)).split()[0])]
    print("ready", flush=True)
    async with run.opened(configuration.load(config_dir), lambda: now[0].astimezone(UTC)) as service:
        service.chance = lambda: 0.0  # the same day each time
        while line := await asyncio.to_thread(sys.stdin.readline):
            at, *due = line.split()
            now[0] = datetime.fromisoformat(at)
            summary = await run.one_pass(service, stop, only_due=bool(due))
            print(json.dumps(summary.as_json()), flush=True)
    return 0


if __name__ == "__main__":
    from crawler import loop

    loop.run(lambda stop: main(Path(sys.argv[1]), stop))
