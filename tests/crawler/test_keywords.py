"""The rules of keywords.yaml that are about several topics, and what is left to use of a file with mistakes."""

from pathlib import Path

import pytest

from archive.errors import ConfigError
from archive.tree import MOST_TERMS
from crawler.config import load, survey
from tests.crawler.test_config import GOOD, complaints, write


def test_topics_that_refer_to_each_other_are_pointed_at_where_the_name_stands(tmp_path: Path) -> None:
    keywords = """\
        topics:
          a:
            query: troops AND @b
          b:
            terms: [x]
            require: ["lang:es", "title:x AND @c"]
          c:
            query: |
              y OR
              @a
          d:
            query: z AND @a
        """
    assert complaints(write(tmp_path, keywords=keywords)) == [
        "keywords.yaml:3:23: topics.a.query: it refers to itself: @a → @b → @c → @a",
        "keywords.yaml:6:39: topics.b.require[1]: it refers to itself: @b → @c → @a → @b",
        "keywords.yaml:10:7: topics.c.query: it refers to itself: @c → @a → @b → @c",
    ]


def test_each_place_that_names_a_missing_topic_is_pointed_at_and_a_topic_with_mistakes_is_none(
    tmp_path: Path,
) -> None:
    keywords = "topics:\n  a:\n    query: '@b AND (@bb OR \"@no\")'\n    require: x AND @nowhere\n  b: {terms: [pe*]}\n"
    assert complaints(write(tmp_path, keywords=keywords)) == [
        'keywords.yaml:3:21: topics.a.query: there is no topic bb (did you mean "b"?)',
        "keywords.yaml:4:20: topics.a.require: there is no topic nowhere",
        "keywords.yaml:5:15: topics.b.terms[0]: pe* is too short: write at least 4 letters before the *",
    ]


def test_a_topic_of_too_many_terms_is_refused_though_each_of_its_texts_is_short(tmp_path: Path) -> None:
    terms = "".join(f"      - word{number}\n" for number in range(MOST_TERMS))
    keywords = f"topics:\n  a:\n    terms:\n{terms}    query: one OR more\n"
    assert complaints(write(tmp_path, keywords=keywords)) == [
        "keywords.yaml:2:3: topics.a: more than 2,000 terms: make two topics of it"
    ]


def test_what_is_no_mapping_has_one_complaint_of_its_own(tmp_path: Path) -> None:
    for text in ("topics:\n  a: [x]\n", "topics: [a]\n", "topics:\n  a:\n", "- a\n"):
        assert len(complaints(write(tmp_path, keywords=text))) == 1


HALF_RIGHT = """\
    topics:
      good: {terms: [Peru], examples: {match: [Peru]}}
      refers: {query: "x AND @good"}
      typo: {trems: [x]}
      broken: {query: "x y"}
      lost: {query: "x AND @broken"}
      lost-too: {query: "x AND @lost"}
      nowhere: {terms: [x], require: "@none"}
      round: {query: "x OR @round"}
      Wrong_name: {terms: [x]}
      twice: {terms: [x]}
      twice: {terms: [y]}
      doubtful: {terms: ["(x)"]}
    """


def test_of_a_file_with_mistakes_those_topics_can_be_tried_that_have_none_and_refer_to_none_with_any(
    tmp_path: Path,
) -> None:
    found = survey(write(tmp_path, keywords=HALF_RIGHT, settings="languages: [es, it]"), {})
    assert found.config is None
    assert [topic.topic_id for topic in found.topics] == ["good", "refers", "doubtful"]
    assert {topic.languages for topic in found.topics} == {("es", "it")}
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {})
    assert caught.value.complaints == found.complaints


def test_mistakes_in_another_file_keep_no_topic_from_being_tried(tmp_path: Path) -> None:
    found = survey(write(tmp_path, settings="languages: x", sources="sources: 1"), {})
    assert [topic.topic_id for topic in found.topics] == ["peru"]
    assert found.config is None
    assert survey(write(tmp_path, keywords="topics: ["), {}).topics == ()


def test_a_survey_of_good_files_is_their_config(tmp_path: Path) -> None:
    found = survey(write(tmp_path, **GOOD), {})
    assert found.config == load(tmp_path, {})
    assert found.complaints == ()
    assert found.config is not None
    assert found.topics == found.config.topics
