"""Heavy libraries that few processes need: imported when they are first used, so that starting costs neither time nor memory."""

import importlib.util
import sys
from types import ModuleType
from typing import Any


def lazy(name: str) -> Any:
    """The module `name`, executed at the first use of one of its attributes. Raises ModuleNotFoundError at once where it isn't there."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
