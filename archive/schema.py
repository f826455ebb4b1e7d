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
    """New articles enter the full-text index at the end of their transaction (`archive.reach.index_new`)."""
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
