"""The pure core: no clock, no file, no network, no database."""
