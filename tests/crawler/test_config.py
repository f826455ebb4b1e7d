"""The operator's four files: what is wrong with them is said all at once, with its place."""

import textwrap
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.model import Empty, MailServer, Security, Subscription
from archive.errors import Complaint, ConfigError
from archive.model import Endpoint, EndpointKind, Source
from archive.topic import Term, TopicSpec
from crawler.config import Config, examples_complaints, load
from crawler.settings import Settings, TopicShape
from crawler.yamlwords import OF_A_TOPIC

FILES = ("keywords", "settings", "sources", "subscribers")

GOOD = {
    "settings": "data_dir: data\n",
    "keywords": "topics:\n  peru:\n    terms: [Peru]\n",
    "sources": (
        "sources:\n  - id: andina\n    name: Andina\n    endpoints:\n      - feed: https://andina.pe/a.xml\n"
    ),
    "subscribers": (
        "subscribers:\n  - id: desk\n    topics: all\n    when: daily at 07:00\n    zone: America/Lima\n"
    ),
}


def write(directory: Path, **files: str) -> Path:
    for name, text in {**GOOD, **files}.items():
        (directory / f"{name}.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
    return directory


def complaints(directory: Path, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(directory, environ or {})
    return [str(complaint) for complaint in caught.value.complaints]


def test_four_small_files_become_one_config(tmp_path: Path) -> None:
    config = load(write(tmp_path))
    assert config.sources == (
        Source(
            id="andina",
            name="Andina",
            endpoints=(Endpoint(kind=EndpointKind.FEED, url="https://andina.pe/a.xml"),),
        ),
    )
    assert config.topics == (TopicSpec(topic_id="peru", title="peru", terms=(Term("Peru"),)),)
    (subscription,) = config.subscriptions
    assert (subscription.name, subscription.to, subscription.topics) == ("desk", (), None)
    assert (config.mail, config.warnings, config.data_dir) == (None, (), Path("data"))


def test_an_empty_settings_file_means_every_default(tmp_path: Path) -> None:
    assert load(write(tmp_path, settings="# nothing here\n")).settings == Settings()


def test_every_setting_of_a_subscriber_arrives(tmp_path: Path) -> None:
    config = load(
        write(
            tmp_path,
            settings="instant: {grown: 7, per_hour: 3}",
            subscribers="""\
                subscribers:
                  - id: newsroom
                    to: a@example.org
                    topics: [peru]
                    query: >-
                      @peru AND
                      lang:es
                    languages: [es, en]
                    sources: andina
                    countries: [PE]
                    exclude: {languages: pt, sources: [andina], countries: US}
                    when: [instant, weekdays at 07:00 and 18:00]
                    zone: America/Lima
                    quiet: 22:00 to 06:30
                    empty: weekly-proof
                    cap: 40
                    language: es
                    channel: folder
                    backfill: true
                    thread: true
                    instant: {per_hour: 9}
                    spikes: false
                  - {id: again, query: "@peru AND lang:es", when: hourly, zone: UTC}
                """,
        )
    )
    first, second = config.subscriptions
    topic = config.topics[-1]
    assert first == Subscription(
        id="newsroom",
        name="newsroom",
        to=("a@example.org",),
        topics=("peru",),
        when="instant; weekdays at 07:00 and 18:00",
        zone="America/Lima",
        language="es",
        query_topic=topic.topic_id,
        languages=("es", "en"),
        sources=("andina",),
        countries=("PE",),
        not_languages=("pt",),
        not_sources=("andina",),
        not_countries=("US",),
        quiet="22:00 to 06:30",
        empty=Empty.WEEKLY_PROOF,
        cap=40,
        channel="folder",
        backfill=True,
        thread=True,
        grown=7,
        per_hour=9,
    )
    assert (second.topics, second.query_topic) == ((), topic.topic_id), "who asks the same has the same topic"
    assert (topic.query, topic.title) == ("@peru AND lang:es", "@peru AND lang:es")
    assert topic.topic_id.startswith("query:")
    assert "newsroom" not in repr(topic), "the archive is handed on, and holds no reader"
    assert len(config.topics) == 2


@pytest.mark.parametrize(
    ("when", "spikes", "told"),
    [
        ("[instant, hourly]", None, True),
        ("hourly", None, False),
        ("[instant, hourly]", "false", False),
        ("hourly", "true", True),
    ],
)
def test_who_is_told_at_once_is_told_of_spikes_unless_the_file_says_otherwise(
    tmp_path: Path, when: str, spikes: str | None, told: bool
) -> None:
    said = f", spikes: {spikes}" if spikes else ""
    file = f"subscribers: [{{id: a, topics: all, when: {when}, zone: UTC{said}}}]\n"
    (one,) = load(write(tmp_path, subscribers=file)).subscriptions
    assert one.spikes is told


def test_every_setting_of_every_file_arrives(tmp_path: Path) -> None:
    config = load(
        write(
            tmp_path,
            settings="""\
                data_dir: /srv/presswatch
                languages: [es, pt-BR]
                retention: 2d
                web: {host: "::1", port: 80, public_url: https://press.example.org}
                network:
                  contact: https://example.org/why
                  user_agent: Mine/1
                  allow_private: [127.0.0.0/8, "::1"]
                  delay: 500ms
                  timeout: 45
                  max_bytes: 2 MiB
                  max_entries: 10
                mail:
                  host: smtp.example.org
                  security: tls
                  username: desk
                  password_env: SMTP_SECRET
                  from: desk@example.org
                  reply_to: editor@example.org
                  unsubscribe: mailto:desk@example.org
                """,
            keywords="""\
                topics:
                  us-troops:
                    title: US troops
                    terms: {en: [US troops], es: [tropas de EE.UU.]}
                    query: >-
                      US NEAR/6 troops
                      AND NOT title:rain
                    dates: [07-19, "2026-07-19"]
                    require: [country:PE, peru OR lima]
                    exclude: ["troops, Indiana"]
                    examples: {match: [US troops left], no_match: ["tell us: troops"]}
                """,
            sources="""\
                sources:
                  - id: andina
                    name: Andina
                    country: PE
                    language: es
                    tags: [state, wire]
                    pages: false
                    endpoints: [{feed: "https://andina.pe/a.xml", every: 15m}, {feed: "https://andina.pe/b.xml"}]
                """,
            subscribers="""\
                subscribers:
                  - {id: desk, name: Lima desk, to: [a@example.org, b@localhost], topics: [us-troops],
                     when: daily at 07:00, zone: Europe/Berlin, language: es}
                """,
        ),
        {"SMTP_SECRET": "hush"},
    )
    network = config.settings.network
    assert (network.delay, network.timeout, network.max_bytes, network.max_entries) == (0.5, 45, 2**21, 10)
    assert [str(one) for one in network.allow_private] == ["127.0.0.0/8", "::1/128"]
    assert (network.agent, config.settings.retention) == ("Mine/1", 2 * 86400)
    assert config.mail == MailServer(
        host="smtp.example.org",
        port=465,
        security=Security.TLS,
        sender="desk@example.org",
        username="desk",
        password="hush",
        reply_to="editor@example.org",
        unsubscribe="mailto:desk@example.org",
    )
    (topic,) = config.topics
    assert topic.terms == (Term("US troops", "en"), Term("tropas de EE.UU.", "es"))
    assert (topic.exclude, topic.match) == (("troops, Indiana",), ("US troops left",))
    assert topic.no_match == ("tell us: troops",)
    assert topic.query == "US NEAR/6 troops AND NOT title:rain"
    assert (topic.dates, topic.require) == (("07-19", "2026-07-19"), ("country:PE", "peru OR lima"))
    assert topic.languages == ("es", "pt-BR")
    (source,) = config.sources
    assert (source.pages, source.tags, source.country) == (False, ("state", "wire"), "PE")
    assert [endpoint.every for endpoint in source.endpoints] == [900, None]
    (subscription,) = config.subscriptions
    assert (subscription.topics, subscription.to) == (("us-troops",), ("a@example.org", "b@localhost"))
    assert config.data_dir == Path("/srv/presswatch")


def test_yaml_is_read_as_written_so_no_is_a_word_and_a_number_a_phrase(tmp_path: Path) -> None:
    keywords = "topics:\n  '1984':\n    title: 12:30\n    terms: [NO, 1984, 1.0, 0x10, yes]\n"
    (topic,) = load(write(tmp_path, keywords=keywords)).topics
    assert topic.title == "12:30"
    assert [term.text for term in topic.terms] == ["NO", "1984", "1.0", "0x10", "yes"]


CASES = tomllib.loads((Path(__file__).parents[1] / "cases/config/mistakes.toml").read_text("utf-8"))
MISTAKES, DOUBTS = CASES["mistake"], CASES["doubt"]


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: f"{case['file']}: {case['name']}")
def test_a_mistake_gets_one_complaint_with_its_place(tmp_path: Path, case: dict[str, str]) -> None:
    said = f"{case['file']}.yaml:{case['said']}"
    assert complaints(write(tmp_path, **{case["file"]: case["text"]})) == [said]


@pytest.mark.parametrize("case", DOUBTS, ids=lambda case: case["name"])
def test_what_may_not_be_meant_gets_one_warning_with_its_place(tmp_path: Path, case: dict[str, str]) -> None:
    warnings = load(write(tmp_path, **{case["file"]: case["text"]})).warnings
    assert [str(one) for one in warnings] == [f"{case['file']}.yaml:{case['said']}"]


def test_what_is_far_too_much_is_refused_like_any_other_mistake(tmp_path: Path) -> None:
    assert complaints(write(tmp_path, settings="[" * 1000)) == [
        "settings.yaml:1:1: lists and mappings nest too deeply"
    ]
    assert complaints(write(tmp_path, settings=f"web: {{port: {'9' * 5000}}}")) == [
        "settings.yaml:1:13: web.port: this number is too large"
    ]


def test_when_is_refused_in_the_words_of_those_who_read_it(tmp_path: Path) -> None:
    subscribers = "subscribers:\n- {id: a, topics: all, when: weekly, zone: UTC}"
    (said,) = complaints(write(tmp_path, subscribers=subscribers))
    assert said.startswith("subscribers.yaml:2:30: subscribers[0].when: ")


def test_all_files_are_read_and_the_complaints_are_in_order(tmp_path: Path) -> None:
    found = complaints(
        write(
            tmp_path,
            settings="web: [",
            keywords="topics:\n  x: {terms: [a, 'Pe*'], titel: y}",
            sources="sources:\n- {id: a, nam: A, endpoints: [{feed: x}]}\n- {id: a}",
            subscribers="subscribers:\n- {id: d, topics: [y], when: x, zone: Lima}",
        )
    )
    assert [line.split(": ")[0] for line in found] == [
        "keywords.yaml:2:19",  # the phrase Pe*
        "keywords.yaml:2:26",  # titel
        "settings.yaml:1:7",  # the list left open
        "sources.yaml:2:11",  # nam, which is the name that is missing
        "sources.yaml:2:38",  # the feed x
        "sources.yaml:3:3",  # no endpoints
        "sources.yaml:3:3",  # no name
        "sources.yaml:3:8",  # the id a once more
        "subscribers.yaml:2:20",  # the topic y
        "subscribers.yaml:2:30",  # when
        "subscribers.yaml:2:39",  # the zone
    ]


def test_a_missing_file_is_one_complaint(tmp_path: Path) -> None:
    (write(tmp_path) / "keywords.yaml").unlink()
    assert complaints(tmp_path) == [f"keywords.yaml:1:1: there is no such file in {tmp_path}"]


def test_a_missing_directory_is_one_complaint(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    (said,) = complaints(nowhere)
    assert said.startswith(f"{nowhere}:1:1: there is no such folder: ")


def test_a_missing_directory_has_no_line_to_look_at_and_a_way_to_name_another(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, what in (("nowhere", "there is no such folder"), ("file", "this is a file, not a folder")):
        with pytest.raises(ConfigError) as caught:
            load(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: {what}: ")
        assert "presswatch --config DIR" in str(caught.value)
        assert "PRESSWATCH_CONFIG" in str(caught.value)


def test_what_works_and_may_still_surprise_is_noted_and_no_complaint(tmp_path: Path) -> None:
    subscribers = """\
        subscribers:
        - {id: a, to: [a@b, c@d], topics: all, when: daily at 07:00, zone: UTC}
        - {id: b, topics: all, when: daily at 07:00, zone: UTC}
        """
    config = load(write(tmp_path, subscribers=subscribers, settings="languages: [en]\nnetwork: {delay: 2}"))
    contact, outbox = map(str, config.notes)
    assert contact.startswith("settings.yaml:2:1: network.contact: note: not set")
    assert outbox.startswith(
        "subscribers.yaml:2:15: subscribers[0].to: note: settings.yaml names no mail server"
    )
    assert config.warnings == ()


def test_a_country_of_no_source_and_mail_to_nobody_are_noted(tmp_path: Path) -> None:
    subscribers = """\
        subscribers:
        - {id: a, topics: all, when: hourly, zone: UTC, countries: [PE, UK], channel: mail}
        - {id: b, topics: all, when: hourly, zone: UTC, exclude: {countries: UK}, to: a@b.example, channel: mail}
        - {id: c, topics: all, when: hourly, zone: UTC, countries: GB, channel: folder}
        """
    settings = "network: {contact: x}\nmail: {host: h, from: a@b, unsubscribe: 'mailto:a@b'}"
    sources = "sources:\n- {id: a, name: A, country: PE, endpoints: [{feed: https://a.example/}]}"
    config = load(write(tmp_path, subscribers=subscribers, settings=settings, sources=sources))
    nowhere = "note: no source in sources.yaml is of this country, so nothing comes from there"
    nobody = "note: to names nobody, so this is written to the folder outbox in data_dir all the same"
    assert [str(one) for one in config.notes] == [
        f"subscribers.yaml:2:65: subscribers[0].countries[1]: {nowhere}",
        f"subscribers.yaml:2:79: subscribers[0].channel: {nobody}",
        f"subscribers.yaml:4:60: subscribers[2].countries: {nowhere}",
    ]


@pytest.mark.parametrize(
    ("when", "told"),
    [("Instant", True), ("instant; daily at 18:00", True), ("[daily at 18:00, INSTANT]", True), ("hourly", False)],
)  # fmt: skip
def test_whoever_is_told_at_once_is_told_of_spikes_however_it_is_written(
    tmp_path: Path, when: str, told: bool
) -> None:
    subscribers = f"subscribers:\n- {{id: a, topics: all, when: {when}, zone: UTC}}"
    (one,) = load(write(tmp_path, subscribers=subscribers)).subscriptions
    assert one.spikes is told


@pytest.mark.parametrize("network", ["contact: https://a.example", "user_agent: Mine/1 (desk@a.example)"])
def test_who_names_a_contact_and_a_mail_server_gets_no_note(tmp_path: Path, network: str) -> None:
    subscribers = "subscribers:\n- {id: a, to: [a@b], topics: all, when: daily at 07:00, zone: UTC}"
    settings = f"network: {{{network}}}\nmail: {{host: h, from: a@b, unsubscribe: 'mailto:a@b'}}"
    assert load(write(tmp_path, subscribers=subscribers, settings=settings)).notes == ()


NOBODY_LEAVES = (
    "settings.yaml:2:1: mail.unsubscribe: note: mails go out that nobody can leave: set web.public_url"
)
NO_BUTTON = "settings.yaml:3:19: web.public_url: note: over plain http mail programs show no button"


@pytest.mark.parametrize(
    ("reader", "mail", "web", "said"),
    [
        pytest.param("to: [a@b]", "", "port: 1", NOBODY_LEAVES, id="no way out"),
        pytest.param("to: a@b", "", "port: 1", NOBODY_LEAVES, id="one address"),
        pytest.param("to: a@b, channel: folder", "", "port: 1", None, id="kept as files"),
        pytest.param("topics: all", "", "port: 1", None, id="to nobody"),
        pytest.param("to: a@b", ", unsubscribe: 'mailto:a@b'", "port: 1", None, id="by mail"),
        pytest.param("to: a@b", "", "public_url: https://a.example", None, id="by a page"),
        pytest.param("to: a@b", "", "public_url: HTTP://a.example", NO_BUTTON, id="plain http"),
        pytest.param("to: a@b", ", unsubscribe: 'mailto:a@b'", "public_url: http://10.0.0.1", NO_BUTTON, id="of a network"),
        pytest.param("to: a@b", "", "public_url: http://127.0.0.1:8001", None, id="this machine"),
        pytest.param("to: a@b", "", "public_url: 'http://[::1]/'", None, id="this machine by IPv6"),
        pytest.param("to: a@b", "", "public_url: http://localhost:8001", None, id="this machine by name"),
    ],
)  # fmt: skip
def test_mail_that_cannot_be_left_as_mail_programs_have_it_is_noted(
    tmp_path: Path, reader: str, mail: str, web: str, said: str | None
) -> None:
    topics = "" if "topics" in reader else ", topics: all"
    subscribers = f"subscribers:\n- {{id: a{topics}, when: hourly, zone: UTC, {reader}}}"
    settings = f"network: {{contact: x}}\nmail: {{host: h, from: a@b{mail}}}\nweb: {{{web}}}"
    notes = [str(one) for one in load(write(tmp_path, subscribers=subscribers, settings=settings)).notes]
    assert [one.startswith(said or "-") for one in notes] == [True] * bool(said), notes


def test_a_file_that_is_a_directory_cannot_be_read(tmp_path: Path) -> None:
    (write(tmp_path) / "sources.yaml").unlink()
    (tmp_path / "sources.yaml").mkdir()
    assert complaints(tmp_path) == ["sources.yaml:1:1: cannot be read: Is a directory"]


def test_a_file_in_another_encoding_says_where(tmp_path: Path) -> None:
    (write(tmp_path) / "keywords.yaml").write_bytes("topics:\n  # ñandú\n".encode("latin-1"))
    assert complaints(tmp_path) == ["keywords.yaml:2:5: this is not UTF-8 text: save the file as UTF-8"]


def test_windows_files_are_read_too(tmp_path: Path) -> None:
    text = GOOD["keywords"].replace("\n", "\r\n").replace("[Peru]", '["(Perú"]')
    (write(tmp_path) / "keywords.yaml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (warning,) = load(tmp_path).warnings
    assert (warning.line, warning.column) == (3, 14)


PHRASES = {
    "plain": ("- abc (x", 4, 11),
    "quoted": ('- "abc (x"', 4, 12),
    "in single quotes": ("- 'abc (x'", 4, 12),
    "with an emoji before it": ("- '🎉  (x'", 4, 11),
    "after an escape": (r'- "\x61bc (x"', 4, 15),
    "after a doubled quote": ("- 'a''b (x'", 4, 13),
    "on two lines": ("- abc\n      (x", 5, 7),
    "in a folded block": ("- >\n      abc (x", 5, 11),
    "in a literal block": ("- |\n      abc (x", 5, 11),
}


@pytest.mark.parametrize(("item", "line", "column"), PHRASES.values(), ids=PHRASES)
def test_a_phrase_that_looks_like_a_query_gets_a_warning(
    tmp_path: Path, item: str, line: int, column: int
) -> None:
    keywords = f"topics:\n  a:\n    terms:\n    {item}\n"
    assert load(write(tmp_path, keywords=keywords)).warnings == (
        Complaint(
            "keywords.yaml",
            line,
            column,
            "topics.a.terms[0]",
            'warning: "(" means nothing in a phrase (did you mean query:?)',
        ),
    )


def test_one_text_will_do_where_a_list_of_days_or_queries_stands(tmp_path: Path) -> None:
    (topic,) = load(write(tmp_path, keywords="topics:\n  a:\n    dates: 07-19\n    require: a OR b\n")).topics
    assert (topic.dates, topic.require, topic.terms) == (("07-19",), ("a OR b",), ())


@pytest.mark.parametrize(
    "phrase",
    [
        "Peru AND Lima",
        "Peru OR Lima",
        "Peru NOT Lima",
        "Peru NEAR Lima",
        "Peru ONEAR/3 Lima",
        "title: Peru",
        "(Peru)",
    ],
)
@pytest.mark.parametrize("setting", ["terms: {{es: ['{}']}}", "terms: [a]\n    exclude: ['{}']"])
def test_signs_of_a_query_are_noticed_everywhere(tmp_path: Path, phrase: str, setting: str) -> None:
    keywords = f"topics:\n  a:\n    {setting.format(phrase)}\n"
    assert len(load(write(tmp_path, keywords=keywords)).warnings) == 1


@pytest.mark.parametrize(
    "phrase",
    [
        *["ANDINA", "FLOR", "and", "not", "NOTA", "NEARLY", "19-J", "Peru, Indiana", "AT&T", "24/7", "C-130"],
        *[
            "and/or",
            "km/h",
            "S/19J",
            "Lima - Callao",
            "desk@a.pe",
            "@elsewhere",
            "#8M",
            "US+",
            "soldado+",
            "-5",
        ],
    ],
)
def test_ordinary_phrases_get_no_warning(tmp_path: Path, phrase: str) -> None:
    keywords = f"topics:\n  a:\n    terms: ['{phrase}']\n"
    assert load(write(tmp_path, keywords=keywords)).warnings == ()


@pytest.mark.parametrize(
    "setting",
    [
        "terms: [x]   # comment",
        "terms: [x] #comment",
        "terms: [x]\n    title: A  #comment",
        "terms: [x]\n    title: A # comment",
        "terms: ['agua #riego']",
        "query: >\n      agua OR #riego",
        "query: x OR url:a%20b",
        "terms: [agua, Lima]\n    exclude: [agua, Lima Ohio]",
        "terms: [US]\n    exclude: [us army]",
    ],
)
def test_what_is_usual_gets_no_warning(tmp_path: Path, setting: str) -> None:
    assert load(write(tmp_path, keywords=f"topics:\n  a:\n    {setting}\n")).warnings == ()


def test_the_settings_of_a_topic_are_known_where_they_lost_their_indentation() -> None:
    assert {info.alias or key for key, info in TopicShape.model_fields.items()} == OF_A_TOPIC


def test_a_warning_is_told_with_the_mistakes(tmp_path: Path) -> None:
    found = complaints(write(tmp_path, keywords="topics:\n  a:\n    terms: [(a)]\n    tittle: x"))
    assert [line.split(": ")[1] for line in found] == ["topics.a.terms[0]", "topics.a.tittle"]


def test_an_example_that_does_not_do_what_it_should_is_pointed_at(tmp_path: Path) -> None:
    keywords = """\
        topics:
          peru:
            terms: [Peru]
            examples:
              match: [Peru votes, Lima votes]
              no_match:
                - Perugia votes
                - A fair in Peru
        """
    config = load(write(tmp_path, keywords=keywords))
    found = examples_complaints(config, lambda topic, text: topic.terms[0].text in text.split())
    assert [str(one) for one in found] == [
        "keywords.yaml:5:27: topics.peru.examples.match[1]: the topic peru does not find this",
        "keywords.yaml:8:11: topics.peru.examples.no_match[1]: the topic peru finds this, and should not",
    ]


# --- laws -------------------------------------------------------------------------------------------------

WORDS = (
    "topics sources subscribers web mail terms exclude examples endpoints feed every id name to from when "
    "zone peru all : ::: - , [ ] { } ? | > & * ! % @ ` ' \" # ~ a <<: \\x00 15m 1e999 .nan null"
)
LAYOUT = (
    "\n",
    "\n  ",
    "\n    ",
    "\n- ",
    "\n  - ",
    ": ",
    ": [",
    "\t",
    "---\n",
    "%YAML 1.1\n",
    "!!int ",
    "&a ",
    "*a",
)
SCRAPS = st.lists(st.sampled_from([*WORDS.split(), *LAYOUT]), max_size=30).map(" ".join)


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(FILES),
    data=st.binary(max_size=200) | (st.text(max_size=200) | SCRAPS).map(encode),
    whole=st.booleans(),
)
def test_any_text_ends_in_a_config_or_in_complaints(
    tmp_path: Path, name: str, data: bytes, whole: bool
) -> None:
    write(tmp_path)
    before = b"" if whole else GOOD[name].encode()
    (tmp_path / f"{name}.yaml").write_bytes(before + data)
    try:
        assert isinstance(load(tmp_path), Config)
    except ConfigError as error:
        assert error.complaints
        for complaint in error.complaints:
            assert complaint.line > 0
            assert complaint.column > 0
            assert complaint.message
            str(complaint).encode()  # whatever stands in the file, a terminal can show the complaint
