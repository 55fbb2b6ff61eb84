"""Paths and ``file:`` URLs of POSIX and Windows, on either system."""

from __future__ import annotations

import ntpath
import nturl2path
import posixpath
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import ModuleType
from urllib.parse import quote

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.files import file_urls
from otio_gvideo.compiler.files.file_urls import (
    begins_with,
    is_url,
    path_of_url,
    paths_of,
    relative_or_absolute,
    slashed,
    url_of_path,
)
from otio_gvideo.compiler.page import page_context
from otio_gvideo.compiler.timeline import media, slots

NAMES = st.text(
    st.one_of(
        st.sampled_from(" #%?&;+~'()[]{}éßжø日本🎬"),
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='/\\<>:"|?*'),
    ),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in (".", ".."))
"""File names of both systems, and ``?``, which Windows forbids."""
DRIVES = st.sampled_from(["C:", "D:", "Z:"])
SERVERS = st.tuples(st.sampled_from(["server", "nas-1.local"]), NAMES).map(
    lambda found: rf"\\{found[0]}\{found[1].strip(' .') or 'share'}"
)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_a_posix_path_survives_the_round_trip_through_its_url(names: list[str]) -> None:
    path = "/" + "/".join(names)
    url = url_of_path(path, posixpath)
    assert url.isascii()
    assert path_of_url(url, posixpath) == path
    assert paths_of(url, posixpath)[0] == path
    assert url == PurePosixPath(path).as_uri()


@given(st.one_of(DRIVES, SERVERS), st.lists(NAMES, min_size=1, max_size=4))
def test_a_windows_path_survives_the_round_trip_through_its_url(
    root: str, names: list[str]
) -> None:
    path = root + "\\" + "\\".join(names)
    url = url_of_path(path, ntpath)
    assert url.isascii()
    assert path_of_url(url, ntpath) == path
    assert paths_of(url, ntpath)[0] == path
    assert paths_of(path, ntpath)[0] == path
    assert url == PureWindowsPath(path).as_uri()
    assert nturl2path.url2pathname(url.removeprefix("file:")) == path


@given(DRIVES, st.lists(NAMES, min_size=1, max_size=4))
def test_python_urls_of_windows_paths_are_read(root: str, names: list[str]) -> None:
    path = root + "\\" + "\\".join(names)
    assert path_of_url("file:" + nturl2path.pathname2url(path), ntpath) == path


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///C:/a/b.mp4", r"C:\a\b.mp4"),
        ("file://localhost/C:/a/b.mp4", r"C:\a\b.mp4"),
        ("file://LOCALHOST/C:/a/b.mp4", r"C:\a\b.mp4"),
        ("file://localhost/C%3a/a%20b.mp4", r"C:\a b.mp4"),  # Premiere
        ("FILE:///C|/a/b.mp4", r"C:\a\b.mp4"),
        ("file:/C:/a/b.mp4", r"C:\a\b.mp4"),
        ("file:C:/a/b.mp4", r"C:\a\b.mp4"),
        (r"file:///C:\a\b.mp4", r"C:\a\b.mp4"),
        ("file://C:/a/b.mp4", r"C:\a\b.mp4"),
        ("file://server/share/a%20b.mp4", r"\\server\share\a b.mp4"),
        ("file:////server/share/b.mp4", r"\\server\share\b.mp4"),
        ("file://localhost//server/share/b.mp4", r"\\server\share\b.mp4"),
        ("file:///a/b.mp4", r"\a\b.mp4"),
        (r"C:\a\b.mp4", r"C:\a\b.mp4"),
        ("C:/a/b.mp4", "C:/a/b.mp4"),
        ("c:/a#b?.mp4", "c:/a#b?.mp4"),
    ],
)
def test_every_notation_of_a_windows_path(url: str, path: str) -> None:
    assert path_of_url(url, ntpath) == path
    assert paths_of(url, ntpath)[0] == path


def test_a_leading_slash_before_a_drive_is_removed_on_windows_alone() -> None:
    assert paths_of("/C:/a%20b.mp4", ntpath) == ("C:/a%20b.mp4", "C:/a b.mp4")
    assert paths_of("/C:/a%20b.mp4", posixpath) == ("/C:/a%20b.mp4", "/C:/a b.mp4")


@pytest.mark.parametrize(
    ("text", "on_posix", "on_windows"),
    [
        ("file:///a", True, True),
        ("https://a/b.mp4", True, True),
        ("C://a/b.mp4", True, False),
        ("C:/a/b.mp4", False, False),
        (r"C:\a\b.mp4", False, False),
        (r"\\server\share\b.mp4", False, False),
        ("/a/b.mp4", False, False),
        ("media/b.mp4", False, False),
    ],
)
def test_a_drive_letter_is_not_a_scheme(text: str, on_posix: bool, on_windows: bool) -> None:
    assert is_url(text, posixpath) is on_posix
    assert is_url(text, ntpath) is on_windows
    assert bool(paths_of(text, ntpath)) is (text != "https://a/b.mp4")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///a%20b.mp4", "/a b.mp4"),
        ("file://localhost/a.mp4", "/a.mp4"),
        ("file://localhosts/a.mp4", "/localhosts/a.mp4"),
        ("file:///a#b?c.mp4", "/a#b?c.mp4"),
        ("file:///C:/a.mp4", "/C:/a.mp4"),
        ("C:/a.mp4", "C:/a.mp4"),
        (r"C:\a.mp4", r"C:\a.mp4"),
        (r"\\server\share\a.mp4", r"\\server\share\a.mp4"),
        ("https://a/b.mp4", "https://a/b.mp4"),
    ],
)
def test_windows_paths_are_ordinary_names_on_posix(url: str, path: str) -> None:
    assert path_of_url(url, posixpath) == path


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("C:/a b.mp4", "file:///C:/a%20b.mp4"),
        (r"\\?\C:\a b.mp4", "file:///C:/a%20b.mp4"),
        (r"\\?\UNC\server\share\b.mp4", "file://server/share/b.mp4"),
        ("file:///C:/a", "file:///C:/a"),
        ("https://a/b", "https://a/b"),
    ],
)
def test_the_url_of_a_windows_path(path: str, url: str) -> None:
    assert url_of_path(path, ntpath) == url


@pytest.mark.parametrize(
    ("path", "flavour"), [("a/b", posixpath), ("a\\b", ntpath), (r"\a\b", ntpath), ("C:a", ntpath)]
)
def test_a_relative_path_has_no_url(path: str, flavour: ModuleType) -> None:
    with pytest.raises(ValueError, match="relative"):
        url_of_path(path, flavour)


@pytest.mark.parametrize(
    ("path", "folder", "found"),
    [
        (r"C:\reel\media\a.mp4", r"C:\reel", "media/a.mp4"),
        (r"c:\REEL\media\a.mp4", r"C:\reel", "media/a.mp4"),
        (r"C:\a.mp4", r"C:\reel\build", "../../a.mp4"),
        (r"D:\a.mp4", r"C:\reel", r"D:\a.mp4"),
        (r"\\server\share\a.mp4", r"C:\reel", r"\\server\share\a.mp4"),
        (r"\\server\share\a.mp4", r"\\server\share\reel", "../a.mp4"),
        (r"\\server\other\a.mp4", r"\\server\share\reel", r"\\server\other\a.mp4"),
    ],
)
def test_paths_on_another_drive_stay_absolute(path: str, folder: str, found: str) -> None:
    assert relative_or_absolute(path, folder, ntpath) == found


def test_relative_posix_paths_are_those_of_the_system() -> None:
    assert relative_or_absolute("/a/m\\n.mp4", "/a/b", posixpath) == "../m\\n.mp4"


@pytest.mark.parametrize(
    ("text", "on_posix", "on_windows"),
    [
        ("./a", True, True),
        ("../a", True, True),
        (r".\a", False, True),
        (r"..\a", False, True),
        (".a", False, False),
        ("a/./b", False, False),
        ("...", False, False),
    ],
)
def test_paths_relative_to_a_marker_are_recognised(
    text: str, on_posix: bool, on_windows: bool
) -> None:
    assert begins_with(text, (".", ".."), posixpath) is on_posix
    assert begins_with(text, (".", ".."), ntpath) is on_windows


@given(NAMES)
def test_a_posix_name_keeps_its_backslashes(name: str) -> None:
    assert slashed(f"/a\\{name}", posixpath) == f"/a\\{name}"
    assert slashed(f"C:\\{name}", ntpath) == f"C:/{name}"


def test_a_reference_to_another_drive_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Media references of a timeline and a page to another drive, with Windows paths."""

    def windows(path: PureWindowsPath, folder: PureWindowsPath) -> str:
        return relative_or_absolute(path, folder, ntpath)

    monkeypatch.setattr(slots, "relative_or_absolute", windows)
    monkeypatch.setattr(page_context, "relative_or_absolute", windows)
    monkeypatch.setattr(page_context, "Path", PureWindowsPath)
    monkeypatch.setattr(page_context, "url_of_path", lambda path: url_of_path(path, ntpath))
    clip = otio.schema.Clip()
    generator = otio.schema.GeneratorReference(generator_kind=slots.GENERATOR_KIND)
    clip.set_media_references({slots.GENERATOR_KEY: generator}, slots.GENERATOR_KEY)
    slot = slots.SlotClip(clip, {})
    folder = PureWindowsPath(r"C:\reel")
    slots.set_media(slot, PureWindowsPath(r"D:\m\a b.mp4"), folder)  # type: ignore[arg-type]
    assert clip.media_reference.target_url == r"D:\m\a b.mp4"
    slots.set_media(slot, PureWindowsPath(r"C:\reel\m\a b.mp4"), folder)  # type: ignore[arg-type]
    assert clip.media_reference.target_url == "m/a b.mp4"
    page = page_context.PageContext(None, folder, None)  # type: ignore[arg-type]
    assert page.url(PureWindowsPath(r"D:\m\a b.mp4")) == "file:///D:/m/a%20b.mp4"  # type: ignore[arg-type]
    assert page.url(PureWindowsPath(r"C:\reel\m\a b.mp4")) == "./m/a%20b.mp4"  # type: ignore[arg-type]


def test_only_one_module_parses_file_urls() -> None:
    """All other modules call `file_urls`."""
    package = Path(media.__file__).parent.parent
    own = ("unquote", "urlparse", "url2pathname", "pathname2url", ".as_uri(", "os.path.relpath")
    found = {
        (path.relative_to(package).as_posix(), word)
        for path in package.rglob("*.py")
        if path != Path(file_urls.__file__)
        for word in own
        if word in path.read_text(encoding="utf-8")
    }
    assert found == set()


def test_a_percent_encoded_name_is_a_name_if_such_a_file_exists(tmp_path: Path) -> None:
    (tmp_path / quote("a b.mp4")).touch()
    found = media.media_path(otio.schema.ExternalReference("a%20b.mp4"), tmp_path)
    assert found == tmp_path / "a%20b.mp4"
    assert media.media_path(otio.schema.ExternalReference("https://a/b.mp4"), tmp_path) is None
