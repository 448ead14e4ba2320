"""Who cut a platform off, when, what stopped working, and who could have known: as a record."""

__version__ = "0.1.0"
