"""Play: inner loops, collectors, replay."""
