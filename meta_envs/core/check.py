"""Placeholder."""


def check_task_distribution(id: str) -> None:
    """Check."""
