"""Defaults of evaluations, in a module of its own: `evaluate` takes a second to import."""

NUM_TASKS = 1000  # of `evaluate` and of the commands
BINS = 100  # parts of a lifetime
