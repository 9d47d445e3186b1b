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
