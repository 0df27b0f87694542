"""The site's generated pages: one for each family, id, agent and example, without building it."""

import json
import re

import pytest
from PIL import Image

import agents
import meta_envs
from docs import check_site
from docs.making import (
    agent_pages,
    curves,
    environments,
    films,
    listing,
    markdown,
    numbers,
    pretrained,
    reference,
    settings,
    sidebar,
    tutorials,
    write,
)

OWN = [name for name in meta_envs.list_distributions() if name.startswith("meta/")]


def test_every_id_and_agent_has_a_page_of_its_own():
    ids, learners = listing.id_pages(), listing.agent_pages()
    assert list(learners) == list(agents.ALGORITHMS)
    assert sorted(ids) == OWN
    pages = [*ids.values(), *learners.values(), *listing.family_pages().values()]
    assert len(set(pages)) == len(pages)
    assert f"[{len(ids)} task distributions]" in write.counts()
    assert len(listing.example_pages()) == len(list((listing.ROOT / "examples").glob("*.py")))


def test_what_is_registered_is_listed_at_once(monkeypatch):
    card = meta_envs.card("meta/GridNavi-v0")
    monkeypatch.setitem(meta_envs.core.registration._CARDS, "meta/Newest-v0", card)
    assert listing.id_pages()["meta/Newest-v0"] == "environments/mazes/Newest-v0"
    monkeypatch.setitem(agents.ALGORITHMS, "newest", "agents.rl2:RL2")
    assert listing.agent_pages()["newest"] == "agents/newest"
    assert "(/agents/newest)" in settings.table() and "(/agents/newest)" in agent_pages.overview()


def test_a_page_tells_what_describe_tells():
    page = environments.id_page("meta/GridNavi-v0", None)
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    for section in ("Tasks", "Observation", "Action", "Reward", "Episode", "Splits", "In numbers"):
        assert section in headings
    assert "Four episodes a trial" in page and "[varibad](/agents/varibad)" in page
    family = environments.family_page("mazes", {})
    assert all(f"(/{listing.id_pages()[name]})" in family for name in listing.families()["mazes"])


def test_a_family_whose_extra_is_missing_has_its_docstring(monkeypatch):
    def missing(name):
        raise ImportError(f'{name} needs pip install "metazoo[extra]"')

    monkeypatch.setattr(agents, "describe", missing, raising=False)
    page = environments.id_page("meta/GridNavi-v0", None)
    assert "metazoo\\[extra\\]" in page and "## Tasks" in page and "uniform over all cells" in page
    assert "## Args" not in page


@pytest.mark.parametrize("name", agents.ALGORITHMS)
def test_every_agent_page_has_its_arguments_and_what_it_is(name):
    page, cls = agent_pages.agent_page(name, []), listing.agent_class(name)
    assert page.startswith(f"# {cls.__name__}\n")
    assert markdown.escaped(listing.first_line(cls)) in page
    assert all(f"| `{argument}` |" in page for argument in cls.arguments)
    assert all(f"| `{preset}` |" in page for preset in cls.presets)


def test_every_agent_is_in_one_row_of_the_table_of_settings():
    links = re.findall(r"\(/agents/(\w+)\)", settings.table())
    assert sorted(links) == sorted(agents.ALGORITHMS)
    chosen = {"rl2": "memory", "maml": "gradient", "lpg": "rule", "stacx": "tuning", "pbt": "Popul"}
    for name, word in chosen.items():
        assert word in settings.setting_of(name), name


def test_curves_belong_to_the_agents_that_made_them():
    owners = curves.owners()
    assert owners["rl2-gridnavi"] == ("rl2", "meta/GridNavi-v0")
    assert owners["lvc-far-corner"][0] == "promp"
    assert owners["lifetimes-stac-catch"] == ("stac", "meta/Catch-v0")
    assert owners["locomotion-rl2-dir"] == ("rl2", "meta/HalfCheetahDir-v0")
    assert not [name for name in owners if "mixture" in name or "sb3" in name]
    lines, what = curves.progress([curves.RESULTS / "rl2-gridnavi.progress.csv"])
    assert what == "return of a trial" and len(lines) >= 3
    assert all(steps > 0 for points in lines.values() for steps, _ in points)


def test_tables_of_numbers_are_means_over_seeds():
    text = numbers.table("learning", ("entry", "deterministic"), "score", "return")
    (row,) = [line for line in text.splitlines() if "`pearl-pointgoal` | `True`" in line]
    scores = [
        float(one["score"])
        for one in curves.rows(curves.RESULTS / "learning.csv")
        if one["entry"] == "pearl-pointgoal" and one["deterministic"] == "True"
    ]
    assert f"| {sum(scores) / len(scores):.4g} ± " in row and f"| {len(scores)} |" in row


def test_pretrained_agents_are_on_the_pages_of_agents(tmp_path, monkeypatch):
    score = {"mean": 5.0, "low": 4.5, "high": 5.5}
    card = {"agent": "rl2", "id": "meta/GridNavi-v0", "env_kwargs": {"split": "all"}, "seed": 3}
    card |= {"score": score, "chance": None, "steps": 2000, "seconds": 9.4, "commit": "abc"}
    card |= {"command": "python train.py"}
    better = {**card, "agent": "varibad", "score": {**score, "mean": 6.0}}
    other = {**better, "env_kwargs": {"size": 7}, "score": {**score, "mean": 9.0}}
    for name, one in {"rl2-a": card, "varibad-a": better, "varibad-b": other}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.json").write_text(json.dumps(one))
    assert pretrained.best("meta/GridNavi-v0", tmp_path)[0] == "varibad-a"
    assert pretrained.best("meta/DarkRoom-v0", tmp_path) is None
    row = pretrained.table("rl2", tmp_path).splitlines()[-1]
    assert "(/environments/mazes/GridNavi-v0)" in row and "5 (4.5 to 5.5)" in row and "abc" in row
    assert pretrained.table("maml", tmp_path) == ""
    Image.new("RGB", (8, 8)).save(tmp_path / "rl2-a" / "film.gif")
    pretrained.draw(tmp_path / "site", tmp_path)
    drawn = sorted(path.name for path in (tmp_path / "site" / pretrained.FILMS).iterdir())
    assert drawn == ["rl2-a.gif", "rl2-a.png"]
    wall = pretrained.films("rl2", "agents/rl2", tmp_path)
    assert 'src="../_static/zoo/rl2-a.gif"' in wall and "5 on held-out tasks" in wall
    assert pretrained.films("varibad", "agents/varibad", tmp_path) == ""
    monkeypatch.setattr(pretrained, "table", lambda name: f"a table of {name}")
    assert "## Pretrained" in agent_pages.agent_page("rl2", [])


def test_an_agent_without_weights_has_its_command_on_its_page():
    page = agent_pages.agent_page("nec", [])
    assert "python benchmarks/episodic.py nec-catch" in page and "## Pretrained" in page
    assert pretrained.without_weights("rl3") == ""


def test_every_curve_of_an_agent_has_steps_and_a_score():
    known, drawn = curves.owners(), 0
    for file in sorted(curves.RESULTS.glob("*.progress.csv")):
        if re.sub(r"-s\d+$", "", file.name.removesuffix(".progress.csv")) in known:
            lines, what = curves.progress([file])
            assert lines and what, file.name
            drawn += 1
    assert drawn > 50


def test_cards_tell_curves(tmp_path, monkeypatch):
    card = {"agent": "rl2", "id": "meta/GridNavi-v0", "training": {}}
    told = {"of": "rollout/trial_rew_mean", "timesteps": [10, 20], "values": [1.0, 3.0]}
    known = {"rl2-a": card, "rl2-b": {**card, "training": told}}
    monkeypatch.setattr(pretrained, "cards", lambda: known)
    (tmp_path / curves.FOLDER).mkdir(parents=True)
    (curve,) = curves._pretrained(tmp_path)
    assert (curve.agent, curve.kind) == ("rl2", "learning") and "ends at 3" in curve.alt
    assert (tmp_path / curve.path).read_text().startswith("<?xml")


def test_a_tutorial_is_its_example():
    path = next(iter(listing.example_pages()))
    page, source = tutorials.page(path), path.read_text(encoding="utf-8")
    code = page.split("```python\n")[1].removesuffix("\n```")
    assert code in source and page.startswith("# 1. Bandit demo")


def test_the_reference_has_every_public_name():
    page = reference.page()
    for name in agent_pages.listed():
        if name not in ("baselines", "losses"):
            assert re.search(rf":: agents\.{name}$", page, re.MULTILINE), name


def test_text_means_itself_in_markdown():
    assert markdown.escaped("a * b_c `x_y|z` [w]") == r"a \* b\_c `x_y\|z` \[w\]"
    assert markdown.section("A.\n\nRaises:\n    ValueError: If\n        bad.\n", "Raises") == {
        "ValueError": "If bad."
    }


def test_code_in_pages_runs():
    for name in ("task_api", "evaluation"):
        text = (listing.ROOT / "docs" / "pages" / f"{name}.md").read_text(encoding="utf-8")
        names: dict = {}
        for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            exec(compile(code, name, "exec"), names)


def test_documents_are_included_with_links_that_hold_in_the_site():
    assert write._linked("[a](CONTRIBUTING.md) ![b](docs/images/c.png)") == (
        "[a](/contributing) ![b](/images/c.png)"
    )
    for page in (listing.ROOT / "docs" / "pages").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for mark in re.findall(r':(?:start-after|end-before): "(.*)"', text):
            assert any(
                mark in (listing.ROOT / name).read_text(encoding="utf-8")
                for name in write._INCLUDED
            ), mark


def test_a_film_shows_a_learner_that_fits_at_play(tmp_path, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(pretrained, "best", lambda id: None)
    film = films.film("meta/GaussianBandit-v0", tmp_path)
    assert films.film("meta/GaussianBandit-v0", tmp_path) == film  # kept
    assert film.player == "Thompson" and "20 pictures of Thompson at play" in film.alt
    with Image.open(tmp_path / film.path.rpartition("/")[2]) as image:
        assert image.n_frames > 10 and image.width == 300
    monkeypatch.setattr(films, "_played", lambda id: listing.agent_class("no such extra"))
    monkeypatch.setattr(listing, "agent_class", missing_extra)
    assert films.film("meta/BernoulliBandit-v0", tmp_path) is None


def missing_extra(name):
    raise ImportError(name)


def test_the_check_finds_broken_links_and_pictures_without_a_text(tmp_path):
    (tmp_path / "a.html").write_text('<p id="x"><a href="b.html#y"></a><a href="#x"></a>')
    (tmp_path / "b.html").write_text('<img src="c.png"><a href="https://elsewhere.invalid">')
    assert sorted(check_site.texts(tmp_path)) == [
        "a.html: b.html#y has no such place",
        "b.html: c.png does not exist",
        "b.html: c.png has no alt text",
    ]


TREE = (
    '<ul><li class="toctree-l1 has-children"><a class="reference internal" href="../m.html">M</a>'
    '<input class="toctree-checkbox" type="checkbox"/><ul>'
    '<li class="toctree-l2"><a class="reference internal" href="a.html">A</a></li>'
    '<li class="toctree-l2"><a class="reference internal" href="b.html">B</a></li></ul></li>'
    '<li class="toctree-l1"><a class="reference internal" href="../other.html">O</a></li></ul>'
)


def test_the_sidebar_marks_a_page_and_opens_what_it_stands_under():
    shown = sidebar.marked(TREE, "b.html")
    assert shown.count("current-page") == 1 and shown.count('checked=""') == 1
    assert 'class="current toctree-l1 has-children"' in shown
    assert '<li class="current current-page toctree-l2"><a aria-current="page"' in shown
    assert shown.index("current-page") > shown.index("a.html")
    assert sidebar.marked(TREE, "../other.html").count("current") == 3
    assert "checked" not in sidebar.marked(TREE, "../other.html")
    assert sidebar.marked(TREE, "elsewhere.html") == TREE


def test_the_shared_sidebar_has_no_mark():
    page = '<li class="toctree-l2"><a class="reference internal" href="b.html"'
    current = '<li class="toctree-l2 current"><a class="current reference internal" href="#"'
    resolved = TREE.replace(page, current).replace("<ul>", '<ul class="current">')
    resolved = resolved.replace("l1 has", "l1 current has")
    assert sidebar.unmarked(resolved, "b.html") == TREE
