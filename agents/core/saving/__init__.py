"""What is written to disk: checkpoints, runs, logs."""
