"""What keeps MetaGenRL's objective useful: the critic's help, and no preferred direction."""

from __future__ import annotations

import torch

from .test_metagenrl import doubled, drawn, make


def test_an_objective_of_any_size_leaves_the_critic_its_share():
    agent = make(anneal_steps=8)
    rule, learners = doubled(agent)
    windows, begin = drawn(), agent.objective.layout.begins["2.weight"]
    last = agent.objective.flat.detach()[begin : begin + 32]  # of the last layer
    whole = last.clone()

    def grads(share, scale):
        last.copy_(scale * whole)
        return rule.policy_grads({**learners, "steps": 8 * (1 - share)}, windows)[1]

    half = torch.full((2,), 0.5, dtype=torch.float64)
    learnt, by_critic = grads(torch.zeros(2).double(), 1.0), grads(torch.ones(2).double(), 1.0)
    unit = [part / part.norm(dim=1, keepdim=True) for part in (learnt, by_critic)]
    for scale in (1.0, 0.01):
        torch.testing.assert_close(
            grads(half, scale), (unit[0] + unit[1]) / 2, rtol=1e-4, atol=1e-5
        )


def test_learners_make_room_one_after_the_other():
    agent = make(n_envs=4, lifetime=16)
    lives = []
    for _ in range(12):
        agent.learn(16, reset_num_timesteps=agent.num_timesteps == 0, log_interval=None)
        lives.append(agent.bodies[0].loop.lives.tolist())
    born = [[one[learner] for one in lives] for learner in range(4)]
    changed = [[at for at in range(1, 12) if one[at] != one[at - 1]] for one in born]
    assert changed == [[4, 8], [3, 7, 11], [2, 6, 10], [1, 5, 9]]  # iterations of four steps
    steps = agent.bodies[0].loop.learners["steps"].tolist()
    assert steps == [16, 4, 8, 12] and agent.bodies[0].loop.replay.size.tolist() == steps


def test_a_mirrored_objective_prefers_no_direction():
    windows = drawn(actions=2)
    taken, chosen = windows["actions"], windows["actions"].roll(1, 0)
    others = drawn(seed=1, inputs=3)["inputs"]
    for mirror in (False, True):
        objective = make(mirror=mirror).objective.double()
        one, other = (
            objective(sign * taken, sign * chosen, others, windows["continues"]) for sign in (1, -1)
        )
        assert torch.allclose(one, other) == mirror
