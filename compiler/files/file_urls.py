"""Convert between paths and ``file:`` URLs, on POSIX and on Windows with its drives and UNC paths.

Every function is pure and takes a path flavour, `posixpath` or `ntpath`; the default is that of
this machine, `os.path`. On Windows ``C:`` is a drive, not a scheme, and the host of a ``file:`` URL
is a server (RFC 8089, appendix E). On POSIX a host other than ``localhost`` is a folder, since some
programs write ``file://`` before a path without its leading slash.
"""

from __future__ import annotations

import ntpath
import os
import re
from os import PathLike
from types import ModuleType
from urllib.parse import quote, unquote

_DRIVE = re.compile(r"/*([A-Za-z])[:|](?=[\\/]|$)")
_DRIVE_LETTER = re.compile(r"[A-Za-z]:")
_ABSOLUTE_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_LOCALHOST = re.compile(r"//localhost(?=[\\/]|$)", re.IGNORECASE)
_VERBATIM, _VERBATIM_UNC = "\\\\?\\", "\\\\?\\UNC\\"
"""Prefixes of verbatim Windows paths, as of those longer than 260 characters."""


def is_file_url(text: str) -> bool:
    """Whether a text is a ``file:`` URL."""
    return text[:5].lower() == "file:"


def is_url(text: str, flavour: ModuleType = os.path) -> bool:
    """Whether a text is a URL (also of the network) rather than a path.

    >>> import ntpath
    >>> is_url("https://a/b.mp4"), is_url("C://b.mp4", ntpath), is_url("/a/b.mp4")
    (True, False, False)
    """
    if is_file_url(text):
        return True
    if _is_windows(flavour) and _DRIVE_LETTER.match(text):
        return False
    return "://" in text


def paths_of(text: str, flavour: ModuleType = os.path) -> tuple[str, ...]:
    """Return the possible paths of a media reference, the likelier first; none for a network URL.

    Some programs percent-encode plain paths (``%20``), others do not encode URLs.
    """
    if is_file_url(text):
        return path_of_url(text, flavour), _path(text[5:], flavour)
    if is_url(text, flavour):
        return ()
    return tuple(_without_slash(way, flavour) for way in (text, unquote(text)))


def path_of_url(url: str, flavour: ModuleType = os.path) -> str:
    r"""Return the path of a ``file:`` URL; other text unchanged.

    >>> import ntpath, posixpath
    >>> path_of_url("file:///C:/a%20b.mp4", ntpath), path_of_url("file://server/a/b.mp4", ntpath)
    ('C:\\a b.mp4', '\\\\server\\a\\b.mp4')
    >>> path_of_url("file://localhost/a%20b.mp4", posixpath)
    '/a b.mp4'
    """
    return _path(unquote(url[5:]), flavour) if is_file_url(url) else url


def url_of_path(path: str | PathLike[str], flavour: ModuleType = os.path) -> str:
    r"""Return the ``file:`` URL of a path; a URL unchanged.

    >>> import ntpath
    >>> url_of_path(r"C:\a b.mp4", ntpath), url_of_path(r"\\server\a\b.mp4", ntpath)
    ('file:///C:/a%20b.mp4', 'file://server/a/b.mp4')

    Raises:
        ValueError: the path is relative, or on Windows has no drive.
    """
    text = os.fspath(path)
    if is_url(text, flavour):
        return text
    if not _is_windows(flavour):
        if is_windows_path(text):
            return url_of_path(text, ntpath)
        if not text.startswith("/"):
            raise ValueError(f"{text!r} is relative: it has no file: URL")
        return f"file://{_quoted(text)}"
    if text.startswith(_VERBATIM_UNC):
        text = "\\\\" + text.removeprefix(_VERBATIM_UNC)
    drive, rest = flavour.splitdrive(text.removeprefix(_VERBATIM))
    slashed = rest.replace("\\", "/")
    if not drive or not slashed.startswith("/"):
        raise ValueError(f"{text!r} is relative: it has no file: URL")
    if _DRIVE_LETTER.fullmatch(drive):
        return f"file:///{drive}{_quoted(slashed)}"
    return f"file:{_quoted(drive.replace(chr(92), '/') + slashed)}"


def is_windows_path(text: str) -> bool:
    r"""Whether a text is an absolute path of Windows, which means nothing on another system.

    >>> is_windows_path(r"D:\a.mov"), is_windows_path(r"\\server\a.mov"), is_windows_path("/a.mov")
    (True, True, False)
    """
    return bool(_ABSOLUTE_DRIVE.match(text)) or text.startswith("\\\\")


def file_name_of(text: str, flavour: ModuleType = os.path) -> str:
    r"""Return the file name in a path or URL of any system.

    >>> file_name_of(r"D:\a\b c.mov"), file_name_of("file:///D:/a/b%20c.mov")
    ('b c.mov', 'b c.mov')
    """
    path = (paths_of(text, flavour) or (text,))[0]
    if is_windows_path(path) or "/" not in path:
        path = path.replace("\\", "/")
    return path.rstrip("/").rpartition("/")[2]


def relative_or_absolute(
    path: str | PathLike[str], folder: str | PathLike[str], flavour: ModuleType = os.path
) -> str:
    r"""Return a path relative to a folder, with slashes; between two drives it stays absolute.

    >>> import ntpath
    >>> relative_or_absolute(r"C:\a\media\b.mp4", r"C:\a", ntpath)
    'media/b.mp4'
    >>> relative_or_absolute(r"D:\b.mp4", r"C:\a", ntpath)
    'D:\\b.mp4'
    """
    text = os.fspath(path)
    try:
        found = str(flavour.relpath(text, os.fspath(folder)))
    except ValueError:
        return text
    return slashed(found, flavour)


def slashed(path: str, flavour: ModuleType = os.path) -> str:
    r"""Return a path with forward slashes, which programs on every system read.

    >>> import ntpath, posixpath
    >>> slashed(r"C:\a\b.mp4", ntpath), slashed(r"/a\b.mp4", posixpath)
    ('C:/a/b.mp4', '/a\\b.mp4')
    """
    return path.replace("\\", "/") if _is_windows(flavour) else path


def begins_with(text: str, folders: tuple[str, ...], flavour: ModuleType = os.path) -> bool:
    r"""Whether a path begins with one of some folders, as ``.`` or ``~``, and a separator.

    >>> import ntpath, posixpath
    >>> begins_with(r".\a", (".",), ntpath), begins_with(r".\a", (".",), posixpath)
    (True, False)
    """
    return slashed(text, flavour).startswith(tuple(f"{folder}/" for folder in folders))


def _is_windows(flavour: ModuleType) -> bool:
    return bool(flavour.sep == "\\")


def _quoted(text: str) -> str:
    return quote(text, safe="/", errors="surrogateescape")


def _path(rest: str, flavour: ModuleType) -> str:
    """Return the path of a URL, given its rest after ``file:``."""
    rest = _LOCALHOST.sub("", rest, count=1)
    if not _is_windows(flavour):
        return "/" + rest.lstrip("/")
    windows = rest.replace("/", "\\")
    drive = _DRIVE.match(rest)
    if drive is not None:
        return f"{drive[1]}:{windows[drive.end() :]}"
    server = windows.lstrip("\\")
    # Two slashes, or Java's four, precede a server; three a path without a drive.
    is_unc = len(windows) - len(server) in (2, 4)
    return f"\\\\{server}" if is_unc else f"\\{server}"


def _without_slash(path: str, flavour: ModuleType) -> str:
    """Remove the leading slash that URLs have before a drive."""
    if _is_windows(flavour) and path.startswith("/") and (drive := _DRIVE.match(path)):
        return f"{drive[1]}:{path[drive.end() :]}"
    return path
