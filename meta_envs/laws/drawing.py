"""The law of pictures."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from .case import Case, Transcript, action_list, play


def law_rendering(case: Case) -> None:
    """A picture is uint8 [height, width, 3], always of one size, and drawing changes nothing."""
    do = "Return a new uint8 array [height, width, 3] from render_row, and only read the state"
    plain, drawing = case.make(), case.make(render_mode="rgb_array")
    case.start(drawing, 1)
    try:
        drawing.render()
    except NotImplementedError:
        return  # a family need not draw
    pictures: list[Any] = []
    expected, seen = _play_drawing(case, plain, []), _play_drawing(case, drawing, pictures)
    case.same(expected, seen, "without and with pictures", do)
    venv = case.make_vec(2, render_mode="rgb_array")
    venv.reset(seed=1)
    batch = venv.render()
    case.require(
        isinstance(batch, tuple) and len(batch) == 2, "2 rows are not drawn as 2 pictures", do
    )
    pictures += list(batch or ())
    kinds = {
        (str(picture.dtype), picture.shape) if isinstance(picture, np.ndarray) else type(picture)
        for picture in pictures
    }
    kind = next(iter(kinds))
    case.require(
        len(kinds) == 1 and kind[0] == "uint8" and len(kind[1]) == 3 and kind[1][2] == 3,
        f"pictures are {sorted(map(str, kinds))}",
        do,
    )
    case.require(plain.render() is None, "an environment without render_mode draws", do)


def _play_drawing(case: Case, env: gym.Env, pictures: list[Any]) -> Transcript:
    """Play a few steps, drawing before each if the environment can draw."""
    first, _ = case.start(env, 1)
    seen: Transcript = [("first observation", first)]
    for action in action_list(env.action_space, 8, 5):
        if env.render_mode is not None:
            pictures.append(env.render())
        seen += play(env, [action])
        if any(seen[-1][1]):
            seen.append(("next first observation", env.reset()[0]))
    return seen
