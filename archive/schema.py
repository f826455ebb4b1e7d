"""The tables of archive.db, as an append-only list of migrations; the first of them are in `archive.first_tables`.

`docs/archive.md` explains every column to the people who query them. A published migration is never
edited: what changes later is a new function at the end. Raw SQL, because that is what a reader compares
with what `.schema` prints; sqlite-utils keeps the list and runs each migration in one transaction.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database

from archive.first_tables import migrations, run


def migrate(conn: sqlite3.Connection) -> list[str]:
    """Bring the tables up to date; return the names of the migrations that ran."""
    database = Database(conn, execute_plugins=False)
    names = [migration.name for migration in migrations.pending(database)]
    migrations.apply(database)
    return names


def pending(conn: sqlite3.Connection) -> list[str]:
    """Return the names of the migrations that `migrate` would run."""
    return [
        m.name for m in migrations.pending(Database(conn, execute_plugins=False, recursive_triggers=False))
    ]


@migrations()
def odd_articles(database: Database) -> None:
    """What leads a topic to stored articles: what the full-text index holds otherwise stands in one of its own."""
    # Null is not known: articles that are stored already are looked at later, bit by bit. Its words are written by the
    # program, for no tokenizer reads as it does.
    run(
        database,
        """
alter table articles add column odd integer;

create index articles_unjudged on articles (id, odd) where odd is null;

create virtual table articles_fts_odd using fts5 (title, summary, text, tokenize='unicode61 remove_diacritics 0');

create index articles_seen on articles (first_seen_at, merged_into);

create index articles_language on articles (language);

create index matches_standing on matches (topic_id, article_id) where ended_at is null
""",
    )


@migrations()
def what_definition_made_a_match(database: Database) -> None:
    """By which definition a match was first made, beside that by which it was last found to hold."""
    # Of a match that is there already only the last is known.
    run(
        database,
        """
alter table matches add column first_version text;

update matches set first_version = topic_version
""",
    )


@migrations()
def standing_links(database: Database) -> None:
    """What stood at an endpoint when it was first read, and does not say when it is from: navigation, as a rule."""
    run(
        database,
        """
create table standing (
    endpoint_id integer not null references endpoints(id),
    key text not null,
    since text not null,
    primary key (endpoint_id, key)
) without rowid
""",
    )


@migrations()
def offers_by_guid(database: Database) -> None:
    """An article whose link has changed is found by its guid; asked only of entries with an unknown link."""
    run(database, "create index offers_guid on offers (guid) where guid is not null")


@migrations()
def polling_policy(database: Database) -> None:
    """What deciding about the next poll rests on, and what was missed between two polls."""
    # An endpoint that was read before this is not met for the first time: what is old in it is no backfill.
    run(
        database,
        """
alter table endpoints add column weight real not null default 0;

alter table endpoints add column pace real;

alter table endpoints add column ttl real;

alter table endpoints add column good_polls integer not null default 0;

alter table endpoints add column read_at text;

alter table endpoints add column item_at text;

alter table endpoints add column whole_at text;

alter table endpoints add column said_304_at text;

alter table endpoints add column whole_by text;

alter table endpoints add column whole_until text;

alter table endpoints add column habit_at text;

alter table endpoints add column overrun_at text;

alter table endpoints add column since text;

update endpoints set weight = failures, item_at = last_new_at,
    read_at = (select max(p.at) from polls p where p.endpoint_id = endpoints.id and p.outcome = 'ok'),
    good_polls = (select count(*) from polls p where p.endpoint_id = endpoints.id and p.outcome <> 'failed');

update endpoints set whole_at = read_at;

alter table sources add column pages_refused integer not null default 0;

alter table events add column ended_because text;

update events set ended_because = 'recovered' where until is not null;

create index events_endpoint on events (endpoint_id, since);

create table gaps (
    id integer primary key, endpoint_id integer not null references endpoints(id),
    event_id integer not null references events(id), since text not null, until text,
    missed real, low real, high real
);

create index gaps_endpoint on gaps (endpoint_id, since)
""",
    )


@migrations()
def indexed_in_one_go(database: Database) -> None:
    """New articles enter the full-text index at the end of their transaction (`archive.reach.admit_new`)."""
    # A trigger did it one by one. The statement that fires one runs within a savepoint, at each of which FTS5 writes
    # what it had gathered: thirty segments to merge for the thirty entries of a feed. What is not in the index yet has
    # nothing there to be taken out: to "delete" it would break the index.
    run(
        database,
        """
drop trigger articles_fts_insert;

drop trigger articles_fts_delete;

drop trigger articles_fts_update;

create trigger articles_fts_delete after delete on articles
when exists (select 1 from articles_fts_docsize where id = old.id) begin
    insert into articles_fts (articles_fts, rowid, title, summary, text)
    values ('delete', old.id, old.title, old.summary, old.text);
end;

create trigger articles_fts_update after update of title, summary, text on articles
when exists (select 1 from articles_fts_docsize where id = old.id) begin
    insert into articles_fts (articles_fts, rowid, title, summary, text)
    values ('delete', old.id, old.title, old.summary, old.text);
    insert into articles_fts (rowid, title, summary, text) values (new.id, new.title, new.summary, new.text);
end
""",
    )


@migrations()
def removed_sources_were_read(database: Database) -> None:
    """A source that was taken out says when it was last read: it has no active endpoint to say so."""
    run(
        database,
        """
drop view source_health;

create view source_health as
select s.id, s.name,
       case when s.active = 0 then 'removed'
            when max(e.last_poll_at) is null then 'waiting'
            when min(e.failures) > 0 then 'failing'
            when max(e.failures) > 0 or count(v.id) > 0 then 'partly'
            else 'ok' end as state,
       case when s.active = 0 then (select max(o.last_ok_at) from endpoints o where o.source_id = s.id)
            else max(e.last_ok_at) end as last_ok,
       coalesce(max(e.failures), 0) as failures,
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
def what_a_page_says_of_itself(database: Database) -> None:
    """Whether an article has to be paid for, and which language it was said to be in where its text is in another."""
    run(
        database,
        """
alter table articles add column paywalled integer;

alter table articles add column language_said text
""",
    )


@migrations()
def pages_again(database: Database) -> None:
    """When a page that was read is fetched again, with what it is asked, and what came and went with each revision."""
    # Of a page that was read before this, its first reading is taken to be the last: what matters is its first day.
    run(
        database,
        """
alter table sources add column refetch text not null default 'matched';

alter table pages add column read_at text;

alter table pages add column again_at text;

alter table pages add column tries integer not null default 0;

alter table pages add column gone_at text;

alter table pages add column etag text;

alter table pages add column last_modified text;

alter table pages add column body_hash text;

alter table pages add column title text;

update pages set read_at = fetched_at where state = 'read';

create index pages_again on pages (source_id, again_at, article_id desc) where again_at is not null;

alter table offers add column title text;

alter table changes add column revision_id integer references revisions(id);

create table hit_changes (
    id integer primary key, article_id integer not null references articles(id),
    topic_id text not null references topics(id), revision_id integer not null references revisions(id),
    at text not null, change text not null, field text not null, variant text not null, text text not null
);

create index hit_changes_topic on hit_changes (topic_id, revision_id);

create index hit_changes_article on hit_changes (article_id, topic_id)
""",
    )


@migrations()
def stories_of_copies(database: Database) -> None:
    """Nearly identical articles are stories; and which agency a text names as its own."""
    # A trigger queues what changed, so that none who writes articles can forget it; what is new, `reach.admit_new`. Of
    # what is stored already, that of the last week becomes stories: older articles have nothing new to be a copy of.
    run(
        database,
        """
alter table articles add column wire text;

create index articles_story on articles (story_id) where story_id is not null;

alter table stories add column last_seen_at text;

alter table stories add column language text;

create table story_changes (
    seq integer primary key autoincrement, article_id integer not null references articles(id) on delete cascade,
    words integer not null default 1
);

create index story_changes_article on story_changes (article_id);

create table sketches (
    article_id integer primary key references articles(id) on delete cascade, outlet integer not null,
    day integer not null, language text, hashes blob not null, common blob not null
);

create index sketches_day on sketches (day);

create table shingles (
    hash integer not null, outlet integer not null, day integer not null, article_id integer not null,
    primary key (hash, outlet, day, article_id)
) without rowid;

create table copies (
    article_id integer not null references articles(id) on delete cascade,
    copy_id integer not null references articles(id) on delete cascade, share real not null,
    primary key (article_id, copy_id)
) without rowid;

create view story_articles as
select a.story_id, a.first_seen_at, s.name as source, s.country, a.title, a.wire, a.url, a.published_at, a.source_id,
       a.id as article_id
from articles a join sources s on s.id = a.source_id
where a.story_id is not null;

insert into story_changes (article_id) select id from articles where merged_into is null and first_seen_at >=
    (select strftime('%Y-%m-%dT%H:%M:%S', max(first_seen_at), '-7 days') from articles) order by id
""",
    )
    database.execute(
        # A text that is let go because it is old is no news.
        """create trigger story_changes_update
        after update of title, summary, text, author, language, merged_into on articles
        when (new.title, new.summary, new.text, new.author, new.language, new.merged_into)
            is not (old.title, old.summary, old.text, old.author, old.language, old.merged_into)
            and (new.text <> '' or new.pruned_at is null) begin
            insert into story_changes (article_id) values (new.id);
        end"""
    )
