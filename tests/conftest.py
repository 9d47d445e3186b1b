"""Random tests are the same in every run, no slow machine fails them, and no test leaves an operation to the next."""

import pytest
from hypothesis import HealthCheck, settings

from autograd import TABLE, Value

settings.register_profile("handgrad", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("handgrad")


@pytest.fixture(autouse=True)
def _table_as_before():
    """Take the operations that a test registers out of the table again."""
    before = dict(TABLE)
    yield
    for name in TABLE.keys() - before.keys():
        del TABLE[name]
        if hasattr(Value, name):
            delattr(Value, name)


@pytest.fixture(scope="session")
def chromium():
    """A browser, the same for all tests."""
    from browser import start

    driver = start()
    yield driver
    driver.quit()


@pytest.fixture
def reader(chromium, tmp_path):
    """A person before the browser, which in the end has complained of nothing and asked for no other file."""
    from browser import Reader, events

    chromium.get("about:blank")
    for log in ("browser", "performance"):
        chromium.get_log(log)
    reader = Reader(chromium, tmp_path)
    yield reader
    assert [entry["message"] for entry in chromium.get_log("browser")] == []
    asked = {x["request"]["url"].partition("#")[0] for x in events(chromium, "Network.requestWillBeSent")}
    assert {url for url in asked if not url.startswith("data:")} <= {reader.path.as_uri()}
