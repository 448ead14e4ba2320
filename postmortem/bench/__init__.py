"""The benchmark: what everything costs, beside what it could cost at least."""
