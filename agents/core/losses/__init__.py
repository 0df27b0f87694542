"""Pure functions: losses, returns, trust regions."""
