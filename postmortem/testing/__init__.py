"""For those who write an importer, a report or a ledger: histories, sentences, a contract suite.

    fields      random keys for every class of the catalogue, made from its fields' types
    history     random histories of a platform, good and bad
    memory      the naive record in memory that stores are compared with
    sentences   given(…).when(…).then_recorded(), .then_refused("why")
    ledgers     what every ledger promises, as a class of tests to inherit

Needs the extra `testing`: `pip install 'postmortem-record[testing]'`.
"""

from postmortem.testing.history import histories, questions
from postmortem.testing.memory import DAWN, SECOND, MemoryRecord, as_written
from postmortem.testing.sentences import PLATFORM, draft, given

__all__ = [
    "DAWN",
    "PLATFORM",
    "SECOND",
    "MemoryRecord",
    "as_written",
    "draft",
    "given",
    "histories",
    "questions",
]
