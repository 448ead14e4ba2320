"""An event-sourced record of what a platform lost, when, and who could have known it."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Store", "open_store"]

if TYPE_CHECKING:
    from postmortem.api import Store, open_store


def __getattr__(name: str) -> Any:
    # loaded when it is asked for: the command line passes through here, and `--help` is to be quick
    if name in __all__:
        from postmortem import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
