"""Two chains that ask for a discount, or a trace, of each state's own: N rows, R some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import choice, number, whole
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse_outside
from .base import LifetimeEnv
from .pictures import draw_chain

if TYPE_CHECKING:
    from typing_extensions import Unpack

_CHAINS = ("gamma", "lambda")
_STATE_BYTES = 200


class NoisyChain(LifetimeEnv):
    """A chain of states to predict, every second of which pays noise, or looks like the others.

    Tasks:
        `"disturbed"`, `Discrete(2)`: which states are disturbed, 0 the even ones (0, 2, ...) or 1
        the odd ones, equally likely.
    Observation:
        The state, `Discrete(11)` for ten states; 10 is the end. With `chain="lambda"` all disturbed
        states show the number of the first of them. `infos["state"]` is the state that was left.
    Action:
        `Discrete(1)`: nothing to choose.
    Reward:
        With `chain="gamma"`, leaving a disturbed state pays N(0, noise^2), leaving any other pays
        `signal`: a discount that is small on arriving at a disturbed state keeps the noise out of
        the target. With `chain="lambda"`, every step pays `signal` + N(0, noise^2): the values of
        disturbed states cannot be told apart, so that it is better not to bootstrap from them.
        `infos["expected_reward"]` is the mean.
    Episode:
        Goes from state 0 to the end, one state a step, and terminates there. Ten episodes a trial.
    Splits:
        `all`.
    Source:
        After Xu, van Hasselt and Silver 2018, figure 1; the sizes are of the re-creation in
        TorchOpt's examples (ten states, N(0, 1) at even ones, 0.1 at odd ones), which has the first
        chain only. The rewards of the second are ours.
    Versions:
        v0.

    Args:
        chain: `"gamma"` or `"lambda"`.
        length: States, at least 2.
        noise: Standard deviation of the noise.
        signal: The reward without noise.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    task_labels = {"disturbed": ("even", "odd")}

    action_names = ("go on",)

    def __init__(
        self,
        chain: str = "gamma",
        length: int = 10,
        noise: float = 1.0,
        signal: float = 0.1,
        **core: Unpack[CoreArguments],
    ):
        self.chain = choice("chain", chain, _CHAINS)
        self.length = whole("length", length, 2)
        refuse_size("length", self.length, lambda states: states * _STATE_BYTES)
        self.noise = number("noise", noise, 0.0)
        self.signal = number("signal", signal)
        super().__init__(
            task_space=spaces.Dict({"disturbed": spaces.Discrete(2)}),
            observation_space=spaces.Discrete(self.length + 1),
            action_space=spaces.Discrete(1),
            **core,
        )
        self.state = {"place": np.zeros(self.num_envs, dtype=np.int64)}
        self._paid = np.zeros(self.num_envs)  # for pictures: return of the episode

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw which states are disturbed."""
        return {"disturbed": rng.integers(2)}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return both tasks."""
        return ({"disturbed": 0}, {"disturbed": 1})

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse states that the chain does not have."""
        super().check_state(state)
        refuse_outside("state.place", state["state.place"], 0, self.length)

    def apply_tasks(self, rows: np.ndarray) -> None:
        """Forget, for pictures, the last trial's returns."""
        self.begin_life(rows)

    def expected_rewards(self) -> np.ndarray:
        """Return the mean reward for leaving each state, [N, length]."""
        if self.chain == "lambda":
            return np.full((self.num_envs, self.length), self.signal)
        return np.where(self._disturbed(np.arange(self.length)), 0.0, self.signal)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` at the beginning of the chain."""
        self.state["place"][rows] = 0
        self._paid[rows] = 0.0
        return np.zeros(len(rows), dtype=np.int64)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Go one state on in every row."""
        left = self.state["place"]
        disturbed = self._disturbed(left[:, None])[:, 0]
        noise = self.noise * self.random.normal()[:, 0]
        if self.chain == "gamma":
            expected = np.where(disturbed, 0.0, self.signal)
            rewards = np.where(disturbed, noise, self.signal)
        else:
            expected = np.full(self.num_envs, self.signal)
            rewards = self.signal + noise
        place = self.state["place"] = left + 1
        ended = place == self.length
        self._paid += rewards
        self.note(self._paid, ended)
        infos = {"state": left, "expected_reward": expected}
        return self._seen(place), rewards, ended, infos

    def _disturbed(self, states: np.ndarray) -> np.ndarray:
        """Tell which states [..., S] are disturbed in each row, bool [N, S]."""
        return states % 2 == self.tasks["disturbed"][:, None]

    def _seen(self, place: np.ndarray) -> np.ndarray:
        if self.chain == "gamma":
            return place.copy()
        hidden = self._disturbed(place[:, None])[:, 0] & (place < self.length)
        return np.where(hidden, self.tasks["disturbed"], place)

    def render_row(self, row: int) -> np.ndarray:
        """Draw the chain, and the returns of this trial."""
        odd = int(self.tasks["disturbed"][row])
        kinds = ["disturbed" if state % 2 == odd else "state" for state in range(self.length)]
        words = {"gamma": "pays noise", "lambda": "looks like the others"}[self.chain]
        return draw_chain(
            f"NoisyChain: {self.chain}",
            [str(state) for state in range(self.length)] + ["end"],
            [*kinds, "end"],
            place=int(self.state["place"][row]),
            life=self.life_of(row),
            episode=(int(self._clock.episode[row]), self.episodes_per_trial),
            legend={"disturbed": words, "state": f"pays {self.signal:g}"},
        )
