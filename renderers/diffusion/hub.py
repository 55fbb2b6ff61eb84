"""The Hugging Face hub: the files of a repository, and its errors in one line each."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..base import RendererError, UnavailableError
from ..error_text import one_line
from .weight_source import WeightSource

T = TypeVar("T")

FIRST_ANSWER_S = 4.0
"""Wait for the first answer of the hub; names of hosts may be looked up for longer than that."""
TOKENS = "https://huggingface.co/settings/tokens"
NAME_FOLDER = "name a folder with the weights in video_config.yaml"
OFFLINE = f"HF_HUB_OFFLINE is set; unset it, or {NAME_FOLDER}"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository at a commit.

    Attributes:
        name: ``owner/name``.
        commit: 40 hexadecimal digits.
        sizes: of its files in bytes; 0 where the hub states none.
        hashes: SHA-256 of its large files.
    """

    name: str
    commit: str
    sizes: Mapping[str, int]
    hashes: Mapping[str, str]


def list_repository(source: WeightSource) -> Repository:
    """Return the files of a source's repository.

    Raises:
        UnavailableError: the hub is out of reach, or HF_HUB_OFFLINE is set.
        RendererError: the hub refuses, or has no such repository.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415 - slow to import

    with errors_in_one_line(source):
        info = _within(
            FIRST_ANSWER_S,
            lambda: HfApi().model_info(
                source.model,
                revision=source.revision,
                files_metadata=True,
                timeout=FIRST_ANSWER_S,
            ),
        )
    files = info.siblings or []
    return Repository(
        source.model,
        str(info.sha),
        {file.rfilename: file.size or 0 for file in files},
        {file.rfilename: file.lfs.sha256 for file in files if file.lfs},
    )


@contextlib.contextmanager
def errors_in_one_line(source: WeightSource) -> Iterator[None]:
    """Raise the errors of the hub's library as our own, with what to do.

    Raises:
        UnavailableError: the hub is out of reach.
        RendererError: the hub refuses.
    """
    from huggingface_hub import constants  # noqa: PLC0415
    from huggingface_hub.errors import (  # noqa: PLC0415
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
    )

    # The base of httpx's errors; which release of it the library uses depends on its version.
    transport_error = HfHubHTTPError.__bases__[0]
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise UnavailableError(f"{source} is not on this machine, and {OFFLINE}") from error
    except HfHubHTTPError as error:
        raise RendererError(_refusal(error, source)) from error
    except HFValidationError as error:
        raise RendererError(f"{source.model} is not a name on the hub") from error
    except (transport_error, TimeoutError, ConnectionError) as error:
        # httpx mixes no OSError into its errors.
        why = one_line(error)[:80] or type(error).__name__
        raise UnavailableError(
            f"{constants.ENDPOINT} is out of reach ({why}); check the network, its proxy and "
            f"HF_ENDPOINT, or {NAME_FOLDER}"
        ) from error
    except OSError as error:
        raise RendererError(f"{source} cannot be stored: {one_line(error)}") from error


def _refusal(error: Any, source: WeightSource) -> str:
    """Return what an answer of the hub means, and the way out."""
    from huggingface_hub import errors, get_token  # noqa: PLC0415

    status = error.response.status_code
    has_token = get_token() is not None
    if isinstance(error, errors.GatedRepoError) or status in (401, 403):
        return _no_access(error, source, has_token=has_token)
    facts = {
        errors.RevisionNotFoundError: f"{source.model} has no revision {source.revision}",
        errors.RepositoryNotFoundError: f"{source} is not on the hub, or is private (set HF_TOKEN)",
        errors.EntryNotFoundError: f"{source.model} lacks a file: {error.response.url}",
    }
    for kind, fact in facts.items():
        if isinstance(error, kind):
            return fact
    if status < 500 and status != 429:
        return f"{source} cannot be downloaded: {one_line(error)[:200]}"
    wait = error.response.headers.get("Retry-After", "")
    when = f"try again {f'in {wait} s' if wait.isdigit() else 'in a few minutes'}"
    if status >= 500:
        return f"the hub has a fault ({status}); {when}"
    more = "" if has_token else ", or set HF_TOKEN for a higher limit"
    return f"the hub limits requests (429); {when}{more}"


def _no_access(error: Any, source: WeightSource, *, has_token: bool) -> str:
    """Return why the hub refuses access to a repository."""
    from huggingface_hub import errors  # noqa: PLC0415

    status = error.response.status_code
    if isinstance(error, errors.GatedRepoError):
        token = "set HF_TOKEN to a token of the same account" if has_token else "set HF_TOKEN"
        page = f"https://huggingface.co/{source.model}"
        return f"{source.model} is gated: accept its licence at {page} and {token}"
    if isinstance(error, errors.RepositoryNotFoundError) and not has_token:
        # Without a token, the hub says 401 for a repository that does not exist as well.
        return f"{source} is not on the hub, or is private (set HF_TOKEN)"
    if status == 401:
        return f"the hub rejects the token of HF_TOKEN (401); make another one at {TOKENS}"
    return (
        f"the hub refuses access to {source.model} ({status}); set HF_TOKEN to a token that may "
        f"read it, from {TOKENS}"
    )


def _within(seconds: float, work: Callable[[], T]) -> T:
    """Run some work on a thread, which is left behind after a time.

    Raises:
        TimeoutError: it took too long.
    """
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    if not results:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return results[0]
