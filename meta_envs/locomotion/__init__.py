"""Locomotion: MuJoCo bodies whose parameters, goals, velocities or directions are the task."""

from ..physics import opengl

opengl.settle()  # before anything here imports MuJoCo
