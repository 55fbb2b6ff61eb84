"""Watch a script: the server, the runs behind it, and their ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from ..api.arguments import refuse_unknown, script_of
from ..errors import InputError, Problem
from ..files.exists import is_there
from ..notices import Notice
from ..outputs.paths import outputs_beside
from ..progress import OnProgress, silent
from ..script.model import Quality

EXTRA = "pip install 'otio-gvideo[watch]'"

OnResult = Callable[[tuple[Problem, ...], tuple[Notice, ...], float], None]
"""Called after each run with its errors, its warnings, and its seconds."""


def watch_script(
    script: str | Path,
    *,
    output: str | Path | None = None,
    config: str | Path | None = None,
    renderer: str | None = None,
    quality: Quality | None = None,
    allow_outside: bool = False,
    port: int = 0,
    on_start: Callable[[str], None] = lambda _: None,
    on_progress: OnProgress = silent,
    on_result: OnResult = lambda *_: None,
    on_notice: Callable[[Notice], None] = lambda _: None,
) -> None:
    """Compile a script after every save, and serve its page until interrupted.

    Runs in the main thread. The script is written to only if the page asks for a change that was
    shown there.

    Args:
        script: the YAML file, or a folder with a ``script.yaml``.
        output, config, renderer, quality, allow_outside: as in `compile_script`.
        port: of the page on ``127.0.0.1``; 0 for a free one.
        on_start: called with the address of the page, whose token lets in whoever has it.
        on_progress: called with each step.
        on_result: called after each run.
        on_notice: called if a request of the page fails unexpectedly.

    Raises:
        InputError: there is no such script, the port is taken, or packages are missing.
        WorkError: the script's folder is gone.
        KeyboardInterrupt: after Ctrl-C, once all has ended.
    """
    refuse_unknown("quality", quality, "a quality", get_args(Quality))
    path = script_of(script)
    if not is_there(path):
        raise InputError(Problem.in_file(path, "no such file"))
    folder = Path(output).absolute() if output else None
    outputs = outputs_beside(path, folder)
    try:
        from .live_state import LiveState  # noqa: PLC0415 - needs the extra
        from .page_requests import PageRequests  # noqa: PLC0415
        from .server import PageServer, open_socket  # noqa: PLC0415
        from .session import WatchOptions, WatchSession  # noqa: PLC0415
    except ModuleNotFoundError as error:
        what = f"watch needs the package {error.name}"
        raise InputError(Problem.general(what, EXTRA)) from error
    opened = open_socket(port)
    with_config = Path(config).absolute() if config else None
    options = WatchOptions(path, with_config, renderer, quality, allow_outside)
    state = LiveState()
    session = WatchSession(options, state, outputs, on_progress, on_result)
    requests = PageRequests(state, lambda: session.edit, session.approve)

    def report_fault(what: str) -> None:
        on_notice(Notice("browser", f"a request of the page failed: {what}"))

    server = PageServer(opened, state, session.files, requests, report_fault)
    server.start()
    try:
        on_start(server.url)
        session.run()
    finally:
        server.end()
