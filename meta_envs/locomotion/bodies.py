"""The robots, as data: their MJCF files, and the settings of Gymnasium's v5 environments."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import mujoco
import numpy as np

from ..core.names import look_up

Range = tuple[float | None, float | None]
Box = tuple[str, tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class Body:
    """A robot and the defaults of its kwargs, Gymnasium v5's unless a source overrides them.

    Args:
        file: MJCF in Gymnasium's package, `"assets:..."` in ours, or the full path of a file.
        frame_skip: Physics steps per environment step.
        observation: Parts of an observation, see `observations`.
        place: What moves: `"root"` (the first slides), `"body:NAME"` (that body's origin),
            `"body:NAME-OTHER"` (its difference to the other's) or `"center"` (the centre of mass).
        plane: Whether it moves in the plane, so that headings and places can be its goals.
        forward_reward_weight: Reward per metre per second along the goal's direction.
        ctrl_cost_weight: Reward lost for each unit of squared action.
        contact_cost_weight: Reward lost for each unit of squared contact force.
        contact_cost_limit: Highest contact cost.
        contact_force_limit: Contact forces are clipped to plus and minus this; None: not clipped.
        healthy_reward: Reward for each step that ends upright.
        healthy_z_range: Allowed height of the root, metres; None: any.
        healthy_angle_range: Allowed pitch of the root, radians; None: any.
        healthy_state_range: Allowed range of every other coordinate; None: any.
        terminate_when_unhealthy: Whether falling ends the episode.
        position_noise: Half width of the uniform noise on initial positions.
        velocity_noise: Half width or deviation of the noise on initial velocities.
        normal_velocities: Whether that noise is normal rather than uniform.
        boxes: What stands in its world: names, places and half sizes (m).
    """

    file: str
    frame_skip: int
    observation: tuple[str, ...]
    place: str = "root"
    plane: bool = False
    forward_reward_weight: float = 1.0
    ctrl_cost_weight: float = 0.0
    contact_cost_weight: float = 0.0
    contact_cost_limit: float | None = None
    contact_force_limit: float | None = None
    healthy_reward: float = 0.0
    healthy_z_range: Range | None = None
    healthy_angle_range: Range | None = None
    healthy_state_range: Range | None = None
    terminate_when_unhealthy: bool = True
    position_noise: float = 0.1
    velocity_noise: float = 0.1
    normal_velocities: bool = False
    boxes: tuple[Box, ...] = ()


BODIES: dict[str, Body] = {
    "hopper": Body(
        file="hopper.xml",
        frame_skip=4,
        observation=("qpos:1", "qvel:0:10"),
        ctrl_cost_weight=1e-3,
        healthy_reward=1.0,
        healthy_z_range=(0.7, None),
        healthy_angle_range=(-0.2, 0.2),
        healthy_state_range=(-100.0, 100.0),
        position_noise=5e-3,
        velocity_noise=5e-3,
    ),
    "walker2d": Body(
        file="walker2d_v5.xml",
        frame_skip=4,
        observation=("qpos:1", "qvel:0:10"),
        ctrl_cost_weight=1e-3,
        healthy_reward=1.0,
        healthy_z_range=(0.8, 2.0),
        healthy_angle_range=(-1.0, 1.0),
        position_noise=5e-3,
        velocity_noise=5e-3,
    ),
    "half_cheetah": Body(
        file="half_cheetah.xml",
        frame_skip=5,
        observation=("qpos:1", "qvel"),
        ctrl_cost_weight=0.1,
        normal_velocities=True,
    ),
    "ant": Body(
        file="ant.xml",
        frame_skip=5,
        observation=("qpos:2", "qvel", "cfrc_ext:1"),
        place="body:torso",
        plane=True,
        ctrl_cost_weight=0.5,
        contact_cost_weight=5e-4,
        contact_force_limit=1.0,
        healthy_reward=1.0,
        healthy_z_range=(0.2, 1.0),
        normal_velocities=True,
    ),
    # The six legs of Al-Shedivat et al. 2018, made like Gymnasium's ant; the cost is ours.
    "six_legged_ant": Body(
        file="assets:six_legged_ant.xml",
        frame_skip=5,
        observation=("qpos", "qvel"),
        place="body:torso",
        plane=True,
        ctrl_cost_weight=0.05,
        healthy_z_range=(0.2, 1.0),
        normal_velocities=True,
    ),
    "humanoid": Body(
        file="humanoid.xml",
        frame_skip=5,
        observation=("qpos:2", "qvel", "cinert:1", "cvel:1", "qfrc_actuator:6", "cfrc_ext:1"),
        place="center",
        plane=True,
        forward_reward_weight=1.25,
        ctrl_cost_weight=0.1,
        contact_cost_weight=5e-7,
        contact_cost_limit=10.0,
        healthy_reward=5.0,
        healthy_z_range=(1.0, 2.0),
        position_noise=1e-2,
        velocity_noise=1e-2,
    ),
    "swimmer": Body(
        file="swimmer.xml",
        frame_skip=4,
        observation=("qpos:2", "qvel"),
        plane=True,
        ctrl_cost_weight=1e-4,
    ),
    "reacher": Body(
        file="reacher.xml",
        frame_skip=2,
        observation=("qpos", "qvel"),  # see `reacher`, which computes other numbers from them
        place="body:fingertip-target",
        plane=True,
        ctrl_cost_weight=1.0,
        position_noise=0.1,
        velocity_noise=5e-3,
    ),
    # MAESN's two, from its rllab: one physics step of 10 ms a step; controls up to 2, which its
    # runs normalised to 1, are the gear here.
    "wheeled": Body(
        file="assets:wheeled.xml",
        frame_skip=1,
        observation=("qpos", "qvel"),
        plane=True,
        ctrl_cost_weight=0.2,  # 0.05 per square of the release's controls
        position_noise=0.0173,  # uniform; in the release normal with the same deviation, 0.01
        velocity_noise=0.1,
        normal_velocities=True,
    ),
    "block_pusher": Body(
        file="assets:block_pusher.xml",
        frame_skip=1,
        observation=("qpos", "qvel"),
        plane=True,
        position_noise=0.0,
        velocity_noise=0.0,
    ),
}


def body_named(name: str) -> Body:
    """Return a robot, given a name in `BODIES` or `"module:Name"`.

    Raises:
        ValueError: If there is none with that name.
    """
    return look_up("body", name, BODIES, lambda found: isinstance(found, Body), "a Body")


@lru_cache(maxsize=32)
def load_model(file: str, boxes: tuple[Box, ...] = ()) -> mujoco.MjModel:
    """Compile a body's MJCF; the result is shared, so do not write into it.

    Args:
        file: As in `Body`.
        boxes: As in `Body`.
    """
    root = ElementTree.fromstring(_mjcf(file))
    _add_boxes(root, boxes)
    _shrink_textures(root)
    _shrink_memory(root)
    # Current MuJoCo warns about this attribute and recommends the function that follows.
    compiler = root.find("compiler")
    total = None if compiler is None else compiler.attrib.pop("settotalmass", None)
    model = mujoco.MjModel.from_xml_string(ElementTree.tostring(root, encoding="unicode"))
    if total is not None:
        mujoco.mj_setTotalmass(model, float(total))
        derive(model, mujoco.MjData(model))
    return model


def derive(model: mujoco.MjModel, data: mujoco.MjData) -> None:
    """Recompute what MuJoCo derives from masses, inertias and the like; `data` loses its state."""
    mujoco.mj_setConst(model, data)
    # Solvers take their tolerance from it; MuJoCo 4 computes it only when compiling. Same sum here.
    model.stat.meaninertia = np.cumsum(model.dof_M0)[-1] / model.nv


def _mjcf(file: str) -> str:
    if file.startswith("assets:"):
        return (resources.files("assets") / "mjcf" / file[len("assets:") :]).read_text()
    if Path(file).is_absolute():
        return Path(file).read_text(encoding="utf-8")
    package = importlib.util.find_spec("gymnasium")
    assert package is not None and package.origin is not None
    folder = Path(package.origin).parent / "envs" / "mujoco" / "assets"
    return (folder / file).read_text()


def _add_boxes(root: ElementTree.Element, boxes: tuple[Box, ...]) -> None:
    """Put boxes into the world, which bodies collide with as with the floor."""
    world = root.find("worldbody")
    for name, place, half_sizes in boxes:
        assert world is not None
        numbers = {"pos": place, "size": half_sizes, "rgba": (0.55, 0.57, 0.62, 1.0)}
        written = {key: " ".join(map(str, value)) for key, value in numbers.items()}
        fixed = {"type": "box", "contype": "1", "conaffinity": "1"}
        ElementTree.SubElement(world, "geom", {"name": name, **fixed, **written})


def _shrink_memory(root: ElementTree.Element) -> None:
    """Reserve 2 MiB instead of 14 for the contacts and solvers of a row.

    Twenty times what any of these bodies was seen to use when thrown about; a process with many
    rows could not fork otherwise. PGS, the humanoid's solver, keeps the size in its file: it needs
    memory quadratic in the constraints, and a humanoid that diverges folds into hundreds of them.
    """
    option = root.find("option")
    if option is not None and option.get("solver") == "PGS":
        return
    size = root.find("size")
    if size is None:
        size = ElementTree.SubElement(root, "size")
    for name in ("nstack", "njmax", "nconmax"):  # older names for the same
        size.attrib.pop(name, None)
    size.attrib["memory"] = "2M"


def _shrink_textures(root: ElementTree.Element) -> None:
    """Shrink textures: every row has a model, and textures are nine tenths of its bytes.

    Small ones remain, so that rendered frames show motion.
    """
    assets = root.find("asset")
    if assets is None:
        return
    for texture in assets.findall("texture"):
        for size in ("width", "height"):
            texture.attrib[size] = str(min(int(texture.attrib.get(size, 32)), 32))
        if texture.attrib.get("type") == "skybox":
            texture.attrib["height"] = str(6 * int(texture.attrib["width"]))
