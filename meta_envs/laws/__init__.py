"""The laws that every task distribution keeps, and the check for contributors."""
