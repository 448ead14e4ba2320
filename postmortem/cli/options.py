"""Options that several commands share, and how their times are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from postmortem.core.errors import BadTime
from postmortem.core.times import END, AsOf, Instant, parse_instant

F = TypeVar("F", bound=Callable[..., Any])

platform_option = click.option(
    "--platform", metavar="ID", help="Which platform, where the store holds several."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def clock_options(function: F) -> F:
    """`--known-at` and `--recorded-at`."""
    known = click.option(
        "--known-at", metavar="TIME", help="Only what could be known by then; else all."
    )
    recorded = click.option(
        "--recorded-at", metavar="TIME", help="Only what the log held by then; else all."
    )
    return known(recorded(function))


def question_options(function: F) -> F:
    """What every question takes."""
    return platform_option(clock_options(json_option(function)))


def instant(text: str, zone: str | None, option: str) -> Instant:
    """The instant that was typed for an option.

    Raises: BadTime, naming the option.
    """
    try:
        return parse_instant(text, zone)
    except BadTime as problem:
        raise BadTime(f"{option}: {problem.message}", hint=problem.hint) from None


def as_of(at: Instant, known_at: str | None, recorded_at: str | None, zone: str | None) -> AsOf:
    """The three clocks of a question as one value."""
    return AsOf(
        at,
        END if known_at is None else instant(known_at, zone, "--known-at"),
        END if recorded_at is None else instant(recorded_at, zone, "--recorded-at"),
    )
