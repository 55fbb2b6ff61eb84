"""The server lets in its own page and nobody else, and sends no other file."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from otio_gvideo.compiler.errors import InputError

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from otio_gvideo.compiler.watch.live_state import LiveState
from otio_gvideo.compiler.watch.served_files import ServedFiles
from otio_gvideo.compiler.watch.server import PageServer, open_socket


@dataclass
class Served:
    url: str
    server: PageServer
    files: ServedFiles
    folder: Path
    asked: list[str]
    faults: list[str]

    def request(
        self, path: str = "", *, method: str = "GET", body: str = "", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """Request a path below the address, or a whole one that begins with a slash."""
        answer = self.open(path, method=method, body=body, **headers)
        result = answer.status, answer.read(), dict(answer.getheaders())
        answer.close()
        return result

    def open(
        self, path: str, *, method: str = "GET", body: str = "", **headers: str
    ) -> http.client.HTTPResponse:
        """Request a path; return the answer before it has been read."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(
            method, path if path[:1] == "/" else f"{parts.path}{path}", body or None, named
        )
        return connection.getresponse()

    @property
    def origin(self) -> str:
        return self.url.rpartition("/")[0].rpartition("/")[0]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.txt").write_text("inside")
    (tmp_path / "secret.txt").write_text("secret")
    files, asked, faults = ServedFiles([folder]), list[str](), list[str]()
    state = LiveState(page="<h1>page</h1>")

    def act(name: str, _: object) -> dict[str, str]:
        if name == "fail":
            raise InputError("no")
        if name == "break":
            raise KeyError("broken")
        asked.append(name)
        return {"done": name}

    server = PageServer(open_socket(0), state, files, act, faults.append)
    server.start()
    yield Served(server.url, server, files, folder, asked, faults)
    server.end()


def test_the_page_needs_the_token(served: Served) -> None:
    assert served.request()[:2] == (200, b"<h1>page</h1>")
    for path in ("/", "/wrong/", f"{urlsplit(served.url).path[:-2]}/", "/events", "//"):
        assert served.request(path)[0] == 403, path


def test_another_host_or_origin_is_refused(served: Served) -> None:
    port = urlsplit(served.url).port
    assert served.request(Host=f"localhost:{port}")[0] == 200
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}"):
        assert served.request(Host=host)[0] == 403, host
    assert served.request(Origin=served.origin)[0] == 200
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{port}", "file://"):
        assert served.request(Origin=origin)[0] == 403, origin


def test_only_the_page_itself_can_ask_for_changes(served: Served) -> None:
    def ask(name: str, **headers: str) -> int:
        return served.request(f"do/{name}", method="POST", body="{}", **headers)[0]

    assert ask("approve", Origin=served.origin) == 200
    assert ask("approve") == ask("approve", Origin="http://evil.example") == 403
    assert served.request("do/approve")[0] == 405
    assert ask("fail", Origin=served.origin) == 409
    assert served.asked == ["approve"]
    for body in ("[]", "{", "x" * 5000):
        status = served.request("do/approve", method="POST", body=body, Origin=served.origin)[0]
        assert status in (409, 413)
    assert served.asked == ["approve"]


def test_no_file_outside_the_project_is_sent(served: Served) -> None:
    inside, secret = served.folder / "a.txt", served.folder.parent / "secret.txt"
    assert served.request(served.files.url(inside).removeprefix("./"))[1] == b"inside"
    link = served.folder / "link.txt"
    try:
        link.symlink_to(secret)
    except OSError:
        link = secret
    assert not served.files.url(secret) and not served.files.url(link)
    for path in (
        "files/../../secret.txt", "files/%2e%2e/%2e%2e/secret.txt", f"files/{secret}", "files//x",
        "files/a.txt/a.txt", "stills/..%2f..%2fsecret.txt", "../secret.txt", "%2e%2e%2fsecret.txt",
    ):  # fmt: skip
        status, body, _ = served.request(path)
        assert status in (403, 404) and b"secret\n" not in body and body != b"secret", path


@pytest.mark.posix
def test_a_file_that_becomes_a_link_to_elsewhere_is_not_sent(served: Served) -> None:
    inside = served.folder / "a.txt"
    url = served.files.url(inside).removeprefix("./")
    inside.unlink()
    inside.symlink_to(served.folder.parent / "secret.txt")
    assert served.request(url)[0] == 404


def test_a_player_can_seek(served: Served) -> None:
    url = served.files.url(served.folder / "a.txt").removeprefix("./")
    status, body, headers = served.request(url, Range="bytes=2-3")
    assert (status, body, headers["content-range"]) == (206, b"si", "bytes 2-3/6")


def test_the_end_closes_open_pages_in_silence(
    served: Served, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (served.folder / "large.mp4").write_bytes(bytes(30_000_000))
    events = served.open("events")
    assert events.readline() == b'data: {"version": 0}\n'
    # A player that is paused reads no further.
    video = served.open(served.files.url(served.folder / "large.mp4").removeprefix("./"))
    video.read(1)
    served.server.end()
    assert events.read() == b"\n"
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")
    assert served.faults == []


def test_a_page_that_is_closed_amid_a_request_is_no_fault(served: Served) -> None:
    parts = urlsplit(served.url)
    with socket.create_connection((parts.hostname, parts.port)) as cut_off:
        head = f"POST {parts.path}do/approve HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        length = f"Origin: {served.origin}\r\nContent-Length: 100\r\n\r\n"
        cut_off.sendall(f"{head}{length}{{".encode())
    assert served.request()[0] == 200
    served.server.end()
    assert served.faults == served.asked == []


def test_a_request_that_fails_unexpectedly_is_told_in_one_line(
    served: Served, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    status, body, _ = served.request("do/break", method="POST", body="{}", Origin=served.origin)
    assert (status, json.loads(body)) == (500, {"error": "unexpected KeyError: 'broken'"})
    assert served.faults == ["unexpected KeyError: 'broken'"]
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")
    assert served.request()[0] == 200


def test_nobody_can_frame_or_keep_the_page(served: Served) -> None:
    headers = served.request()[2]
    assert headers["content-security-policy"] == "frame-ancestors 'none'"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_a_port_that_is_taken_is_refused_in_one_line() -> None:
    taken = open_socket(0)
    port = taken.getsockname()[1]
    with pytest.raises(InputError, match=f"--port: {port} is taken; give another one"):
        open_socket(port)
    taken.close()


def test_only_this_machine_is_listened_to() -> None:
    opened = open_socket(0)
    assert opened.getsockname()[0] == "127.0.0.1"
    assert opened.family == socket.AF_INET
    opened.close()


def test_a_file_of_another_content_has_another_address(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("a")
    files = ServedFiles([tmp_path])
    first = files.url(file)
    assert files.url(file) == first
    file.write_text("ab")
    assert files.url(file) != first
    assert files.url(tmp_path / "missing.txt") == files.url(tmp_path) == ""
