"""What remembers: the append-only log, and a disposable view of it."""
