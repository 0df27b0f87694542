"""Numbers that are not finite stop every agent in words, and leave what was good as it was."""

import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback

from agents import RL2, MetaGenRL, baselines, evaluate
from agents.cli.main import main
from agents.core.base.lifetime_algorithm import LifetimeAlgorithm
from agents.core.losses.finite import NotFiniteError, all_finite
from agents.core.losses.trust_region import trust_region_step
from tests.agents import small
from tests.agents.small import Nagging

ID = "small/Nagging-v0"


class Sabotage(BaseCallback):
    """Do something to the model when the second collection begins."""

    def __init__(self, action):
        super().__init__()
        self.action, self.rollouts = action, 0
        self.good = None

    def _on_rollout_start(self):
        self.rollouts += 1
        if self.rollouts == 2:
            self.good = state(self.model)
            self.action(self.model)

    def _on_step(self):
        return True


def state(agent):
    copies = {}
    for name, network in agent._networks().items():
        copies.update({f"{name}.{k}": v.clone() for k, v in network.state_dict().items()})
    return {**copies, "steps": torch.tensor(agent.num_timesteps)}


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("name", small.PLAYERS)
def test_a_reward_that_is_nan_stops_training_and_leaves_the_last_good_state(name, tmp_path):
    agent = small.make(name)

    def go_wrong(model):
        model.venv.unwrapped.wrong = "reward"

    watch = Sabotage(go_wrong)
    with pytest.raises(NotFiniteError, match=r"small/Nagging-v0: the reward of row 1 is nan") as it:
        agent.learn(10_000, callback=watch)
    assert (it.value.term, it.value.row) == ("reward", 1)
    one_reset = isinstance(agent, LifetimeAlgorithm | MetaGenRL)
    assert it.value.step == (5 if one_reset else 2)
    assert "reset(seed=" in str(it.value) and f"{agent.num_timesteps:,} timesteps" in str(it.value)
    assert watch.rollouts == 2 and agent.iteration == 1 and equal(state(agent), watch.good)
    agent.save(tmp_path / "kept")
    kept = type(agent).load(tmp_path / "kept.zip")
    assert equal(state(kept), watch.good)


def spoil(agent):
    if name := next(iter(getattr(getattr(agent, "loop", None), "learners", ())), None):
        spoiled = agent.loop.learners[name].clone()
        agent.loop.learners = {**agent.loop.learners, name: spoiled}
    else:
        network = next(iter(agent._networks().values()))
        spoiled = next(part for _, part in network.named_parameters())
    with torch.no_grad():
        spoiled.view(-1)[0] = torch.inf


# The members of PBT are agents, and undo their own updates.
@pytest.mark.parametrize("name", [name for name in small.NAMES if name != "PBT"])
def test_an_update_that_is_not_finite_is_undone(name):
    agent = small.make(name)
    train = type(agent).train

    def spoiled(experience):
        figures = train(agent, experience)
        if agent.iteration == 1:
            spoil(agent)
        return figures

    agent.train = spoiled
    watch = Sabotage(lambda model: None)
    with pytest.raises(NotFiniteError, match=r"parameter .* has 1 of \d+ numbers"):
        agent.learn(10_000, callback=watch)
    assert agent.iteration == 1 and equal(state(agent), watch.good)


@pytest.mark.parametrize(
    ("wrong", "value", "term", "step"),
    [
        ("reward", -np.inf, "reward", 2),
        ("reward", 1e39, "reward", 2),
        ("observation", np.nan, "observation", 2),
        ("start", np.inf, "observation at an episode's start", 3),
        ("success", np.nan, "info 'success'", 2),
    ],
)
def test_evaluation_names_what_is_not_finite(wrong, value, term, step):
    given = {"wrong": wrong, "value": value}
    with pytest.raises(NotFiniteError, match=r"small/Nagging-v0: the .* of row 1 is") as it:
        evaluate(baselines.Random(), ID, num_tasks=3, env_kwargs=given)
    assert (it.value.term, it.value.row, it.value.step) == (term, 1, step)


def test_a_loss_that_is_not_finite_is_named():
    agent = small.make("RL2")
    agent.train = lambda trials: {"loss": float("nan"), "explained_variance": 0.0}
    with pytest.raises(NotFiniteError, match="loss is nan; try a smaller learning_rate"):
        agent.learn(10)
    agent.train = lambda trials: {"loss": 1.0, "explained_variance": float("nan")}
    agent.learn(10)  # equal returns explain nothing


def test_a_gradient_that_is_not_finite_is_no_step_of_trpo():
    start = torch.zeros(2)
    with pytest.raises(NotFiniteError, match="gradient"):
        trust_region_step(start, start + torch.nan, lambda v: v, lambda p: (0.0, 0.0), max_kl=0.1)


def test_parameters_that_are_not_finite_are_refused_before_training():
    agent = small.make("L2RL")
    with torch.no_grad():
        next(agent.policy.parameters()).fill_(torch.nan)
    with pytest.raises(NotFiniteError, match="before training"):
        agent.learn(10)


def test_pairs_that_are_not_finite_are_named():
    agent = small.make("SupervisedMAML")
    draw = agent.venv.unwrapped.draw_batch
    agent.venv.unwrapped.draw_batch = lambda *given: (draw(*given)[0], draw(*given)[1] + np.inf)
    with pytest.raises(NotFiniteError, match="meta/Sinusoid-v0: what draw_batch gave as y"):
        agent.learn(10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finite_is_what_float32_holds(dtype):
    assert all_finite(np.array([0.0, -3.4e38], dtype)) and all_finite(np.zeros((0, 3), dtype))
    assert not all_finite(np.array([0.0, np.nan], dtype))
    assert not all_finite(np.array([[0.0], [-np.inf]], dtype))
    assert all_finite(np.array([2**62]))


def test_the_command_says_it_in_a_line_and_keeps_the_last_good_state(tmp_path, capsys, monkeypatch):
    begin, batches = Nagging.begin_episodes, []

    def counted(venv, rows):
        batches.append(len(rows))
        venv.wrong = "reward" if len(batches) > 8 else None  # some iterations are fine
        return begin(venv, rows)

    monkeypatch.setattr(Nagging, "begin_episodes", counted)
    words = ["--n-envs", "4", "--policy-kwargs", "hidden_size=4", "--root", str(tmp_path)]
    words += ["--total-timesteps", "1000", "--seed", "0", "--eval-tasks", "0"]
    assert main(["train", "rl2", ID, *words]) == 2
    (line,) = [one for one in capsys.readouterr().err.splitlines() if "error" in one]
    assert line.startswith(f"metazoo: error: {ID}: the reward of row 1 is nan at step ")
    kept = RL2.load(tmp_path / "last" / "checkpoint.zip")
    assert kept.num_timesteps > 0 and f"{kept.num_timesteps:,} timesteps" in line
    assert "checkpoint.zip" in line
    assert all(torch.isfinite(part).all() for part in kept.policy.parameters())
