"""A robot arm with things to handle: Meta-World's benchmarks."""
