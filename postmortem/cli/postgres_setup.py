"""The SQL that prepares a PostgreSQL database: tables, roles, grants."""

from __future__ import annotations

import re
from typing import Final

import click

from postmortem.cli import output
from postmortem.core.errors import BadInput
from postmortem.store import postgres_tables as tables
from postmortem.store.backends import SCHEMA

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_HEAD: Final = """\
-- A store of postmortem in the schema {schema}, and who may do what with it.
-- Run it once for each store, as somebody who may create schemas and roles:
--   postmortem postgres-setup | psql -v ON_ERROR_STOP=1 -1 DATABASE
-- Then give people their part:  GRANT {writer} TO alice;
"""


@click.command(
    "postgres-setup",
    epilog="""\b
Examples:
  postmortem postgres-setup | psql -v ON_ERROR_STOP=1 -1 ops
  postmortem postgres-setup --schema parler --roles parler | psql -v ON_ERROR_STOP=1 -1 ops
  postmortem postgres-setup --grants-only | psql -v ON_ERROR_STOP=1 -1 ops""",
)
@click.option(
    "--schema",
    default=SCHEMA,
    show_default=True,
    metavar="NAME",
    help="The schema that holds the store: one for each tenant.",
)
@click.option(
    "--roles",
    metavar="PREFIX",
    help="What the roles' names begin with; else the schema's name.",
)
@click.option("--grants-only", is_flag=True, help="Leave out the tables: they are there already.")
def postgres_setup(schema: str, roles: str | None, grants_only: bool) -> None:
    """Print the SQL that makes a store on PostgreSQL, with its roles and grants. Nothing is run.

    A reader may only read. A writer may append besides, and neither change nor delete anything. An
    eraser may withdraw people's words besides. None of them owns the tables: who does could drop
    the triggers that keep the log append-only.
    """
    prefix = roles or schema
    for name, option in ((schema, "--schema"), (f"{prefix}_reader", "--roles")):
        if not _NAME.fullmatch(name) or name.startswith("pg_"):
            raise BadInput(
                f"{option}: {name!r} can be no name here",
                hint="lower-case letters, digits and _, at most 63 of them, not pg_…",
            )
    names = {role: f"{prefix}_{role}" for role in ("reader", "writer", "eraser")}
    output.say_text(_HEAD.format(schema=schema, **names))
    if not grants_only:
        output.say_text(f"CREATE SCHEMA {schema};\n{tables.make_tables(schema)}")
    output.say_text(tables.make_roles(schema, **names))
