"""Heavy libraries that few processes need: imported when they are first used, so that starting costs neither time nor memory."""

import importlib
import importlib.util
from typing import Any


class Later:
    """Stands for a module, and for the packages it lies in: nothing of them is imported before an attribute is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


def lazy(name: str) -> Any:
    """The module `name`, imported at the first use of one of its attributes. Raises ModuleNotFoundError at once where its package isn't there."""
    package = name.partition(".")[0]
    if importlib.util.find_spec(package) is None:
        raise ModuleNotFoundError(name)
    return Later(name)
