"""Third-party packages: installed versions beside the tested ones."""

from __future__ import annotations

import platform
import re
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files

ELSEWHERE = "elsewhere"
"""The section of packages that not every system needs."""
_MODULES = {
    "c2pa-python": "c2pa",
    "ffmpeg-python": "ffmpeg",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "protobuf": "google.protobuf",
    "pyyaml": "yaml",
}
"""Modules by package; of others the package's name, with underscores."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package, and the versions it was tested with.

    Attributes:
        name: as on the package index; ``python`` is the interpreter.
        oldest, newest: the tested range.
        extra: the extra of this program that needs it; empty for the base installation.
        installed: its version here; empty if it is not installed.
    """

    name: str
    oldest: str
    newest: str
    extra: str
    installed: str

    @property
    def module(self) -> str:
        """Its module, for an import."""
        return _MODULES.get(self.name) or self.name.lower().replace("-", "_")

    @property
    def is_tested(self) -> bool:
        """Whether the installed version is in the tested range; later patch releases count."""
        here = _release(self.installed)
        return _release(self.oldest) <= here and here[:2] <= _release(self.newest)[:2]

    @property
    def tested(self) -> str:
        """The tested range, with NOT if the installed version is outside it."""
        return f"{'' if self.is_tested else 'NOT '}tested: {self.oldest} to {self.newest}"

    def __str__(self) -> str:
        """As in ``av 19.0.2 (tested: 17.0.1 to 19.0.2)``."""
        if not self.installed:
            return f"{self.name}: not installed"
        return f"{self.name} {self.installed} ({self.tested})"


def packages() -> tuple[Package, ...]:
    """Return Python and every direct dependency, those of the base installation first."""
    found = (
        Package(name, oldest, newest, "" if extra == ELSEWHERE else extra, _installed(name))
        for extra, tested in _tested().items()
        for name, (oldest, newest) in tested.items()
    )
    elsewhere = _tested()[ELSEWHERE]
    return tuple(p for p in found if p.installed or p.name not in elsewhere)


def packages_in_use() -> str:
    """List the base packages and the imported ones of extras, untested versions first.

    As in ``av 20.0 (NOT tested: 17.0.1 to 19.0.2), python 3.13.0 (tested: 3.11.0 to 3.13.0), …``.
    """
    used = [p for p in packages() if not p.extra or (p.installed and p.module in sys.modules)]
    return ", ".join(map(str, sorted(used, key=lambda package: package.is_tested)))


def fault_hint() -> str:
    """Return the hint for an unexpected exception; a changed package is its likeliest cause."""
    missing = [p.name for p in packages() if not p.extra and not p.installed]
    way_out = f"pip install {' '.join(missing)}; " if missing else ""
    return f"{way_out}--debug shows where; with {packages_in_use()}"


@cache
def _tested() -> dict[str, dict[str, tuple[str, str]]]:
    """Return the oldest and newest tested version of each package, by extra."""
    text = files(__package__).joinpath("tested_versions.toml").read_text(encoding="utf-8")
    return {
        "" if extra == "base" else extra: {name: (low, high) for name, (low, high) in found.items()}
        for extra, found in tomllib.loads(text).items()
    }


def _installed(name: str) -> str:
    if name == "python":
        return platform.python_version()
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _release(stated: str) -> tuple[int, ...]:
    """Parse the leading numbers of a version: 2, 14, 1 of ``2.14.1+cu130``."""
    match = re.match(r"\d+(?:\.\d+)*", stated)
    return tuple(map(int, match[0].split("."))) if match else ()
