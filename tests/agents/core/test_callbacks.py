"""Every callback of Stable-Baselines3 and sb3-contrib works with our agents and sees its locals."""

import inspect

import gymnasium as gym
import numpy as np
import pytest
from sb3_contrib.common.maskable import callbacks as contrib
from stable_baselines3 import PPO
from stable_baselines3.common import callbacks as sb3

from agents import SB3VecEnv
from agents.core.base.training_log import record_progress
from meta_envs.wrappers import VectorTrialWrapper
from tests.agents import small

ID = "small/Nagging-v0"
AGENTS = ["RL2", "MAML", "PEARL", "VariBAD", "A2C", "SupervisedMAML"]
_EPISODE = 3  # steps


def evaluation(agent):
    """What agents are evaluated in by `EvalCallback`: through `predict`."""
    venv = gym.make_vec("meta/Sinusoid-v0" if "Supervised" in agent else ID, num_envs=2)
    return SB3VecEnv(VectorTrialWrapper(venv) if agent in ("RL2", "VariBAD") else venv)


def evaluator(agent, folder, **more):
    paths = {"log_path": str(folder / "log"), "best_model_save_path": str(folder / "best")}
    return sb3.EvalCallback(
        evaluation(agent), eval_freq=2, n_eval_episodes=2, warn=False, verbose=0, **paths, **more
    )


MADE = {
    "CallbackList": lambda agent, folder: sb3.CallbackList(
        [sb3.CheckpointCallback(9, str(folder))]
    ),
    "CheckpointCallback": lambda agent, folder: sb3.CheckpointCallback(
        1, str(folder), save_replay_buffer=True, save_vecnormalize=True
    ),
    "ConvertCallback": lambda agent, folder: sb3.ConvertCallback(lambda seen, _: "dones" in seen),
    "EvalCallback": evaluator,
    "StopTrainingOnRewardThreshold": lambda agent, folder: evaluator(
        agent, folder, callback_on_new_best=sb3.StopTrainingOnRewardThreshold(-1e9)
    ),
    "StopTrainingOnNoModelImprovement": lambda agent, folder: evaluator(
        agent, folder, callback_after_eval=sb3.StopTrainingOnNoModelImprovement(1)
    ),
    "EveryNTimesteps": lambda agent, folder: sb3.EveryNTimesteps(
        5, sb3.CheckpointCallback(1, str(folder))
    ),
    "LogEveryNTimesteps": lambda agent, folder: sb3.LogEveryNTimesteps(5),
    "StopTrainingOnMaxEpisodes": lambda agent, folder: sb3.StopTrainingOnMaxEpisodes(2),
    "ProgressBarCallback": lambda agent, folder: sb3.ProgressBarCallback(),
}


def test_every_callback_is_tried():
    found = {
        name
        for module in (sb3, contrib)
        for name, one in vars(module).items()
        if inspect.isclass(one) and issubclass(one, sb3.BaseCallback)
    }
    found -= {"BaseCallback", "EventCallback"}  # abstract
    assert found - {"MaskableEvalCallback"} == MADE.keys()


def test_the_callback_of_masked_actions_is_of_models_with_masks():
    """It gives `predict` masks, which no algorithm but MaskablePPO takes: not even PPO."""
    assert "action_masks" not in inspect.signature(PPO.predict).parameters


@pytest.mark.parametrize("callback", MADE)
@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.filterwarnings("ignore:Evaluation environment is not wrapped")
@pytest.mark.filterwarnings("ignore:Training and eval env")
def test_a_callback_works(agent, callback, tmp_path):
    model = small.make(agent)
    made = MADE[callback](agent, tmp_path)
    model.learn(48 if agent != "SupervisedMAML" else 20, callback=made, log_interval=None)
    # an iteration that is stopped never was, but in a lifetime; SupervisedMAML ends no episodes
    stops = callback.startswith("StopTraining") and agent not in ("A2C", "SupervisedMAML")
    assert (model.num_timesteps == 0) == stops


class Keep(sb3.BaseCallback):
    """Keep what a guide's callback reads."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def _on_step(self):
        names = ("rewards", "dones", "infos", "actions", "new_obs", "rows")
        self.seen.append({name: self.locals[name] for name in names})
        assert self.locals["self"] is self.model and self.locals["env"] is self.training_env
        return True


@pytest.mark.parametrize("agent", ["RL2", "MAML", "PEARL", "A2C"])
def test_locals_are_those_of_sb3_collectors(agent):
    model, keep = small.make(agent, stats_window_size=5), Keep()
    model.learn(24 if agent == "A2C" else 1, callback=keep)
    episodes = []
    for step, seen in enumerate(keep.seen):
        assert seen["rewards"].shape == seen["dones"].shape == (4,)
        assert len(seen["infos"]) == 4 and seen["actions"].shape == seen["new_obs"].shape == (4, 1)
        number = step % _EPISODE + 1
        assert (seen["dones"] == (number == _EPISODE)).all()
        np.testing.assert_array_equal(seen["new_obs"], number % _EPISODE)
        for row, info in enumerate(seen["infos"]):
            assert isinstance(info, dict) and info["success"] == (number == 2)
            assert ("episode" in info) == ("terminal_observation" in info) == seen["dones"][row]
            if "episode" in info:
                parts = [before["rewards"][row] for before in keep.seen[step - 2 : step + 1]]
                assert info["episode"]["r"] == pytest.approx(sum(parts))
                assert info["episode"]["l"] == _EPISODE and info["episode"]["t"] >= 0
                assert info["terminal_observation"] == _EPISODE and info["is_success"] is True
                assert info["TimeLimit.truncated"] is False
                episodes.append(info["episode"])
    assert (
        list(model.ep_info_buffer) == episodes[-5:] and list(model.ep_success_buffer) == [True] * 5
    )
    logged = model.logger.name_to_value
    model.dump_logs() if logged else None

    record_progress(model)
    mean = np.mean([one["r"] for one in episodes[-5:]])
    assert model.logger.name_to_value["rollout/ep_rew_mean"] == pytest.approx(mean)
    assert model.logger.name_to_value["rollout/ep_len_mean"] == _EPISODE


def test_rows_that_wait_are_nothing_to_callbacks():
    from tests.agents import toys  # noqa: F401  registers toy/Lengths-v0

    model, keep = small.make("RL2", "toy/Lengths-v0"), Keep()
    model.learn(1, callback=keep)
    assert any(len(seen["rows"]) < 4 for seen in keep.seen)
    for seen in keep.seen:
        waiting = np.setdiff1d(np.arange(4), seen["rows"])
        assert (seen["rewards"][waiting] == 0).all() and not seen["dones"][waiting].any()
        assert all(seen["infos"][row] == {} for row in waiting)
        assert all(seen["infos"][row]["success"] == seen["dones"][row] for row in seen["rows"])
    assert sum(seen["dones"].sum() for seen in keep.seen) == 4 * 3  # whole trials of 3 episodes
    assert sum(len(seen["rows"]) for seen in keep.seen) == model.num_timesteps


@pytest.mark.parametrize("only_at_ends", [False, True])
@pytest.mark.parametrize("agent", ["RL2", "L2RL", "VariBAD", "MAML"])
def test_success_is_logged_right_whenever_it_is_told(agent, only_at_ends):
    model = small.make(agent, env_kwargs={"only_at_ends": only_at_ends}).learn(1)
    rate = model.latest.get("success_rate")
    assert list(model.ep_success_buffer) and all(model.ep_success_buffer)
    assert rate in (1.0, None) and (rate is None) == (agent == "MAML")


def test_a_log_interval_is_a_number_of_iterations():
    with pytest.raises(ValueError, match="log_interval=0 must be at least 1, or None"):
        small.make("RL2").learn(1, log_interval=0)
