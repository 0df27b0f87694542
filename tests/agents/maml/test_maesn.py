"""MAESN: exact gradients, what a latent is drawn from and kept for, and a task of two sides."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from agents import MAESN, evaluate
from agents.core.learning.adaptation import InnerRates
from agents.core.nets.mlp import PerTaskPolicy
from agents.core.play.player import Player
from agents.core.play.view import open_loop
from agents.maml.episodes import Episodes
from agents.maml.latent import (
    LOG_STD,
    MEAN,
    LatentEpisodes,
    LatentLearner,
    LatentLoss,
    LatentPolicy,
    episode_gains,
    normal_kl,
)
from agents.maml.learner import Learner
from agents.maml.outer import OuterLoss
from meta_envs import MetaVectorEnv, register

TASKS, ROWS, STEPS, SIZE = 3, 4, 5, 2
BOX = spaces.Box(-1, 1, (1,), np.float32)


def learner(size: int = SIZE, adapt_policy: bool = False, **more: Any) -> LatentLearner:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        policy = LatentPolicy(BOX, BOX, (3,), size, n_tasks=TASKS, activation=nn.Tanh).double()
        for part in (policy.means, policy.log_stds, policy.head.means.weight):
            nn.init.normal_(part, std=0.3)
    own = {MEAN: policy.means[0], LOG_STD: policy.log_stds[0]} if size else {}
    if adapt_policy:
        own |= policy.parameters_by_name()
    rates = InnerRates(own, 0.1, "parameter", learnt=True)
    settings = {"estimator": "logp", "first_order": False, **more}
    return LatentLearner(policy, rates, gamma=0.99, gae_lambda=1.0, normalize_advantage=True,
                         adapt_policy=adapt_policy, **settings)  # fmt: skip


def played(who: LatentLearner, seed: int) -> LatentEpisodes:
    """Make up a round; what was played is near the policy, as after some outer steps."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    policy, shape, size = who.policy, (TASKS, ROWS, STEPS), who.policy.latent_size
    beliefs = torch.cat([policy.means, policy.log_stds], dim=1).detach()
    beliefs = (beliefs + 0.1 * normal(TASKS, 2 * size))[:, None, None]
    mean, log_std = beliefs.chunk(2, dim=-1)
    latents = (mean + torch.exp(log_std) * normal(TASKS, ROWS, 1, size)).expand(*shape, size)
    inputs = torch.cat([normal(*shape, 1), latents], dim=-1)
    mask = torch.ones(shape, dtype=torch.float64)
    mask[0, 1, 3:] = 0
    params = policy(inputs).detach()
    params = params + 0.1 * normal(*params.shape)
    actions = policy.head.sample(params, normal(*shape, 1))
    taken = {
        "inputs": inputs,
        "actions": actions,
        "params": params,
        "rewards": normal(*shape) * mask,
        "mask": mask,
        "beliefs": beliefs.expand(*shape, 2 * size),
        "problems": torch.arange(TASKS)[:, None, None].expand(shape),
    }
    return who.prepare(taken)


def flat(parts: Any) -> torch.Tensor:
    return torch.cat([part.flatten() for part in parts]).detach()


def differences(loss: LatentLoss, rounds: list[Any], clip: float | None) -> torch.Tensor:
    """Return central differences of loss and divergence in all that is trained, [2, numbers]."""
    trained, size = loss.parameters(), 1e-5
    start = nn.utils.parameters_to_vector(trained).detach().clone()
    found = torch.zeros(2, len(start), dtype=torch.float64)
    for index in range(len(start)):
        ends = []
        for sign in (1, -1):
            moved = start.clone()
            moved[index] += sign * size
            nn.utils.vector_to_parameters(moved, trained)
            ends.append(torch.tensor(loss.values(rounds, clip), dtype=torch.float64))
        found[:, index] = (ends[0] - ends[1]) / (2 * size)
    nn.utils.vector_to_parameters(start, trained)
    return found


@pytest.mark.parametrize(
    ("adapt_policy", "estimator", "steps", "clip"),
    [(False, "logp", 1, None), (False, "lvc", 2, 0.3), (True, "logp", 2, None)],
)
def test_the_meta_gradient_equals_finite_differences(adapt_policy, estimator, steps, clip):
    """Of the policy, the beliefs and the rates; one without second derivatives does not."""
    who = learner(adapt_policy=adapt_policy, estimator=estimator)
    loss = LatentLoss(who, kl_coef=0.3)
    rounds = [played(who, seed) for seed in range(steps + 1)]
    found = differences(loss, rounds, clip)
    for of_kl in (False, True):
        exact, _, _ = loss.gradient(rounds, clip, of_kl)
        torch.testing.assert_close(flat(exact), found[int(of_kl)], rtol=1e-6, atol=1e-8)
    assert (found.abs().amax(dim=1) > 1e-3).all()
    cut = learner(adapt_policy=adapt_policy, estimator=estimator, first_order=True)
    detached, _, _ = LatentLoss(cut, kl_coef=0.3).gradient(rounds, clip)
    wanted = flat(loss.gradient(rounds, clip)[0])
    assert (flat(detached) - wanted).norm() > 0.01 * wanted.norm()


def test_without_a_latent_it_is_maml():
    who = learner(size=0, adapt_policy=True)
    rounds = [played(who, seed) for seed in range(3)]
    plain = PerTaskPolicy(BOX, BOX, (3,), nn.Tanh).double()
    plain.load_state_dict(
        {key: part for key, part in who.policy.state_dict().items() if part.numel()}
    )
    rates = InnerRates(plain.parameters_by_name(), 0.1, "parameter", learnt=True)
    maml = Learner(plain, rates, "logp", 0.99, 1.0, True, False)
    fields = ("inputs", "actions", "params", "log_prob", "rewards", "mask", "advantages")
    bare = [Episodes(**{name: getattr(one, name) for name in fields}) for one in rounds]
    for one in bare:
        again = one.with_advantages(0.99, 1.0)
        torch.testing.assert_close(again.advantages, one.advantages)
    mine, theirs = LatentLoss(who).gradient(rounds, None), OuterLoss(maml).gradient(bare, None)
    torch.testing.assert_close(
        flat([part for part in mine[0] if part.numel()]), flat(theirs[0]), rtol=0, atol=0
    )
    assert mine[1:] == theirs[1:]


def test_a_step_moves_beliefs_to_latents_that_paid():
    who = learner(size=1)
    episodes, rate = played(who, 0), 0.1
    start = {name: part.detach() for name, part in who.start(torch.arange(TASKS)).items()}
    after = who.step(start, episodes, 0)
    z, gain = episodes.inputs[:, :, 0, 1], episodes.gains[:, :, 0]
    mean, std = start[MEAN], torch.exp(start[LOG_STD])
    score = (z - mean) / std**2
    torch.testing.assert_close(
        after[MEAN][:, 0], mean[:, 0] + rate * (score * gain).mean(1), check_dtype=False
    )
    wider = ((z - mean) / std).square() - 1
    torch.testing.assert_close(
        after[LOG_STD][:, 0], start[LOG_STD][:, 0] + rate * (wider * gain).mean(1)
    )
    assert who.start(torch.tensor([-1, 1]))[MEAN].tolist() == [[0.0], who.policy.means[1].tolist()]


def test_gains_and_divergence_by_hand():
    rewards = torch.tensor([[[1.0, 2.0], [3.0, 9.0]], [[1.0, 1.0], [1.0, 1.0]]])
    mask = torch.tensor([[[1.0, 1.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    assert episode_gains(rewards, mask, 0.5, False)[..., 1].tolist() == [[-0.5, 0.5], [0.0, 0.0]]
    assert episode_gains(rewards, mask, 0.5, True)[0, :, 0].tolist() == pytest.approx([-1, 1])
    assert episode_gains(rewards, mask, 0.5, True)[1].abs().max() == 0
    one, other = torch.tensor([[1.0, 0.0], [0.5, -1.0]]), torch.tensor([[0.0, 0.0], [0.0, 0.3]])
    built = [torch.distributions.Normal(part[0], part[1].exp()) for part in (one, other)]
    wanted = torch.distributions.kl_divergence(*built).sum()
    torch.testing.assert_close(normal_kl(*one, *other), wanted)


def small(**more: Any) -> MAESN:
    given = {"n_envs": 8, "rows_per_task": 4, "n_train_tasks": 6, "seed": 0, **more}
    kwargs = {"policy_kwargs": {"net_arch": (8,)}, "env_kwargs": {"steps": 3, "reward": "dense"}}
    return MAESN("MlpPolicy", "meta/SparsePoint-v0", **{**kwargs, **given})


def test_a_latent_is_drawn_once_an_episode_from_the_tasks_belief():
    agent = small()
    venv = gym.make_vec("meta/SparsePoint-v0", num_envs=8, steps=3, reward="dense")
    loop = open_loop(agent, venv, 4, 3)
    player, seen = Player(venv, loop), []
    player.reset(5)
    loop.reset()
    for _ in range(6):
        player.step()
        seen.append(loop.latents.clone())
    assert torch.equal(seen[0], seen[2]) and torch.equal(seen[3], seen[5])
    assert len(np.unique(torch.cat([seen[0], seen[3]])[:, 0])) == 16
    assert (loop.steps == 1).all() and (loop.parameters[MEAN] != 0).all()
    loop.reset()
    assert (loop.parameters[MEAN] == 0).all()
    loop.act(np.zeros((8, 2), np.float32), deterministic=True)
    assert (loop.latents == 0).all()
    known = open_loop(agent, venv, 4, 3, problems=np.array([2, 0]))
    assert known.problems.tolist() == [2, 0]


def test_training_moves_the_beliefs_of_tasks_that_were_played():
    agent = small(outer="ppo", learning_rate=0.1)
    agent.learn(1, log_interval=None)
    moved = agent.policy.means.abs().sum(dim=1) > 0
    assert moved.sum() == 2  # eight rows, four of a task
    assert {"belief_std"} <= agent.train(agent._collect(lambda step: True)).keys()
    other = gym.make_vec("meta/SparsePoint-v0", num_envs=8, steps=3, reward="sparse")
    agent.set_env(other)
    assert agent.policy.means.abs().max() == 0


def test_what_leaves_nothing_to_adapt_is_refused():
    for given, said in (
        ({"latent_size": 0}, "leaves nothing to adapt"),
        ({"outer": "reptile", "learn_inner_lr": False}, "takes 'trpo' and 'ppo'"),
        ({"inner_kl_coef": 0.1}, "has no such term"),
        ({"balance": "angle"}, "has no such term"),
    ):
        with pytest.raises(ValueError, match=said):
            small(**given)
    few = small(env_kwargs={"reward": "dense", "steps": 3, "split": "test"}, n_train_tasks=50)
    assert few.num_tasks == len(few.policy.means) == 20
    with pytest.raises(ValueError, match="has 50 training tasks; the agent keeps beliefs of 20"):
        few.set_env(gym.make_vec("meta/SparsePoint-v0", num_envs=8, steps=3, reward="dense"))
    few.learn(1, log_interval=None)  # goes on with the old one


class Sides(MetaVectorEnv):
    """Two steps to the left or to the right: one of them pays, and which is hidden."""

    def __init__(self, **core: Any):
        super().__init__(
            task_space=spaces.Dict({"side": spaces.Discrete(2)}),
            observation_space=BOX,
            action_space=BOX,
            **core,
        )

    def draw_task(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"side": rng.integers(2)}

    def begin_episodes(self, rows: np.ndarray) -> np.ndarray:
        return np.zeros((len(rows), 1), np.float32)

    def step_rows(self, actions: np.ndarray) -> tuple[Any, ...]:
        signs = 2.0 * self.tasks["side"] - 1.0
        blank = np.zeros((self.num_envs, 1), np.float32)
        return blank, signs * actions[:, 0], self.elapsed >= 2, {}


register("maesn/Sides-v0", f"{__name__}:Sides", episodes_per_trial=2, summary="A toy",
         source="tests")  # fmt: skip


def test_it_learns_to_try_a_side_and_then_to_take_the_one_that_paid():
    agent = MAESN(
        "MlpPolicy", "maesn/Sides-v0", n_envs=80, rows_per_task=10, seed=2, target_kl=0.1,
        policy_kwargs={"net_arch": (16,)},
    ).learn(80 * 2 * 2 * 12, log_interval=None)  # fmt: skip
    returns = evaluate(agent, "maesn/Sides-v0", num_tasks=32, rows_per_task=10, seed=1).mean()
    assert abs(returns[0]) < 0.5 and returns[1] > 1.0  # of 2 at most
