"""Two learners of your own: a meta-learner with its own loss, and a hand-made one to compare."""

import os

import numpy as np
import torch

from agents import InnerLoop, TrialAlgorithm, baselines, evaluate, losses


class Reinforce(TrialAlgorithm):
    """Williams' REINFORCE (1992) over whole trials, with a learnt baseline."""

    learning_rate = 3e-3  # other defaults than the base has; `argument` declares new ones
    n_envs = 64
    max_grad_norm = 1.0

    def _make_optimizer(self):
        return torch.optim.Adam(self.policy.parameters())

    def loss(self, batch, progress):  # whole trials, [T, B]
        params, value = self.policy(batch.inputs)
        log_prob = self.policy.head.log_prob(params, batch.actions)
        gain = losses.policy_gradient(log_prob, batch.advantages, batch.mask)
        error = losses.value_loss(value, batch.returns, batch.mask)
        entropy = losses.masked_mean(self.policy.head.entropy(params), batch.mask)
        total = gain + self.vf_coef * error - self.ent_coef * entropy
        return total, {"policy_gradient_loss": gain, "value_loss": error, "entropy": entropy}


class WinStay(InnerLoop):
    """Play the arm that paid again, else the next one."""

    def reset(self, rows=None):  # these rows begin a new trial
        if rows is None:
            self.arm = np.zeros(self.num_rows, dtype=np.int64)
        self.arm[self.rows(rows)] = 0

    def act(self, observation, rows=None, deterministic=False):
        return self.arm[self.rows(rows)]

    def observe(self, step, rows=None):
        arms = self.venv.single_action_space.n
        self.arm[self.rows(rows)] = np.where(step.reward > 0, step.action, (step.action + 1) % arms)


class WinStayLoseShift:
    """What `evaluate` takes: it has an `inner_loop`."""

    def inner_loop(self, venv, rows_per_task=1, seed=None):
        return WinStay(venv, rows_per_task, seed)


if __name__ == "__main__":
    ID = "meta/DependentBandit-v0"
    TINY = bool(os.environ.get("METAZOO_TINY"))
    STEPS, TASKS = (5_000, 50) if TINY else (500_000, 2000)
    agent = Reinforce("GruPolicy", ID, seed=0).learn(STEPS, progress_bar=True)
    learners = {"Reinforce": agent, "WinStay": WinStayLoseShift(), "UCB1": baselines.UCB1()}
    for name, learner in learners.items():
        mean, error = evaluate(learner, ID, num_tasks=TASKS, seed=1).total("expected_returns")
        print(f"{name:<10} {mean:.2f} ± {error:.2f} of 100 pulls, on held-out bandits")
