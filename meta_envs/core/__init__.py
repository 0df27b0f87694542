"""The task API, written once: vector and scalar base, trials, splits, randomness, checker."""
