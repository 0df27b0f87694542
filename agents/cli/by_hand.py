"""Playing by hand: a window that shows what a learner sees, and keys that act."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np

from .find import UsageError
from .keys import Controls, controls_for
from .seen import HEIGHT, Told, draw_seen, image_of
from .trials import begin, describe, make_one, reveal, tell

_IDLE = 30  # looks at the keyboard a second, while nothing moves by itself
_FASTEST = 60.0  # pictures a second


def missing_display() -> str | None:
    """Return what a window lacks on this machine; None if nothing is known to."""
    driver = os.environ.get("SDL_VIDEODRIVER")
    if driver in ("dummy", "offscreen"):
        return f"SDL_VIDEODRIVER={driver} shows nothing"
    if sys.platform.startswith("linux") and not driver:
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            return "neither DISPLAY nor WAYLAND_DISPLAY is set"
    return None


def play_by_hand(
    id: str,
    kwargs: dict[str, Any],
    split: str | None,
    episodes: int | None,
    seed: int,
    fps: float | None,
    show_task: bool,
) -> None:
    """Let a person act, trial after trial, until they leave.

    Args:
        id: Task distribution.
        kwargs: Its arguments.
        split: Which tasks; None is held-out ones where there are some.
        episodes: Episodes a trial; None is the distribution's number.
        seed: Of the tasks and episodes: the same that an agent with this seed plays.
        fps: Steps a second, where steps follow the clock; None is the distribution's.
        show_task: Whether the picture, which tells the task, is shown from the start.

    Raises:
        UsageError: There is no display, or there are no keys for the actions.
    """
    venv = make_one(id, kwargs, split, episodes, True)
    try:
        missing = missing_display()
        if missing is not None:
            raise UsageError(
                f"playing by hand needs a display, and {missing}; run it on a desktop (or ssh -X), "
                "or let an agent play: --agent random"
            )
        names = getattr(venv, "action_names", None)
        controls = controls_for(venv.single_action_space, names)
        table = _Table(venv, controls, seed, show_task)
        _run(table, fps or float(venv.metadata["render_fps"]))
    finally:
        venv.close()


class _Table:
    """A trial on the table: what has been told, and what to do with keys."""

    def __init__(self, venv: Any, controls: Controls, seed: int, show_task: bool):
        self.venv, self.controls = venv, controls
        self.show_task = show_task
        self.left = False  # by the person
        self.told = Told(None)
        self._task: Any = None
        self._success: bool | None = None
        self._episode_over = self._trial_over = False
        begin("you", venv, seed)
        self.begin_trial(seed)

    def begin_trial(self, seed: int | None = None) -> None:
        """Begin a trial in another task."""
        from meta_envs.core import batches
        from meta_envs.core.rng import fold

        if seed is not None:
            observations, _ = self.venv.reset(seed=fold(seed, "episodes"))
        else:
            observations, _ = self.venv.reset(options={"keep_task": False})
        self._task = batches.take(self.venv.tasks, 0)
        self.told = Told(batches.take(observations, 0), episodes=self.venv.episodes_per_trial)
        self._success = None
        self._episode_over = self._trial_over = False

    def command(self, key: str) -> bool:
        """Do what a key says that does not act; tell whether it did."""
        if key == "escape":
            self.left = True
        elif key == "tab":
            self.show_task = not self.show_task
        elif key == "backspace":
            self.begin_trial()
        else:
            return False
        return True

    def act(self) -> bool:
        """Step if the keys say so; tell whether anything changed."""
        action = self.controls.take()
        if action is None or self._trial_over:
            return False
        if self._episode_over:  # the last observation stays until the person goes on
            self._begin_episode()
            return True
        self._step(action)
        return True

    def _begin_episode(self) -> None:
        from meta_envs.core import batches

        observations, _ = self.venv.reset()
        told = self.told
        told.observation, told.reward = batches.take(observations, 0), None
        told.episode, told.step, told.total, told.notes = told.episode + 1, 0, 0.0, []
        told.action = None
        self._success, self._episode_over = None, False

    def _step(self, action: Any) -> None:
        from meta_envs.core import batches

        observations, rewards, terminated, truncated, infos = self.venv.advance(
            np.asarray(action)[None]
        )
        told = self.told
        told.observation, told.action = batches.take(observations, 0), action
        told.reward = float(rewards[0])
        told.total, told.step, told.time = told.total + told.reward, told.step + 1, told.time + 1
        if "success" in infos:
            self._success = bool(self._success) or bool(infos["success"][0])
        if not (terminated[0] or truncated[0]):
            return
        told.returns.append(told.total)
        tell(told.episode, told.total, told.step, self._success)
        self._episode_over = True
        self.controls.pause()
        self._trial_over = told.episode >= told.episodes
        if self._trial_over:
            reveal(self.venv, self._task)
            told.notes = ["the trial is over; the task was", describe(self.venv, self._task)]
        else:
            ending = "ended" if terminated[0] else "was cut off"
            told.notes = [f"the episode {ending}; any action begins the next"]

    def picture(self) -> np.ndarray:
        """Draw the table: what a learner sees, and the picture of the task where it is wanted."""
        space = self.venv.single_observation_space
        hide = "hide" if self.show_task else "show"
        commands = [
            f"tab: {hide} the picture, which tells the task",
            "backspace: another task   escape: leave",
        ]
        told = self.told
        parts = [draw_seen(self.venv.spec.id, space, told, self.controls.legend(), commands)]
        image = image_of(space, told.observation)
        parts += [] if image is None else [image]
        if self.show_task:
            parts.append(self.venv.render()[0])
        elif hasattr(self.venv, "render_seen"):  # families whose picture can leave the task out
            parts.append(self.venv.render_seen(0))
        high = max(HEIGHT, *(part.shape[0] for part in parts))
        padded = [
            np.pad(part, ((0, high - part.shape[0]), (0, 0), (0, 0)), constant_values=250)
            for part in parts
        ]
        return np.concatenate(padded, axis=1)


def _run(table: _Table, fps: float) -> None:
    """Pass keys on and show pictures until the person leaves."""
    import pygame

    try:
        pygame.display.init()
        screen = _Screen(pygame)
    except pygame.error as error:
        raise UsageError(
            f"playing by hand needs a display: {error}; let an agent play: --agent random"
        ) from error
    clock = pygame.time.Clock()
    every = max(round(fps / _FASTEST), 1)
    steps, changed = 0, True
    try:
        while not table.left:
            for event in pygame.event.get():
                if event.type == pygame.QUIT:
                    table.left = True
                elif event.type in (pygame.KEYDOWN, pygame.KEYUP):
                    changed = True
                    key = pygame.key.name(event.key).strip("[]")  # [1] is the number pad's 1
                    if event.type == pygame.KEYUP:
                        table.controls.release(key)
                    elif not table.command(key):
                        table.controls.press(key)
            acted = table.act()
            steps += acted
            if changed or (acted and (steps % every == 0 or not table.controls.real_time)):
                screen.show(table.picture())
                changed = False
            clock.tick(fps if table.controls.real_time and acted else _IDLE)
    finally:
        pygame.display.quit()


class _Screen:
    """A window as large as what it shows."""

    def __init__(self, pygame: Any):
        self._pygame = pygame
        self._window = pygame.display.set_mode((1, 1))
        pygame.display.set_caption("metazoo play")

    def show(self, picture: np.ndarray) -> None:
        """Show a picture, uint8 [height, width, 3]."""
        size = picture.shape[1], picture.shape[0]
        if self._window.get_size() != size:
            self._window = self._pygame.display.set_mode(size)
        surface = self._pygame.surfarray.make_surface(picture.swapaxes(0, 1))
        self._window.blit(surface, (0, 0))
        self._pygame.display.flip()
