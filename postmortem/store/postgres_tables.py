"""The log's tables on PostgreSQL, and who may do what with them: SQL as text, nothing is run here.

The tables are those of a SQLite store but its tree, which every host keeps for itself; their
triggers refuse the same, and what a role may do is granted apart from that. Names are plain
lower-case words, so they stand in the SQL as they are.
"""

from __future__ import annotations

from typing import Final

LOG_VERSION: Final = 1
"""The version of these tables, kept in `about`; a higher one is a newer program's."""

_LOCKS: Final = 0x504D5254 << 32
"""Ours among a database's advisory locks: `PMRT`, and below it a number for each log."""

TABLES: Final = ("stored_events", "disclosures", "words_absent", "withdrawals", "about")

_TABLES: Final = """\
CREATE TABLE {schema}.stored_events (
    position bigint PRIMARY KEY CHECK (position >= 1),
    originator_id text NOT NULL,
    originator_version bigint NOT NULL CHECK (originator_version >= 1),
    topic text NOT NULL,
    state bytea NOT NULL,
    event_id text NOT NULL UNIQUE,
    recorded_at bigint NOT NULL,
    UNIQUE (originator_id, originator_version)
);
-- people's words; what may one day be withdrawn
CREATE TABLE {schema}.disclosures (
    digest text PRIMARY KEY,
    position bigint NOT NULL,
    field text NOT NULL,
    salt text NOT NULL,
    value text NOT NULL
);
CREATE INDEX disclosures_by_position ON {schema}.disclosures (position);
-- whose words were never here: the log was taken in without them
CREATE TABLE {schema}.words_absent (
    digest text NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (position, digest)
);
-- which words were withdrawn, so that the view of every host lets go of them too
CREATE TABLE {schema}.withdrawals (
    number bigint PRIMARY KEY,
    digest text NOT NULL
);
-- facts about the store itself: its id, what it is a copy of
CREATE TABLE {schema}.about (key text PRIMARY KEY, value text NOT NULL);

CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION {schema}.next_in_the_log() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    SELECT position, recorded_at INTO last FROM {schema}.stored_events
        ORDER BY position DESC LIMIT 1;
    IF NEW.position <> coalesce(last.position, 0) + 1 THEN
        RAISE EXCEPTION 'the log is append-only, and its positions are dense'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.recorded_at < last.recorded_at THEN
        RAISE EXCEPTION 'recorded_at never decreases'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- whoever withdraws words leaves their digest behind, also without postmortem
CREATE FUNCTION {schema}.withdrawn() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({lock});
    INSERT INTO {schema}.withdrawals
        SELECT coalesce(max(number), 0) + 1, OLD.digest FROM {schema}.withdrawals;
    RETURN OLD;
END $$;

CREATE TRIGGER log_next BEFORE INSERT ON {schema}.stored_events
    FOR EACH ROW EXECUTE FUNCTION {schema}.next_in_the_log();
CREATE TRIGGER log_no_update BEFORE UPDATE OR DELETE ON {schema}.stored_events
    FOR EACH ROW EXECUTE FUNCTION {schema}.refuse('the log is append-only');
CREATE TRIGGER log_no_truncate BEFORE TRUNCATE ON {schema}.stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse('the log is append-only');
CREATE TRIGGER words_no_update BEFORE UPDATE ON {schema}.disclosures
    FOR EACH ROW EXECUTE FUNCTION {schema}.refuse('words are withdrawn, never changed');
CREATE TRIGGER words_no_truncate BEFORE TRUNCATE ON {schema}.disclosures
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse('words are withdrawn, never changed');
CREATE TRIGGER words_withdrawn AFTER DELETE ON {schema}.disclosures
    FOR EACH ROW EXECUTE FUNCTION {schema}.withdrawn();
CREATE TRIGGER withdrawals_stay BEFORE UPDATE OR DELETE ON {schema}.withdrawals
    FOR EACH ROW EXECUTE FUNCTION {schema}.refuse('what is withdrawn stays so');
CREATE TRIGGER withdrawals_no_truncate BEFORE TRUNCATE ON {schema}.withdrawals
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse('what is withdrawn stays so');

REVOKE ALL ON FUNCTION {schema}.withdrawn() FROM PUBLIC;
INSERT INTO {schema}.about VALUES ('id', gen_random_uuid()::text), ('log', '{version}');
"""

_ROLES: Final = """\
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['{reader}', '{writer}', '{eraser}'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END $$;
REVOKE ALL ON SCHEMA {schema} FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {reader}, {writer}, {eraser};

-- who asks
GRANT USAGE ON SCHEMA {schema} TO {reader};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {reader};

-- who records: appends, and can neither change nor delete
GRANT {reader} TO {writer};
GRANT INSERT ON {schema}.stored_events, {schema}.disclosures, {schema}.words_absent,
    {schema}.about TO {writer};

-- who withdraws words, and records that they were
GRANT {writer} TO {eraser};
GRANT DELETE ON {schema}.disclosures TO {eraser};
"""


def lock(schema: str) -> str:
    """The number of the lock that a writer holds until its commit, as an expression.

    An advisory lock, since PostgreSQL 15 gives a lock on the table itself only to those who may
    also change what is in it.
    """
    return f"{_LOCKS} + '{schema}.stored_events'::regclass::oid::bigint"


MAKER: Final = str(_LOCKS)
"""The number of the lock of whoever makes the tables."""


def make_tables(schema: str) -> str:
    """The statements that make an empty log in a schema that exists."""
    return _filled(_TABLES, schema=schema, lock=lock(schema), version=str(LOG_VERSION))


def make_roles(schema: str, reader: str, writer: str, eraser: str) -> str:
    """The statements that make the roles where they are missing, and grant each what it needs."""
    return _filled(_ROLES, schema=schema, reader=reader, writer=writer, eraser=eraser)


def _filled(text: str, **names: str) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text
