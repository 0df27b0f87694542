"""What importing the package costs, and what it must not import."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

_HEAVY = ("torch", "stable_baselines3", "mujoco", "pygame", "matplotlib", "agents")
_LIMIT = 0.2  # s beyond Gymnasium itself

_TIMED = """
import time
import gymnasium
began = time.perf_counter()
import meta_envs
print(time.perf_counter() - began)
"""

_ROLLOUT = """
import hashlib, sys
import gymnasium as gym, numpy as np, meta_envs
digest = hashlib.sha256()
for id in meta_envs.list_distributions():
    if id == "meta/Atari-v0":  # slow to make; its own tests compare numbers of threads
        continue
    try:
        venv = gym.make_vec(id, num_envs=17)
    except ImportError:  # its extra is not installed
        continue
    observations, _ = venv.reset(seed=3)
    venv.action_space.seed(3)
    for _ in range(10):
        observations, rewards, terminated, truncated, infos = venv.step(venv.action_space.sample())
        seen = observations.values() if isinstance(observations, dict) else [observations]
        for part in (*seen, rewards, terminated, truncated, *venv.tasks.values()):
            digest.update(np.ascontiguousarray(part).tobytes())
assert "torch" not in sys.modules
print(digest.hexdigest())
"""


def _python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_imports_nothing_heavy() -> None:
    code = f"import sys, meta_envs; print([name for name in {_HEAVY} if name in sys.modules])"
    assert _python(code) == "[]"


def test_importing_is_cheap() -> None:
    seconds = [float(_python(_TIMED)) for _ in range(3)]
    assert statistics.median(seconds) < _LIMIT, seconds


def test_play_needs_no_torch_and_does_not_depend_on_the_number_of_threads() -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    one, four = (_python(_ROLLOUT, **dict.fromkeys(names, threads)) for threads in "14")
    assert one == four
