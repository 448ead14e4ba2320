"""What a rule that looks at a record is, how grave it is, and how people choose among rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar


class Severity(IntEnum):
    """`NOTE` < `WARNING` < `ERROR`: comparable, so that a threshold can be set."""

    NOTE = 0
    WARNING = 1
    ERROR = 2

    @property
    def word(self) -> str:
        """As it is written."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Named:
    """What every rule says of itself; names and numbers are never used again."""

    id: str
    name: str
    severity: Severity
    means: str
    """What it finds, and why that matters."""

    def head(self) -> dict[str, Any]:
        """What every finding of it begins with, as rows and JSON have it."""
        return {"rule": self.id, "name": self.name, "severity": self.severity.word}


R = TypeVar("R", bound=Named)


def rules_named(rules: Iterable[R], names: Collection[str]) -> tuple[list[R], list[str]]:
    """The rules that are called so, by id or name, and the names that no rule has."""
    by_name = {key: rule for rule in rules for key in (rule.id.lower(), rule.name)}
    asked = {name: by_name.get(name.lower()) for name in names}
    return (
        [rule for rule in asked.values() if rule is not None],
        [name for name, rule in asked.items() if rule is None],
    )
