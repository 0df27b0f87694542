"""Rows of inputs, frames in them, and the features of frames."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents import Step
from agents.core.nets.frames import FrameEncoder
from agents.core.nets.mlp import PerTaskPolicy
from agents.core.nets.recurrent_policy import GruPolicy
from agents.core.nets.step_inputs import StepInputs, vector_inputs
from agents.core.play.recurrent import RecurrentInnerLoop
from agents.pearl.policies import PearlPolicy
from agents.varibad.policies import BeliefPolicy
from meta_envs.wrappers import TrialObservation

FRAME = spaces.Box(0, 255, (5, 4, 3), np.uint8)
KEYS = spaces.Dict(
    {
        "at": spaces.Dict({"place": spaces.Box(-1.0, 1.0, (2,), np.float32)}),
        "deep": spaces.Box(0.0, 1.0, (2, 2), np.float64),
        "door": spaces.Discrete(3, start=1),
        "eye": FRAME,
        "map": spaces.Box(0, 9, (3, 2), np.uint8),
    }
)
MOVES = spaces.MultiDiscrete([2, 3])


def _drawn(space, rows, seed=0):
    space.seed(seed)
    return _stacked([space.sample() for _ in range(rows)])


def _stacked(samples):
    if isinstance(samples[0], dict):
        return {key: _stacked([one[key] for one in samples]) for key in samples[0]}
    return np.stack([np.asarray(one) for one in samples])


def _past(builder, rows):
    draw = np.random.default_rng(1)
    actions = builder.flat_actions(_drawn(MOVES, rows))
    return actions, draw.standard_normal(rows), draw.random(rows) < 0.5


@pytest.mark.parametrize("rows", [1, 3])
def test_rows_hold_every_part_and_frames_as_bytes(rows):
    builder, seen = StepInputs(KEYS, MOVES), _drawn(KEYS, rows)
    actions, rewards, starts = _past(builder, rows)
    inputs = torch.from_numpy(builder.build(seen, actions, rewards, starts))
    numbers = 2 + 4 + 3 + 5 + 2
    assert inputs.dtype == torch.uint8 and inputs.shape == (rows, 4 * numbers + 60 + 6)
    assert builder.size == numbers and builder.observation_size == 9
    door = np.eye(3)[seen["door"] - 1]
    wanted = np.concatenate(
        [
            *(seen["at"]["place"], seen["deep"].reshape(rows, 4), door, actions),
            *(rewards[:, None], starts[:, None]),
        ],
        axis=1,
    )
    np.testing.assert_array_equal(builder.numbers(inputs).numpy(), wanted.astype(np.float32))
    eye, chart = builder.frames(inputs)
    np.testing.assert_array_equal(eye.numpy(), seen["eye"])
    np.testing.assert_array_equal(chart.numpy(), seen["map"])
    whole = torch.stack([inputs] * 4)[1:, :1]  # begins where no float32 may
    np.testing.assert_array_equal(builder.numbers(whole)[2, 0], wanted[0].astype(np.float32))


def test_vectors_are_built_as_trial_observations_are():
    space = spaces.Box(-1.0, 1.0, (3,), np.float32)
    ours, theirs = StepInputs(space, MOVES), TrialObservation(space, MOVES)
    past = _past(ours, 4)
    built = ours.build(_drawn(space, 4), *past)
    assert built.dtype == np.float32 and ours.numbers(torch.from_numpy(built)).dim() == 2
    np.testing.assert_array_equal(built, theirs.build(_drawn(space, 4), *past))


@pytest.mark.parametrize("policy", [PerTaskPolicy, BeliefPolicy, PearlPolicy])
def test_one_refusal_says_which_agents_take_frames(policy):
    with pytest.raises(TypeError, match=rf"{policy.__name__} takes vectors.*RL2 and L2RL do"):
        policy(FRAME, spaces.Discrete(2))


@pytest.mark.parametrize(
    "space", [spaces.Dict({"a": spaces.Text(3)}), spaces.Box(0, 255, (2, 3, 3, 3), np.uint8)]
)
def test_other_parts_are_refused_by_name(space):
    with pytest.raises(TypeError, match=r"at a; allowed are|frames are \[height, width\]"):
        StepInputs(space, MOVES)


def test_vectors_of_a_dict_are_flattened_key_by_key():
    keys = spaces.Dict({key: KEYS[key] for key in ("at", "deep", "door")})
    inputs, seen = vector_inputs(keys, MOVES, "X"), _drawn(keys, 4)
    flat = inputs.flat_observations(seen)
    assert flat.dtype == np.float32 and flat.shape == (4, inputs.observation_size)
    door = np.eye(3)[seen["door"] - 1]
    wanted = np.concatenate([seen["at"]["place"], seen["deep"].reshape(4, 4), door], axis=1)
    np.testing.assert_array_equal(flat, wanted.astype(np.float32))


@pytest.mark.parametrize(
    ("shape", "kernel"),
    [((12, 12, 1), 3), ((1, 2, 2), 3), ((36, 50, 3), 8), ((4, 84, 84), 8), ((40, 36), 8)],
)
def test_frames_of_any_layout_and_size_have_features(shape, kernel):
    space = spaces.Box(0, 255, shape, np.uint8)
    encoder = FrameEncoder(space, features=7)
    assert encoder.layers[0].kernel_size == (kernel, kernel)
    frames = torch.from_numpy(_drawn(space, 6)).reshape(2, 3, *shape)
    features = encoder(frames)
    assert features.shape == (2, 3, 7)
    torch.testing.assert_close(features[1, 2], encoder(frames[1, 2][None])[0])


def test_layouts_of_the_same_frame_have_the_same_features():
    last = FrameEncoder(spaces.Box(0, 255, (6, 5, 3), np.uint8))
    first = FrameEncoder(spaces.Box(0, 255, (3, 6, 5), np.uint8))
    first.load_state_dict(last.state_dict())
    frames = torch.randint(256, (4, 6, 5, 3), dtype=torch.uint8)
    torch.testing.assert_close(first(frames.permute(0, 3, 1, 2)), last(frames))


def test_frames_are_shown_in_units_of_their_largest_value():
    encoder = FrameEncoder(spaces.Box(0, 5, (3, 3), np.uint8))
    seen = []
    encoder.layers[0].register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    encoder(torch.full((1, 3, 3), 5, dtype=torch.uint8))
    assert (seen[0] == 1).all()


@pytest.mark.parametrize("separate", [False, True])
def test_a_policy_of_keys_acts_as_it_learns(separate):
    torch.manual_seed(0)
    policy = GruPolicy(
        KEYS, MOVES, hidden_size=6, separate_value=separate, normalize_observation=True
    )
    for parameter in policy.head.parameters():
        torch.nn.init.normal_(parameter)
    builder = policy.builder
    rows = [builder.build(_drawn(KEYS, 9, seed), *_past(builder, 9)) for seed in range(5)]
    inputs = torch.from_numpy(np.stack(rows))
    policy.after_iteration(inputs, torch.ones(5, 9))
    params, values = policy(inputs)
    state = policy.initial_state(9)
    for step in range(5):
        with torch.no_grad():
            now, value, state = policy.step(inputs[step], state)
        torch.testing.assert_close(now, params[step], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(value, values[step], atol=1e-5, rtol=1e-4)
    policy.zero_grad()
    values.sum().backward()
    trunk = policy.value_trunk if separate else policy.trunk
    assert all(one.grad.abs().sum() > 0 for one in trunk.frames.parameters())


class _Rows:
    """As much of a batch as inner loops read."""

    def __init__(self, num_envs):
        self.num_envs = num_envs
        self.single_observation_space, self.single_action_space = KEYS, MOVES


def test_a_row_with_frames_plays_alike_in_any_batch():
    policy = GruPolicy(KEYS, MOVES, hidden_size=6)
    seen = [_drawn(KEYS, 6, seed) for seed in range(4)]

    def values(rows):
        loop = RecurrentInnerLoop(policy, _Rows(6), seed=3)
        found, never = [], np.zeros(6 if rows is None else len(rows), dtype=bool)
        for shown in seen:
            part = shown if rows is None else _taken(shown, rows)
            action = loop.act(part, rows)
            loop.observe(Step(part, action, never + 0.5, never, never, part), rows)
            found.append(np.append(loop.last["values"], action))
        return np.array(found)

    every = values(None)
    whole, actions = every[:, :6], every[:, 6:].reshape(4, 6, 2)
    few = values(np.array([4, 1]))
    np.testing.assert_allclose(few[:, :2], whole[:, [4, 1]], atol=1e-5)
    np.testing.assert_array_equal(few[:, 2:].reshape(4, 2, 2), actions[:, [4, 1]])


def _taken(batch, rows):
    if isinstance(batch, dict):
        return {key: _taken(part, rows) for key, part in batch.items()}
    return batch[rows]
