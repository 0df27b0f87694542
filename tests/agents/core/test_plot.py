import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from agents.core.evaluation import plot
from agents.core.evaluation.curve import AdaptationCurve


def make_curve(tasks=20, episodes=3, steps=0, expected=False, seed=0, level=0.0, **changes):
    rng = np.random.default_rng(seed)
    returns = level + rng.normal(size=(tasks, episodes))
    arrays: dict[str, Any] = {"rewards": rng.random((tasks, steps))} if steps else {}
    if expected:
        arrays["expected_rewards"] = rng.random((tasks, steps))
        arrays["expected_returns"] = rng.random((tasks, episodes))
    protocol = {
        "agent": "RL2", "env": "meta/GridNavi-v0", "split": "test", "num_tasks": tasks,
        "episodes": episodes, "rows_per_task": 1, "frozen_episodes": 0, "seed": 1,
    }  # fmt: skip
    return AdaptationCurve(
        returns=returns, row_returns=returns[:, None],
        lengths=np.full((tasks, 1, episodes), 5), protocol={**protocol, **changes}, **arrays,
    )  # fmt: skip


def lines_of(figure):
    return {str(line.get_label()): line for line in figure.axes[0].get_lines()}


def band(ax):
    (collection,) = ax.collections
    return collection.get_paths()[0].vertices


def test_episodes_and_their_interval():
    curve = make_curve()
    ax = curve.plot(label="RL2", color="red")
    (line,) = ax.get_lines()
    assert line.get_xdata().tolist() == [1, 2, 3]
    assert line.get_color() == "red" and line.get_label() == "RL2"
    np.testing.assert_array_equal(line.get_ydata(), curve.mean())
    low, high = curve.interval()
    assert band(ax)[:, 1].min() == low.min() and band(ax)[:, 1].max() == high.max()
    assert ax.get_xlabel() == "episode of the trial"
    assert ax.get_ylabel() == "return per episode"
    assert ax.get_title(loc="left") == "meta/GridNavi-v0  ·  split: test  ·  20 tasks"


def test_expected_returns_are_preferred():
    curve = make_curve(steps=15, expected=True)
    ax = curve.plot()
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), curve.mean("expected_returns"))
    assert ax.get_ylabel() == "expected return per episode"


@pytest.mark.parametrize("expected", [False, True])
def test_one_episode_is_drawn_by_step(expected, tmp_path):
    curve = make_curve(episodes=1, steps=30, expected=expected)
    ax = curve.plot()
    (line,) = ax.get_lines()
    of = "expected_rewards" if expected else "rewards"
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 31))
    np.testing.assert_array_equal(line.get_ydata(), curve.mean(of))
    half = 1.959964 * curve.standard_error(of)
    assert band(ax)[:, 1].max() == pytest.approx((curve.mean(of) + half).max())
    assert ax.get_xlabel() == "step"
    assert ax.get_ylabel() == ("expected" if expected else "mean") + " reward per step"
    curve.to_csv(tmp_path / "curve.csv")  # what `metazoo plot` reads gives the same picture
    again = AdaptationCurve.from_csv(tmp_path / "curve.csv").plot()
    np.testing.assert_array_equal(again.get_lines()[0].get_ydata(), line.get_ydata())
    np.testing.assert_array_equal(band(again), band(ax))


def test_band_of_steps_covers_seeds():
    steps = plot.PerStep("rewards", np.array([[0.0, 1.0], [2.0, 1.0]]), np.full((2, 2), 0.3))
    mean, nested = plot._over_seeds(steps, shared=False)
    assert mean.tolist() == [1.0, 1.0]
    np.testing.assert_allclose(nested, [1.0, 0.3 / np.sqrt(2)])  # at least what tasks explain
    np.testing.assert_allclose(plot._over_seeds(steps, shared=True)[1], [np.sqrt(1.09), 0.3])


def test_one_episode_without_steps_is_a_point():
    curves = {"a": make_curve(episodes=1), "b": make_curve(episodes=1, seed=1)}
    figure = plot.comparison(curves)
    lines = lines_of(figure)
    assert figure.axes[0].get_xticks().tolist() == [1]
    assert lines["a"].get_xdata()[0] < 1 < lines["b"].get_xdata()[0]  # side by side
    np.testing.assert_array_equal(lines["a"].get_ydata(), curves["a"].mean())
    assert curves["a"].plot().get_lines()[0].get_xdata().tolist() == [1]


def test_comparison_names_everything_in_the_order_given():
    curves = {"low": make_curve(level=1), "high": make_curve(level=5, seed=1)}
    figure = plot.comparison(
        curves, oracle=make_curve(level=9), random=-4.0, optimum=(7.0, "exact optimum")
    )
    legend = figure.axes[0].get_legend()
    assert legend is not None
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["exact optimum", "oracle", "low", "high", "random", "95 % interval"]
    lines = lines_of(figure)
    assert lines["low"].get_color() != lines["high"].get_color()
    assert lines["oracle"].get_linestyle() == lines["random"].get_linestyle() == "--"
    assert set(lines["random"].get_ydata()) == {-4.0}
    assert len(figure.axes[0].collections) == 2  # bands for agents, not for references
    assert figure.axes[0].get_title(loc="left").startswith("meta/GridNavi-v0")
    figure = plot.comparison(curves, title="Mine", optimum=3.0)
    assert figure.axes[0].get_title(loc="left") == "Mine" and "optimum" in lines_of(figure)


def test_many_agents_stay_apart():
    figure = plot.comparison({f"agent {i}": make_curve(seed=i) for i in range(12)})
    looks = {(line.get_color(), line.get_linestyle(), line._dash_pattern[1] is None)
             for line in lines_of(figure).values()}  # fmt: skip
    assert len(looks) == 12


def width_of_axes(figure):
    figure.draw_without_rendering()
    return figure.axes[0].get_position().width * figure.get_size_inches()[0]


def test_a_legend_of_many_long_names_takes_nothing_from_the_axes():
    long = "RL2 (learning_rate=0.0003, gamma=0.99)"
    few = plot.comparison({"RL2": make_curve()})
    many = plot.comparison({f"{long} {i}": make_curve(seed=i) for i in range(11)})
    # but for the labels of the y axis
    assert width_of_axes(few) == pytest.approx(width_of_axes(many), abs=0.2)
    legend = many.axes[0].get_legend()
    assert legend is not None
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == [*(f"{long} {i}" for i in range(11)), "95 % interval"]
    box, page = legend.get_window_extent(), many.bbox
    assert box.x1 <= page.x1 and box.y0 >= page.y0  # all of it is on the page
    crowd = plot.comparison({f"agent {i}": make_curve(tasks=2, seed=i) for i in range(40)})
    legend = crowd.axes[0].get_legend()
    crowd.draw_without_rendering()
    assert legend is not None and legend.get_window_extent().y0 >= 0


def test_one_curve_says_whose_it_is():
    curve = make_curve(training_seed=7, training_steps=1_003_520)
    first = curve.plot().get_title(loc="left").splitlines()[0]
    assert first == "RL2  ·  seed 7  ·  1,003,520 steps of training"
    curves = [make_curve(seed=i, training_seed=i, training_steps=10 + i) for i in range(3)]
    first = AdaptationCurve.merge(*curves).plot().get_title(loc="left").splitlines()[0]
    assert first == "RL2  ·  seeds 0, 1, 2  ·  10 to 12 steps of training"
    title = plot.comparison({"a": AdaptationCurve.merge(*curves), "b": make_curve()})
    assert title.axes[0].get_title(loc="left").endswith("20 tasks × 1 to 3 seeds")


def test_comparison_refuses_what_shares_no_axis():
    with pytest.raises(ValueError, match="no curves"):
        plot.comparison({})
    with pytest.raises(ValueError, match="split differs: a has 'test', b has 'all'"):
        plot.comparison({"a": make_curve(), "b": make_curve(split="all")})
    with pytest.raises(ValueError, match="episodes differs: a has 3, oracle has 4"):
        plot.comparison({"a": make_curve()}, oracle=make_curve(episodes=4))
    sampled = make_curve(episodes=1, steps=9)
    expected = make_curve(episodes=1, steps=9, expected=True)
    with pytest.raises(ValueError, match="a is drawn as 'mean reward.*b as 'expected reward"):
        plot.comparison({"a": sampled, "b": expected})


def test_merged_seeds_and_lifetimes_are_titled():
    merged = AdaptationCurve.merge(*(make_curve(tasks=1500, seed=i) for i in range(3)))
    assert merged.plot().get_title(loc="left").endswith("1,500 tasks × 3 seeds")
    curve = make_curve(episodes=5)
    lifetime = {**curve.protocol, "steps": 1000, "bins": 5}
    curve = AdaptationCurve(
        returns=curve.returns, row_returns=curve.row_returns, lengths=curve.lengths,
        protocol=lifetime,
    )  # fmt: skip
    ax = curve.plot()
    assert ax.get_lines()[0].get_xdata().tolist() == [200, 400, 600, 800, 1000]
    assert ax.get_xlabel() == "step of the lifetime"


@pytest.mark.parametrize("suffix", ["png", "svg", "PDF"])
def test_save_writes_the_format_of_the_suffix(tmp_path, suffix):
    figure = plot.comparison({"a": make_curve()})
    plot.save(figure, tmp_path / f"curve.{suffix}")
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "PDF": b"%PDF"}
    content = (tmp_path / f"curve.{suffix}").read_bytes()
    assert content.startswith(starts[suffix])
    if suffix == "png":
        assert 1000 < int.from_bytes(content[16:20], "big") < 1200  # 7 inches at 150 pixels


def test_save_refuses_unknown_formats_and_keeps_the_old_file(tmp_path, monkeypatch):
    figure = plot.comparison({"a": make_curve()})
    for name in ("curve.xyz", "curve"):
        with pytest.raises(ValueError, match="use one of .*pdf.*png"):
            plot.save(figure, tmp_path / name)
    path = tmp_path / "curve.png"
    path.write_bytes(b"old")

    def broken(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figure, "savefig", broken)
    with pytest.raises(OSError, match="No space"):
        plot.save(figure, path)
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_pyplot_is_never_imported():
    code = (
        "import sys; from agents.core.evaluation.plot import new_axes;"
        "figure, ax = new_axes(); ax.plot([1, 2]); figure.canvas.draw();"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_notebook_shows_what_plot_returns():
    protocol = {"agent": "A", "env": "E", "split": "test", "num_tasks": 2, "episodes": 2,
                "rows_per_task": 1, "frozen_episodes": 0, "seed": 0}  # fmt: skip
    returns = np.arange(4.0).reshape(2, 2)
    lengths = np.ones((2, 1, 2), dtype=np.int64)
    curve = AdaptationCurve(
        returns=returns, row_returns=returns[:, None], lengths=lengths, protocol=protocol
    )
    shown = (curve.plot(), curve.plot().figure, plot.comparison({"A": curve}))
    assert all(one._repr_png_().startswith(b"\x89PNG") for one in shown)
