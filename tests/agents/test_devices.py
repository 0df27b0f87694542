"""Training on another device, which saves what the CPU reads; gpu.py of benchmarks asks all."""

import numpy as np
import pytest
import torch

import agents
from agents.laws.setting import Setting
from tests.agents.elsewhere import Elsewhere, elsewhere


def test_the_other_device_refuses_what_a_gpu_refuses():
    generator = torch.Generator()
    with elsewhere() as device:
        there = torch.arange(3.0, device=device)
        assert isinstance(there, Elsewhere) and there.device.type == device
        assert (there * 2 + torch.tensor(1.0)).tolist() == [1.0, 3.0, 5.0]
        assert there[torch.tensor([2, 0])].cpu().numpy().tolist() == [2.0, 0.0]
        refused = (
            lambda: there + torch.ones(3),
            lambda: torch.ones(3)[there.long()],
            lambda: torch.cat([there, torch.ones(1)]),
            lambda: torch.randn(3, generator=generator, device=device),
            lambda: there.bernoulli(generator=generator),
            lambda: there.numpy(),
            lambda: np.asarray(there),
        )
        for one in refused:
            with pytest.raises((RuntimeError, TypeError)):
                one()


def there(agent):
    lives = isinstance(agent, agents.LifetimeAlgorithm)
    return agent.loop.device if lives else next(agent.policy.parameters()).device


@pytest.mark.parametrize(
    "name", ["RL2", "ContinuousMAML", "VariBAD", "PPO", "MetaGradient", "LPG", "NEC"]
)
def test_an_agent_trained_elsewhere_is_saved_and_acts_alike_on_the_cpu(name, tmp_path):
    setting = Setting(getattr(agents, name))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with elsewhere() as device:
            agent = setting.make(device=device).learn(1, log_interval=None)
            assert there(agent).type == device
            agent.save(tmp_path / "agent.zip")
            read = setting.cls.load(tmp_path / "agent.zip")
            assert there(read).type == "cpu"
            acted = []
            for one in (agent, read):
                venv = setting.batch(4)
                loop = one.inner_loop(venv, seed=1)
                loop.reset()
                acted.append(loop.act(venv.reset(seed=1)[0]))
            np.testing.assert_allclose(*acted, atol=1e-6)
    finally:
        torch.set_num_threads(threads)
