"""The page in a real browser, driven as a person drives it: by mouse, keys, slider, search, on any screen.

The browser is told that its reader wants reduced motion, so that nothing glides and nothing need be waited for.
"""

import importlib
import json
import os
import re
import shutil
from importlib.resources import files

import pytest
from hostile import HOSTILE

from autograd import Value, dot, topological_order
from nn import MLP, sse
from viz import page
from viz.labels import short

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if "CI" not in os.environ:
    for package in ("selenium", "axe_core_python"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    if not (CHROMIUM and DRIVER):
        pytest.skip("chromium and chromium-driver are not installed", allow_module_level=True)

webdriver = importlib.import_module("selenium.webdriver")
ActionChains, Keys = webdriver.ActionChains, webdriver.Keys
CSS = webdriver.common.by.By.CSS_SELECTOR
SWITCHES = (
    "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium():
    assert None not in (CHROMIUM, DRIVER), "install Debian's chromium and chromium-driver"
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in (*SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


class Reader:
    """A person with a browser window and a page in it."""

    def __init__(self, driver, folder):
        self.driver, self.path = driver, folder / "page.html"

    def opens(self, value, record=None, *, size=(1280, 800), theme="light", **options):
        page(value, self.path, record, **options)
        self.sits_before(*size)
        self.wants({"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"})
        self.driver.get(self.path.as_uri())

    def sits_before(self, width, height):
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)

    def wants(self, features, media=""):
        listed = [{"name": name, "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": listed})

    def sees(self, selector):
        return [x for x in self.driver.find_elements(CSS, selector) if x.is_displayed()]

    def finds(self, selector):
        return self.driver.find_element(CSS, selector)

    def reads(self, selector):
        return " ".join(self.finds(selector).get_attribute("innerText").split())

    def node(self, name):
        """Return the node whose first line begins with a name."""
        for node in self.driver.find_elements(CSS, "#stage .node"):
            line = (node.find_elements(CSS, ".name") or node.find_elements(CSS, "text"))[0]
            if line.get_attribute("textContent") == name:
                return node
        raise AssertionError(f"no node is called {name}")

    def presses(self, *keys):
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def clicks(self, selector):
        self.finds(selector).click()

    def folds(self, title):
        [button] = [x for x in self.sees("#foldings button") if x.text == title]
        button.click()

    def goes_to(self, name, direction):
        """Step until the page tells how a node comes to its value or its gradient."""
        self.presses(Keys.HOME)
        while not re.match(rf"{direction} pass, step \d+ of \d+ {re.escape(name)}( |$)", self.reads("#step")):
            before = self.reads("#step")
            self.presses(Keys.ARROW_RIGHT)
            assert self.reads("#step") != before, f"no step tells of {name}"

    def numbers(self):
        """Return, by the index of each node, how many of its lines show."""
        script = """return [...document.querySelectorAll("#stage .node")].map((node) => [node.id.slice(2),
          [...node.querySelectorAll("text")].filter((x) => getComputedStyle(x).visibility === "visible").length])"""
        return {int(i): count for i, count in self.driver.execute_script(script)}

    def ids(self, selector):
        return {x.get_attribute("id") for x in self.driver.find_elements(CSS, f"#stage {selector}")}


@pytest.fixture
def reader(chromium, tmp_path):
    chromium.get("about:blank")
    for log in ("browser", "performance"):
        chromium.get_log(log)
    reader = Reader(chromium, tmp_path)
    yield reader
    assert [entry["message"] for entry in chromium.get_log("browser")] == []
    asked = {x["request"]["url"].partition("#")[0] for x in events(chromium, "Network.requestWillBeSent")}
    assert asked <= {reader.path.as_uri()}


def events(chromium, method):
    """Return what the browser did since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    return [message["params"] for message in messages if message["method"] == method]


def neuron():
    """The hidden node h₁ of document 000, and its record."""
    record = MLP.from_weights([[[0.5], [1.2], [-0.3]]]).forward([1, 3, 5])
    loss = sse(record.output, [0]).named("loss")
    loss.backward()
    return loss, record


def network():
    record = MLP(3, [4, 1], rng=0).forward([1, 3, 5])
    loss = sse(record.output, [1]).named("loss")
    loss.backward()
    return loss, record


# Replay -------------------------------------------------------------------------------------------------------


def test_numbers_show_only_from_their_step_on(reader):
    loss, record = neuron()
    nodes = topological_order(loss)
    reader.opens(loss, record)
    everything = {i: 2 if z.constant else 3 for i, z in enumerate(nodes)}
    assert reader.numbers() == everything
    reader.presses(Keys.HOME)
    expected = {i: 1 if z.operands else 2 for i, z in enumerate(nodes)}
    assert reader.numbers() == expected
    assert "Before the forward pass" in reader.reads("#step")
    steps = len([z for z in nodes if z.operands]) + len([z for z in nodes if not z.constant])
    for _ in range(steps):
        reader.presses(Keys.ARROW_RIGHT)
        [active] = reader.ids(".node.active")
        i = int(active.removeprefix("n-"))
        expected[i] += 1
        assert reader.numbers() == expected
        forward = reader.reads("#step").startswith("Forward")
        delivering = rf"e-\d+-{i}-\d+" if forward else rf"e-{i}-\d+-\d+"
        edges = reader.ids(".edge")
        assert reader.ids(".edge.active") == {edge for edge in edges if re.fullmatch(delivering, edge)}
        waiting = {e for e in edges if expected[tail := int(e.split("-")[1])] < 3 and not nodes[tail].constant}
        assert reader.ids(".edge.waiting") == waiting
    assert expected == everything
    reader.presses(Keys.ARROW_RIGHT)
    assert "All numbers" in reader.reads("#step")
    reader.presses(*[Keys.ARROW_LEFT] * (steps + 1))
    assert "Before the forward pass" in reader.reads("#step")


def test_each_step_writes_the_chain_rule_with_numbers_and_names(reader):
    reader.opens(*neuron())
    reader.goes_to("z⁽¹⁾₁", "Forward")
    assert reader.reads("#step").endswith("= 0.5 × 1 + 1.2 × 3 + (−0.3) × 5 = 2.6")
    reader.goes_to("w⁽¹⁾₁₁", "Backward")
    assert reader.reads(".equation") == "∂loss/∂w⁽¹⁾₁₁ = ∂loss/∂z⁽¹⁾₁ · ∂z⁽¹⁾₁/∂w⁽¹⁾₁₁ = 0.1198 × 1 = +0.1198"
    assert reader.finds("#step").get_attribute("aria-live") == "polite"


def test_a_sum_of_several_arrivals_is_written_term_by_term(reader):
    loss, record = network()
    reader.opens(loss, record)
    reader.folds("Values")
    reader.goes_to("x₁", "Backward")
    terms = [float(x.text.replace("−", "-")) for x in reader.sees("#step .product")]
    assert len(terms) == 4 + 1
    assert sum(terms[:-1]) == pytest.approx(terms[-1], abs=1e-5)
    assert terms[-1] == pytest.approx(record.inputs[0].grad, rel=1e-3)


def test_slider_and_buttons_step_too(reader):
    reader.opens(*neuron())
    slider = reader.finds("#slider")
    last = int(slider.get_attribute("max"))
    reader.clicks("#first")
    assert slider.get_attribute("value") == "0"
    reader.clicks("#next")
    reader.clicks("#next")
    reader.clicks("#back")
    assert (slider.get_attribute("value"), slider.get_attribute("aria-valuetext")) == ("1", "Forward, z⁽¹⁾₁")
    assert "Forward pass, step 1 of 4" in reader.reads("#step")
    reader.clicks("#last")
    reader.clicks("#next")
    assert slider.get_attribute("value") == str(last)
    ActionChains(reader.driver).drag_and_drop_by_offset(slider, 0, 0).perform()  # a click on its middle
    assert abs(int(slider.get_attribute("value")) - last / 2) <= 1
    slider.send_keys(Keys.ARROW_LEFT)
    assert abs(int(slider.get_attribute("value")) + 1 - last / 2) <= 1


def test_without_gradients_there_is_only_a_forward_pass(reader):
    x = Value(2.0, "x")
    reader.opens((x * x + x).named("y"))
    assert "No gradient has reached y yet" in reader.reads("#step")
    assert not reader.sees("#backward")
    reader.presses(Keys.HOME)
    assert len(reader.ids(".edge.waiting")) == 4
    reader.presses(Keys.ARROW_RIGHT)
    assert len(reader.ids(".edge.waiting")) == 2


# Pointing, pinning, searching ---------------------------------------------------------------------------------


def test_hover_and_focus_light_all_paths_to_the_loss(reader):
    loss, record = neuron()
    nodes = topological_order(loss)
    reader.opens(loss, record)
    path = {f"n-{nodes.index(z)}" for z in (record.net_inputs[0][0], record.output[0], loss)}
    difference = {f"n-{i}" for i, z in enumerate(nodes) if any(x is z for x in loss.operands)}
    ActionChains(reader.driver).move_to_element(reader.node("z⁽¹⁾₁")).perform()
    assert reader.ids(".node.lit") == path | difference
    assert len(reader.ids(".edge.lit")) == 3
    ActionChains(reader.driver).move_to_element(reader.finds("h1")).perform()
    assert not reader.ids(".lit")
    reader.finds("#theme").send_keys(Keys.TAB)
    reader.presses(*[Keys.ARROW_UP] * 3)
    focused = reader.driver.switch_to.active_element
    assert focused.get_attribute("id") in reader.ids(".node.lit")


def test_a_click_pins_a_node_and_lists_every_contribution(reader):
    loss, record = network()
    reader.opens(loss, record)
    reader.folds("Neurons")
    reader.node("x₁").click()
    assert reader.node("x₁").get_attribute("aria-pressed") == "true"
    assert len(reader.sees("#pinned .term:not(.total)")) == 4
    assert repr(record.inputs[0].grad) in reader.reads("#pinned").replace("−", "-")
    reader.presses(Keys.HOME)
    assert "not arrived yet" in reader.reads("#pinned")
    assert not reader.sees("#pinned .term")
    reader.node("a⁽¹⁾₁").click()
    assert "not computed yet" in reader.reads("#pinned")
    reader.presses(Keys.ESCAPE)
    assert "Click it to pin it" in reader.reads("#pinned")
    assert not reader.ids(".node[aria-pressed='true']")


def test_search_finds_by_name_and_goes_from_match_to_match(reader):
    reader.opens(*network(), size=(900, 500))
    reader.folds("Values")
    search = reader.finds("#search")
    search.send_keys("w(1)2")
    assert reader.reads("#found") == "4 found"
    assert len(reader.ids(".node.found")) == 4
    search.send_keys(Keys.ENTER, Keys.ENTER)
    assert reader.reads("#found") == "2 of 4"
    assert reader.reads("#pinned h2") == "w⁽¹⁾₂₂ weight"
    assert inside(reader.node("w⁽¹⁾₂₂").rect, reader.finds("#stage").rect)
    search.send_keys("no such name")
    assert reader.reads("#found") == "none found"
    search.send_keys(Keys.ESCAPE)
    assert (reader.reads("#found"), reader.ids(".node.found")) == ("", set())
    reader.folds("Layers")
    search.send_keys("w⁽¹⁾₂₂")  # folded away, in a box that is found
    assert reader.ids(".node.found") == {reader.node("layer 1").get_attribute("id")}


def inside(inner, outer):
    return (
        inner["x"] >= outer["x"]
        and inner["y"] >= outer["y"]
        and inner["x"] + inner["width"] <= outer["x"] + outer["width"]
        and inner["y"] + inner["height"] <= outer["y"] + outer["height"]
    )


# Folding, panning, zooming ------------------------------------------------------------------------------------


def test_neurons_and_layers_fold_and_unfold_where_the_replay_stands(reader):
    reader.opens(*network(), size=(2000, 1800))
    reader.folds("Values")
    reader.goes_to("a⁽¹⁾₂", "Backward")
    reader.clicks("#fit")
    reader.node("x₂").click()
    reader.folds("Neurons")
    assert re.match(r"Backward pass, step \d+ of 10 a⁽¹⁾₂ sigmoid", reader.reads("#step"))
    assert reader.reads("#pinned h2") == "x₂ input"
    reader.folds("Layers")
    assert "layer 1 4 neurons, sigmoid" in reader.reads("#step")
    assert len(reader.ids(".node")) == 6
    ActionChains(reader.driver).double_click(reader.node("layer 1")).perform()
    assert len(reader.ids(".node")) == 11
    reader.node("a⁽¹⁾₃").click()
    [unfold] = [x for x in reader.sees("#pinned button") if x.text == "Unfold"]
    unfold.click()
    assert len(reader.ids(".node")) == 37
    assert inside(reader.node("z⁽¹⁾₃").rect, reader.finds("#stage").rect)


def test_a_small_window_opens_a_folding_that_can_be_read(reader):
    loss, record = network()
    for size, titles in (((3000, 2500), {"Values"}), ((1280, 800), {"Neurons"}), ((360, 640), {"Neurons", "Layers"})):
        reader.opens(loss, record, size=size)
        assert reader.finds("#foldings [aria-pressed='true']").text in titles
    reader.opens(loss, record, size=(3000, 2500), collapse="layer")
    assert reader.finds("#foldings [aria-pressed='true']").text == "Layers"


def test_drag_pans_wheel_zooms_and_fit_shows_everything(reader):
    reader.opens(*neuron())
    reader.folds("Values")
    stage, node = reader.finds("#stage"), reader.node("z⁽¹⁾₁")
    whole = node.rect
    ActionChains(reader.driver).drag_and_drop_by_offset(node, -120, 60).perform()
    panned = node.rect
    assert (panned["x"] - whole["x"], panned["y"] - whole["y"]) == (
        pytest.approx(-120, abs=1),
        pytest.approx(60, abs=1),
    )
    assert not reader.ids(".node[aria-pressed='true']")  # a drag is no click
    ActionChains(reader.driver).scroll_by_amount(0, 1).scroll_from_origin(origin(stage), 0, -400).perform()
    assert node.rect["width"] > 1.5 * whole["width"]
    reader.clicks("#zoom-out")
    reader.clicks("#fit")
    assert node.rect == {key: pytest.approx(size, abs=0.1) for key, size in whole.items()}
    assert all(inside(box.rect, stage.rect) for box in reader.sees("#stage .node"))


def origin(element):
    return webdriver.common.actions.wheel_input.ScrollOrigin.from_element(element)


# Everyone -----------------------------------------------------------------------------------------------------


def test_the_keyboard_reaches_and_does_everything(reader):
    reader.opens(*neuron())
    reader.presses(Keys.TAB)
    assert reader.driver.switch_to.active_element.text == "Skip the graph"
    names = ["Values", "Neurons", "Layers", "search", "theme", "n-10", "zoom-in", "zoom-out", "fit"]
    for name in [*names, "first", "back", "next", "last", "slider", "Keys"]:
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
        ("button", "One step on"),
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


def test_paper_shows_the_graph_and_the_step_and_no_controls(reader):
    reader.opens(*neuron(), theme="dark")
    reader.goes_to("a⁽¹⁾₁", "Backward")
    reader.wants({"prefers-color-scheme": "dark"}, media="print")
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
    assert "∂</title><b>y</b>/∂$x$ $\\frac{" in reader.reads("#pinned")
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
