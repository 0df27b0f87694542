"""Terrain: a walker on ground with steps, pits and stumps that can evolve."""

from ..physics import opengl

opengl.settle()  # before anything here imports MuJoCo
