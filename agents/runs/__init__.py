"""Daily work with runs: what the `metazoo` command does, from Python."""
