"""What agents derive from."""
