"""The sink that these tests' applications send to."""

from tests.delivery.conftest import _fresh_sink, overrides, sink

__all__ = ["_fresh_sink", "overrides", "sink"]
