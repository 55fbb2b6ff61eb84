"""Where weights come from: a local folder or file, or a repository of the hub; never a pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..base import RendererError

SAFE_SUFFIX = ".safetensors"
PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")


@dataclass(frozen=True, slots=True)
class WeightSource:
    """A folder, a file, a repository of the hub, or a file in one.

    Attributes:
        model: absolute path of a folder or a file, or ``owner/name`` of a repository.
        revision: commit, tag or branch of the repository.
        file: path of a single file in the repository.
    """

    model: str
    revision: str | None = None
    file: str | None = None

    @property
    def path(self) -> Path | None:
        """The folder or file on this machine; None for a repository of the hub."""
        return Path(self.model) if Path(self.model).is_absolute() else None

    @property
    def is_file(self) -> bool:
        """Whether it names a single file of weights, not a folder or a repository."""
        return (self.file or self.model).endswith(SAFE_SUFFIX)

    def __str__(self) -> str:
        name = self.model if self.file is None else f"{self.model}/{self.file}"
        return name if self.revision is None else f"{name}@{self.revision}"


def parse_source(value: Any) -> WeightSource:
    """Parse a source of the configuration: a name, or a mapping with ``model``, ``revision``.

    ``owner/name/path/x.safetensors`` is a file in a repository, and ``@revision`` may follow.

    Raises:
        RendererError: it is neither.
    """
    if isinstance(value, Mapping):
        source = parse_source(value.get("model", value.get("path")))
        revision = value.get("revision", source.revision)
        return replace(source, revision=revision, file=value.get("file", source.file))
    if not isinstance(value, str) or not value:
        raise RendererError(f"{value!r} is neither a folder, a file nor a model of the hub")
    if Path(value).is_absolute():
        return WeightSource(value)
    path, has_revision, revision = value.partition("@")
    owner, _, rest = path.partition("/")
    name, _, file = rest.partition("/")
    if not name or (has_revision and not revision):
        raise RendererError(f"{value!r} is not a model of the hub: expected OWNER/NAME[@REVISION]")
    return WeightSource(f"{owner}/{name}", revision or None, file or None)


def reject_pickle(name: str) -> None:
    """Reject a file of weights in a format that can run code.

    Raises:
        RendererError: it is a pickle.
    """
    suffix = Path(name).suffix.lower()
    if suffix in PICKLE_SUFFIXES:
        raise RendererError(
            f"{name}: a {suffix} file is a pickle, which can run any program when it is loaded; "
            "use .safetensors"
        )
