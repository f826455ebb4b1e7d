"""How much memory a process takes at most that compiles 10,000 queries and asks them about 100 articles.

Reference: a process that imports the same and does nothing. What a process took at most outlives exec on Linux, so the
one that measures is started by a small one; rules and articles come out of a file, drawn by a third.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

LIMIT_MB = 150


def main(rules: int = 10_000, texts: int = 100) -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rules.json")
        if said := _run("draw", str(rules), str(texts), str(file)):
            print(said)  # that there is no corpus
            return 0
        peak = json.loads(_run("match", str(file)))
        empty = json.loads(_run("nothing"))
    line = {
        "bench": "match memory",
        "rules": rules,
        "texts": texts,
        "peak_mb": peak["mb"],
        "limit_mb": LIMIT_MB,
        "reference": "the same imports and nothing else",
        "reference_mb": empty["mb"],
        "ratio": round(peak["mb"] / empty["mb"], 2),
        "matched": peak["matched"],
        "missed": [f"peak_mb {peak['mb']} is over {LIMIT_MB}"] if peak["mb"] > LIMIT_MB else [],
    }
    print(json.dumps(line))
    return 1 if line["missed"] else 0


def _run(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def _draw(rules: str, texts: str, file: str) -> None:
    from tests.bench import timing
    from tests.bench.texts import Rules, articles

    if not timing.skipped("match memory"):
        drawn = {"rules": Rules().mixed(int(rules)), "texts": articles()[: int(texts)]}
        Path(file).write_text(json.dumps(drawn), encoding="utf-8")


def _match(file: str | None) -> None:
    import gc

    from archive.match import Matcher
    from archive.topic import TopicSpec, compile_topics

    matched = 0.0
    if file is not None:
        drawn = json.loads(Path(file).read_text(encoding="utf-8"))
        specs = [
            TopicSpec(topic_id=str(n), title=rule, query=rule) for n, rule in enumerate(drawn.pop("rules"))
        ]
        matcher = Matcher(compile_topics(specs))
        gc.collect()
        gc.freeze()
        matched = sum(len(matcher.match({"text": text})) for text in drawn["texts"]) / len(drawn["texts"])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1_000_000 if sys.platform == "darwin" else 1_000_000 / 1024  # bytes there, KiB elsewhere
    print(json.dumps({"mb": round(most / unit, 1), "matched": round(matched, 1)}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            sys.exit(main())
        case ["draw", rules, texts, file]:
            _draw(rules, texts, file)
        case ["match", file]:
            _match(file)
        case ["nothing"]:
            _match(None)
