"""A real browser and a person before it, for the tests of the page.

The browser is told that its reader wants reduced motion, so that every key and click takes effect at once. What does
not (a page that loads, a new size or theme) is waited for, as long as a loaded machine may take.
"""

import importlib
import json
import os
import re
import shutil

import pytest

from autograd import parse
from nn import MLP, sse
from viz import page

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if "CI" not in os.environ:
    for package in ("selenium", "axe_core_python"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    if not (CHROMIUM and DRIVER):
        pytest.skip("chromium and chromium-driver are not installed", allow_module_level=True)

webdriver = importlib.import_module("selenium.webdriver")
ActionChains, Keys = webdriver.ActionChains, webdriver.Keys
PATIENCE = 300  # seconds, for a browser on a machine that does much else
CSS = webdriver.common.by.By.CSS_SELECTOR
WebDriverWait = importlib.import_module("selenium.webdriver.support.wait").WebDriverWait
Select = importlib.import_module("selenium.webdriver.support.select").Select
LOADED = "return document.readyState === 'complete'"
SWITCHES = (
    "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def start():
    """Start Chromium."""
    assert None not in (CHROMIUM, DRIVER), "install Debian's chromium and chromium-driver"
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in (*SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.command_executor.client_config.timeout = PATIENCE
    driver.set_page_load_timeout(PATIENCE)
    driver.set_script_timeout(PATIENCE)
    return driver


NODE = """
const line = (node) => node.querySelector(".name") ?? node.querySelector("text");
return [...document.querySelectorAll("#stage .node")].find((node) => line(node).textContent === arguments[0]);
"""


class Reader:
    """A person with a browser window and a page in it."""

    def __init__(self, driver, folder):
        self.driver, self.path = driver, folder / "page.html"

    def opens(self, value, record=None, *, size=(1280, 800), theme="light", **options):
        page(value, self.path, record, **options)
        self.sits_before(*size)
        self.wants({"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"})
        self.driver.get(self.path.as_uri())
        self.waits()

    def waits(self):
        """Wait until the page is loaded and has been painted, and its observers have run."""
        painted = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)))"
        WebDriverWait(self.driver, PATIENCE).until(lambda driver: driver.execute_script(LOADED))
        assert self.driver.execute_async_script(painted)

    def until(self, selector):
        """Wait until an element shows."""
        WebDriverWait(self.driver, PATIENCE).until(lambda _: self.sees(selector))

    def sits_before(self, width, height):
        """Change the size of the window, before a page is opened."""
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
        found = self.driver.execute_script(NODE, name)
        assert found, f"no node is called {name}"
        return found

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


# What the picture shows of numbers: texts, signs and widths.
SEEN = """
const texts = (x) => [...x.querySelectorAll("text")].map((text) => text.textContent.replace(/\\s+/g, " ").trim());
const looks = /^(positive|negative|zero|mixed|undefined|delta-.*|g[1-4])$/;
const classes = (x) => [...x.classList].filter((look) => looks.test(look)).sort();
const width = (x) => Number(x.querySelector("path").getAttribute("stroke-width") ?? 1);
return [...document.querySelectorAll("#stage .node, #stage .edge")].map((x) =>
  [x.id, texts(x), classes(x), x.matches(".edge") ? width(x) : 0]);
"""


def typed(reader, i, text):
    field = reader.finds(f"#f-{i}")
    field.send_keys(Keys.CONTROL + "a")
    field.send_keys(text, Keys.ENTER)
    reader.clicks("#step")  # leave the field
    return field


def events(chromium, method):
    """Return what the browser did since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    return [message["params"] for message in messages if message["method"] == method]


def expression():
    y, _ = parse("sigmoid(w*x + b)", w=0.5, x=2, b=1)
    y.backward()
    return y


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


def inside(inner, outer):
    return (
        inner["x"] >= outer["x"]
        and inner["y"] >= outer["y"]
        and inner["x"] + inner["width"] <= outer["x"] + outer["width"]
        and inner["y"] + inner["height"] <= outer["y"] + outer["height"]
    )


def origin(element):
    return webdriver.common.actions.wheel_input.ScrollOrigin.from_element(element)
