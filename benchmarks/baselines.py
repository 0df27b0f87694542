"""Hand-made learners on the tasks of the papers, beside the values known for them.

    python benchmarks/baselines.py

Scores are expected rewards where the environment knows them (grid: returns), over held-out tasks.
"exact" values are computed (dynamic programming, in the tests), bare ones are estimates of 2,000 to
4,000 tasks by other code; "published" ones are from tables of averages of 1,000 trials, with a
standard error of about .07 at 10 pulls and .5 at 100 pulls.
"""

from __future__ import annotations

import os
import time

from results_table import RESULTS, add

from agents import baselines, evaluate

TABLE = RESULTS / "baselines.csv"
BANDIT, DEPENDENT = "meta/BernoulliBandit-v0", "meta/DependentBandit-v0"
MDP, GRID = "meta/TabularMDP-v0", "meta/GridNavi-v0"
SHORT, LONG, TWO = ({"arms": a, "pulls": p} for a, p in ((5, 10), (5, 100), (2, 100)))
ALL = {"split": "all"}

ROWS = (
    (baselines.Random(), BANDIT, SHORT, "exact 5.0"),
    (baselines.Greedy(), BANDIT, SHORT, "6.63, published 6.6"),
    (baselines.Thompson(), BANDIT, SHORT, "5.83, published 5.7"),
    (baselines.UCB1(), BANDIT, SHORT, "5.67"),
    (baselines.Gittins(discount=0.9), BANDIT, SHORT, "published 6.6; optimum 6.660"),
    (baselines.BanditOracle(), BANDIT, SHORT, "exact 8.333"),
    (baselines.Random(), BANDIT, LONG, "exact 50"),
    (baselines.Greedy(), BANDIT, LONG, "76.08, published 74.8"),
    (baselines.EpsilonGreedy(), BANDIT, LONG, "published 75.4"),
    (baselines.Thompson(), BANDIT, LONG, "75.09, published 74.7"),
    (baselines.OptimisticThompson(), BANDIT, LONG, "published 77.9"),
    (baselines.UCB1(c=0.3), BANDIT, LONG, "76.94, published 78.0"),
    (baselines.Gittins(), BANDIT, LONG, "published 78.3"),
    (baselines.BanditOracle(), BANDIT, LONG, "exact 83.333"),
    (baselines.Greedy(), BANDIT, TWO, "64.28"),
    (baselines.Thompson(), BANDIT, TWO, "63.83"),
    (baselines.Gittins(), BANDIT, TWO, "optimum 64.918"),
    (baselines.Random(), DEPENDENT, {}, "exact 50"),
    (baselines.UCB1(), DEPENDENT, {}, "optimum 73.779"),
    (baselines.Thompson(), DEPENDENT, {}, "optimum 73.779"),
    (baselines.Gittins(), DEPENDENT, {}, "optimum 73.779"),
    (baselines.BanditOracle(), DEPENDENT, {}, "exact 75"),
    (baselines.Random(), MDP, {}, "exact 100, published 100.1"),
    (baselines.PSRL(), MDP, {}, "133.8, published 138.1"),
    (baselines.EpsilonGreedyMDP(), MDP, {}, "published 132.8"),
    (baselines.MDPOracle(), MDP, {}, "218.85"),
    (baselines.Random(), GRID, ALL, "-4.64"),
    (baselines.GridPosteriorSampling(), GRID, ALL, "optimum 37.214"),
    (baselines.GridOracle(), GRID, ALL, "exact 44.286"),
)


def main() -> None:
    """Evaluate all rows and write the table."""
    TABLE.unlink(missing_ok=True)
    for baseline, env_id, kwargs, known in ROWS:
        split = kwargs.get("split")
        own = {key: value for key, value in kwargs.items() if key != "split"}
        num_tasks = 10_000 if env_id != GRID else 21 * 100
        started = time.perf_counter()
        curve = evaluate(
            baseline,
            env_id,
            env_kwargs=own,
            split=split,
            num_tasks=num_tasks,
            seed=1,
            num_envs=1000,
        )
        exact = curve.expected_returns is not None
        score, error = curve.total("expected_returns" if exact else "returns")
        name = f"{baseline} on {env_id} {own or ''}"
        seconds = time.perf_counter() - started
        print(f"{name:75s} {score:8.3f} +- {error:.3f}  [{known}]  {seconds:.0f} s", flush=True)
        row = {
            "cores": os.cpu_count(),
            "baseline": baseline,
            "id": env_id,
            "env_kwargs": own,
            "num_tasks": num_tasks,
            "score": round(score, 4),
            "standard_error": round(error, 4),
            "known": known,
        }
        add(TABLE, row)


if __name__ == "__main__":
    main()
