"""The palette is legible in both themes, and the style sheet stands in every SVG."""

import itertools

import pytest

from viz.rendering import style

THEMES = {"light": style.LIGHT, "dark": style.DARK}


def luminance(colour):
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour, ground, opacity):
    pairs = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(opacity * a + (1 - opacity) * b):02x}" for a, b in pairs)


def test_contrast_knows_its_extremes():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
def test_all_text_has_a_contrast_of_at_least_4_5(theme):
    palette = THEMES[theme]
    inks = ["ink", "muted", *(f"{sign}-ink" for sign in style.SIGNS)]
    for ink, ground in itertools.product(inks, ["page", *style.BOXES]):
        assert contrast(palette[ink], palette[ground]) >= 4.5, (ink, ground)


@pytest.mark.parametrize("theme", THEMES)
def test_the_weakest_arrow_has_a_contrast_of_at_least_3(theme):
    palette = THEMES[theme]
    for sign, opacity in itertools.product(style.SIGNS, style.STRENGTHS.values()):
        arrow = mixed(palette[sign], palette["page"], opacity)
        assert contrast(arrow, palette["page"]) >= 3.0, (sign, opacity)


def test_the_blue_and_the_orange_are_the_designs():
    assert (style.LIGHT["positive"], style.LIGHT["negative"]) == ("#1B6CA8", "#B4520A")


def test_both_themes_name_the_same_colours_and_the_sheet_uses_them():
    assert style.LIGHT.keys() == style.DARK.keys()
    light, _, dark = style.STYLE_SHEET.partition("@media (prefers-color-scheme:dark)")
    for name in style.LIGHT:
        assert f"--{name}:{style.LIGHT[name]}" in light
        assert f"--{name}:{style.DARK[name]}" in dark
        assert f"var(--{name})" in light


def test_the_sheet_needs_no_escaping_and_reaches_no_other_part_of_a_page():
    assert not set("<>&") & set(style.STYLE_SHEET)
    assert "url(" not in style.STYLE_SHEET
    rules = style.STYLE_SHEET.partition("@media")[0].splitlines()
    assert all(rule.startswith(".handgrad") for rule in rules if rule)
