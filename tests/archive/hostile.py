"""Queries and texts that are made to break a matcher, or to make it slow."""

from __future__ import annotations

TEXTS = {
    "a megabyte of one letter": "a" * 1_000_000,
    "a megabyte of one word": "a " * 500_000,
    "a hundred thousand marks on one letter": "a" + "\u0301" * 100_000,
    "a hundred thousand letters with a mark": "a\u0301" * 100_000,
    "an acronym without end": "a." * 300_000,
    "single letters with dots": "A. " * 300_000,
    "doubled letters": "EE UU " * 150_000,
    "numbers with separators": "1,000," * 150_000,
    "possessives": "x's " * 200_000,
    "paragraphs of one letter": "a\n" * 300_000,
    "dates in figures": "19/07/2023 " * 90_000,
    "dates in words": "July 19 " * 120_000,
    "days in a list": "19, " * 250_000,
    "slips": "boluarta " * 100_000,
    "half a slip": "bol" * 300_000,
    "capitals": "US troops " * 100_000,
    "Greek": "αβγ " * 200_000,
    "what is not seen": "\u200b" * 1_000_000,
    "smileys": "😀" * 300_000,
    "right to left": "\u202eبيرو " * 100_000,
    "half characters": "\ud800 " * 100_000,
    "controls": "\x00a\x1b[31m" * 100_000,
}

QUERIES = {
    "a word": "a",
    "near itself": "a NEAR/50 a",
    "near, and near again": "(a NEAR/50 a) NEAR/50 a",
    "a chain": "US NEAR/50 troops NEAR/50 US",
    "a day": "date(07-19)",
    "a slip": "Boluarte~",
    "capitals": '"US troops"',
    "as written": 'cs("A") OR exact("á")',
    "an ending": "aaaa* OR bolu*",
    "an acronym": "EEUU",
    "a number": "19 OR 1000",
    "not": "a NOT b",
}

NOT_QUERIES = {
    "parentheses": "(" * 100_000,
    "parentheses around a word": "(" * 100_000 + "a" + ")" * 100_000,
    "a megabyte of one letter": "a" * 1_000_000,
    "a hundred thousand words": "a " * 100_000,
    "a hundred thousand ORs": " OR ".join(["a"] * 100_000),
    "a hundred thousand NOTs": "NOT " * 100_000,
    "a hundred thousand quotes": '"' * 100_000,
    "a hundred thousand fields": "title:" * 100_000,
    "marks": "a" + "\u0301" * 100_000,
    "stars": "*" * 100_000,
    "minus": "-" * 100_000,
    "near": "a NEAR/5 " * 100_000,
    "dates": "date(" * 100_000,
    "topics": "@a " * 100_000,
    "curly": "“" * 100_000,
    "controls": "\x00\x1b\u202e\ud800" * 25_000,
}
