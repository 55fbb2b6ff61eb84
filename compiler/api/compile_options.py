"""The options of a compile, from `compile_script` to its stages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ..outputs.paths import Outputs
from ..script.model import Quality
from ..stages.output_options import OutputOptions

Until = Literal["timeline", "media", "video"]


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """The options of `compile_script`."""

    until: Until
    config: str | Path | None
    renderer: str | None
    quality: Quality | None
    engine: str
    force: bool
    allow_outside: bool
    relative_media: bool
    verify: bool
    output: OutputOptions

    @property
    def are_repeatable(self) -> bool:
        """Whether an equal run may be left out."""
        asks_again = self.force or self.verify or self.output.allow_network
        return self.until == "video" and self.engine == "local" and not asks_again

    def run_arguments(self, script: Path, outputs: Outputs) -> list[Any]:
        """Return what tells a run from others, as JSON values."""
        values = {name: str(value) for name, value in asdict(self).items()}
        config = str(Path(self.config).absolute()) if self.config else ""
        return [str(script), str(outputs.folder), {**values, "config": config}]
