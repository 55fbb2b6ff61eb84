"""Claims: the report of a reel holds the hash of each of its files before that gets its name.

A file without a claim was edited, or is another program's: it is renamed before ours takes its
name. Claims are written ahead, so that after a kill at any moment the next run knows its own files.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import opentimelineio as otio

from ...renderers.files.digest import sha256_of
from ...renderers.files.locks import locked
from ...renderers.files.replace import replace_file
from ..files.atomic_output import write_errors
from ..notices import Notice
from ..report import Report
from ..timeline.metadata import NAMESPACE
from .made_files import hash_when_made
from .paths import Outputs, read_report, report_path, timeline_text, write_text

_SEAL = "seal"
"""Metadata key of a timeline's own SHA-256, computed with an empty value."""


class FileClaims:
    """The files that a run writes beside its report.

    Args:
        report: of the run; its ``files`` and ``timeline_sha256`` are updated.
        outputs: the reel's files.
        own: claims of files that the run finds finished.
    """

    def __init__(
        self, report: Report, outputs: Outputs, own: Mapping[str, list[str]] = MappingProxyType({})
    ):
        self._report, self._outputs = report, outputs
        self._own = dict(own)

    def write(self, texts: Mapping[Path, str]) -> None:
        """Claim and write text files of the reel.

        Raises:
            WorkError: one of them, or the report, cannot be written.
        """
        hashes = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in texts.items()}
        self._claim(hashes)
        for path, text in texts.items():
            write_text(path, text)
        self._own |= {path.name: [sha256] for path, sha256 in hashes.items()}

    def before_rename(self, path: Path, temporary: Path) -> None:
        """Claim a finished file just before it gets its name.

        Args:
            path: its name.
            temporary: the complete file.

        Raises:
            WorkError: the report cannot be written, or an edited file cannot be renamed.
        """
        with write_errors(path):
            sha256 = sha256_of(temporary)
        self._claim({path: sha256})
        self._own[path.name] = [sha256]

    def write_report(self) -> None:
        """Write the report with a single hash for each file.

        Raises:
            WorkError: it cannot be written.
        """
        with _report_lock(self._outputs.folder):
            self._write_report(self._own)

    def _claim(self, hashes: Mapping[Path, str]) -> None:
        """Write hashes of files to the report on disk, and rename edited files."""
        with _report_lock(self._outputs.folder):
            self._claim_locked(hashes)

    def _claim_locked(self, hashes: Mapping[Path, str]) -> None:
        held = claimed_hashes(self._outputs.timeline)
        for path, sha256 in hashes.items():
            earlier = held.get(path.name, [])
            kept = keep_edited(path, [*earlier, sha256])
            if kept is not None:
                why = "was edited since it was compiled" if earlier else "was not compiled here"
                what = f"{path.name} {why}; kept as {kept.name}"
                self._report.warnings.append(Notice("edited", what))
            if path == self._outputs.timeline:
                self._report.timeline_sha256 = sha256
        both = {
            path.name: list(dict.fromkeys([*held.get(path.name, []), sha256]))
            for path, sha256 in hashes.items()
        }
        self._write_report(self._own | both)

    def _write_report(self, claims: Mapping[str, list[str]]) -> None:
        """Write the report with these claims, and with those of other runs' files."""
        path = self._outputs.report
        others = {
            name: hashes
            for name, hashes in claimed_hashes(self._outputs.timeline).items()
            if os.path.lexists(path.with_name(name))
        }
        self._report.files = {**others, **claims}
        if os.path.lexists(path) and read_report(path) is None:
            kept = keep_edited(path, ())
            if kept is not None:
                what = f"{path.name} is not a report; kept as {kept.name}"
                self._report.warnings.append(Notice("edited", what))
        write_text(path, self._report.as_text())


def update_timeline(
    timeline: otio.schema.Timeline, path: Path, *, is_ours: bool, sealed: bool = False
) -> None:
    """Replace a timeline; an unedited one stays claimed.

    Args:
        timeline: the new content.
        path: the file.
        is_ours: whether the report claims the replaced file.
        sealed: whether to add its own SHA-256, for `sealed_hash`.

    Raises:
        WorkError: it cannot be written.
    """
    ours = timeline.metadata.setdefault(NAMESPACE, {})
    ours.pop(_SEAL, None)
    if sealed:
        ours[_SEAL] = ""
        ours[_SEAL] = hashlib.sha256(timeline_text(timeline).encode()).hexdigest()
    text = timeline_text(timeline)
    if is_ours:
        claim(path, path, hashlib.sha256(text.encode()).hexdigest())
    write_text(path, text)


def sealed_hash(path: Path) -> str:
    """Return the SHA-256 of a timeline that `update_timeline` sealed; empty if edited since."""
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        return ""
    seal = re.search(rf'"{_SEAL}": "([0-9a-f]{{64}})"', text)
    if seal is None:
        return ""
    unsealed = text.replace(seal[0], f'"{_SEAL}": ""', 1)
    is_whole = hashlib.sha256(unsealed.encode()).hexdigest() == seal[1]
    return hashlib.sha256(text.encode()).hexdigest() if is_whole else ""


def claimed_hashes(timeline: Path) -> dict[str, list[str]]:
    """Return the hashes that a compiled timeline's report claims, by file name."""
    document = read_report(report_path(timeline)) or {}
    files = document.get("files")
    if files is None and document:  # A report of an earlier release.
        files = {timeline.name: [document["timeline"].get("sha256")]}
    return {str(name): list(hashes) for name, hashes in _items(files) if isinstance(hashes, list)}


def keep_unclaimed(timeline: Path, path: Path, temporary: Path) -> Notice | None:
    """Rename a file that a finished one would replace, unless it is claimed or was made here.

    Returns:
        The warning; None if no file was renamed.

    Raises:
        WorkError: it cannot be renamed.
    """
    with write_errors(path):
        claimed = claimed_hashes(timeline).get(path.name, [])
        ours = [*claimed, hash_when_made(path), sha256_of(temporary)]
    kept = keep_edited(path, ours)
    if kept is None:
        return None
    return Notice("edited", f"{path.name} was not made here; kept as {kept.name}")


def claim_file(timeline: Path, path: Path, temporary: Path) -> None:
    """Claim a finished file just before it gets its name; see `claim`."""
    if read_report(report_path(timeline)) is not None:
        with write_errors(path):
            sha256 = sha256_of(temporary)
        claim(timeline, path, sha256)


def claim(timeline: Path, path: Path, sha256: str) -> None:
    """Add a file beside a compiled timeline to the claims of its report, if it has one.

    Raises:
        WorkError: the report cannot be written.
    """
    if read_report(report_path(timeline)) is None or path.parent != timeline.parent:
        return
    with _report_lock(timeline.parent):
        where = report_path(timeline)
        document = read_report(where)
        if document is None:
            return
        held = claimed_hashes(timeline)
        hashes = dict.fromkeys([*held.get(path.name, []), sha256])
        document["files"] = held | {path.name: list(hashes)}
        if path == timeline:
            document["timeline"]["sha256"] = sha256
        write_text(where, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def _report_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder's reports while one of them is updated."""
    lock = folder / ".otio-gvideo-reports.lock"
    with ExitStack() as held:
        with write_errors(lock):
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(lock))
        yield


def is_claimed(timeline: Path, path: Path) -> bool:
    """Whether a file with its present content was made here, for a timeline or without a report."""
    return _matches(path, [*claimed_hashes(timeline).get(path.name, []), hash_when_made(path)])


def keep_edited(path: Path, ours: Sequence[str]) -> Path | None:
    """Rename a file to ``<name>.edited-N<suffix>`` unless its hash is one of ours.

    Args:
        path: the file; need not exist.
        ours: SHA-256 of files that may be replaced.

    Returns:
        The new path; None if the file is ours, or there is none.

    Raises:
        WorkError: it cannot be renamed, as on Windows while an editor has it open.
    """
    is_folder = path.is_dir() and not path.is_symlink()
    if not os.path.lexists(path) or is_folder or _matches(path, ours):
        return None
    with write_errors(path):
        for number in itertools.count(1):
            kept = path.with_name(f"{path.stem}.edited-{number}{path.suffix}")
            if not os.path.lexists(kept):
                with suppress(FileExistsError):
                    _keep(path, kept)
                    return kept
            elif kept.samefile(path):  # A run was killed here.
                return kept
    return None


def _keep(path: Path, kept: Path) -> None:
    """Hard-link a file to a new name, or rename it if the system has no hard links.

    With a link the old name always has a file, for concurrent readers.

    Raises:
        FileExistsError: the new name exists.
        OSError: it cannot be renamed.
    """
    try:
        os.link(path, kept, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        kept.touch(exist_ok=False)
        try:
            replace_file(path, kept)
        except OSError:
            kept.unlink()
            raise


def _matches(path: Path, hashes: Sequence[str]) -> bool:
    try:
        return bool(hashes) and sha256_of(path) in hashes
    except OSError:
        return False


def _items(value: Any) -> Any:
    return value.items() if isinstance(value, dict) else ()
