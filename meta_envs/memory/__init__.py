"""Tasks that ask for memory within an episode and across episodes."""
