"""Playing: inner loops, collectors, replay."""
