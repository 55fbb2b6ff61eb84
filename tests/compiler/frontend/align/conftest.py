"""A synthesizer that is the same on every machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def synthesizer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The synthesizer of the `espeakng-loader` wheel, first on the PATH: the same everywhere."""
    folder = tmp_path_factory.mktemp("programs")
    program = folder / "espeak-ng"
    launcher = Path(__file__).with_name("espeak_ng.py")
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{launcher}" "$@"\n')
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        yield
