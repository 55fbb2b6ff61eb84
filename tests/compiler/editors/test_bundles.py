"""Opening a bundle writes only to the cache, and only valid entries."""

from __future__ import annotations

import os
import shutil
import stat
import threading
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.compile import compile_script
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.api.render import render_timeline
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.editors import formats
from otio_gvideo.compiler.editors.formats import bundle_cache
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.timeline.rate import time_range
from otio_gvideo.renderers.files.atomic_file import SCRATCH

from .sample_cut import cut, media


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def bundle(path: Path, **media: bytes) -> Path:
    """Write a bundle with clips named after their media."""
    timeline = otio.schema.Timeline("b")
    timeline.tracks.append(otio.schema.Track("V1", kind=otio.schema.TrackKind.Video))
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in media.items():
            archive.writestr(f"media/{name}.bin", content)
            reference = otio.schema.ExternalReference(f"media/{name}.bin")
            timeline.tracks[0].append(otio.schema.Clip(name, reference, time_range(0, 24, 24)))
        archive.writestr("content.otio", timeline.to_json_string(), zipfile.ZIP_DEFLATED)
    return path


def media_of(timeline: otio.core.SerializableObject) -> list[Path]:
    assert isinstance(timeline, otio.schema.Timeline)
    return [Path(clip.media_reference.target_url) for clip in timeline.find_clips()]


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_opening_a_bundle_writes_only_to_the_cache(tmp_path: Path, cache: Path) -> None:
    desk = tmp_path / "desk"
    (desk / "small" / "media").mkdir(parents=True)
    (desk / "small" / "media" / "a.bin").write_bytes(b"rendered with much effort")
    path = bundle(desk / "small.otioz", a=b"AAAA")
    before = snapshot(desk)
    (found,) = media_of(formats.read(path))
    assert found.read_bytes() == b"AAAA"
    assert found.is_relative_to(cache)
    assert snapshot(desk) == before


def test_a_changed_medium_of_equal_size_is_unpacked(tmp_path: Path) -> None:
    (first,) = media_of(formats.read(bundle(tmp_path / "b.otioz", a=b"AAAA")))
    (second,) = media_of(formats.read(bundle(tmp_path / "b.otioz", a=b"BBBB")))
    assert (first.read_bytes(), second.read_bytes()) == (b"AAAA", b"BBBB")


@pytest.mark.parametrize(
    "damage", ["changed", "cut short", "gone", pytest.param("link", marks=pytest.mark.posix)]
)
def test_a_cached_bundle_is_reused_unless_it_is_damaged(tmp_path: Path, damage: str) -> None:
    path = bundle(tmp_path / "b.otioz", a=b"AAAA", b=b"BBBB")
    found, other = media_of(formats.read(path))
    inode = found.stat().st_ino
    assert media_of(formats.read(path)) == [found, other]
    assert found.stat().st_ino == inode
    if damage == "link":
        (tmp_path / "same").write_bytes(b"AAAA")
        found.unlink()
        found.symlink_to(tmp_path / "same")
    elif damage == "gone":
        found.unlink()
    else:
        found.write_bytes(b"XXXX" if damage == "changed" else b"A")
    assert media_of(formats.read(path)) == [found, other]
    assert not found.is_symlink()
    assert found.read_bytes() == b"AAAA"
    assert [one.name for one in found.parents[2].iterdir()] == [found.parents[1].name]


def test_several_processes_may_open_one_bundle_at_once(tmp_path: Path) -> None:
    path = bundle(tmp_path / "b.otioz", a=b"A" * 3_000_000)
    found: list[list[Path]] = []
    threads = [
        threading.Thread(target=lambda: found.append(media_of(formats.read(path))))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len({str(one) for one in found}) == 1
    assert found[0][0].read_bytes() == b"A" * 3_000_000


def test_unused_bundles_are_evicted(tmp_path: Path, cache: Path) -> None:
    old, recent = (
        media_of(formats.read(bundle(tmp_path / f"{name}.otioz", a=name.encode())))[0].parents[1]
        for name in ("old", "recent")
    )
    left = cache / "bundles" / f"{SCRATCH}00000000"
    (left / "new").mkdir(parents=True)
    for folder, days in ((old, 31), (recent, 29), (left, 2)):
        then = folder.stat().st_mtime - days * 24 * 3600
        os.utime(folder, (then, then))
    formats.read(bundle(tmp_path / "other.otioz", a=b"other"))
    assert (old.exists(), recent.exists(), left.exists()) == (False, True, False)


def entries(name: str) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
    """Return invalid entries by their fault."""
    if name == "link":
        link = zipfile.ZipInfo("media/a")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        yield link, b"/etc/passwd"
    elif name == "bomb":
        bomb = zipfile.ZipInfo("media/a")
        bomb.compress_type = zipfile.ZIP_DEFLATED
        yield bomb, bytes(20_000_000)
    elif name == "twice":
        yield zipfile.ZipInfo("media/a.mov"), b"1"
        yield zipfile.ZipInfo("media/A.mov"), b"2"
    elif name == "many":
        for number in range(bundle_cache.MOST_ENTRIES):
            yield zipfile.ZipInfo(f"media/{number}"), b""
    else:
        yield zipfile.ZipInfo(name), b"evil"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("../evil", "'../evil': leads out of the bundle"),
        ("media/../../evil", "'media/../../evil': leads out of the bundle"),
        ("media/..", "'media/..': leads out of the bundle"),
        ("/etc/evil", "'/etc/evil': leads out of the bundle"),
        ("C:/evil", "'C:/evil': leads out of the bundle"),
        ("media\\..\\evil", "leads out of the bundle"),
        ("media/a/evil", "'media/a/evil': is a folder within media, or lies in one"),
        ("link", "'media/a': is a link or a device, not a file"),
        ("bomb", "'media/a': unpacks to 20000000 bytes from 19"),
        ("twice", "'media/A.mov': occurs twice; names must differ by more than case"),
        ("many", "holds 10001 files; a bundle may hold 10000"),
    ],
)
def test_an_invalid_entry_is_rejected_in_one_line(
    tmp_path: Path, cache: Path, wrong: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bundle(tmp_path / "b.otioz")
    with zipfile.ZipFile(path, "a") as archive:
        for entry, content in entries(wrong):
            archive.writestr(entry, content)
    before = snapshot(tmp_path)
    assert main(["view", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"{path}: ")
    assert said in error
    assert error.count("\n") == 1
    assert snapshot(tmp_path) == before


def test_an_encrypted_bundle_is_rejected_in_one_line(tmp_path: Path) -> None:
    path = bundle(tmp_path / "b.otioz", a=b"AAAA")
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        content[content.index(mark) + flags] |= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"'media/a\.bin': is encrypted$"):
        formats.read(path)


@pytest.mark.parametrize("damage", ["byte", "end", "empty", "content"])
def test_a_broken_bundle_is_rejected_and_leaves_nothing(
    tmp_path: Path, cache: Path, damage: str
) -> None:
    path = bundle(tmp_path / "b.otioz", a=b"A" * 1000)
    content = path.read_bytes()
    changed = {
        "byte": content.replace(b"A" * 1000, b"A" * 999 + b"B"),
        "end": content[:-30],
        "empty": b"",
        "content": content.replace(b"content.otio", b"content.otix"),
    }
    path.write_bytes(changed[damage])
    with pytest.raises(InputError) as caught:
        formats.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert not snapshot(tmp_path / "cache") if cache.exists() else True


def test_a_bundle_larger_than_the_free_space_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_cache, "MOST_BYTES", 2000)
    with pytest.raises(InputError, match=r"b\.otioz: unpacks to \d+ bytes, of which 2000"):
        formats.read(bundle(tmp_path / "b.otioz", a=b"A" * 3000))


def test_an_unwritable_cache_is_reported_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "file" / "cache"))
    path = bundle(tmp_path / "b.otioz", a=b"A")
    assert main(["view", str(path)]) == 2
    error = capsys.readouterr().err
    assert "a bundle cannot be unpacked into the cache: " in error
    assert error.endswith("; set OTIO_GVIDEO_CACHE to a writable folder\n")
    assert error.count("\n") == 1


def test_foreign_entries_are_not_unpacked(tmp_path: Path, cache: Path) -> None:
    path = bundle(tmp_path / "b.otioz", a=b"A")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/media/._a.bin", "")
        archive.writestr("media\\b.txt", "packed by a program that writes backslashes")
    formats.read(path)
    names = {file.name for file in cache.rglob("*") if file.is_file()}
    assert names == {"content.otio", "a.bin", "b.txt"}


def test_reading_a_folder_writes_nothing(tmp_path: Path) -> None:
    media(tmp_path, Fraction(24))
    timeline = cut(tmp_path)
    timeline.to_json_file(str(tmp_path / "cut.otio"))
    path = export_timeline(tmp_path / "cut.otio", tmp_path / "x.otiod").path
    before = snapshot(tmp_path)
    assert all(file.is_file() for file in media_of(formats.read(path)))
    assert snapshot(tmp_path) == before


@pytest.mark.slow
def test_a_timeline_of_a_bundle_outlives_the_cache(project: Path, cache: Path) -> None:
    report = compile_script(project, until="media")
    desk = project.parent / "desk"
    desk.mkdir()
    path = export_timeline(report.timeline, desk / "b.otioz").path
    packed = path.read_bytes()
    shutil.rmtree(report.timeline.parent)
    again = render_timeline(path)
    assert all(slot.reused for slot in again.slots)
    exported = export_timeline(path, desk / "b.fcpxml").path
    assert main(["relink", str(path), "--media", str(desk), "-o", str(desk / "r.otio")]) == 0
    assert main(["init", str(path), "-o", str(desk / "s.yaml")]) == 0
    shutil.rmtree(cache)
    assert path.read_bytes() == packed
    for written in (again.timeline, exported, desk / "r.otio", desk / "s.yaml"):
        assert str(cache) not in written.read_text()
    for written in (again.timeline, exported, desk / "r.otio"):
        found = media_of(formats.read(written))
        assert found
        for file in found:
            assert (desk / "media") in Path(str(file).removeprefix("file:")).parents
            assert file.is_file()
