"""A local hub: the part of Hugging Face's protocol that downloads a repository."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"

Refuse = Callable[[str, Mapping[str, str]], tuple[int, dict[str, str]] | None]
"""Returns status and headers for a path and the headers of its request; None serves it."""


class Send(Protocol):
    """Writes the content of a file to a client, at a speed of its own."""

    def __call__(self, write: Callable[[bytes], object], name: str, content: bytes) -> None: ...


def at_once(write: Callable[[bytes], object], name: str, content: bytes) -> None:
    """Send a file at once."""
    del name
    write(content)


@contextmanager
def serving(
    repositories: dict[str, Path],
    gated: frozenset[str] = frozenset(),
    *,
    refuse: Refuse = lambda *_: None,
    send: Send = at_once,
) -> Iterator[tuple[str, list[str]]]:
    """Serve folders as repositories of one commit; yield the address and the requested files.

    A file that is requested from an offset is listed as ``name@offset``.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return None

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            path = unquote(urlsplit(self.path).path).strip("/")
            refused = refuse(path, {k.lower(): v for k, v in self.headers.items()})
            if refused is not None:
                self._send(refused[0], b"", refused[1])
                return
            parts = path.split("/")
            if parts[:2] == ["api", "models"]:
                self._describe("/".join(parts[2:4]), parts[4] if len(parts) > 4 else "")
                return
            name, path = "/".join(parts[:2]), "/".join(parts[4:])
            file = repositories.get(name, Path("/nonexistent")) / path
            if name in gated:
                self._send(403, b"", {"X-Error-Code": "GatedRepo"})
            elif not file.is_file():
                self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            else:
                self._file(f"{name}/{path}", file.read_bytes(), body=body)

        def _describe(self, name: str, what: str) -> None:
            if name not in repositories:
                self._send(401, b"", {"X-Error-Code": "RepoNotFound"})
                return
            files = list(_files(repositories[name]))
            tree = [
                {"type": "file", "path": path, "size": size, "oid": "0" * 40}
                for path, size, _ in files
            ]
            siblings = [
                {
                    "rfilename": path,
                    "size": size,
                    "lfs": {"size": size, "sha256": sha256, "pointerSize": 134},
                }
                for path, size, sha256 in files
            ]
            self._json(
                tree if what == "tree" else {"id": name, "sha": COMMIT, "siblings": siblings}
            )

        def _file(self, name: str, content: bytes, *, body: bool) -> None:
            etag = hashlib.sha256(content).hexdigest()
            headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            status, start, stop = 200, 0, len(content)
            if wanted:
                status, start = 206, int(wanted[1])
                stop = min(stop, int(wanted[2]) + 1) if wanted[2] else stop
                headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
            if start >= stop:
                self._send(416, b"", {})
                return
            if body:
                asked.append(f"{name}@{start}" if start else name)
            self._send(status, content[start:stop], headers, name=name, body=body)

        def _json(self, value: object) -> None:
            self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

        def _send(
            self,
            status: int,
            content: bytes,
            headers: dict[str, str],
            *,
            name: str = "",
            body: bool = True,
        ) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if body and self.command != "HEAD":
                try:
                    send(self.wfile.write, name, content)
                except OSError:
                    self.close_connection = True  # The client is gone.

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _files(folder: Path) -> Iterator[tuple[str, int, str]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        yield name, len(content), hashlib.sha256(content).hexdigest()
