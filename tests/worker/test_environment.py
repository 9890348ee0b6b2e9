"""What development may leave open is filled in once and remembered; production gets nothing for free."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.settings import SettingsError
from worker import environment


def test_the_first_start_makes_secrets_and_the_next_finds_them(tmp_path: Path) -> None:
    first = environment.load({"DATA_DIR": str(tmp_path / "var")})
    second = environment.load({"DATA_DIR": str(tmp_path / "var")})
    assert len(first.secret_key) >= 32
    assert first.secret_key != first.suppression_key
    assert (first.secret_key, first.suppression_key, first.redis_url) == (
        second.secret_key,
        second.suppression_key,
        second.redis_url,
    )
    assert (tmp_path / "var" / "secrets.json").stat().st_mode & 0o077 == 0


def test_two_installations_never_share_a_secret(tmp_path: Path) -> None:
    one, other = (environment.load({"DATA_DIR": str(tmp_path / name)}) for name in ("one", "other"))
    assert {one.secret_key, one.suppression_key}.isdisjoint({other.secret_key, other.suppression_key})


def test_first_starts_at_the_same_moment_agree_on_the_secrets(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: environment._secrets(tmp_path)["SECRET_KEY"], range(16)))
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


def test_what_the_environment_says_goes_before_what_is_remembered(tmp_path: Path) -> None:
    environment.remember(tmp_path, {"LISTEN": "127.0.0.1:9000", "SANDBOX_SMTP": "127.0.0.1:9025"})
    settings = environment.load(
        {"DATA_DIR": str(tmp_path), "LISTEN": "127.0.0.1:9001", "SECRET_KEY": "k" * 32}
    )
    assert settings.listen == "127.0.0.1:9001"
    assert settings.sandbox_smtp == "127.0.0.1:9025"
    assert settings.secret_key == "k" * 32


@pytest.mark.parametrize("kind", ["production", "test"])
def test_outside_development_no_secret_is_made(tmp_path: Path, kind: str) -> None:
    environment.load({"DATA_DIR": str(tmp_path)})  # a development's secrets lie there, and are not used
    with pytest.raises(SettingsError) as wrong:
        environment.load({"DATA_DIR": str(tmp_path), "ENVIRONMENT": kind})
    assert "SECRET_KEY: missing" in wrong.value.message
    assert "SUPPRESSION_KEY: missing" in wrong.value.message


def test_damaged_secrets_are_named_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(SettingsError, match=r"secrets\.json is damaged"):
        environment.load({"DATA_DIR": str(tmp_path)})
    assert (tmp_path / "secrets.json").read_text() == "{"


def test_a_data_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"DATA_DIR: .*/file/var can’t be used"):
        environment.load({"DATA_DIR": str(tmp_path / "file" / "var")})
