"""The mistakes that `mutations.py` makes: where, what, and the tests that must see each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """A wrong text for a right one, and the tests that must see it."""

    name: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...]


CORE = "tests/agents/core/"
MAML = "tests/agents/maml/test_meta_gradients.py::"
PEARL_STEP = (
    "tests/agents/pearl/test_pearl.py::"
    "test_a_gradient_step_is_of_matching_contexts_scaled_rewards_and_slow_critics"
)
MISTAKES = (
    Mistake(
        "SAC: the online critic for the slow one",
        "agents/core/learning/sac.py",
        "self.target_q, batch.next_inputs",
        "self.q, batch.next_inputs",
        (CORE + "test_sac.py",),
    ),
    Mistake(
        "SAC: slow critics move the wrong way round",
        "agents/core/learning/sac.py",
        "torch._foreach_lerp_(slow, fast, tau)",
        "torch._foreach_lerp_(slow, fast, 1.0 - tau)",
        (CORE + "test_sac.py",),
    ),
    Mistake(
        "PEARL: slow critics never follow",
        "agents/pearl/update.py",
        'core.follow(given["tau"])',
        "pass",
        (PEARL_STEP,),
    ),
    Mistake(
        "PEARL: contexts of other tasks",
        "agents/pearl/update.py",
        "batch = self._transitions(tasks, rng)",
        "batch = self._transitions(np.roll(tasks, 1), rng)",
        (PEARL_STEP,),
    ),
    Mistake(
        "PEARL: rewards of the losses unscaled",
        "agents/pearl/update.py",
        'given["reward_scale"] * fields["rewards"]',
        'fields["rewards"]',
        (PEARL_STEP,),
    ),
    Mistake(
        "trials: the policy is not told the scale of rewards",
        "agents/core/base/trial_algorithm.py",
        "self.policy.reward_scale.fill_(1.0 / self.reward_normaliser.scale)",
        "pass",
        (CORE + "test_trial_updates.py",),
    ),
    Mistake(
        "trials: discounted twice",
        "agents/core/base/trial_algorithm.py",
        "gae(rewards, values, continues, gamma, self.gae_lambda)",
        "gae(rewards, values, gamma * continues, gamma, self.gae_lambda)",
        (CORE + "test_trial_updates.py",),
    ),
    Mistake(
        "trials: advantages never standardised",
        "agents/core/base/trial_algorithm.py",
        "        if self.normalize_advantage:",
        "        if False:",
        (CORE + "test_trial_updates.py",),
    ),
    Mistake(
        "trials: returns cross episodes that they are to be cut at",
        "agents/core/base/trial_algorithm.py",
        "        if self.cut_at_episode_ends:",
        "        if False:",
        (CORE + "test_trial_updates.py",),
    ),
    Mistake(
        "trials: every iteration plays the first one's tasks",
        "agents/core/base/trial_algorithm.py",
        'fold(self.seed, "collect", self.iteration)',
        'fold(self.seed, "collect", 0)',
        (CORE + "test_trial_updates.py",),
    ),
    Mistake(
        "trials: minibatches of the same trials in every epoch",
        "agents/core/base/updates.py",
        "for index in order.split(size):",
        "for index in order.split(size)[:1]:",
        (CORE + "test_trial_updates.py",),
    ),
    Mistake(
        "trials: the memory is carried into the next trial",
        "agents/core/play/trials.py",
        "                loop.reset(started)\n",
        "",
        (CORE + "test_trials.py",),
    ),
    Mistake(
        "trials: a value is counted past a trial's end",
        "agents/core/play/trials.py",
        "return after * self.mask",
        "return self.mask",
        (CORE + "test_trials.py",),
    ),
    Mistake(
        "returns: the value of the state before, for the one after",
        "agents/core/losses/returns.py",
        "next_values = torch.cat([values[1:], after[None]])",
        "next_values = torch.cat([values[:1], values[1:]])",
        (CORE + "test_returns.py",),
    ),
    Mistake(
        "PPO: the clip takes the better side",
        "agents/core/losses/losses.py",
        "torch.minimum(ratio * advantage",
        "torch.maximum(ratio * advantage",
        (CORE + "test_losses.py",),
    ),
    Mistake(
        "losses: padding counts",
        "agents/core/losses/losses.py",
        "return (values * mask).sum() / mask.sum()",
        "return values.mean()",
        (CORE + "test_losses.py",),
    ),
    Mistake(
        "PPO: entropy is punished",
        "agents/core/losses/policy_losses.py",
        "surrogate + vf_coef * value_part - ent_coef * entropy_mean",
        "surrogate + vf_coef * value_part + ent_coef * entropy_mean",
        (CORE + "test_losses.py",),
    ),
    Mistake(
        "PPO: old and new probabilities in exchange",
        "agents/core/base/updates.py",
        "            self.head.log_prob(params, batch.actions),\n"
        "            self.head.entropy(params),\n            value,\n"
        "            batch.old_log_prob,\n",
        "            batch.old_log_prob,\n"
        "            self.head.entropy(params),\n            value,\n"
        "            self.head.log_prob(params, batch.actions),\n",
        (CORE + "test_trial_updates.py",),
    ),
    Mistake(
        "TRPO: the divergence the wrong way round",
        "agents/rl2/trust_region.py",
        "losses.masked_mean(head.kl(acting, params), mask)",
        "losses.masked_mean(head.kl(params, acting), mask)",
        (CORE + "test_rl2_trpo.py::test_its_region_is_of_kl_from_the_acting_policy",),
    ),
    Mistake(
        "MAML: the divergence the wrong way round",
        "agents/maml/outer.py",
        "head.kl(after.params, replay.params)",
        "head.kl(replay.params, after.params)",
        (MAML + "test_loss_and_divergence_are_of_the_adapted_policies_against_what_played",),
    ),
    Mistake(
        "MAML: gradients do not flow through the inner step",
        "agents/core/learning/adaptation.py",
        "create_graph=differentiable and not first_order",
        "create_graph=False",
        (MAML + "test_second_order_is_not_first_order",),
    ),
    Mistake(
        "MAML: the first policy is scored instead of the adapted one",
        "agents/maml/outer.py",
        "after = rounds[-1]",
        "after = rounds[0]",
        (MAML + "test_loss_and_divergence_are_of_the_adapted_policies_against_what_played",),
    ),
    Mistake(
        "VariBAD: each belief is held to the next one, not the one before",
        "agents/varibad/losses.py",
        "return gaussian_kl(mean, log_variance, before_mean, before_log_variance)",
        "return gaussian_kl(before_mean, before_log_variance, mean, log_variance)",
        ("tests/agents/varibad/test_varibad_losses.py",),
    ),
    Mistake(
        "RL2: another row's reward is shown",
        "agents/core/play/recurrent.py",
        "self._previous_rewards[where] = step.reward\n",
        "self._previous_rewards[where] = np.roll(step.reward, 1)\n",
        (CORE + "test_trials.py",),
    ),
    Mistake(
        "evaluate: an episode's first step is counted to the one before",
        "agents/core/evaluation/play.py",
        "self._count(played, rows, episode, step)",
        "self._count(played, rows, np.maximum(episode - 1, 0), step)",
        (CORE + "test_evaluation_play.py",),
    ),
    Mistake(
        "evaluate: training tasks for held-out ones",
        "agents/core/evaluation/evaluate.py",
        'split = "test" if "test" in probe.splits else "all"',
        'split = "train" if "test" in probe.splits else "all"',
        (CORE + "test_evaluation.py::test_the_split_is_test_where_there_is_one",),
    ),
    Mistake(
        "evaluate: learning goes on in the frozen episodes",
        "agents/core/evaluation/evaluate.py",
        "            loop.freeze()\n",
        "",
        (CORE + "test_evaluation_play.py",),
    ),
    Mistake(
        "splits: every split draws all tasks",
        "meta_envs/core/distribution.py",
        "if self.in_split(task):\n                return task\n        raise",
        "if True:\n                return task\n        raise",
        ("tests/meta_envs/bandits/test_bandit_tasks.py",),
    ),
    Mistake(
        "trials: one episode too many in each task",
        "meta_envs/core/trial_clock.py",
        "self.episode[rows] >= self.episodes_per_trial",
        "self.episode[rows] > self.episodes_per_trial",
        (CORE + "test_trials.py",),
    ),
)
