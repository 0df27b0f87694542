"""The two-step task: N rows, R some of them; a *round* is one choice and its consequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from ..core.arguments import flag, number, positive
from ..core.core_arguments import CoreArguments
from ..core.memory import refuse_size
from ..core.snapshot_check import refuse_outside
from ..core.vector import MetaVectorEnv
from .two_step_picture import Rounds, draw_two_step

if TYPE_CHECKING:
    from typing_extensions import Unpack

_ROUND_BYTES = 11  # per round, kept for pictures: three small numbers and a reward
_CHOICE = 0  # the first-stage state S0; the second-stage states S1 and S2 are 1 and 2


class TwoStep(MetaVectorEnv):
    """The two-step task, which distinguishes learners with a model from those without.

    A round is a choice in state S0, a transition to S1 or S2, and a reward there: action 0 leads
    to S1 and action 1 to S2 with probability `p_common`, to the other state otherwise. One of S1
    and S2 is the good one; which one it is changes from time to time. A learner that knows the
    transitions repeats an action after a reward that followed a common transition, and changes
    it after a reward that followed a rare one (`stay_probabilities`). What the literature
    calls a trial is called a round here, since a trial is something else in this package.

    Tasks:
        `"good"`: which second-stage state is good in the first round (0 is S1, 1 is S2), with
        probability 1/2 each. Later changes are drawn from the episode stream: they are state, not
        task.
    Observation:
        The state, `Discrete(3)`: S0, S1, S2.
    Action:
        `Discrete(2)`. It matters only in S0; in S1 and S2 either is accepted.
    Reward:
        In a second-stage state, 1 with probability `p_reward` if it is the good one, else with
        1 - `p_reward`; otherwise 0. `infos["expected_reward"]` is that probability (0 in S0), and
        `infos["common"]` says whether the transition of the round was common.
    Episode:
        Terminates after `rounds` rounds. From the second round on, the good state changes with
        probability `p_switch` as the round begins. One episode a trial.
    Splits:
        `all`: there are two tasks.
    Source:
        Daw et al. 2011; Wang et al. 2016 (L2RL). The most widely used re-implementation
        draws the first good state once per object instead of once per episode, so that
        a learner may remember it; here it belongs to the task. That code takes one step per
        round, as `second_stage=False` does.
    Versions:
        v0.

    Args:
        p_common: Probability of a common transition.
        p_reward: Probability of a reward in the good state.
        p_switch: Probability that the good state changes before a round.
        rounds: Rounds per episode.
        second_stage: Whether the second stage takes a step of its own: a round is two steps, the
            choice in S0 and a step in S1 or S2 that brings the reward. If False a round is one
            step, which brings the second-stage state as the observation, and the reward; episodes
            are half as long, and a learner receives the same information.
        **core: `num_envs`, `split`, `episodes_per_trial`, `max_episode_steps`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        p_common: float = 0.8,
        p_reward: float = 0.9,
        p_switch: float = 0.025,
        rounds: int = 100,
        second_stage: bool = True,
        **core: Unpack[CoreArguments],
    ):
        self.p_common = number("p_common", p_common, 0.0, 1.0)
        self.p_reward = number("p_reward", p_reward, 0.0, 1.0)
        self.p_switch = number("p_switch", p_switch, 0.0, 1.0)
        self.rounds = positive("rounds", rounds)
        self.second_stage = flag("second_stage", second_stage)
        refuse_size("rounds", self.rounds, lambda count: count * _ROUND_BYTES)
        self.row_bytes = self.rounds * _ROUND_BYTES
        super().__init__(
            task_space=spaces.Dict({"good": spaces.Discrete(2)}),
            observation_space=spaces.Discrete(3),
            action_space=spaces.Discrete(2),
            **core,
        )
        self.steps_per_round = 2 if self.second_stage else 1
        self.state = {
            "stage": np.zeros(self.num_envs, dtype=np.int64),  # current state: 0, 1 or 2
            "good": np.zeros(self.num_envs, dtype=np.int64),  # 0 for S1, 1 for S2
            "common": np.zeros(self.num_envs, dtype=bool),  # of this round's transition
        }
        self._history = Rounds(self.num_envs, self.rounds)  # for pictures

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the state that is good first."""
        return {"good": rng.integers(2)}

    def all_tasks(self) -> tuple[dict[str, Any], ...]:
        """Return both tasks."""
        return ({"good": 0}, {"good": 1})

    def check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse stages and good states that do not exist."""
        super().check_state(state)
        refuse_outside("state.stage", state["state.stage"], 0, 2)
        refuse_outside("state.good", state["state.good"], 0, 1)

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        """Put `rows` into S0, with the task's good state."""
        self.state["stage"][rows] = _CHOICE
        self.state["good"][rows] = self.tasks["good"][rows]
        if self.render_mode is not None:
            self._history.begin_episodes(rows)
        return np.full(len(rows), _CHOICE, dtype=np.int64)

    def step_rows(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move from S0 to the second stage, or from there, with a reward, to the next round."""
        chance = self.random.uniform(size=3)  # transition, reward, change of the good state
        stage, good = self.state["stage"], self.state["good"]
        chose = stage == _CHOICE
        common = np.where(chose, chance[:, 0] < self.p_common, self.state["common"])
        second = np.where(chose, np.where(common, 1 + actions, 2 - actions), stage)
        paid = ~chose | (not self.second_stage)
        probability = np.where(second - 1 == good, self.p_reward, 1.0 - self.p_reward)
        expected = np.where(paid, probability, 0.0)
        rewards = (chance[:, 1] < expected).astype(np.float64)
        changed = paid & (chance[:, 2] < self.p_switch)  # as the next round begins
        if self.render_mode is not None:
            self._history.step(chose, paid, actions, second, good, rewards)
        self.state["stage"] = np.where(paid, _CHOICE, second)
        self.state["good"] = np.where(changed, 1 - good, good)
        self.state["common"] = common
        observations = self.state["stage"].copy() if self.second_stage else second
        terminated = self.elapsed >= self.rounds * self.steps_per_round
        infos = {"expected_reward": expected, "common": common.copy()}
        return observations, rewards, terminated, infos

    def render_row(self, row: int) -> np.ndarray:
        """Draw the last round and all rounds so far, with the hidden good state."""
        return draw_two_step(
            self._history.of(row),
            stage=int(self.state["stage"][row]),
            good=int(self.state["good"][row]),
            p_common=self.p_common,
            p_reward=self.p_reward,
            rounds=self.rounds,
        )


def stay_probabilities(
    actions: np.ndarray, common: np.ndarray, rewarded: np.ndarray
) -> dict[str, float]:
    """Return how often the choice of a round is repeated in the next, by its outcome.

    A learner without a model of the transitions repeats what was rewarded; one with a model shows
    an interaction: it repeats after a common transition with a reward, and after a rare one
    without. With `second_stage=True` the choices are those of even steps, the rewards of odd ones.

    Args:
        actions: The choices in S0, [..., rounds].
        common: Whether the transition was a common one, bool [..., rounds].
        rewarded: Whether a reward came, bool [..., rounds].

    Returns:
        The probabilities `"rewarded_common"`, `"rewarded_rare"`, `"unrewarded_common"` and
        `"unrewarded_rare"`; NaN where there was no such round.

    Raises:
        ValueError: If the shapes differ, or there are fewer than two rounds.

    Source:
        Daw et al. 2011, figure 2.
    """
    actions, common, rewarded = (np.asarray(one) for one in (actions, common, rewarded))
    if not actions.shape == common.shape == rewarded.shape:
        raise ValueError(
            f"actions {actions.shape}, common {common.shape} and rewarded {rewarded.shape} "
            "differ in shape; give one of each a round"
        )
    if actions.ndim == 0 or actions.shape[-1] < 2:
        raise ValueError(f"actions have shape {actions.shape}; give at least two rounds")
    stayed = actions[..., 1:] == actions[..., :-1]
    by_common, by_reward = common[..., :-1].astype(bool), rewarded[..., :-1].astype(bool)
    chances = {}
    for outcome, had_reward in (("rewarded", by_reward), ("unrewarded", ~by_reward)):
        for transition, was_so in (("common", by_common), ("rare", ~by_common)):
            cases = stayed[had_reward & was_so]
            chances[f"{outcome}_{transition}"] = float(cases.mean()) if cases.size else np.nan
    return chances
