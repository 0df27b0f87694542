"""Learners of one lifetime: how one acts and updates itself, and the loop that many live in."""
