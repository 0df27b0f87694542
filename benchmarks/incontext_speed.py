"""InContext's updates a second of processor time beside those of AMAGO's own code, paired in turns.

AMAGO needs an environment of its own, as it asks for an older Gymnasium; its Python is given, and
its updates are made by it in a process that waits while ours run. From the repository's root, with
a C++ compiler (AMAGO compiles its parts by `torch.compile`), beside a clone of the GitHub
repository UT-Austin-RPL/amago at 2d85600 (version 3.3.0):

    python -m venv peer && peer/bin/pip install torch==2.13.0 && peer/bin/pip install ./amago
    python -m benchmarks.incontext_speed peer/bin/python
    python -m benchmarks.incontext_speed peer/bin/python --parts own --eager

An update is the losses' forward and backward pass, a step of AdamW with the gradient clipped, and
the slow copies moved, for one batch of whole trials in memory: ours from GridNavi, AMAGO's of
random numbers of the same shapes (times do not depend on values), without its reading of files,
`accelerate` and logging. `ours_drawing` also draws each batch from the replay, as in training.

Equal are the trials of a batch; the positions that the transformer sees, 60 (60 transitions of
ours, 59 of AMAGO's, which counts the last observation as one); the numbers of an input and the
actions; two layers before the transformer; its width, layers, heads and feed-forward part;
discounts; critics of each; one layer in the heads, of that width; float32; one thread. With
`--parts plain`, AMAGO's transformer is as ours: GELU, rotary positions, no dropout, no norms beyond
ours. With `own` it is as released: reparametrised weights, more norms, scaled heads, dropout,
sinusoids for positions, normalised inputs.

Different are: our critics have a hidden layer for each discount, AMAGO's share one among the
discounts, so that ours have four times its units; `--critic-size 256` gives AMAGO's as many (the
table has the numbers of trained parameters). AMAGO asks a copy of the critics about the policies'
actions, where we use the values that were computed already; it draws the critics of a target for
each step, we for each update; it has PopArt, and bounds on probabilities. AMAGO's attention is its
`VanillaAttention`, ours PyTorch's; `--eager` turns AMAGO's `torch.compile` off.

Windows alternate, the median of the ratios of each pair counts. Runs append to
`benchmarks/results/incontext_speed.csv`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

_GAMMAS = (0.7, 0.9, 0.97, 0.99)
_CRITICS, _LAYERS, _HEADS = 4, 2, 2
_SEEN = 60  # positions of the transformer: a trial of GridNavi
_WARM = 10  # updates before the first window


def per_second(update: Callable[[], None], seconds: float) -> float:
    """Update for so many seconds of this process's processor time; return updates a second."""
    start, count = time.process_time(), 0
    while (spent := time.process_time() - start) < seconds:
        update()
        count += 1
    return count / spent


def ours(width: int, batch: int) -> tuple[dict[str, Callable[[], None]], tuple[int, int, int]]:
    """Return our updates, from memory and drawn, and numbers of inputs, actions and parameters."""
    from gymnasium import spaces

    from agents import InContext

    agent = InContext(
        "TransformerPolicy",
        "meta/GridNavi-v0",
        env_kwargs={"split": "all"},
        preset=None,
        n_envs=32,
        gammas=_GAMMAS,
        batch_size=batch,
        gradient_steps=1,
        policy_kwargs={
            "embedding_sizes": (width, width),
            "hidden_size": width,
            "net_arch": (width,),
            "critic_size": width,
            "n_critics": _CRITICS,
            "core_kwargs": {"n_layers": _LAYERS, "n_heads": _HEADS},
        },
        seed=0,
    )
    updater = agent.learn(64 * _SEEN).updater
    rng, noise = np.random.default_rng(0), torch.Generator().manual_seed(0)
    kept = updater.draw(batch, rng)
    if kept.mask.shape != (_SEEN, batch) or not kept.mask.all():
        raise RuntimeError(f"the trials are not of {_SEEN} steps")
    updates: dict[str, Callable[[], None]] = {
        "memory": lambda: updater.step(kept, noise) and None,
        "drawing": lambda: updater.step(updater.draw(batch, rng), noise) and None,
    }
    assert isinstance(agent.action_space, spaces.Discrete)
    actions = int(agent.action_space.n)
    return updates, (kept.inputs.shape[-1], actions, sum(part.numel() for part in updater.trained))


def theirs(options: argparse.Namespace) -> tuple[Callable[[], None], int]:
    """Return AMAGO's update, and its number of trained parameters."""
    import gin
    from amago.agent import Agent
    from amago.loading import Batch
    from amago.nets import actor_critic, traj_encoders, transformer, tstep_encoders
    from gymnasium import spaces

    torch.manual_seed(0)
    width, batch, actions = options.width, options.batch, options.actions
    plain = options.parts == "plain"
    layer: dict[str, Any] = {"n_layers": 1, "d_hidden": width}
    steps = {**layer, "d_output": width, "activation": "relu" if plain else "leaky_relu"}
    trunk = {"d_model": width, "n_heads": _HEADS, "d_ff": 4 * width, "n_layers": _LAYERS}
    if plain:
        steps |= {"normalize_inputs": False, "out_norm": "none"}
        trunk |= {"dropout_ff": 0.0, "dropout_emb": 0.0, "activation": "gelu", "pos_emb": "rope"}
        trunk |= {"sigma_reparam": False, "normformer_norms": False, "head_scaling": False}
    seen, rest = options.inputs - actions - 1, actions + 1  # rest: previous reward and action
    gin.bind_parameter("Multigammas.discrete", list(_GAMMAS[:-1]))
    agent = Agent(
        obs_space=spaces.Dict({"observation": spaces.Box(-1.0, 1.0, (seen,))}),
        rl2_space=spaces.Box(-1.0, 1.0, (rest,)),
        action_space=spaces.Discrete(actions),
        max_seq_len=_SEEN,
        tstep_encoder_type=partial(tstep_encoders.FFTstepEncoder, **steps),
        traj_encoder_type=partial(
            traj_encoders.TformerTrajEncoder,
            attention_type=transformer.VanillaAttention,
            **trunk,
        ),
        num_critics=_CRITICS,
        gamma=_GAMMAS[-1],
        actor_type=partial(actor_critic.Actor, **layer),
        critic_type=partial(actor_critic.NCritics, n_layers=1, d_hidden=options.critic_size),
    )
    assert len(agent.gammas) == len(_GAMMAS)
    for part in agent.modules():
        if isinstance(part, transformer.SigmaReparam):  # columns of matrices, which torch 2.13 does
            part.u, part.v = part.u.contiguous(), part.v.contiguous()  # not compile otherwise
    trained = list(agent.trainable_params)
    optimizer = torch.optim.AdamW(trained, lr=5e-4, weight_decay=1e-3)
    taken = torch.randint(actions, (batch, _SEEN - 1))
    data = Batch(
        obs={"observation": torch.rand(batch, _SEEN, seen)},
        rl2s=torch.rand(batch, _SEEN, rest),
        rews=torch.rand(batch, _SEEN - 1, 1),
        dones=torch.arange(_SEEN - 1).eq(_SEEN - 2).expand(batch, -1)[..., None],
        actions=torch.nn.functional.one_hot(taken, actions).float(),
        time_idxs=torch.arange(_SEEN).expand(batch, -1)[..., None],
    )

    def update() -> None:
        optimizer.zero_grad()
        agent(data, log_step=False).backward()
        torch.nn.utils.clip_grad_norm_(agent.parameters(), 1.0)
        agent.soft_sync_targets()
        optimizer.step()

    return update, sum(part.numel() for part in trained)


def serve(options: argparse.Namespace) -> None:
    """Make AMAGO's updates for as many seconds as each line of the input says."""
    import amago

    update, parameters = theirs(options)
    for _ in range(_WARM):  # compiles
        update()
    print(amago.__version__, parameters, flush=True)
    for line in sys.stdin:
        print(per_second(update, float(line)), flush=True)


def words(options: argparse.Namespace, inputs: int, actions: int) -> list[str]:
    """Return the command of a process that makes AMAGO's updates."""
    command = [options.python, __file__, "--serve", "--parts", options.parts]
    for name in ("width", "critic-size", "batch"):
        command += [f"--{name}", str(getattr(options, name.replace("-", "_")))]
    return [*command, "--inputs", str(inputs), "--actions", str(actions)]


def main() -> None:
    """Measure, print and append to the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("python", nargs="?", help="of an environment with AMAGO")
    parser.add_argument("--parts", choices=["plain", "own"], default="plain", help="of AMAGO")
    parser.add_argument("--eager", action="store_true", help="do not compile AMAGO's parts")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--critic-size", type=int, help="of AMAGO's critics (default: the width)")
    parser.add_argument("--batch", type=int, default=24, help="trials an update")
    parser.add_argument("--windows", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a window")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    for name in ("--inputs", "--actions"):
        parser.add_argument(name, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.critic_size = options.critic_size or options.width
    torch.set_num_threads(1)
    if options.serve:
        serve(options)
        return
    from benchmarks.peers import Peer
    from benchmarks.results_table import append, begins

    begins()
    updates, (inputs, actions, parameters) = ours(options.width, options.batch)
    env = {"OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
    if options.eager:
        env["TORCHDYNAMO_DISABLE"] = "1"
    peer = Peer("AMAGO", words(options, inputs, actions), env)
    version, their_parameters = peer.said.split()
    for _ in range(_WARM):
        updates["memory"]()
    seconds, found = options.seconds, []
    for _ in range(options.windows):
        mine = [per_second(update, seconds) for update in updates.values()]
        found.append([*mine, peer.measure(seconds)])
    peer.close()
    rates = np.array(found)
    ratios = rates[:, :2] / rates[:, 2:]
    columns = (
        "parts,compiled,width,amago_critics,batch,length,windows,seconds,load,our_parameters,"
        "amago_parameters,ours,ours_drawing,amago,ratio,least,most,ratio_drawing,version"
    )
    setting = [options.parts, not options.eager, options.width, options.critic_size, options.batch]
    setting += [_SEEN, options.windows, seconds, f"{os.getloadavg()[0]:.1f}"]
    middle, drawing = np.median(ratios, axis=0)
    extremes = [ratios[:, 0].min(), ratios[:, 0].max()]
    figures = [*np.median(rates, axis=0), middle, *extremes, drawing]
    first = [*setting, parameters, their_parameters]
    append("incontext_speed.csv", columns, first, figures, [version])


if __name__ == "__main__":
    main()
