"""A local hub: the part of Hugging Face's protocol that downloads a repository."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serving(
    repositories: dict[str, Path], gated: frozenset[str] = frozenset()
) -> Iterator[tuple[str, list[str]]]:
    """Serve folders as repositories of one commit; yield the address and the requested files."""
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
            parts = unquote(urlsplit(self.path).path).strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                name, what = "/".join(parts[2:4]), parts[4] if len(parts) > 4 else ""
                if name not in repositories:
                    self._send(401, b"", {"X-Error-Code": "RepoNotFound"})
                    return
                files = [
                    {"type": "file", "path": path, "size": size, "oid": "0" * 40}
                    for path, size in _files(repositories[name])
                ]
                siblings = [{"rfilename": file["path"]} for file in files]
                document: object = {"id": name, "sha": COMMIT, "siblings": siblings}
                self._json(files if what == "tree" else document)
                return
            name, path = "/".join(parts[:2]), "/".join(parts[4:])
            file = repositories.get(name, Path("/nonexistent")) / path
            if name in gated:
                self._send(403, b"", {"X-Error-Code": "GatedRepo"})
            elif not file.is_file():
                self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            else:
                if body:
                    asked.append(f"{name}/{path}")
                content = file.read_bytes()
                etag = hashlib.sha256(content).hexdigest()
                headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}
                self._send(200, content, headers, body=body)

        def _json(self, value: object) -> None:
            self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

        def _send(
            self, status: int, content: bytes, headers: dict[str, str], *, body: bool = True
        ) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if body and self.command != "HEAD":
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _files(folder: Path) -> list[tuple[str, int]]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in found]
