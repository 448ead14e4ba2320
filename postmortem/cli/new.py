"""A casebook to start from: commented, and valid as it is."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from string import Template
from typing import Final

import click

from postmortem.cli.files import new_file
from postmortem.core.errors import BadInput
from postmortem.core.words import for_terminal, unprintable
from postmortem.core.zones import known_zone

TEMPLATE: Final = Path(__file__).with_name("casebook.tmpl")
DEFAULT_ID: Final = "my-platform"


@click.command(
    epilog="""\b
Examples:
  postmortem new casebook.yaml
  postmortem new parler.yaml --name Parler --zone America/Los_Angeles
  postmortem new - --platform-id parler"""
)
@click.argument("casebook")
@click.option("--platform-id", metavar="ID", help="The platform's id; else it is the file's name.")
@click.option("--name", metavar="TEXT", help="The platform's name, for people.")
@click.option("--zone", metavar="ZONE", help="The IANA zone of times written without one.")
def new(casebook: str, platform_id: str | None, name: str | None, zone: str | None) -> None:
    """Write a commented casebook to start from; - prints it.

    It explains sources, services, formulas, the three clocks and spans by an example that can be
    imported as it is. Nothing is overwritten.
    """
    text = casebook_text(casebook, platform_id or _id_of(casebook), name, zone)
    if casebook == "-":
        click.echo(text, nl=False)
        return
    with new_file(casebook, "nothing is overwritten; choose another name") as file:
        file.write(text)
    name = for_terminal(shlex.quote(casebook))
    click.echo(f"{for_terminal(casebook)}: an example with comments; to record it:")
    click.echo(f"  postmortem import {name}")


def casebook_text(file: str, id: str, name: str | None, zone: str | None) -> str:
    """The casebook for that platform.

    Raises: BadInput, where that is no id, no name or no zone.
    """
    from postmortem.cli.draft import yaml

    if not re.fullmatch(r"[a-z0-9_-]{1,200}", id):
        raise BadInput(
            f"--platform-id: {id!r} is no id",
            hint="ids are of lower-case letters, digits, - and _",
        )
    if zone is not None and not known_zone(zone):
        raise BadInput(f"{zone!r} is no time zone known here", hint="such as Europe/Berlin or UTC")
    if name is not None and (not name or (bad := unprintable(name))):
        raise BadInput(f"--name: {'it is empty' if not name else f'it holds {bad}'}")
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        file=for_terminal(shlex.quote("casebook.yaml" if file == "-" else file)),
        id=yaml(id),
        name=f"  name: {yaml(name)}\n" if name else "  # name: My Platform\n",
        zone=f"  zone: {zone}" if zone else "  # zone: America/Los_Angeles",
    )


def _id_of(casebook: str) -> str:
    """The id that the file's name makes, where it makes one."""
    stem = os.path.basename(casebook).split(".")[0].lower()
    id = re.sub(r"[^a-z0-9_-]+", "-", stem).strip("-")
    return id[:200] if id and id != "casebook" else DEFAULT_ID
