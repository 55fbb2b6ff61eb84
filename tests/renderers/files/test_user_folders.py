"""The user's folders are those of the system, and stay those of earlier releases."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from otio_gvideo.renderers.files import user_folders
from otio_gvideo.renderers.files.json_cache import read_entries, remembered
from otio_gvideo.renderers.files.user_folders import cache_folder, config_folder
from platformdirs.macos import MacOS
from platformdirs.unix import Unix


@pytest.fixture(name="home")
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", user_folders.CACHE_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def on(system: type[Unix | MacOS], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the folders of another system."""

    def config(name: str, **options: object) -> str:
        return system(name, **options).user_config_dir  # type: ignore[arg-type]

    def cache(name: str, **options: object) -> str:
        return system(name, **options).user_cache_dir  # type: ignore[arg-type]

    monkeypatch.setattr(user_folders, "user_config_dir", config)
    monkeypatch.setattr(user_folders, "user_cache_dir", cache)
    monkeypatch.setattr(sys, "platform", "darwin" if system is MacOS else "linux")


@pytest.mark.parametrize(
    ("system", "config", "cache"),
    [
        (Unix, ".config/otio-gvideo", ".cache/otio-gvideo"),
        (MacOS, "Library/Application Support/otio-gvideo", "Library/Caches/otio-gvideo"),
    ],
)
def test_folders_are_those_of_the_system(
    system: type[Unix | MacOS],
    config: str,
    cache: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on(system, monkeypatch)
    assert (config_folder(), cache_folder()) == (home / config, home / cache)


def test_xdg_variables_move_the_folders(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(Unix, monkeypatch)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "settings"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "results"))
    assert config_folder() == home / "settings" / "otio-gvideo"
    assert cache_folder() == home / "results" / "otio-gvideo"


def test_a_folder_of_an_earlier_release_is_kept_on_macos(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(MacOS, monkeypatch)
    earlier = home / "Library" / "Application Support" / "otio-gvideo"
    earlier.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "settings"))
    assert config_folder() in (earlier, home / "settings" / "otio-gvideo")
    # Releases of platformdirs that heed XDG variables on macOS name another folder.
    monkeypatch.setattr(user_folders, "user_config_dir", lambda *_, **__: str(home / "settings"))
    assert config_folder() == earlier
    (home / "settings").mkdir()
    assert config_folder() == home / "settings"


def test_a_variable_overrides_the_cache_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(user_folders.CACHE_VARIABLE, "~/elsewhere")
    assert cache_folder() == home / "elsewhere"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks the system, not the environment")
@pytest.mark.usefixtures("home")
def test_a_user_without_a_home_has_no_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    for folder in (cache_folder(), config_folder()):
        with pytest.raises(OSError, match="Not a directory"):
            folder.mkdir(parents=True)
    assert read_entries("table.json") == {}
    assert remembered("table.json", "key", lambda: 1) == 1
