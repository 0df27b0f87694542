"""The toy worlds in which learning rules are found: grids of objects, and chains of delay."""
