"""Plots: what the axes hold are the numbers of the documents, of the engine and of the training run."""

import json
import math
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hostile import HOSTILE
from matplotlib.figure import Figure

from autograd import TABLE, Value, mean
from nn import MLP, SGD, History, binary_cross_entropy, sse, train
from viz import (
    plot_activation,
    plot_boundary,
    plot_delta,
    plot_history,
    plot_landscape,
    plot_loss_derivative,
)
from viz.rendering.style import DARK, LIGHT
from viz.text.labels import short

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "golden.json").read_text(encoding="utf-8"))["cases"]
XOR, ANSWERS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]


@pytest.fixture(autouse=True)
def agg(monkeypatch):
    """Draw into memory, and leave no figure behind."""

    mpl.use("agg")
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return Figure().subplots()


def drawn(ax, k=0):
    return [np.asarray(values, dtype=float) for values in ax.lines[k].get_data()]


# Curves -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sigmoid", "relu", "tanh", "gelu", "leaky_relu", "identity"])
def test_an_activation_and_its_derivative_are_the_tables(name, ax):
    plot_activation(name, ax)
    (z, a), (same, slope) = drawn(ax), drawn(ax, 1)
    assert np.array_equal(z, same)
    for k in range(0, len(z), 40):
        x = Value(z[k])
        y = TABLE[name](x)
        y.backward()
        assert (a[k], slope[k]) == (y.data, x.grad)


def test_where_an_operation_has_no_value_its_curve_has_none(ax):
    plot_activation("log", ax)
    z, a = drawn(ax)
    assert np.isnan(a[z < 0.0]).all()
    assert a[-1] == math.log(5.0)


def test_the_derivative_over_the_activation_is_figure_5_left(ax):
    plot_activation("sigmoid", ax, against="a")
    golden = GOLDEN["fig5"]
    assert np.interp(golden["a"], *drawn(ax)) == pytest.approx(golden["left_values"], abs=1e-5)
    assert ax.get_xlabel() == "activation a"


def test_delta_over_the_activation_is_the_curve_of_document_000(ax):
    golden = GOLDEN["delta_curve_label1"]
    plot_delta(1, ax, convention="handout")
    a, delta = drawn(ax)
    assert a == pytest.approx(golden["a"], rel=1e-12)
    assert delta == pytest.approx(golden["delta"], rel=1e-12, abs=1e-14)
    assert np.flatnonzero(delta == 0.0).tolist() == [0, 49]
    assert delta.argmax() == golden["grid_argmax_index"]
    assert delta.max() == pytest.approx(golden["grid_max"], rel=1e-12)
    assert np.ravel(drawn(ax, 1)) == pytest.approx([golden["true_argmax_a"], golden["true_max"]], rel=1e-12)


@pytest.mark.parametrize(("label", "convention", "a", "delta", "words"), [
    (1, "handout", 1 / 3, 8 / 27, "δ = 8/27"),
    (1, "gradient", 1 / 3, -8 / 27, "δ = −8/27"),
    (0, "handout", 2 / 3, -8 / 27, "δ = −8/27"),
    (0, "gradient", 2 / 3, 8 / 27, "δ = 8/27"),
])  # fmt: skip
def test_the_marked_extremum_is_one_and_the_axis_names_the_convention(label, convention, a, delta, words, ax):
    plot_delta(label, ax, convention=convention)
    (x,), (y,) = drawn(ax, 1)
    assert (x, y) == pytest.approx((a, delta))
    assert abs(y) > abs(drawn(ax)[1]).max()
    assert words in ax.texts[0].get_text()
    assert ("handout" in ax.get_ylabel()) == (convention == "handout")


def test_the_curve_of_delta_is_the_engines(ax):
    plot_delta(1, ax)
    a, delta = drawn(ax)
    for k in range(1, 49, 7):
        z = Value(math.log(a[k] / (1.0 - a[k])))
        sse(z.sigmoid(), 1).backward()
        assert delta[k] == pytest.approx(z.grad, rel=1e-12)


def test_the_derivative_of_the_loss_is_figure_5_right(ax):
    plot_loss_derivative(ax=ax, convention="handout")
    golden = GOLDEN["fig5"]
    assert np.interp(golden["a"], *drawn(ax)) == pytest.approx(golden["right_values"], abs=1e-12)
    assert ax.get_ylabel().startswith("−∂C/∂a")


def test_a_loss_derivative_has_a_gap_where_the_loss_has_none(ax):
    plot_loss_derivative("binary_cross_entropy", 0, ax)
    a, slope = drawn(ax)
    p = Value(a[20])
    binary_cross_entropy(p, 0).backward()
    assert slope[20] == p.grad
    assert np.isnan(slope[-1])


# Training ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    mlp = MLP(2, [4, 1], rng=0)
    history = train(
        mlp, XOR, ANSWERS, loss="binary_cross_entropy", optimizer=SGD(2.0, momentum=0.9), epochs=60,
        validation=(XOR[:3], ANSWERS[:3]), progress=False,
    )  # fmt: skip
    return mlp, history


def test_the_lines_of_a_history_are_its_numbers(trained, ax):
    history = trained[1]
    plot_history(history, ax=ax)
    assert drawn(ax)[0].tolist() == list(range(1, 61))
    assert drawn(ax)[1].tolist() == history.loss
    assert drawn(ax, 1)[1].tolist() == history.validation_loss
    accuracy = plot_history(history, "accuracy", Figure().subplots())
    assert drawn(accuracy)[1].tolist() == history.accuracy


def test_a_line_for_the_gradient_of_each_layer(trained, ax):
    plot_history(trained[1], "gradient_norms", ax)
    assert np.transpose([drawn(ax, k)[1] for k in (0, 1)]).tolist() == trained[1].gradient_norms
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["layer 2", "layer 1"]


def test_gradients_of_sigmoid_layers_vanish_and_those_of_relu_do_not():
    shares = {}
    for activation, initializer in (("sigmoid", "xavier"), ("relu", "he")):
        mlp = MLP(2, [8] * 5 + [1], activation, output="sigmoid", initializer=initializer, rng=1)
        history = train(mlp, XOR, ANSWERS, loss="sse", optimizer=SGD(0.1), epochs=2, progress=False)
        ax = plot_history(history, "gradient_norms", Figure().subplots())
        norms = [drawn(ax, k)[1][0] for k in range(6)]
        shares[activation] = norms[0] / norms[-1]
    assert shares["sigmoid"] < 0.25**4
    assert shares["relu"] > 0.1


def test_a_history_without_such_numbers_is_refused(ax):
    with pytest.raises(ValueError, match="there is no accuracy to plot in History"):
        plot_history(History(loss=[1.0]), "accuracy", ax)


def test_gradients_that_are_all_0_are_drawn_on_a_linear_scale(ax):
    plot_history(History(loss=[1.0, 1.0], gradient_norms=[[0.0], [0.0]]), "gradient_norms", ax)
    assert ax.get_yscale() == "linear"


# Planes -----------------------------------------------------------------------------------------------------


@pytest.fixture
def landscape():
    mlp = MLP(2, [2, 1], rng=3)
    loss = mean([sse(mlp.forward(x).output, [y]) for x, y in zip(XOR, ANSWERS, strict=True)]).named("C")
    return loss, *mlp.layers[0].neurons[0].weights


def test_a_landscape_has_the_loss_at_its_corners_and_leaves_the_weights_alone(landscape, monkeypatch, ax):
    loss, w1, w2 = landscape
    before = loss.data, w1.data, w2.data
    filled = {}
    monkeypatch.setattr(ax, "contourf", lambda x, y, C, *_, **__: filled.update(x=x, y=y, C=C) or flat(ax, C))
    plot_landscape(loss, w1, w2, ax=ax, margin=1.5)
    assert (loss.data, w1.data, w2.data) == before
    assert filled["x"][0, 0] == pytest.approx(w1.data - 1.5)
    assert filled["y"][-1, 0] == pytest.approx(w2.data + 1.5)
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1), (60, 60)):
        w1.data, w2.data = float(filled["x"][corner]), float(filled["y"][corner])
        assert filled["C"][corner] == pytest.approx(loss.refresh().data, rel=1e-12)
    assert filled["C"][60, 60] == pytest.approx(before[0])


def flat(ax, C):
    """Return a picture that a colour bar accepts."""
    return type(ax).contourf(ax, C)


def test_the_path_of_a_landscape_is_the_one_given(landscape, ax):
    loss, w1, w2 = landscape
    path = [(w1.data + t, w2.data - t * t) for t in np.linspace(-1.0, 0.0, 9)]
    plot_landscape(loss, w1, w2, path, ax)
    assert np.transpose(drawn(ax)).tolist() == [list(step) for step in path]
    assert np.transpose(drawn(ax, 1)).tolist() == [list(path[0])]
    assert np.transpose(drawn(ax, 2)).tolist() == [list(path[-1])]
    assert (ax.get_xlabel(), ax.get_ylabel()) == (w1.name, w2.name)


def test_the_path_on_a_surface_runs_at_the_height_of_the_loss(landscape):
    loss, w1, w2 = landscape
    path = [(w1.data, w2.data), (w1.data + 0.5, w2.data - 0.25)]
    ax = plot_landscape(loss, w1, w2, path, surface=True)
    *steps, heights = ax.lines[0].get_data_3d()
    assert np.transpose(steps).tolist() == [list(step) for step in path]
    assert heights[0] == pytest.approx(loss.data)
    w1.data, w2.data = path[1]
    assert heights[1] == pytest.approx(loss.refresh().data)


def test_a_landscape_of_what_does_not_fit_is_refused(landscape, ax):
    loss, w1, w2 = landscape
    with pytest.raises(ValueError, match="is not a leaf of the graph below the loss"):
        plot_landscape(loss, w1, Value(1.0), ax=ax)
    with pytest.raises(ValueError, match=r"path has shape \(2, 3\)"):
        plot_landscape(loss, w1, w2, [[1, 2, 3], [4, 5, 6]], ax)
    with pytest.raises(ValueError, match=r"path\[0, 1\] is nan .*; every number must be finite"):
        plot_landscape(loss, w1, w2, [[1, math.nan]], ax)
    for margin in (0, math.inf, "1"):
        with pytest.raises(ValueError, match=f"margin is {margin!r}; it must be a positive number"):
            plot_landscape(loss, w1, w2, ax=ax, margin=margin)
    with pytest.raises(ValueError, match="three-dimensional axes"):
        plot_landscape(loss, w1, w2, ax=ax, surface=True)


def test_the_boundary_is_where_the_output_is_one_half(trained, ax):
    mlp = trained[0]
    plot_boundary(mlp, XOR, ANSWERS, ax)
    lines = [c for c in ax.collections if hasattr(c, "levels") and not c.filled]
    points = np.concatenate([path.vertices for path in lines[0].get_paths()])
    assert len(points) > 50
    assert mlp.predict(points) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("y", [[0, 1, 2, 0], [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], [[0], [1], [2], [0]]])
def test_each_class_has_its_own_points(y, ax):
    plot_boundary(MLP(2, [3], "softmax", rng=0), XOR, y, ax)
    handles, labels = ax.get_legend_handles_labels()
    assert labels == ["class 0", "class 1", "class 2"]
    assert [points.get_offsets().tolist() for points in handles] == [[XOR[0], XOR[3]], [XOR[1]], [XOR[2]]]
    assert len({points.get_paths()[0].vertices.tobytes() for points in handles}) == 3


def test_a_boundary_of_what_does_not_fit_is_refused(trained, ax):
    with pytest.raises(ValueError, match="the network has 3 inputs; a boundary can be plotted over exactly two"):
        plot_boundary(MLP(3, [1], rng=0), [[1, 2, 3]], [0], ax)
    with pytest.raises(ValueError, match=r"y has shape \(3,\), but X has 4 examples"):
        plot_boundary(trained[0], XOR, [0, 1, 1], ax)
    with pytest.raises(ValueError, match="X has 3 columns"):
        plot_boundary(trained[0], [[1, 2, 3]], [0], ax)


# All of them ------------------------------------------------------------------------------------------------


def test_a_plot_into_no_axes_makes_its_own_in_the_readers_theme():

    for theme, palette in (("default", LIGHT), ("dark_background", DARK)):
        with plt.style.context(theme):
            ax = plot_delta()
        assert mpl.colors.to_hex(ax.get_facecolor()).upper() == palette["page"]
        assert mpl.colors.to_hex(ax.figure.get_facecolor()).upper() == palette["page"]
        assert ax.lines[0].get_color() == palette["positive"]


def every_plot(landscape, trained):
    return [
        partial(plot_activation, "relu"),
        plot_delta,
        plot_loss_derivative,
        partial(plot_history, trained[1], "gradient_norms"),
        partial(plot_landscape, *landscape),
        partial(plot_landscape, *landscape, surface=True),
        partial(plot_boundary, trained[0], XOR, ANSWERS),
    ]


@pytest.mark.parametrize(("theme", "palette"), [("light", LIGHT), ("dark", DARK)])
def test_every_plot_can_be_asked_for_in_a_theme_whatever_the_background_was(theme, palette, landscape, trained):
    for style in ("default", "dark_background"):
        with plt.style.context(style):
            for plot in every_plot(landscape, trained):
                surface = plot.keywords.get("surface", False) if isinstance(plot, partial) else False
                own = plt.figure().add_subplot(projection="3d" if surface else None)
                for ax in (plot(theme=theme), plot(theme=theme, ax=own)):
                    assert mpl.colors.to_hex(ax.get_facecolor()).upper() == palette["page"]
                    assert mpl.colors.to_hex(ax.figure.get_facecolor()).upper() == palette["page"]
                    assert ax.xaxis.label.get_color() == palette["ink"]
                plt.close("all")


def test_an_unknown_theme_is_named(landscape, trained):
    for plot in every_plot(landscape, trained):
        with pytest.raises(ValueError, match="theme is 'black'; choose \"auto\", which follows"):
            plot(theme="black")


def test_every_plot_can_be_written_in_both_themes(landscape, trained):

    plots = every_plot(landscape, trained)
    for theme in ("default", "dark_background"):
        with plt.style.context(theme):
            for plot in plots:
                plot().figure.canvas.draw()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: plot_activation("sigmoidal"), "'sigmoidal' is not an operation of one operand"),
    (lambda: plot_activation("add"), "'add' is not an operation of one operand"),
    (lambda: plot_activation("relu", against="x"), "against is 'x'; choose 'z'"),
    (lambda: plot_delta(2), "label is 2; choose 1 or 0"),
    (lambda: plot_delta(convention="mine"), "convention is 'mine'; choose 'gradient'"),
    (lambda: plot_loss_derivative("ssd"), "loss is 'ssd'; choose one of sse"),
    (lambda: plot_history(History(), "losses"), "quantity is 'losses'; choose 'loss'"),
])  # fmt: skip
def test_what_is_refused_is_refused_before_a_figure_is_made(call, message):

    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []


def test_matplotlib_is_imported_by_the_first_plot_only_and_its_absence_is_explained():
    script = (
        "import sys, viz\n"
        "assert 'matplotlib' not in sys.modules\n"
        "sys.modules['matplotlib'] = None\n"
        "try:\n    viz.plot_delta()\n"
        "except ImportError as error:\n    print(error)"
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == 'plots need matplotlib: pip install "handgrad[plot]"'


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
@pytest.mark.parametrize(("name", "surface"), [*((name, False) for name in HOSTILE), (HOSTILE[-2], True)])
def test_a_hostile_name_is_only_ever_shown(name, surface, tmp_path):
    w1, w2 = Value(1.0, name), Value(2.0, "w2")
    ax = Figure().add_subplot(projection="3d" if surface else None)
    plot_landscape(((w1 * w2 - 1) ** 2).named(name), w1, w2, ax=ax, surface=surface)
    with mpl.rc_context({"svg.fonttype": "none"}):
        ax.figure.savefig(tmp_path / "plot.svg")
    root = ET.parse(tmp_path / "plot.svg").getroot()
    texts = [" ".join("".join(e.itertext()).split()) for e in root.iter("{http://www.w3.org/2000/svg}text")]
    shown = " ".join(short(name).split())
    assert {shown, f"{shown} over two weights"} <= set(texts)
    assert not any(key.startswith("on") for e in root.iter() for key in e.attrib)


def test_the_lines_of_a_continued_history_stand_at_their_epochs(ax):
    losses = [0.5, 0.4, 0.3, 0.2, 0.1]
    history = History(loss=losses, validation_loss=[None, None, 0.6, 0.5, None])
    plot_history(history, ax=ax)
    x, y = drawn(ax, 1)
    assert x[np.isfinite(y)].tolist() == [3, 4]
    assert y[np.isfinite(y)].tolist() == [0.6, 0.5]
    assert drawn(ax)[1].tolist() == losses


def test_an_epoch_that_stands_alone_is_a_dot(ax):
    plot_history(History(loss=[0.5, 0.4, 0.3], validation_loss=[None, 0.6, None]), ax=ax)
    assert (ax.lines[1].get_marker(), ax.lines[1].get_markevery()) == ("o", [1])
    alone = plot_history(History(loss=[0.5]), ax=Figure().subplots())
    assert (alone.lines[0].get_marker(), alone.lines[0].get_markevery()) == ("o", [0])


def test_a_history_whose_lists_differ_in_length_is_not_plotted(ax):
    with pytest.raises(ValueError, match="loss has 2 epochs, but validation_loss 1"):
        plot_history(History(loss=[0.5, 0.4], validation_loss=[0.5]), ax=ax)
