"""Numbers and names in a picture: four digits, true signs, and names that are only ever shown."""

import math

import pytest

from viz.text.labels import NAME_LENGTH, TOOLTIP_BYTES, label, number, short, signed, tooltip, visible


@pytest.mark.parametrize(
    ("x", "shown"),
    [
        (0.0643612, "0.06436"),
        (-0.3, "−0.3"),
        (1.0, "1"),
        (30000.0, "30000"),
        (123456.5, "1.235e5"),
        (1e6, "1e6"),
        (-1.23456e-7, "−1.235e−7"),
        (-0.0, "0"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "NaN"),
        (5e-324, "4.941e−324"),
    ],
)
def test_numbers_have_four_digits_and_a_true_minus(x, shown):
    assert number(x) == shown


@pytest.mark.parametrize(("x", "shown"), [(0.5, "+0.5"), (-0.5, "−0.5"), (-0.0, "0"), (math.inf, "+∞")])
def test_a_gradient_has_its_sign_and_zero_has_none(x, shown):
    assert signed(x) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x1", "x₁"),
        ("η2", "η₂"),
        ("w⁽¹⁾₂₃", "w⁽¹⁾₂₃"),
        ("h1_o", "h1_o"),
        ("tab\tnull\x00", r"tab\tnull\x00"),
        ("\u202eevil", r"\u202eevil"),
        ("a\u2003b", r"a\u2003b"),
        ("lone \ud800", r"lone \ud800"),
        ("שלום", "\u2068שלום\u2069"),
        ("x" * 30, "x" * (NAME_LENGTH - 1) + "…"),
    ],
)
def test_a_name_is_shown_and_does_nothing(name, shown):
    assert short(name) == shown


def test_every_character_is_visible_and_can_be_written_in_xml():
    for code in range(0x11000):
        shown = visible(chr(code)).strip("\u2068\u2069")
        assert shown
        assert shown.isprintable()


def test_labels_leave_nothing_for_graphviz_to_read():
    assert label(r"\N", '<b>"x" & {y}') == r"\\N\n&lt;b&gt;&quot;x&quot; &amp; {y}"
    assert label("a", "b", end=r"\l") == r"a\lb\l"


def test_a_tooltip_is_cut_where_dot_would_stop_reading():
    assert tooltip("x" * 10_000) == "x" * 10_000
    cut = tooltip('😀"' * 10_000)
    assert cut.endswith("…")
    assert len(cut.encode()) <= TOOLTIP_BYTES + 3
