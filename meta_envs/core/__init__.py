"""The task API, written once: vector base, batch of one, scalar base, trials, splits, randomness, checker."""
