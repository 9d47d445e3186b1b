"""The fields of the live page: numbers typed, stepped, dragged, taken back, and shared by a link."""

from importlib.resources import files

import pytest
from browser import SEEN, ActionChains, Keys, expression, typed
from hostile import HOSTILE

from autograd import Value

# Fields -------------------------------------------------------------------------------------------------------


NO_NUMBERS = ["", "abc", "1/2", "1.2.3", "1 5", "0x10", "inf", "NaN", "1e400", "1e-400", "1,000", "--1", *HOSTILE[:6]]


def test_what_is_no_number_says_so_beside_its_field_and_changes_nothing(reader):
    reader.opens(expression())
    before = (reader.reads("#root"), reader.driver.execute_script(SEEN))
    field = reader.finds("#f-0")
    for text in NO_NUMBERS:
        reader.driver.execute_script(TYPE, field, text)
        assert reader.reads("#problem-0"), text
        assert field.get_attribute("aria-invalid") == "true"
        assert (reader.reads("#root"), reader.driver.execute_script(SEEN)) == before
    field.send_keys(Keys.ESCAPE)
    assert (field.get_attribute("value"), reader.reads("#problem-0")) == ("0.5", "")


TYPE = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))"


@pytest.mark.parametrize(
    ("text", "number"),
    [("0,1", 0.1), ("−3", -3), ("+2", 2), (" 1e-3 ", 0.001), (".5", 0.5), ("5.", 5), ("–1,5E1", -15)],
)
def test_a_number_is_read_as_people_write_it(chromium, text, number):
    script = files("viz.pages").joinpath("template", "reader.js").read_text(encoding="utf-8")
    assert chromium.execute_script(f"{script}\nreturn readNumber(arguments[0]).number", text) == number


def test_arrow_keys_and_dragging_change_a_number_and_undo_takes_it_back(reader):
    reader.opens(expression())
    field = reader.finds("#f-0")
    assert field.get_attribute("value") == "0.5"
    field.send_keys(Keys.ARROW_UP, Keys.ARROW_UP)
    assert field.get_attribute("value") == "0.52"
    field.send_keys(Keys.SHIFT, Keys.ARROW_DOWN)
    assert field.get_attribute("value") == "0.42"
    label = reader.finds("#fields label")
    ActionChains(reader.driver).click_and_hold(label).move_by_offset(40, 0).move_by_offset(40, 0).release().perform()
    scrubbed = field.get_attribute("value")
    assert scrubbed == "0.62"
    assert reader.driver.execute_script("return handgrad.values()['n-0']") == 0.62
    reader.clicks("#undo")
    assert field.get_attribute("value") == "0.42"
    reader.clicks("#step")
    ActionChains(reader.driver).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    assert field.get_attribute("value") == "0.52"
    reader.clicks("#redo")
    reader.clicks("#redo")
    assert field.get_attribute("value") == scrubbed
    reader.clicks("#reset")
    assert field.get_attribute("value") == "0.5"
    assert reader.reads("#root") == "result = 0.8808"


def test_a_pinned_leaf_leads_to_its_field_and_constants_have_fields_when_asked(reader):
    x = Value(2.0, "x")
    y = (x * x + 3).named("y")
    y.backward()
    reader.opens(y)
    reader.node("x").click()
    [change] = [button for button in reader.sees("#pinned button") if button.text == "Change the number"]
    change.click()
    assert reader.driver.switch_to.active_element.get_attribute("id") == "f-0"
    assert len(reader.sees("#fields input")) == 1
    reader.clicks("#constants")
    [_, constant] = reader.sees("#fields input")
    constant.send_keys(Keys.CONTROL + "a")
    constant.send_keys("-4")
    assert reader.reads("#root") == "y = 0"


# Links --------------------------------------------------------------------------------------------------------


def test_a_link_leads_to_the_same_numbers(reader):
    reader.opens(expression())
    typed(reader, 0, "-1.5")
    typed(reader, 1, "0.25")
    reader.clicks("#share")
    shared, shown = reader.driver.current_url, reader.driver.execute_script(SEEN)
    assert shared.endswith("#w=w:-1.5,x:0.25")
    reader.driver.get("about:blank")
    reader.driver.get(shared)
    reader.waits()
    assert reader.driver.execute_script(SEEN) == shown
    reader.clicks("#reset")
    assert reader.reads("#root") == "result = 0.8808"


@pytest.mark.parametrize(
    ("link", "word"),
    [
        ("nobody:1", "no number of this graph is called “nobody”"),
        ("w:abc", "“abc” is no number"),
        ("w:1e999", "beyond the largest"),
        ("w:1:5", "“1:5” is no number"),
        ("w:1,%3Cimg%20src=x%3E:2", "called “<img src=x>”"),
        ("w:1,%E0%A4%A:2", "called “%E0%A4%A”"),
        ("w:" + "1" * 1_000_001, "too long"),
    ],
    ids=["unknown", "no number", "infinite", "two numbers", "hostile", "broken", "long"],
)
def test_a_link_that_is_not_right_is_ignored_with_a_word(reader, link, word):
    reader.opens(expression())
    reader.driver.execute_script("location.hash = `#w=${arguments[0]}`", link)
    reader.waits()
    assert word in reader.reads("#told")
    assert reader.reads("#root") == "result = 0.8808"
    assert not reader.driver.find_elements("css selector", "img")
