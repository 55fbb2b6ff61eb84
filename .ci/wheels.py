#!/usr/bin/env python3
"""Ask the package index for wheels of every dependency, on every platform and Python.

    .ci/wheels.py [--extra NAME]... [PYPROJECT]

Resolves the dependencies of pyproject.toml as `pip install` would on each platform: markers, tags
and Requires-Python are those of the target, not of this machine. The index is the one pip is
configured with; it has to speak the JSON of the simple API (PEP 691). Extra indexes and
`find-links` are not asked. The version is the newest that every requirement allows, without
backtracking, and an sdist's dependencies are those that its PKG-INFO lists.

The exit status is 1 if a dependency lacks a wheel for an operating system and a Python of the
classifiers. A pure Python sdist installs without a compiler and
counts as there.
"""

from __future__ import annotations

import argparse
import email.parser
import functools
import io
import json
import os
import ssl
import subprocess
import sys
import tarfile
import tomllib
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

try:
    from packaging import tags, utils
    from packaging.requirements import Requirement
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import Version
except ImportError:
    from pip._vendor.packaging import tags, utils  # type: ignore[no-redef]
    from pip._vendor.packaging.requirements import Requirement  # type: ignore[assignment]
    from pip._vendor.packaging.specifiers import (  # type: ignore[assignment]
        InvalidSpecifier,
        SpecifierSet,
    )
    from pip._vendor.packaging.version import Version  # type: ignore[assignment]

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
GLIBC = (2, 28)
"""The oldest of Linux systems in use: RHEL 8 and Debian 10."""
MACOS = (14, 0)
"""The oldest that Apple still mends."""
NATIVE = {".c", ".cc", ".cpp", ".cxx", ".cu", ".f", ".f90", ".go", ".pyx", ".rs"}
"""Suffixes of sources that need a compiler."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A system to install on.

    Attributes:
        name: as people say it.
        classifier: what in pyproject.toml promises it; None if no classifier does.
        tags: platform tags of wheels, the best first.
        markers: the variables of environment markers that depend on the platform.
    """

    name: str
    classifier: str | None
    tags: tuple[str, ...]
    markers: dict[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class File:
    """A file of a release; `tags` is None of an sdist."""

    url: str
    version: Version
    tags: frozenset[tags.Tag] | None
    requires_python: str
    has_metadata: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What `pip install` gets of a package; `lack` is None if that is a wheel."""

    name: str
    version: str
    lack: str | None = None
    is_installable: bool = True


def _markers(os_name: str, system: str, sys_platform: str, machine: str) -> dict[str, str]:
    return {
        "os_name": os_name,
        "platform_system": system,
        "sys_platform": sys_platform,
        "platform_machine": machine,
        "platform_release": "",
        "platform_version": "",
    }


def _linux(machine: str) -> Platform:
    names = []
    for minor in range(GLIBC[1], 4, -1):
        names.append(f"manylinux_{GLIBC[0]}_{minor}_{machine}")
        if legacy := {17: "2014", 12: "2010", 5: "1"}.get(minor):
            names.append(f"manylinux{legacy}_{machine}")
    return Platform(
        f"Linux {machine}",
        "Operating System :: POSIX :: Linux",
        (*names, f"linux_{machine}"),
        _markers("posix", "Linux", "linux", machine),
    )


def _macos(machine: str, classifier: str | None) -> Platform:
    return Platform(
        f"macOS {machine}",
        classifier,
        tuple(tags.mac_platforms(MACOS, machine)),
        _markers("posix", "Darwin", "darwin", machine),
    )


def _windows(machine: str, tag: str, classifier: str | None) -> Platform:
    return Platform(
        f"Windows {tag}",
        classifier,
        (f"win_{tag}",),
        _markers("nt", "Windows", "win32", machine),
    )


PLATFORMS = (
    _linux("x86_64"),
    _linux("aarch64"),
    # Shown but not promised, as README says: OpenTimelineIO has no wheels for it.
    _macos("x86_64", None),
    _macos("arm64", "Operating System :: MacOS"),
    _windows("AMD64", "amd64", "Operating System :: Microsoft :: Windows"),
    # Likewise; OpenCV lacks them too.
    _windows("ARM64", "arm64", None),
)


def environment(platform: Platform, python: str) -> dict[str, str]:
    """Return what markers are evaluated with, for CPython's newest patch release."""
    return {
        **platform.markers,
        "python_version": python,
        "python_full_version": f"{python}.99",
        "implementation_name": "cpython",
        "implementation_version": f"{python}.99",
        "platform_python_implementation": "CPython",
    }


@functools.cache
def supported(platform: Platform, python: str) -> frozenset[tags.Tag]:
    """Return the tags of all wheels that install on a platform."""
    major, minor = map(int, python.split("."))
    interpreter = f"cp{major}{minor}"
    return frozenset(
        [
            *tags.cpython_tags((major, minor), [interpreter], platform.tags),
            *tags.compatible_tags((major, minor), interpreter, platform.tags),
        ]
    )


class Index:
    """A package index; every response is cached.

    Raises (any method):
        urllib.error.URLError: it cannot be reached, or has no such package.
    """

    def __init__(self, url: str, certificates: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._context = ssl.create_default_context(cafile=certificates)
        self._files: dict[str, list[File]] = {}
        self._metadata: dict[str, tuple[list[Requirement], bool]] = {}

    def files(self, name: str) -> list[File]:
        """Return wheels and sdists of a package, yanked ones left out."""
        if name not in self._files:
            url = f"{self._url}/{name}/"
            answer = json.loads(self._get(url, "application/vnd.pypi.simple.v1+json"))
            self._files[name] = list(_parsed(answer["files"], url))
        return self._files[name]

    def requirements(self, file: File) -> tuple[list[Requirement], bool]:
        """Return the requirements of a file, and whether it is free of native sources."""
        if file.url not in self._metadata:
            self._metadata[file.url] = self._requirements(file)
        return self._metadata[file.url]

    def _requirements(self, file: File) -> tuple[list[Requirement], bool]:
        if file.has_metadata and file.tags is not None:
            return _requires_dist(self._get(f"{file.url}.metadata")), True
        names, read = _archive(self._get(file.url), file.url)
        metadata = "METADATA" if file.tags is not None else "PKG-INFO"
        (_, found) = min((name.count("/"), name) for name in names if name.endswith(metadata))
        is_pure = not any(Path(name).suffix in NATIVE for name in names)
        return _requires_dist(read(found)), is_pure

    def _get(self, url: str, accept: str = "*/*") -> bytes:
        request = urllib.request.Request(url, headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=60, context=self._context) as answer:
            content: bytes = answer.read()
        return content


def _parsed(files: list[dict[str, Any]], base: str) -> Iterator[File]:
    for entry in files:
        name = entry["filename"]
        found: frozenset[tags.Tag] | None = None
        try:
            if name.endswith(".whl"):
                _, version, _, found = utils.parse_wheel_filename(name)
            else:
                _, version = utils.parse_sdist_filename(name)
        except ValueError:
            continue  # eggs, installers, and names from before there was a rule
        if not entry.get("yanked"):
            yield File(
                urllib.parse.urljoin(base, entry["url"]),
                version,
                found,
                entry.get("requires-python") or "",
                bool(entry.get("core-metadata") or entry.get("data-dist-info-metadata")),
            )


def _archive(content: bytes, name: str) -> tuple[list[str], Callable[[str], bytes]]:
    """Return the names in a wheel or sdist, and a function that reads one of them."""
    if name.endswith((".whl", ".zip")):
        archive = zipfile.ZipFile(io.BytesIO(content))
        return archive.namelist(), archive.read
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        members = {
            member.name: tar.extractfile(member) for member in tar.getmembers() if member.isfile()
        }
        contents = {name: file.read() for name, file in members.items() if file}
    return list(contents), contents.__getitem__


def _requires_dist(metadata: bytes) -> list[Requirement]:
    message = email.parser.BytesHeaderParser().parsebytes(metadata)
    return [Requirement(line) for line in message.get_all("Requires-Dist") or []]


def _runs_on(file: File, python: str) -> bool:
    try:
        return SpecifierSet(file.requires_python).contains(f"{python}.99")
    except InvalidSpecifier:
        return True  # pip ignores it, too


def choose(
    files: Iterable[File], allowed: SpecifierSet, platform: Platform, python: str
) -> tuple[File | None, File | None]:
    """Return the wheel and the sdist of the newest version that has either for a target."""
    fitting: dict[Version, list[File | None]] = {}
    for file in files:
        if not _runs_on(file, python):
            continue
        if file.tags is None:
            fitting.setdefault(file.version, [None, None])[1] = file
        elif file.tags & supported(platform, python):
            fitting.setdefault(file.version, [None, None])[0] = file
    versions = list(allowed.filter(fitting))
    if not versions:
        return None, None
    wheel, sdist = fitting[max(versions)]
    return wheel, sdist


def resolve(
    index: Index, requirements: Iterable[Requirement], platform: Platform, python: str
) -> list[Finding]:
    """Resolve requirements on a target; return a finding for each package, by name."""
    base = environment(platform, python)
    allowed: dict[str, SpecifierSet] = {}
    wanted: dict[str, set[str]] = {}
    found: dict[str, Finding] = {}
    queue = [(requirement, base | {"extra": ""}) for requirement in requirements]
    while queue:
        requirement, variables = queue.pop(0)
        if requirement.marker and not requirement.marker.evaluate(variables):
            continue
        name = utils.canonicalize_name(requirement.name)
        before = allowed.get(name), set(wanted.get(name, ()))
        allowed[name] = allowed.get(name, SpecifierSet()) & requirement.specifier
        wanted.setdefault(name, set()).update(requirement.extras)
        if before == (allowed[name], wanted[name]):
            continue
        found[name], needs = _look_at(index, name, allowed[name], platform, python)
        queue += [
            (need, base | {"extra": extra}) for need in needs for extra in ("", *wanted[name])
        ]
    return sorted(found.values(), key=lambda finding: finding.name)


def _look_at(
    index: Index, name: str, allowed: SpecifierSet, platform: Platform, python: str
) -> tuple[Finding, list[Requirement]]:
    files = index.files(name)
    wheel, sdist = choose(files, allowed, platform, python)
    if wheel:
        return Finding(name, str(wheel.version)), index.requirements(wheel)[0]
    if not sdist:
        return Finding(name, str(allowed), "neither wheel nor sdist", False), []
    version = str(sdist.version)
    of_others = [file for file in files if file.version == sdist.version and file.tags is not None]
    if of_others:
        older, _ = choose([file for file in files if file.tags], allowed, platform, python)
        lack = "no wheel there, needs a compiler"
        lack += f"; {older.version} has a wheel" if older else ""
        return Finding(name, version, lack, False), index.requirements(of_others[0])[0]
    needs, is_pure = index.requirements(sdist)
    if is_pure:
        return Finding(name, version, "sdist only, pure Python"), needs
    return Finding(name, version, "sdist only, native code", False), needs


def _configured() -> tuple[str, str | None]:
    """Return the index's URL and the file of certificates, if any, that pip uses."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    pairs = (line.partition("=") for line in listed.stdout.splitlines())
    settings = {key: value.strip("'\"") for key, _, value in pairs}

    def setting(name: str) -> str | None:
        # As pip does: the environment, then settings of the command, then those of all.
        return (
            os.environ.get(f"PIP_{name.replace('-', '_').upper()}")
            or settings.get(f"install.{name}")
            or settings.get(f"global.{name}")
        )

    return setting("index-url") or "https://pypi.org/simple", setting("cert")


def _spans(pythons: Iterable[str]) -> str:
    """`3.11-3.13` of Pythons that follow each other."""
    listed = sorted(pythons, key=PYTHONS.index)
    places = [PYTHONS.index(python) for python in listed]
    if len(listed) > 1 and places == list(range(places[0], places[-1] + 1)):
        return f"{listed[0]}-{listed[-1]}"
    return " ".join(listed)


def _print_table(rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def main(arguments: list[str] | None = None) -> int:
    """Print the table and the summary; return the exit status."""
    parser = argparse.ArgumentParser(description="Look for wheels of every dependency.")
    parser.add_argument("--extra", action="append", default=[], help="an extra to look at, too")
    parser.add_argument(
        "pyproject", nargs="?", type=Path, default=Path(__file__).parent.parent / "pyproject.toml"
    )
    asked = parser.parse_args(arguments)
    project = tomllib.loads(asked.pyproject.read_text())["project"]
    extras = project.get("optional-dependencies", {})
    for extra in asked.extra:
        if extra not in extras:
            parser.error(
                f"{extra}: not an extra of {asked.pyproject}; there are {', '.join(extras)}"
            )
    lines = [*project["dependencies"], *(line for extra in asked.extra for line in extras[extra])]
    requirements = [Requirement(line) for line in lines]
    classifiers = project.get("classifiers", [])
    allowed = SpecifierSet(project.get("requires-python", ""))

    def is_promised(platform: Platform, python: str) -> bool:
        return (
            platform.classifier in classifiers
            and f"Programming Language :: Python :: {python}" in classifiers
            and allowed.contains(f"{python}.99")
        )

    url, certificates = _configured()
    index = Index(url, certificates)
    lacking: dict[Finding, dict[Platform, list[str]]] = {}
    broken: dict[Finding, list[str]] = {}
    summary = []
    for platform in PLATFORMS:
        for python in PYTHONS:
            try:
                found = resolve(index, requirements, platform, python)
            except (urllib.error.URLError, json.JSONDecodeError) as error:
                where = getattr(error, "url", None) or url
                print(
                    f"{where}: {error}; set PIP_INDEX_URL to an index that answers in JSON",
                    file=sys.stderr,
                )
                return 2
            for finding in found:
                if finding.lack:
                    lacking.setdefault(finding, {}).setdefault(platform, []).append(python)
                if not finding.is_installable and is_promised(platform, python):
                    broken.setdefault(finding, []).append(f"{platform.name} {python}")
            missing = [finding.name for finding in found if not finding.is_installable]
            there = f"lacks {', '.join(missing)}" if missing else f"all there ({len(found)})"
            promise = "promised" if is_promised(platform, python) else ""
            summary.append([platform.name, python, promise, there])

    header = ["lacks a wheel", *(platform.name for platform in PLATFORMS), "what there is"]
    rows = [
        [
            f"{finding.name} {finding.version}",
            *(_spans(where.get(platform, ())) for platform in PLATFORMS),
            f"{finding.lack}{'; PROMISED' if finding in broken else ''}",
        ]
        for finding, where in sorted(lacking.items(), key=lambda item: item[0].name)
    ]
    _print_table([header, *rows])
    print()
    _print_table(summary)
    for finding, places in broken.items():
        print(f"\n{finding.name}: {finding.lack}, but promised: {', '.join(places)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
