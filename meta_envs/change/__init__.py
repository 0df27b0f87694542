"""Machines that change from episode to episode."""
