"""EpisodicLSTM: L2RL that remembers earlier episodes by their cues."""

from __future__ import annotations

from gymnasium import spaces

from ..core.nets.recurrent_policy import RecurrentPolicy
from ..core.nets.step_inputs import vector_inputs
from .episodic_core import EpisodicLstm
from .l2rl import L2RL
from .presets import EPISODIC_PRESETS


class EpisodicLstmPolicy(RecurrentPolicy):
    """A policy whose LSTM recalls the cell state of an earlier episode; the observation is the cue.

    Args:
        observation_space: Space of one row of the raw environment: vectors, discrete, Dicts of
            these.
        action_space: Discrete, MultiDiscrete, MultiBinary or Box of floats.
        hidden_size: Width of the LSTM.
        entries: Episodes that are remembered.
        neighbours: Entries that a recalled state is made of.
        delta: Of the kernel, see `EpisodicLstm`.
        recalls: Whether it recalls; False is the ablation.
        separate_value: Give the value its own LSTM and memory.
        log_std_init: Initial log standard deviation of continuous actions.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If a size is out of range.
    """

    core_class = EpisodicLstm

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        hidden_size: int = 48,
        entries: int = 32,
        neighbours: int = 1,
        delta: float = 1e-2,
        recalls: bool = True,
        separate_value: bool = False,
        log_std_init: float = 0.0,
    ):
        cue_size = vector_inputs(
            observation_space, action_space, "EpisodicLstmPolicy"
        ).observation_size
        super().__init__(
            observation_space,
            action_space,
            embedding_sizes=(),  # the core reads the cue, and whether an episode begins
            hidden_size=hidden_size,
            separate_value=separate_value,
            log_std_init=log_std_init,
            core_kwargs={
                "cue_size": cue_size,
                "entries": entries,
                "neighbours": neighbours,
                "delta": delta,
                "recalls": recalls,
            },
        )


class EpisodicLSTM(L2RL):
    """Episodic LSTM (Ritter et al. 2018, arXiv 1805.09692): L2RL with a memory of episodes.

    At an episode's end the LSTM's cell state is written into a dictionary, under the episode's
    last observation as its cue; when an episode begins with a cue that
    is known, the state comes back through a gate of its own. So what was learnt in a context need
    not be learnt again when it returns in the same trial. For environments whose observation shows
    the context, such as `meta/RecurringBandit-v0`; the dictionary is empty at a trial's start.

    Differences from the paper: the memory is asked once, when an episode begins, not at every step;
    a recalled state fades with the distance of its cue (`delta`), so that a new context recalls
    nothing; entries carry no gradient; otherwise those of `L2RL`.

    Raises:
        TypeError: If a space is not supported.
        ValueError: If an argument is out of range.
    """

    policy_aliases = {"EpisodicLstmPolicy": EpisodicLstmPolicy}
    presets = EPISODIC_PRESETS
    paper_policy = {"hidden_size": 48}
    cut_at_episode_ends = True
