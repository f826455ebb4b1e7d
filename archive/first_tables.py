"""The first tables of archive.db: its published migrations up to the first version of matching. Never edited.

What came later stands in `archive.schema`, where also the next goes.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("archive")


def run(database: Database, script: str) -> None:
    """Run statements that are separated by a blank line."""
    # Not executescript: it commits, and a migration is one transaction.
    for statement in script.split(";\n\n"):
        if statement.strip():
            database.execute(statement)


@migrations()
def first_tables(database: Database) -> None:
    """Sources, what they offered, and how reading them went."""
    run(
        database,
        """
create table sources (
    id text primary key, name text not null, country text, language text, tags text not null default '[]',
    pages integer not null default 1, active integer not null default 1, added_at text not null
);

create table endpoints (
    id integer primary key, source_id text not null references sources(id), kind text not null, url text not null,
    active integer not null default 1, title text, format text, every real,
    etag text, last_modified text, body_hash text, interval real, next_poll_at text not null,
    last_poll_at text, last_ok_at text, last_new_at text, last_outcome text, last_status integer, last_detail text,
    failures integer not null default 0, moved_to text, unique (source_id, kind, url)
);

create index endpoints_due on endpoints (active, next_poll_at);

create table polls (
    id integer primary key, endpoint_id integer not null references endpoints(id), at text not null,
    outcome text not null, status integer, reason text, detail text, items integer, known integer, new integer,
    bytes integer not null, ms integer not null
);

create index polls_endpoint on polls (endpoint_id, at);

create index polls_at on polls (at);

create table articles (
    id integer primary key autoincrement, key text not null unique, url text,
    source_id text not null references sources(id), title text not null, author text, language text,
    published_at text, published_from text not null, first_seen_at text not null,
    summary text not null default '', text text not null default '', content text not null,
    tags text not null default '[]', backfill integer not null default 0, story_id integer, pruned_at text
);

create index articles_source on articles (source_id, id);

create table pages (
    article_id integer primary key references articles(id), state text not null, due_at text,
    attempts integer not null default 0, status integer, reason text, detail text, url text, robots text,
    fetched_at text
);

create index pages_due on pages (due_at) where state = 'due';

create table offers (
    article_id integer not null references articles(id), endpoint_id integer not null references endpoints(id),
    link text not null, guid text, hash text not null, first_seen_at text not null, last_seen_at text not null,
    backfill integer not null default 0, primary key (article_id, endpoint_id, link)
) without rowid;

create index offers_endpoint on offers (endpoint_id, first_seen_at);

create table aliases (
    url text primary key, article_id integer not null references articles(id), why text not null,
    first_seen_at text not null
) without rowid;

create index aliases_article on aliases (article_id);

create table revisions (
    id integer primary key, article_id integer not null references articles(id), at text not null,
    why text not null, title text not null, summary text not null, text text not null, content text not null
);

create index revisions_article on revisions (article_id);

create table stories (
    id integer primary key, first_article_id integer references articles(id), first_seen_at text,
    outlets integer, articles integer
);

create table events (
    id integer primary key, source_id text not null references sources(id),
    endpoint_id integer references endpoints(id), kind text not null, since text not null, until text,
    last_at text not null, count integer not null default 1, detail text not null default ''
);

create unique index events_open on events (endpoint_id, kind) where until is null;

create table robots (
    host text primary key, fetched_at text not null, expires_at text not null, status integer,
    body text not null default '', unreachable_since text
)
""",
    )


@migrations()
def matching_tables(database: Database) -> None:
    """Topics, the change queue, and what matched."""
    run(
        database,
        """
create table topics (
    id text primary key, title text not null, active integer not null default 1, version text not null
);

create table topic_versions (
    topic_id text not null references topics(id), version text not null, number integer not null,
    definition text not null, added_at text not null, primary key (topic_id, version)
) without rowid;

create table changes (
    seq integer primary key autoincrement, article_id integer not null references articles(id),
    why text not null, at text not null
);

create index changes_article on changes (article_id);

create table matches (
    seq integer primary key autoincrement, article_id integer not null references articles(id),
    topic_id text not null references topics(id), topic_version text not null, matched_at text not null,
    content text not null, backfill integer not null default 0, ended_at text, ended_because text,
    unique (article_id, topic_id)
);

create index matches_topic on matches (topic_id, seq);

create table hits (
    match_seq integer not null references matches(seq), field text not null, start integer not null,
    "end" integer not null, text text not null, variant text not null, how text not null,
    primary key (match_seq, field, start, "end")
) without rowid
""",
    )


@migrations()
def full_text(database: Database) -> None:
    """FTS5 over title, summary and text, external content: the words are indexed, the text stands once."""
    # "update of" the three columns only: other updates of an article must not index its text again.
    run(
        database,
        """
create virtual table articles_fts using fts5 (
    title, summary, text, content="articles", content_rowid='id', tokenize='unicode61 remove_diacritics 2'
);

create trigger articles_fts_insert after insert on articles begin
    insert into articles_fts (rowid, title, summary, text) values (new.id, new.title, new.summary, new.text);
end;

create trigger articles_fts_delete after delete on articles begin
    insert into articles_fts (articles_fts, rowid, title, summary, text)
    values ('delete', old.id, old.title, old.summary, old.text);
end;

create trigger articles_fts_update after update of title, summary, text on articles begin
    insert into articles_fts (articles_fts, rowid, title, summary, text)
    values ('delete', old.id, old.title, old.summary, old.text);
    insert into articles_fts (rowid, title, summary, text) values (new.id, new.title, new.summary, new.text);
end
""",
    )


@migrations()
def views_for_people(database: Database) -> None:
    """What researchers and operators ask for most, ready to browse."""
    run(
        database,
        """
create view matched_articles as
select m.seq, t.title as topic, a.title, s.name as source, s.country, a.published_at, a.first_seen_at,
       (select group_concat(word, ', ') from (select distinct h.text as word from hits h
        where h.match_seq = m.seq)) as matched,
       m.content, a.language, a.author, a.url, m.topic_id, a.source_id, a.id as article_id, m.topic_version,
       m.matched_at, m.backfill
from matches m
join articles a on a.id = m.article_id
join topics t on t.id = m.topic_id
join sources s on s.id = a.source_id
where m.ended_at is null;

create view daily_mentions as
select substr(a.first_seen_at, 1, 10) as day, m.topic_id, a.source_id, count(*) as articles
from matches m
join articles a on a.id = m.article_id
where m.ended_at is null and m.backfill = 0
group by day, m.topic_id, a.source_id;

create view source_health as
select s.id, s.name,
       case when s.active = 0 then 'removed'
            when max(e.last_poll_at) is null then 'waiting'
            when min(e.failures) > 0 then 'failing'
            when max(e.failures) > 0 or count(v.id) > 0 then 'partly'
            else 'ok' end as state,
       max(e.last_ok_at) as last_ok, coalesce(max(e.failures), 0) as failures,
       (select count(*) from articles a where a.source_id = s.id) as articles,
       count(v.id) as open_events
from sources s
left join endpoints e on e.source_id = s.id and e.active = 1
left join events v on v.endpoint_id = e.id and v.until is null
group by s.id
""",
    )


@migrations()
def pages_by_source(database: Database) -> None:
    """A page knows its source: what is due of each source is then walked, not sorted, however much waits."""
    run(
        database,
        """
alter table pages add column source_id text references sources(id);

update pages set source_id = (select a.source_id from articles a where a.id = pages.article_id);

drop index pages_due;

create index pages_due on pages (source_id, due_at, article_id desc) where state = 'due'
""",
    )


@migrations()
def merged_articles(database: Database) -> None:
    """Articles that turned out to be another; they are not counted twice."""
    # Counted apart and taken off: asking each article whether it is merged would read past its text.
    run(
        database,
        """
alter table articles add column merged_into integer references articles(id);

create index articles_merged on articles (merged_into, source_id) where merged_into is not null;

create index revisions_text on revisions (article_id) where text <> '';

drop view source_health;

create view source_health as
select s.id, s.name,
       case when s.active = 0 then 'removed'
            when max(e.last_poll_at) is null then 'waiting'
            when min(e.failures) > 0 then 'failing'
            when max(e.failures) > 0 or count(v.id) > 0 then 'partly'
            else 'ok' end as state,
       max(e.last_ok_at) as last_ok, coalesce(max(e.failures), 0) as failures,
       (select count(*) from articles a where a.source_id = s.id)
       - (select count(*) from articles a where a.source_id = s.id and a.merged_into is not null) as articles,
       count(v.id) as open_events
from sources s
left join endpoints e on e.source_id = s.id and e.active = 1
left join events v on v.endpoint_id = e.id and v.until is null
group by s.id
""",
    )


@migrations()
def applied_topics(database: Database) -> None:
    """Which version of a topic the stored articles were matched with, and what dictionaries said about its words."""
    run(
        database,
        """
alter table topics add column applied text;

alter table topics add column applied_upto integer not null default 0;

alter table topic_versions add column facts text
""",
    )


@migrations()
def what_matches_rest_on(database: Database) -> None:
    """What a match was first made on, what the full text did to it, and whose words its hits cut."""
    # Of a match that is there already only the last reading is known.
    run(
        database,
        """
alter table matches add column first_content text;

update matches set first_content = content;

alter table matches add column later text;

alter table matches add column revision_id integer references revisions(id);

create index matches_revision on matches (revision_id) where revision_id is not null
""",
    )
