"""A robot arm with things to handle: Meta-World's benchmarks."""

from ..physics import opengl

opengl.settle()  # before anything here imports MuJoCo
