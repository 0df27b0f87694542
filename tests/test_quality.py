"""What holds for every file of ours: short, typed, formatted, without pickle and strange paths."""

import ast
import functools
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from agents import ALGORITHMS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("agents", "assets", "meta_envs", "registrations")
FOLDERS = (*PACKAGES, "benchmarks", "docs", "examples", "tests")
SOURCES = sorted(path for folder in PACKAGES for path in (ROOT / folder).rglob("*.py"))
ALL = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LINES = 300
FUNCTION_LINES = 60  # signature and docstring apart
UNSAFE = {"pickle", "cloudpickle", "dill", "shelve", "marshal", "joblib"}  # run what they read
WORKERS = ROOT / "agents" / "core" / "learning" / "workers.py"  # talks to processes of its own


parse = functools.cache(ast.parse)  # each file is looked at by several tests


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(paths: list[Path]) -> list[tuple[Path, str]]:
    return [(path, path.read_text(encoding="utf-8")) for path in paths]


def imported(text: str) -> set[str]:
    """Return the top-level names of what a source imports from elsewhere."""
    found = set()
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(str(node.module).split(".")[0])
    return found


def run(*command: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip(command[0])  # of `make test`, not of the floor
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", ".")],
    ids=["ruff check", "ruff format"],
)
def test_linters_agree(command):
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr


# What a user writes, with mistakes in the lines named.
USED = """
from agents import RL2, MAML, TrialAlgorithm, argument
RL2("GruPolicy", "meta/GridNavi-v0", n_env=3)
RL2("GruPolicy", "meta/GridNavi-v0", n_envs="three")
MAML("MlpPolicy")
RL2("GruPolicy", "meta/GridNavi-v0", 1e-3, n_envs=3, seed=0, clip_range=0.1)
class Mine(TrialAlgorithm):
    mine: float = argument("Mine.", default=1.0)
    gamma = 0.5
    def _make_optimizer(self):
        raise RuntimeError
Mine("GruPolicy", "meta/GridNavi-v0", mine=2.0, gamma=0.1)
Mine("GruPolicy", "meta/GridNavi-v0", mine="a")
"""
MISTAKES = {3, 4, 5, 13}


def test_a_type_checker_accepts_the_packages_and_knows_what_users_write(tmp_path):
    """One run of half a minute: the packages, README's quickstart, and a user's mistakes."""
    (quickstart,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "quickstart.py").write_text(quickstart, encoding="utf-8")
    user = tmp_path / "user.py"
    every = sorted(path.partition(":")[2] for path in ALGORITHMS.values())
    calls = [f'agents.{name}("Policy", "meta/GridNavi-v0")' for name in every]
    user.write_text("\n".join([USED, "import agents", *calls]), encoding="utf-8")
    packages = [package for package in PACKAGES if package != "assets"]
    done = run("mypy", *packages, str(tmp_path / "quickstart.py"), str(user))
    wrong = [line for line in done.stdout.splitlines() if "error:" in line]
    assert all(line.startswith(str(user)) or "/user.py:" in line for line in wrong), done.stdout
    found = {int(line.split("user.py:")[1].split(":")[0]): line for line in wrong}
    assert set(found) == MISTAKES, done.stdout + done.stderr
    assert "'n_env'" in found[3].replace('"', "'") and "did you mean" in found[3]


def test_there_is_something_to_check():
    assert len(SOURCES) > 50


def test_files_are_short():
    long = {name(path): text.count("\n") for path, text in read(ALL) if text.count("\n") > LINES}
    assert not long


def test_functions_are_short():
    long = {}
    for path, text in read(SOURCES):
        for node in ast.walk(parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                length = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                if length > FUNCTION_LINES:
                    long[f"{name(path)}: {node.name}"] = length
    assert not long


def test_rows_are_indices_and_their_number_is_num_rows():
    counts = []
    for path, text in read(SOURCES):
        for node in ast.walk(parse(text)):
            if isinstance(node, ast.arg) and node.arg == "rows" and node.annotation is not None:
                if ast.unparse(node.annotation) == "int":
                    counts.append(f"{name(path)}, line {node.lineno}")
            if isinstance(node, ast.FunctionDef) and node.name == "rows" and node.returns:
                if ast.unparse(node.returns) != "np.ndarray":
                    counts.append(f"{name(path)}, line {node.lineno}")
    assert not counts


def test_nothing_is_pickled():
    wrong = []
    for path, text in read(SOURCES):
        unsafe_here = UNSAFE - {"joblib"} if path == WORKERS else UNSAFE
        wrong += [f"{name(path)} imports {module}" for module in imported(text) & unsafe_here]
        for node in ast.walk(parse(text)):
            called = ""
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = f"{getattr(node.func.value, 'id', '')}.{node.func.attr}"
            unsafe = called in ("torch.load", "torch.save", "joblib.load", "joblib.dump")
            if unsafe or (isinstance(node, ast.keyword) and node.arg == "allow_pickle"):
                wrong.append(f"{name(path)}: {ast.unparse(node)}")
    assert not wrong


def test_no_global_generator_is_used():
    drawn = r"np\.random\.(seed|rand|randn|randint|random|choice|uniform|normal|shuffle)\("
    wrong = [name(path) for path, text in read(SOURCES) if re.search(drawn, text)]
    laws = ROOT / "agents" / "laws"  # which look whether it is used
    others = [path for path in SOURCES if laws not in path.parents]
    wrong += [name(path) for path, text in read(others) if "random" in imported(text)]
    assert not wrong


def test_arrows_point_one_way():
    """Nothing of the environments needs agents, torch or Stable-Baselines3."""
    refused = {"agents", "torch", "stable_baselines3", "sb3_contrib"}
    for path, text in read(SOURCES):
        if path.relative_to(ROOT).parts[0] != "agents":
            assert not imported(text) & refused, name(path)


def test_no_path_of_a_machine():
    machine = re.compile(r"""["'(\s](/home|/root|/work|/Users|/opt|/mnt)/\w""")
    documents = [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("docs/*.md")]
    assert not [name(path) for path, text in read([*ALL, *documents]) if machine.search(text)]


def test_lines_of_the_shell_and_of_makefiles_name_no_host():
    for file in ("Makefile", ".ci/run", "constraints.txt", "constraints-floor.txt"):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert not re.search(r"https?://|--index-url|--find-links|/opt/", text), file


def test_constraints_cover_every_dependency():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert listed is not None
    wanted = dict(re.findall(r'"([a-z0-9-]+)>=([\d.]+)"', listed.group(1)))
    assert len(wanted) > 10

    def pins(file: str) -> dict[str, str]:
        text = (ROOT / file).read_text(encoding="utf-8").lower().replace("_", "-")
        return dict(re.findall(r"^([a-z0-9-]+)==([\d.]+)", text, re.MULTILINE))

    tested, floor = pins("constraints.txt"), pins("constraints-floor.txt")
    for package, least in wanted.items():
        assert package in tested, package
        if package != "torch":  # see the file
            padded = least + ".0" * (floor[package].count(".") - least.count("."))
            assert floor[package] == padded, f"{package}: floor {floor[package]} is not {least}"


def test_pins_that_need_a_newer_python_say_so():
    """Else nothing can be installed with the constraints on the oldest Python allowed."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    wrong, seen = [], 0
    for pin in pins:
        try:
            about = importlib.metadata.metadata(pin.name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if not pin.specifier.contains(about["Version"]):
            continue  # `make floor`, or an environment of its own
        seen += 1
        allowed = SpecifierSet(about["Requires-Python"] or "")
        applies = pin.marker is None or pin.marker.evaluate({"python_version": "3.10"})
        if applies and "3.10" not in allowed:
            wrong.append(f"{pin} needs Python {allowed}")
    assert not wrong
    if seen < 20:
        pytest.skip("another environment than that of constraints.txt")


def test_the_extra_all_is_what_can_live_together_and_nothing_for_developers():
    tomllib = pytest.importorskip("tomllib")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    (everything,) = extras["all"]
    joined = set(re.fullmatch(r"metazoo\[(.*)\]", everything).group(1).split(","))
    # metaworld needs mujoco 3.3.0, which is not the MuJoCo that everything else is tested with.
    assert joined == set(extras) - {"all", "dev", "docs", "metaworld"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [extra for extra in extras if f"`{extra}`" not in readme]
