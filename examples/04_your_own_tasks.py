"""A task distribution of your own: find a hidden number by being told "more" or "less"."""

import numpy as np
from gymnasium import spaces

import meta_envs
from meta_envs.core.splits import interleave


class HiddenNumber(meta_envs.MetaVectorEnv):
    """Guess a number in [0, 1]; the observation says if the last guess was too low or too high."""

    splits = ("train", "test", "all")

    def __init__(self, guesses=8, **core):
        self.guesses = guesses
        super().__init__(
            task_space=spaces.Dict({"secret": spaces.Box(0.0, 1.0, (), np.float64)}),
            observation_space=spaces.Box(-1.0, 1.0, (1,), np.float32),
            action_space=spaces.Box(0.0, 1.0, (1,), np.float32),
            **core,
        )

    def draw_task(self, rng):  # one row's task, from the whole distribution
        return {"secret": rng.random()}

    def in_split(self, task):  # even cells train, odd cells test: the same distribution
        return interleave(task["secret"], 0.0, 1.0) == self.split

    def begin_episodes(self, rows):  # first observations of these rows
        return np.zeros((len(rows), 1), dtype=np.float32)

    def step_rows(self, actions):  # every row at once
        off = actions[:, 0] - self.tasks["secret"]
        sign = np.sign(off).astype(np.float32)[:, None]
        return sign, -np.abs(off), self.elapsed >= self.guesses, {"success": np.abs(off) < 0.01}


meta_envs.register(
    "mine/HiddenNumber-v0",
    f"{__name__}:HiddenNumber",
    episodes_per_trial=2,  # K: in the second episode the number is known
    summary="Find a hidden number by being told whether it is higher or lower",
    source="A children's game",
)

if __name__ == "__main__":
    meta_envs.check_task_distribution("mine/HiddenNumber-v0")
    print("every law holds")
