"""Points in the plane that look for a hidden goal."""
