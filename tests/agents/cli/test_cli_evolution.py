"""`metazoo plot` of populations: how POET's tasks and PBT's hyperparameters evolved."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

import agents
from agents.cli.main import main
from agents.core.saving.run import Run
from agents.pbt.picture import lineages
from tests.agents import small

_OPEN = {"reproduce_at": -1e9, "lowest": -1e9, "highest": 1e9, "solved_at": -1e9}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def run_of(agent, root, rounds=2):
    for done in range(rounds):
        agent.learn(1, reset_num_timesteps=not done, log_interval=None)
    name = type(agent).__name__.lower()
    run = Run.create(root, name, agent.env_id, 0, {"total_timesteps": 1, "applied": {}})
    agent.save(run.checkpoint)
    return run


@pytest.mark.parametrize("name", ["POET", "EnhancedPOET"])
def test_the_family_tree_of_tasks(name, tmp_path):
    often = {"transfer_interval": 1, "reproduction_interval": 1, "children": 2}
    agent = small.make(
        name, "meta/PointGoal-v0", env_kwargs={"max_episode_steps": 3}, **often, **_OPEN
    )
    run_of(agent, tmp_path, 3)
    tree, counts, _ = agent.draw_evolution().axes
    assert len(tree.get_yticks()) == len(agent.archive) == 3
    names = [text.get_text() for text in counts.get_legend().get_texts()]
    assert ("ANNECS: novel ones solved" in names) == (name == "EnhancedPOET")


def test_a_run_of_a_population_is_drawn_as_it_evolved(tmp_path):
    agent = agents.PBT(
        *("l2rl", "meta/BernoulliBandit-v0"),
        **{"env_kwargs": {"pulls": 4}, "n_envs": 4, "members": 3, "ready": 16, "score_tasks": 8},
        **{"policy_kwargs": {"hidden_size": 4}, "seed": 0, "preset": None},
        explore={"learning_rate": ("log", 1e-4, 1e-2), "normalize_advantage": [True, False]},
    )
    with pytest.raises(ValueError, match="trained for no round yet"):
        lineages(agent)
    run = run_of(agent, tmp_path)
    assert main(["plot", str(run.folder)]) == 0
    with Image.open(run.folder / "plot.png") as picture:
        assert picture.size[0] > 1000
    _, rates, choices = agent.draw_evolution().axes
    assert rates.get_yscale() == "log"
    assert [one.get_text() for one in choices.get_yticklabels()][:1] == ["False"]


def test_what_does_not_evolve(tmp_path, capsys):
    agent = small.make("ES")
    run, other = run_of(agent, tmp_path, 1), run_of(agent, tmp_path, 1)
    assert main(["plot", str(run.folder), "--x", "evolution"]) == 2
    assert "ES is no population that evolves" in capsys.readouterr().err
    assert main(["plot", str(run.folder), str(other.folder), "--x", "evolution"]) == 2
    assert "draws one run" in capsys.readouterr().err
