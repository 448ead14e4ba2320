"""How a server tells whoever follows its log that there is more: LISTEN and NOTIFY.

Only a hint, with nothing in it: the follower looks at the log itself, and looks from time to time
also where it is told nothing. To listen needs no privilege, and to be told wrongly does no harm.
"""

from __future__ import annotations

import contextlib
import time
from typing import Final

from postmortem.store.backends import Address
from postmortem.store.server import Connection, psycopg, trouble

BEAT: Final = 1.0
"""Seconds between two looks at a server that cannot tell, or cannot be reached."""


def channel(schema: str) -> str:
    """The channel of the log in that schema; that two may share one makes no difference."""
    return f"postmortem_{schema}"[:63]  # no longer than a name may be


def announce(connection: Connection, schema: str) -> None:
    """Say that the log has grown, after the commit; where that fails, others see it a little later.

    Not within the transaction: whoever notifies holds a lock of the whole server until the commit
    is done, also through the wait for a standby, and every other log would wait for it.
    """
    with contextlib.suppress(psycopg.Error):
        connection.execute(f"NOTIFY {channel(schema)}".encode())


class Listening:
    """A connection on which the server tells that the log has grown, where it can."""

    def __init__(self, connection: Connection, address: Address) -> None:
        """Listen from now on: what is recorded later wakes, what was recorded must be looked at.

        Raises: StoreProblem.
        """
        self._connection = connection
        self._address = address
        self._told = False
        self._listen()

    def _listen(self) -> None:
        try:
            row = self._connection.execute("SELECT pg_is_in_recovery()").fetchone()
            if row is not None and not row[0]:  # a standby refuses to be listened to
                self._connection.execute(f"LISTEN {channel(self._address.schema)}".encode())
                self._told = True
        except psycopg.Error as error:
            raise trouble(error, self._address) from None

    def wait(self, most: float) -> None:
        """Until there may be more in the log, at most so many seconds. Raises: StoreProblem."""
        if not self._told:
            time.sleep(min(most, BEAT))
            self._listen()  # it may have been promoted
            return
        try:
            for _ in self._connection.notifies(timeout=most, stop_after=1):
                pass
        except psycopg.Error as error:
            raise trouble(error, self._address) from None
