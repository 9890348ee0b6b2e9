"""A real installation for a test of the story."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.installation import Installation, installation


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    """An installation with everything embedded, and the first vendor's invitation on its way."""
    with installation(tmp_path / "var") as started:
        started.first_vendor()
        yield started
