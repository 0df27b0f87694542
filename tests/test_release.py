"""Workflows, templates and the citation name what there is."""

import re

import pytest

from docs.making.listing import ROOT

WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
TEMPLATES = sorted(ROOT.glob(".github/ISSUE_TEMPLATE/[!c]*.yml"))


def steps(path):
    """Return the steps of all jobs of a workflow."""
    jobs = pytest.importorskip("yaml").safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def test_commands_of_workflows_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    run = "\n".join(step.get("run", "") for path in WORKFLOWS for step in steps(path))
    used = set(re.findall(r"\bmake ([a-z-]+)", run))
    assert used == {"docs", "floor", "wheel"} and used <= targets
    variables = set(re.findall(r"\bmake [a-z-]+ ([A-Z]+)=", run))
    assert all(f"$({name})" in makefile for name in variables)
    installed = set(re.findall(r"-c (\S+\.txt)", run))
    assert installed == {"constraints.txt"} and (ROOT / "constraints.txt").is_file()
    assert '-e ".[dev]"' in run and "\ndev = [" in (ROOT / "pyproject.toml").read_text()


def test_what_is_uploaded_is_what_is_built():
    (docs,) = [path for path in WORKFLOWS if path.stem == "docs"]
    paths = {step["with"]["path"] for step in steps(docs) if "path" in step.get("with", {})}
    source = (ROOT / "docs" / "build.py").read_text(encoding="utf-8")
    assert paths == {"build/docs/screens", "build/docs/html"}
    assert all(f'"{path.rpartition("/")[2]}"' in source for path in paths)


def test_publishing_attests_and_tells_what_is_inside():
    (publish,) = [path for path in WORKFLOWS if path.stem == "publish"]
    used = [step.get("uses", "").partition("@")[0] for step in steps(publish)]
    assert "actions/attest-build-provenance" in used
    assert "pypa/gh-action-pypi-publish" in used
    assert any("cyclonedx" in step.get("run", "") for step in steps(publish))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_issue_templates_ask_for_something(path):
    asked = pytest.importorskip("yaml").safe_load(path.read_text(encoding="utf-8"))
    assert asked["name"] and asked["description"]
    ids = [part["id"] for part in asked["body"]]
    assert len(ids) == len(set(ids)) >= 2
    assert all(part["attributes"]["label"] for part in asked["body"])


def test_the_citation_has_what_its_format_requires():
    yaml = pytest.importorskip("yaml")
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= cited.keys()
    assert cited["license"] == "MIT" and (ROOT / "LICENSE").read_text().startswith("MIT License")


def test_actions_are_pinned_by_hash_and_versions_agree():
    root = ROOT
    used = re.findall(
        r"uses: (\S+)",
        "\n".join(path.read_text(encoding="utf-8") for path in root.glob(".github/workflows/*")),
    )
    loose = [one for one in used if not re.search(r"@[0-9a-f]{40}$", one)]
    assert len(used) > 8 and set(loose) == {"pypa/gh-action-pypi-publish@release/v1"}
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    (version,) = re.findall(r'^version = "(.*)"', project, re.MULTILINE)
    for name in ("CITATION.cff", "README.md"):
        assert re.search(
            rf"version.*\b{re.escape(version)}\b", (root / name).read_text(encoding="utf-8")
        )
