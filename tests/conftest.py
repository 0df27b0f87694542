"""What every test runs under: one thread a process, and no display."""

import os

for _threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # threads of parallel test processes only get in the way
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
