"""The page for everyone: by keyboard, by ear, in either theme, on any screen, on paper, and under attack."""

import re
from importlib.resources import files

import pytest
from browser import CSS, Keys, events, inside, network, neuron
from hostile import HOSTILE

from autograd import Value, dot
from viz.text.labels import short


def test_the_keyboard_reaches_and_does_everything(reader):
    reader.opens(*neuron())
    reader.presses(Keys.TAB)
    assert reader.driver.switch_to.active_element.text == "Skip the graph"
    names = ["Values", "Neurons", "Layers", "search", "present", "theme", "n-10", "zoom-in", "zoom-out", "fit"]
    names += ["first", "back", "play", "next", "last", "speed", "slider"]
    names += ["How to read the graph", "undo", "redo", "reset", "share"]
    fields = [x.get_attribute("id") for x in reader.sees("#fields input")]
    assert len(fields) == 7  # inputs, weights and the target
    for name in [*names, *fields, "Learn", "Practise", "Check", "Keys"]:
        reader.presses(Keys.TAB)
        element = reader.driver.switch_to.active_element
        assert name == (element.get_attribute("id") or element.text)
        line = (name.startswith("n-") and element.find_element(CSS, "path")) or element
        style = "const s = getComputedStyle(arguments[0]); return [s.outlineStyle, s.outlineWidth, s.strokeWidth]"
        assert reader.driver.execute_script(style, line) in (["solid", "3px", "1px"], ["none", "3px", "5px"])
    reader.finds("#fit").send_keys(Keys.SHIFT, Keys.TAB, Keys.TAB, Keys.TAB)
    reader.presses(Keys.ARROW_UP, Keys.ENTER)
    assert reader.driver.switch_to.active_element.get_attribute("aria-pressed") == "true"
    before = reader.node("loss").rect["width"]
    reader.presses("+")
    assert reader.node("loss").rect["width"] > before
    reader.presses("0", Keys.ARROW_LEFT)
    assert reader.reads("#step").startswith("Backward")
    assert len(reader.sees("#pinned button")) == 1


def test_a_screen_reader_hears_the_nodes_and_only_what_shows(reader):
    reader.opens(*neuron())
    reader.folds("Values")
    reader.presses(Keys.HOME)
    tree = reader.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    told = {(x["role"]["value"], " ".join(x["name"]["value"].split())) for x in tree if not x["ignored"]}
    for role, name in (
        ("button", "x₁ input 1"),
        ("button", "z⁽¹⁾₁ Σ w·x"),
        ("button", "target 0"),
        ("button", "Next step"),
        ("slider", "Step of the replay"),
        ("searchbox", "Find nodes by name"),
        ("region", "Graph of loss"),
        ("heading", "Before the forward pass"),
        ("complementary", "Explanation"),
    ):
        assert (role, name) in told
    assert not [name for role, name in told if role in ("button", "slider", "searchbox", "link") and not name]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1600])
def test_axe_finds_nothing_to_mend(reader, theme, width):
    reader.opens(*network(), size=(width, 800), theme=theme)
    reader.driver.execute_script((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
    assert violations(reader) == []
    reader.presses(Keys.HOME, *[Keys.ARROW_RIGHT] * 9)
    reader.finds("#search").send_keys("x", Keys.ENTER)
    reader.clicks("summary")
    assert violations(reader) == []
    reader.folds("Values")
    assert violations(reader) == []


@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark")])
def test_axe_finds_nothing_to_mend_while_one_learns(reader, width, theme):
    reader.opens(*network(), size=(width, 800), theme=theme)
    reader.driver.execute_script((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
    reader.finds("#fields input").send_keys("x")
    reader.clicks("#learning summary")
    reader.clicks("#descend")
    assert violations(reader) == []
    reader.clicks("#checking summary")
    reader.clicks("#check")
    reader.until("#checked table")
    assert violations(reader) == []
    reader.clicks("#practice summary")
    reader.clicks("#ask-gradients")
    reader.finds("#answer").send_keys("7", Keys.ENTER)
    reader.clicks("#hint-button")
    assert violations(reader) == []
    reader.clicks("#show-answer")
    reader.finds("#answer").send_keys("", Keys.ENTER)
    assert violations(reader) == []
    reader.clicks("#stop-practice")
    reader.driver.execute_script("handgrad.set('x₁', 2); document.activeElement.blur()")
    reader.presses("p")
    assert violations(reader) == []
    assert reader.driver.execute_script("return document.documentElement.scrollWidth") <= width


def violations(reader):
    run = "axe.run().then((found) => arguments[0](found.violations.map((x) => [x.id, x.impact, x.nodes[0].html])))"
    return reader.driver.execute_async_script(run)


TEXTS = (
    "h1, h2, .count, .pass, .hint, .kind, .side, .note, .sign, .numbers, .product, th, td, button, #forward, #backward"
)
CONTRAST = """
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const behind = (x) => { for (; x; x = x.parentElement) if (rgb(getComputedStyle(x).backgroundColor)[3] !== 0)
  return getComputedStyle(x).backgroundColor; };
const html = [...document.querySelectorAll(arguments[0])].filter((x) => x.offsetParent && x.innerText.trim())
  .map((x) => [x.className || x.tagName, getComputedStyle(x).color, behind(x)]);
const box = (x) => getComputedStyle(x.parentNode.querySelector("path")).fill;
const svg = [...document.querySelectorAll("#stage .node text, #stage .edge text")].map((x) =>
  ["text", getComputedStyle(x).fill, x.closest(".edge") ? behind(document.body) : box(x)]);
return [...html, ...svg].map(([what, ink, paper]) => [what, rgb(ink).slice(0, 3), rgb(paper).slice(0, 3)]);
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_follows_the_theme_and_every_text_has_contrast(reader, theme):
    reader.opens(*neuron(), theme=theme)
    reader.folds("Values")
    reader.node("x₁").click()
    reader.goes_to("a⁽¹⁾₁", "Backward")
    found = reader.driver.execute_script(CONTRAST, TEXTS)
    assert len(found) > 60
    for what, ink, paper in found:
        lighter, darker = sorted((luminance(ink), luminance(paper)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (what, ink, paper)
    assert (luminance(paper_of(reader)) > 0.5) == (theme == "light")
    reader.clicks("#theme")
    assert (luminance(paper_of(reader)) > 0.5) == (theme == "dark")
    assert reader.finds("#theme").get_attribute("aria-pressed") == str(theme == "light").lower()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_label_of_an_arrow_is_in_ink_at_every_step(reader, theme):
    reader.opens(*network(), theme=theme)
    colours = """const fill = (x) => getComputedStyle(x).fill;
      return [[...document.querySelectorAll("#stage .edge text")].map(fill), getComputedStyle(document.body).color]"""
    for key in (Keys.END, Keys.ARROW_LEFT, Keys.HOME):
        reader.presses(key)
        labels, ink = reader.driver.execute_script(colours)
        assert labels
        assert set(labels) == {ink}


def paper_of(reader):
    colour = reader.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    return [float(x) for x in re.findall(r"[\d.]+", colour)[:3]]


def luminance(rgb):
    linear = [x / 255 / 12.92 if x <= 0.04045 * 255 else ((x / 255 + 0.055) / 1.055) ** 2.4 for x in rgb]
    return sum(weight * x for weight, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


RECTANGLES = """return [...document.querySelectorAll("button, input, h1, h2, p, .side")].filter((x) => x.offsetParent)
  .map((x) => [x.tagName, x.getBoundingClientRect()]).map(([tag, r]) => [tag, r.left, r.right, r.width, r.height])"""


@pytest.mark.parametrize("width", [360, 768, 1920])
def test_nothing_is_cut_off_on_any_screen(reader, width):
    reader.opens(*network(), size=(width, 800))
    reader.presses(Keys.HOME, *[Keys.ARROW_RIGHT] * 9)
    for folding in ("Values", "Neurons", "Layers"):
        reader.folds(folding)
        reader.finds("#search").send_keys("x", Keys.ENTER, Keys.BACKSPACE)
        assert reader.reads("#pinned .pass") == "Pinned Unpin"
        assert reader.driver.execute_script("return document.documentElement.scrollWidth") <= width
        for tag, left, right, across, down in reader.driver.execute_script(RECTANGLES):
            assert left >= 0
            assert right <= width
            assert tag != "BUTTON" or min(across, down) >= 24


def test_on_a_telephone_the_buttons_stay_where_the_words_are_read(reader):
    reader.opens(*network(), size=(360, 640))
    seen = "const { top, bottom } = arguments[0].getBoundingClientRect(); return top >= 0 && bottom <= innerHeight"
    for words in ("h1", "#step", "#pinned"):
        reader.driver.execute_script("arguments[0].scrollIntoView()", reader.finds(words))
        assert reader.driver.execute_script(seen, reader.finds("#next")), words


def test_paper_shows_the_graph_and_the_step_and_no_controls(reader):
    reader.opens(*neuron(), theme="dark")
    reader.goes_to("a⁽¹⁾₁", "Backward")
    reader.wants({"prefers-color-scheme": "dark"}, media="print")
    reader.waits()
    assert not reader.sees("button, input, summary")
    assert reader.sees("#step .equation")
    assert luminance(paper_of(reader)) == pytest.approx(1.0)
    stage = reader.finds("#stage").rect
    assert all(inside(node.rect, stage) for node in reader.sees("#stage .node"))


def test_hostile_names_are_shown_and_never_run(reader):
    named = [Value(1.0, name) for name in HOSTILE]
    y = dot(named, named[::-1]).named("</title><b>y</b>")
    y.backward()
    reader.opens(y)
    assert reader.driver.title == "Graph of </title><b>y</b>"
    assert not reader.driver.find_elements(CSS, "b, img, i")
    search = reader.finds("#search")
    for name in HOSTILE:
        assert shown(short(name)) in {shown(x) for x in reader.driver.execute_script(FIRST_LINES)}
    reader.node("$x$ $\\frac{").click()
    assert reader.reads("#pinned h2") == "$x$ $\\frac{ leaf"
    assert "∂“</title><b>y</b>”/∂“$x$ $\\frac{”" in reader.reads("#pinned")
    search.send_keys("</SCRIPT>")
    assert reader.reads("#found") == "2 found"


FIRST_LINES = "return [...document.querySelectorAll('#stage .node .name')].map((x) => x.textContent)"


def shown(text):
    return " ".join(text.split())


def test_the_policy_holds_whatever_would_run(reader):
    reader.opens(*neuron())
    attempts = """
      const tried = (action) => { try { action(); } catch { /* refused */ } };
      tried(() => document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/x.png" })));
      tried(() => document.body.insertAdjacentHTML("beforeend", "<b onclick='hacked = 1'>b</b>"));
      tried(() => document.body.append(Object.assign(document.createElement("script"), { text: "hacked = 1" })));
      tried(() => document.body.setAttribute("style", "opacity: 0.5"));
      return fetch("http://127.0.0.1:9/y").then(() => "fetched", () => "refused");"""
    assert reader.driver.execute_script(attempts) == "refused"
    assert reader.driver.execute_script("return [typeof hacked, getComputedStyle(document.body).opacity]") == [
        "undefined",
        "1",
    ]
    assert not reader.driver.find_elements(CSS, "b")
    assert {x.get("blockedReason") for x in events(reader.driver, "Network.loadingFailed")} == {"csp"}
    complaints = [entry["message"] for entry in reader.driver.get_log("browser")]
    assert len(complaints) >= 4
    assert all("Content Security Policy" in x or "TrustedHTML" in x or "TrustedScript" in x for x in complaints)
