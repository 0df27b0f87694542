"""Locomotion: MuJoCo bodies with their own parameters, goals, velocities and directions a task."""
