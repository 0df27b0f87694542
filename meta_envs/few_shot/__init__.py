"""Few-shot classification: a few pictures of new classes are shown, then others asked about."""
