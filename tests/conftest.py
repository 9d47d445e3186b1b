"""Random tests are the same in every run, and no slow machine fails them."""

from hypothesis import HealthCheck, settings

settings.register_profile("handgrad", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("handgrad")
