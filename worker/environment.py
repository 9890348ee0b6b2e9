"""Settings as a process finds them: the environment, and in development what the data directory remembers.

On the first start in development the secrets are made and kept in a private file; production and tests get nothing for free.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from app.settings import Settings, SettingsError
from worker import private
from worker.valkey import Embedded

SECRETS = "secrets.json"
RUNNING = "running.json"


def load(environ: Mapping[str, str]) -> Settings:
    """The settings of this process. Raises SettingsError with a line for each variable that is wrong."""
    return Settings.from_env(completed(environ))


def completed(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with the gaps filled that development may leave open."""
    values = {name: value for name, value in environ.items() if value}
    if values.get("ENVIRONMENT", "development") != "development":
        return values
    home = Path(values.get("DATA_DIR", "var")).absolute()
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        remembered = {"DATA_DIR": str(home), **_running(home), **_secrets(home)}
        if "REDIS_URL" not in values:
            remembered["REDIS_URL"] = embedded(home).url
    except OSError as error:
        raise SettingsError(f"DATA_DIR: {home} can’t be used ({error.strerror}).") from error
    return {**remembered, **values, "DATA_DIR": str(home)}


def embedded(data_dir: Path) -> Embedded:
    """The embedded Redis of a data directory."""
    return Embedded(data_dir / "redis")


def remember(data_dir: Path, values: Mapping[str, str]) -> None:
    """Keep the addresses of the running installation, so that other commands in development find it."""
    private.write(data_dir / RUNNING, json.dumps(dict(values)))


def _running(home: Path) -> dict[str, str]:
    path = home / RUNNING
    return _read(path) if path.exists() else {}


def _secrets(home: Path) -> dict[str, str]:
    made = {name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "SUPPRESSION_KEY")}
    private.write_once(home / SECRETS, json.dumps(made))
    return _read(home / SECRETS)


def _read(path: Path) -> dict[str, str]:
    try:
        return {str(name): str(value) for name, value in json.loads(path.read_text()).items()}
    except (ValueError, AttributeError) as error:
        raise SettingsError(
            f"DATA_DIR: {path} is damaged. Restore it from a backup, or remove it to start afresh."
        ) from error
