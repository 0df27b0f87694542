"""POET's grounds under Gymnasium's BipedalWalker, which is a body of Box2D."""

from __future__ import annotations

from typing import Any

import Box2D
import numpy as np
from gymnasium import error, spaces
from gymnasium.envs.box2d import bipedal_walker as _upstream

from ..core.single import MetaEnv
from ..pictures.heading import under_heading
from . import genes
from .ground import GeneGrounds
from .profile import LENGTH, RAYS, STEP, outline

_END = (LENGTH - 10) * STEP  # m
_GRASS = (76, 204, 76)  # colours as upstream
_EARTH = (102, 153, 76)


class BipedalTerrain(GeneGrounds, MetaEnv):
    """Gymnasium's BipedalWalker on POET's grounds: the genes of `Terrain`, the physics of Box2D.

    Tasks:
        Those of `Terrain`; the same task is the same ground, here with vertical walls.
    Observation:
        `Box(-inf, inf, (24,), float32)`, as in `Terrain`; it may leave
        the bounds that Gymnasium gives.
    Action:
        `Box(-1, 1, (4,), float32)` for hip and knee of both legs, as in `Terrain`.
    Reward:
        130/30 a metre forwards, minus 5 times the growth of the hull's angle, minus .028 times the
        sum of the actions' sizes; -100 in a step in which the hull touches the ground or leaves
        the start backwards. A return of 230 counts as solved.
    Episode:
        Begins standing on flat ground, slightly pushed. Terminates at a fall or 88.7 m from the
        beginning of the ground (`infos["success"]`). Truncated after 2,000 steps of 1/50 s.
    Splits:
        Those of `Terrain`.
    Source:
        Gymnasium's BipedalWalker-v3; Wang et al. 2019 (POET, arXiv 1901.01753). Differences from
        POET's own walker: rays show what is nearest, there what the engine reports first; and those
        of `Terrain`'s grounds.
    Versions:
        v0.

    Args:
        source: `"release"`, or `"paper"`, where pits may be 10 steps wide instead of 8.
        stairs: Whether there may be stairs; POET's public run had none.
        **core: `split`, `episodes_per_trial`, `render_mode`.

    Raises:
        ValueError: If an argument is out of range or unknown.
    """

    metadata = {**MetaEnv.metadata, "render_fps": _upstream.FPS}

    def __init__(self, source: str = "release", stairs: bool = False, **core: Any):
        self._take_genes(source, stairs)
        super().__init__(
            task_space=genes.task_space(self.source),
            observation_space=spaces.Box(-np.inf, np.inf, (14 + RAYS,), np.float32),
            action_space=spaces.Box(-1.0, 1.0, (4,), np.float32),
            **core,
        )
        self._begin_walker()

    def _begin_walker(self) -> None:
        self.walker = _Walker(render_mode=None if self.render_mode is None else "rgb_array")
        self._actions: list[np.ndarray] | None = None  # of the episode; None before the first one
        self._random: Any = None  # the stream's state when it began

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy keeps: not the world, but what led to it."""
        return {key: part for key, part in vars(self).items() if key != "walker"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy: it plays the episode up to now, which leads to the same world."""
        vars(self).update(state)
        actions, began = self._actions, self._random
        self._begin_walker()
        if actions is not None:
            now = self.np_random.bit_generator.state
            self.np_random.bit_generator.state = began
            self.begin_episode()
            self.np_random.bit_generator.state = now
            for action in actions:
                self._advance(action)

    def begin_episode(self) -> np.ndarray:
        """Build the ground of `self.task` and put the walker on it."""
        assert self.task is not None  # drawn before an episode begins
        self._actions, self._random = [], self.np_random.bit_generator.state
        self.walker.line = outline(self.task)
        self.walker.np_random = self.np_random
        return self.walker.reset()[0]

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Step the walker."""
        seen, reward, terminated = self._advance(self.valid_action(action))
        assert self.walker.hull is not None  # `reset` made it
        x = float(self.walker.hull.position[0])
        success = terminated and x > _END and not self.walker.game_over
        return seen, reward, terminated, False, {"success": success, "x": x}

    def _advance(self, action: np.ndarray) -> tuple[np.ndarray, float, bool]:
        if self._actions is None:
            raise error.ResetNeeded("call reset before the first step")
        self._actions.append(action)
        seen, reward, terminated, _, _ = self.walker.step(action)
        return seen, float(reward), bool(terminated)

    def render(self) -> np.ndarray | None:
        """Draw the walker as Gymnasium does, with the genes above it."""
        if self.render_mode is None or self.task is None:
            return None
        self.walker.lidar_render = len(self._actions or ())  # which ray is shown: one a step
        return under_heading(np.ascontiguousarray(self.walker.render()), self.lines(self.task))


class _Walker(_upstream.BipedalWalker):
    """Gymnasium's walker on a line: points x and z in metres, [P, 2]."""

    line: np.ndarray

    def reset(self, **kwargs: Any) -> Any:
        """Begin in a new world: one that has been used remembers, in the order of its contacts."""
        self.terrain, self.world = [], Box2D.b2World()
        return super().reset(**kwargs)

    def _generate_terrain(self, hardcore: bool) -> None:
        points = [(float(x), float(z) + _upstream.TERRAIN_HEIGHT) for x, z in self.line]
        self.terrain_x, self.terrain_y = [list(part) for part in zip(*points, strict=True)]
        body = self.world.CreateStaticBody()  # of all edges: a body each takes twice as long
        body.color1 = body.color2 = _GRASS
        self.terrain, self.terrain_poly = [body], []
        lowest = min(0.0, *self.terrain_y) - 1.0
        for ends in zip(points, points[1:], strict=False):
            self.fd_edge.shape.vertices = list(ends)
            body.CreateFixture(self.fd_edge)
            (left, _), (right, _) = ends
            self.terrain_poly.append(([*ends, (right, lowest), (left, lowest)], _EARTH))

    def _generate_clouds(self) -> None:
        self.cloud_poly: list[Any] = []
        if self.render_mode is not None:  # from another stream, so that pictures change no episode
            episodes, self.np_random = self.np_random, np.random.default_rng(0)
            super()._generate_clouds()
            self.np_random = episodes
