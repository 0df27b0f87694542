"""Any of our environments, paid by how well a discriminator recognises a skill. N rows, R some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from ..core import batches
from ..core import tasks as _tasks
from ..core.arguments import flag, number, positive, whole
from ..core.bank import Bank, BankSource
from ..core.core_arguments import CoreArguments
from ..core.names import permit
from ..core.rng import valid_seed
from ..core.tasks import Task
from ..core.vector import MetaVectorEnv
from ..pictures.trails import Trails
from .discriminators import log_probabilities, random_bank
from .features import Features, Names
from .pictures import draw_field

if TYPE_CHECKING:
    from typing_extensions import Unpack

# Arguments that leave of a base what is no goal: points in a box, whose episodes no goal ends.
_BARE: dict[str, dict[str, Any]] = {
    "meta/PointNavigation-v0": {"bound": 1.0, "terminate": False},
}
_HIDDEN = ("success", "expected_reward")  # infos about the base's own goal
_FEWEST = 2  # skills, and discriminators where they are split
_MOST = 10_000  # tasks that are listed
_SCALES = (1e-6, 1e6)
_SEEDS = 2**53  # seeds that a float64 in [0, 1) tells apart


class RewardTask(MetaVectorEnv):
    """A base environment without its own rewards: a task is a skill to be recognised by.

    Tasks:
        `"skill"` int: z, one of n, uniform. `"discriminator"` int, if there are several: which of
        M, uniform.
    Observation:
        That of the base, which tells nothing of the skill.
    Action:
        That of the base.
    Reward:
        log D(z | s), where s are the features of the state after the step; minus log p(z) = -log n
        if `minus_log_p`. `infos["base_reward"]` is what the base pays.
    Episode:
        Begins and terminates as the base's, whose own task is one and the same in all rows
        (`base_task`); truncated at the id's horizon.
    Splits:
        `train` and `test`: even and odd discriminators; or, if there is only one, skills.
    Source:
        Gupta et al. 2018 (arXiv 1806.04640): UML-Random with `bank="random"`, UML-DIAYN with the
        discriminator that `agents.DIAYN` exports. Its sizes are not published; ours: 200 random
        discriminators of 8 skills. Eysenbach et al. 2018 (arXiv 1802.06070) for the reward, of the
        state before the action there.
    Versions:
        v0.

    Args:
        base: Id of a task distribution with vector or Discrete observations.
        base_kwargs: Its keyword arguments; None: points are kept in a box and reach no goals.
        base_task: The base's task; None takes the first that seed 0 draws.
        bank: `"random"`, or the discriminators: a safetensors file, a name in `assets/banks`, or
            arrays by name (see `core.bank.Bank`).
        n_skills: n of random discriminators; a bank has its own.
        n_discriminators: M of random ones.
        bank_seed: Seed of random ones.
        scale: Rough deviation of random ones' logits.
        feature_scale: Typical size of features, by which random ones divide them.
        features: What discriminators see: `"all"`, the observation; `"xy"`, the place in the plane;
            `"com"`, a robot's place along x or in the plane; or names of the base's `state`, or
            numbers of the flat observation.
        minus_log_p: Add log n, so that 0 is paid where nothing is recognised.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        TypeError: If the base shows images or Dicts, or is not a task distribution.
        ValueError: If an argument is out of range, a feature is not the base's, the bank cannot be
            read or takes other inputs.
    """

    splits = ("train", "test", "all")

    def __init__(
        self,
        base: str = "meta/PointNavigation-v0",
        base_kwargs: Mapping[str, Any] | None = None,
        base_task: Mapping[str, Any] | None = None,
        bank: BankSource = "random",
        n_skills: int = 8,
        n_discriminators: int = 200,
        bank_seed: int = 0,
        scale: float = 4.0,
        feature_scale: float = 1.0,
        features: Names = "all",
        minus_log_p: bool = False,
        **core: Unpack[CoreArguments],
    ):
        self.minus_log_p = flag("minus_log_p", minus_log_p)
        self.base = _make_base(base, base_kwargs, core)
        self.features = Features(self.base, features)
        if isinstance(bank, str) and bank == "random":
            made = random_bank(
                positive("n_discriminators", n_discriminators),
                self.features.size,
                whole("n_skills", n_skills, _FEWEST),
                valid_seed(bank_seed, "bank_seed"),
                number("scale", scale, *_SCALES),
                number("feature_scale", feature_scale, *_SCALES),
            )
        else:
            made = _bank_of(bank)
        if made.outputs < _FEWEST:
            raise ValueError(f"the bank tells {made.outputs} skills apart; it takes at least 2")
        self.n_discriminators, self.n_skills = made.size, made.outputs
        several = {"discriminator": spaces.Discrete(made.size)} if made.size > 1 else {}
        super().__init__(
            task_space=spaces.Dict({"skill": spaces.Discrete(made.outputs), **several}),
            observation_space=self.base.single_observation_space,
            action_space=self.base.single_action_space,
            **core,
        )
        self.metadata = {**self.metadata, "render_fps": self.base.metadata["render_fps"]}
        self.set_bank(made)
        self._pin(base_task)
        self._trails = Trails(self.num_envs)
        self._flat = self.features.size == 2  # pictures show the plane

    # ---- tasks ----------------------------------------------------------------------------------

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a skill, and a discriminator where there are several."""
        drawn = {"skill": rng.integers(self.n_skills)}
        if self.n_discriminators > 1:
            drawn["discriminator"] = rng.integers(self.n_discriminators)
        return drawn

    def all_tasks(self) -> tuple[dict[str, Any], ...] | None:
        """Return every skill of every discriminator, if there are not too many."""
        if self.n_skills * self.n_discriminators > _MOST:
            return None
        skills = [{"skill": skill} for skill in range(self.n_skills)]
        if self.n_discriminators == 1:
            return tuple(skills)
        numbers = range(self.n_discriminators)
        return tuple({**skill, "discriminator": one} for one in numbers for skill in skills)

    def in_split(self, task: Task) -> bool:
        """Tell whether the discriminator, or else the skill, belongs to the split."""
        number = int(task.get("discriminator", task["skill"]))
        return ("train", "test")[number % 2] == self.split

    def check_bank(self, bank: Bank) -> None:
        """Refuse a bank of other sizes than those tasks speak of.

        Raises:
            ValueError: If it takes other inputs, or has more or fewer skills or discriminators.
        """
        found = bank.inputs, bank.outputs, bank.size
        wanted = self.features.size, self.n_skills, self.n_discriminators
        if found != wanted:
            raise ValueError(
                f"bank: {bank} does not fit: with features={self.features.names} it must take "
                f"{wanted[0]} inputs, and have {wanted[1]} outputs and {wanted[2]} networks"
            )

    # ---- episodes -------------------------------------------------------------------------------

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Begin an episode of the base in `rows`."""
        seeds: list[int | None] = [None] * self.num_envs
        drawn = (self.random.uniform(rows)[:, 0] * _SEEDS).astype(np.int64).tolist()
        for row, seed in zip(rows.tolist(), drawn, strict=True):
            seeds[row] = seed
        observations, _ = self.base.reset(seed=seeds, options={"reset_mask": self._mask(rows)})
        if self._draws:
            places = self.features.read(self.base, observations)[rows]
            self._trails.begin_episodes(rows, places)
        return batches.take(observations, rows)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Forget, for pictures, where the last trial went."""
        self._trails.begin_trials(rows)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row of the base, and pay for its state."""
        if self.resting is not None:
            self.base.rest(np.flatnonzero(self.resting))
        observations, paid, terminated, _, infos = self.base.advance(actions)
        shown = self.features.read(self.base, observations)
        rewards = self.reward_of(shown, self.tasks)
        if self._draws:
            self._trails.step(shown, rewards)
        kept = {key: part for key, part in infos.items() if key not in _HIDDEN}
        return observations, rewards, terminated, {**kept, "base_reward": paid}

    def reward_of(self, features: np.ndarray, tasks: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return what tasks (arrays [R]) pay in states with these features [R, F], float64 [R]."""
        assert self.bank is not None
        skill = tasks["skill"]
        which = tasks.get("discriminator", np.zeros(len(skill), dtype=np.int64))
        found = log_probabilities(self.bank.forward(which, features))
        rewards = found[np.arange(len(skill)), skill]
        return rewards + np.log(self.n_skills) if self.minus_log_p else rewards

    def more_state(self) -> dict[str, np.ndarray]:
        """Return the base's state."""
        return self.base.get_state()

    def set_more_state(self, state: dict[str, np.ndarray]) -> None:
        """Restore the base's state."""
        self.base.set_state(state)

    def render_row(self, row: int) -> np.ndarray:
        """Draw the reward as a field, and paths in it; or the base, where there is no plane."""
        if not self._flat:
            seen = getattr(self.base, "render_seen", self.base.render_row)
            return seen(row)
        task = _tasks.at(self.tasks, row)
        episode = int(self._clock.episode[row]), self.episodes_per_trial
        step = int(self.elapsed[row]), self.max_episode_steps
        return draw_field(self.reward_of, task, self._trails.of(row), episode, step)

    def close_extras(self, **kwargs: Any) -> None:
        """Close the base."""
        base = getattr(self, "base", None)
        if base is not None:  # a constructor that raised leaves none
            base.close()

    # ---- inside ---------------------------------------------------------------------------------

    @property
    def _draws(self) -> bool:
        return self._flat and self.render_mode is not None

    def _pin(self, task: Mapping[str, Any] | None) -> None:
        """Put the same task of the base into every row, for good."""
        if task is None:
            drawn = self.base.sample_tasks(1, seed=0)
            task = _tasks.at(drawn, 0)
        try:
            self.base.set_tasks([task] * self.num_envs)
        except (TypeError, ValueError) as wrong:
            raise ValueError(f"base_task={task!r}: {wrong}") from wrong


def _bank_of(bank: BankSource) -> Bank:
    try:
        return bank if isinstance(bank, Bank) else Bank(bank)
    except OSError as wrong:
        raise ValueError(f"bank={bank!r}: {wrong}") from wrong


def _make_base(
    base: str, base_kwargs: Mapping[str, Any] | None, core: Mapping[str, Any]
) -> MetaVectorEnv:
    if not isinstance(base, str):
        raise TypeError(f"base={base!r} must be the id of a task distribution")
    if not isinstance(base_kwargs, Mapping | None):
        raise TypeError(f"base_kwargs={base_kwargs!r} must be a dict, or None")
    if ":" in base:
        permit(base)
    given = _BARE.get(base.rpartition(":")[2], {}) if base_kwargs is None else base_kwargs
    rows = {"num_envs": core.get("num_envs", 1), "render_mode": core.get("render_mode")}
    try:
        made = gym.make_vec(base, max_episode_steps=-1, **rows, **given)
    except gym.error.Error as wrong:
        raise ValueError(f"base={base!r}: {wrong}") from wrong
    except TypeError as wrong:
        raise TypeError(f"base_kwargs={dict(given)!r} of {base}: {wrong}") from wrong
    if not isinstance(made, MetaVectorEnv):
        made.close()
        raise TypeError(f"base={base!r} is not a task distribution; `metazoo list` shows those")
    return made
