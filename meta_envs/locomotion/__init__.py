"""Locomotion: MuJoCo bodies with their own parameters, goals, velocities and directions a task."""

from ..physics import opengl

opengl.settle()  # before anything here imports MuJoCo
