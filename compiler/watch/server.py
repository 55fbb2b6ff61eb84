"""The server of the page, on the loopback interface only.

Every request must have the token in its path, this server as its host (against DNS rebinding), and
no origin but this server's. Nothing is sent but the page, its events, and the files of
`ServedFiles`.
"""

from __future__ import annotations

import errno
import json
import logging
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import CompileError, InputError, Problem
from .live_state import LiveState
from .served_files import ServedFiles, small_still

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FILE_HEADERS = {**_HEADERS, "Cache-Control": "private, max-age=86400, immutable"}
_MOST_BODY = 4096
_END_S = 1
"""Longest wait for answers that are being sent at the end."""

Act = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Carries out a request of the page: called with its name and arguments, returns the answer."""
OnFault = Callable[[str], None]
"""Called, from the server's thread, with the text of an unexpected error."""


def open_socket(port: int) -> socket.socket:
    """Return a socket that listens on the loopback interface.

    Args:
        port: 0 for any free one.

    Raises:
        InputError: the port is taken, or reserved.
    """
    opened = socket.socket()
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((HOST, port))
        opened.listen()
    except OSError as error:
        opened.close()
        taken = error.errno == errno.EADDRINUSE
        what = f"{port} is taken" if taken else f"{port} cannot be used: {error.strerror}"
        hint = "give another one, or leave it out for a free one"
        raise InputError(Problem.option("--port", what, hint)) from error
    return opened


class PageServer:
    """Serves the page in a thread.

    Args:
        opened: a socket that listens.
        state: to serve.
        files: to serve.
        act: carries out what the page asks for.
        on_fault: called if a request fails unexpectedly; the page is told, too.
    """

    def __init__(
        self,
        opened: socket.socket,
        state: LiveState,
        files: ServedFiles,
        act: Act,
        on_fault: OnFault = lambda _: None,
    ):
        token = secrets.token_urlsafe(24)
        port = opened.getsockname()[1]
        self.url = f"http://{HOST}:{port}/{token}/"
        app = _Guard(_routes(state, files, act), token, port, on_fault)
        # It would log tracebacks, also of connections that end with the program.
        config = uvicorn.Config(
            app, log_config=None, log_level=logging.CRITICAL + 1, lifespan="off",
            timeout_graceful_shutdown=_END_S, server_header=False, ws="none",
        )  # fmt: skip
        self._server, self._socket, self._state = uvicorn.Server(config), opened, state
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """End the events, then close all connections."""
        self._state.end()
        self._server.should_exit = True
        self._thread.join(2 * _END_S)
        self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


class _Guard:
    """Refuses requests without the token, for another host, or from another origin."""

    def __init__(self, app: ASGIApp, token: str, port: int, on_fault: OnFault):
        self._app, self._token, self._on_fault = app, token, on_fault
        self._hosts = {f"{name}:{port}" for name in _NAMES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)
        token, _, rest = request.url.path.removeprefix("/").partition("/")
        is_known = secrets.compare_digest(token.encode(), self._token.encode())
        origin = request.headers.get("origin")
        origins = {f"http://{host}" for host in self._hosts}
        if request.headers.get("host") not in self._hosts:
            why = "not this server's name"
        elif not is_known:
            why = "no token; use the address that the program printed"
        elif origin is not None and origin not in origins:
            why = "asked for by another site"
        elif request.method == "POST" and origin is None:
            why = "asked for by no page"
        else:
            scope = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
            try:
                await self._app(scope, receive, send)
            except ClientDisconnect:
                pass  # The page was closed.
            except Exception as error:
                self._on_fault(_fault_text(error))
            return
        refusal = PlainTextResponse(f"refused: {why}\n", 403, headers=_HEADERS)
        await refusal(scope, receive, send)


def _routes(state: LiveState, files: ServedFiles, act: Act) -> Starlette:
    async def page(_: Request) -> Response:
        return HTMLResponse(state.page, headers=_HEADERS)

    async def events(_: Request) -> Response:
        return StreamingResponse(state.events(), media_type="text/event-stream", headers=_HEADERS)

    async def file(request: Request) -> Response:
        path = files.find(request.path_params["name"])
        if path is None:
            return PlainTextResponse("no such file\n", 404, headers=_HEADERS)
        return FileResponse(path, headers=_FILE_HEADERS)

    async def still(request: Request) -> Response:
        path = files.find(request.path_params["name"])
        data = await run_in_threadpool(small_still, path) if path is not None else b""
        if not data:
            return PlainTextResponse("no such still\n", 404, headers=_HEADERS)
        return Response(data, media_type="image/jpeg", headers=_FILE_HEADERS)

    async def action(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _MOST_BODY:
                return JSONResponse({"error": "too long"}, 413, headers=_HEADERS)
        try:
            answer = await run_in_threadpool(act, request.path_params["name"], _json(body))
        except CompileError as error:
            return JSONResponse({"error": str(error)}, 409, headers=_HEADERS)
        return JSONResponse(dict(answer), headers=_HEADERS)

    async def fault(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": _fault_text(error)}, 500, headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/events", events),
            Route("/files/{name}/{label:path}", file),
            Route("/stills/{name}", still),
            Route("/do/{name}", action, methods=["POST"]),
        ],
        exception_handlers={Exception: fault},
    )


def _fault_text(error: Exception) -> str:
    return f"unexpected {type(error).__name__}: {error}"


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError("the request is not JSON") from error
    if not isinstance(found, dict):
        raise InputError("the request is not an object")
    return found
