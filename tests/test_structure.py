"""Packages import downwards only, and no module imports itself by a detour."""

import ast
import functools
import pathlib

import networkx
import pytest

ROOT = pathlib.Path(__file__).parents[1]
# Lower ones first: a package imports from itself and from what stands before it.
ORDER = {
    "agents.core": (
        *("saving", "losses", "nets", "learning", "play"),
        *("lifetimes", "base", "evaluation"),
    ),
    "meta_envs": ("core", "pictures", "physics", "wrappers", "laws"),
}


def _modules():
    for top in ("agents", "meta_envs", "registrations"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(_modules())


def _imports(module, path):
    """Yield the modules of this project that a module imports, anywhere in its text."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            named = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) + 1 - node.level]
            source = ".".join([*base, node.module or ""] if node.level else [node.module or ""])
            source = source.rstrip(".")
            named = [f"{source}.{one.name}" for one in node.names]
            named = [one if one in MODULES else source for one in named]
        else:
            continue
        yield from (one for one in named if one in MODULES and one != module)


@functools.cache  # in a test: every process of pytest imports this module
def graph():
    return networkx.DiGraph(
        (module, other) for module, path in MODULES.items() for other in _imports(module, path)
    )


def test_no_module_imports_itself_by_a_detour():
    circles = [sorted(part) for part in networkx.strongly_connected_components(graph())]
    assert [part for part in circles if len(part) > 1] == []


@pytest.mark.parametrize("top", ORDER)
def test_packages_import_downwards(top):
    rank = {f"{top}.{package}": index for index, package in enumerate(ORDER[top])}

    def package(module):
        return next((one for one in rank if module == one or module.startswith(f"{one}.")), None)

    upwards = [
        (module, other)
        for module, other in graph().edges
        if package(module) and package(other) and rank[package(module)] < rank[package(other)]
    ]
    assert upwards == []


def _within(module, package):
    return f"{module}.".startswith(f"{package}.")


def test_nothing_imports_what_stands_above_it():
    wrong = [
        (module, other)
        for module, other in graph().edges
        if (_within(other, "agents.cli") and not _within(module, "agents.cli"))
        or (_within(other, "agents") and not _within(module, "agents"))
    ]
    assert wrong == []


def test_families_of_tasks_do_not_know_each_other():
    shared = {*ORDER["meta_envs"], None}

    def family(module):
        parts = module.split(".")
        return parts[1] if parts[0] == "meta_envs" and len(parts) > 2 else None

    sideways = [
        (module, other)
        for module, other in graph().edges
        if not {family(module), family(other)} & shared and family(module) != family(other)
    ]
    assert sideways == []
