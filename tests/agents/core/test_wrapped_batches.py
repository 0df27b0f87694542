"""Agents train on wrapped batches, or refuse them in words before they train."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import vector as wrappers

from agents import SB3VecEnv
from meta_envs.wrappers import VectorOracleObservation, VectorTrialWrapper
from tests.agents import small

ID = "small/Nagging-v0"
WRAP = {
    "ClipReward": lambda venv: wrappers.ClipReward(venv, max_reward=0.5),
    "RecordEpisodeStatistics": wrappers.RecordEpisodeStatistics,
    "RescaleAction": lambda venv: wrappers.RescaleAction(venv, 0.0, 1.0),
    "VectorOracleObservation": VectorOracleObservation,
}


@pytest.mark.filterwarnings("ignore:.*precision lowered")
@pytest.mark.parametrize("wrapper", WRAP)
@pytest.mark.parametrize("agent", ["RL2", "L2RL", "VariBAD", "MAML", "PEARL", "A2C"])
def test_an_agent_trains_on_a_wrapped_batch(agent, wrapper):
    model = small.make(agent, WRAP[wrapper](gym.make_vec(ID, num_envs=4)))
    model.learn(1)
    assert model.iteration == 1 and model.num_timesteps > 0
    returns = [one["r"] for one in model.ep_info_buffer]
    if wrapper == "ClipReward":
        assert returns == [1.5] * len(returns), "what it plays is what it learns from"
    if wrapper == "VectorOracleObservation":
        assert model.observation_space.shape == (3,)


@pytest.mark.parametrize("agent", small.PLAYERS)
def test_what_hides_infos_is_refused_before_training(agent):
    with pytest.raises(TypeError, match="DictInfoToList hides"):
        small.make(agent, wrappers.DictInfoToList(gym.make_vec(ID, num_envs=4)))
    trials = VectorTrialWrapper(gym.make_vec(ID, num_envs=4))
    with pytest.raises(TypeError, match="meta-agents play trials themselves"):
        small.make(agent, wrappers.RecordEpisodeStatistics(trials))


class Swallow(gym.vector.VectorWrapper):
    """Shows lists instead of arrays, or no infos."""

    def __init__(self, venv, lists):
        super().__init__(venv)
        self.lists = lists

    def reset(self, **given):
        observations, infos = self.env.reset(**given)
        return (
            (observations.tolist(), infos)
            if self.lists
            else (observations, {"task": infos["task"]})
        )


@pytest.mark.parametrize(("lists", "said"), [(True, "shows list where"), (False, "'trial_start'")])
def test_what_somebodys_wrapper_hides_is_said_at_the_first_reset(lists, said):
    model = small.make("RL2", Swallow(gym.make_vec(ID, num_envs=4), lists))
    with pytest.raises(TypeError, match=said):
        model.learn(1)


def test_the_bridge_reaches_through_wrappers():
    bridge = SB3VecEnv(VectorTrialWrapper(gym.make_vec(ID, num_envs=2)))
    assert bridge.get_attr("episodes_per_trial") == [2, 2]
    assert len(np.unique(bridge.env_method("sample_tasks", 3, seed=0)[0]["arm"])) <= 2
    with pytest.raises(AttributeError, match="nothing_like_it"):
        bridge.get_attr("nothing_like_it")
