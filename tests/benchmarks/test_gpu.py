"""The GPU benchmark builds models in the published shapes, and runs in small without a GPU."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra [diffusion] is not installed")
pytest.importorskip("diffusers", reason="the extra [diffusion] is not installed")

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


def parts(described: dict[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, what in described.get("parts", {}).items():
        if "billions" in what:
            yield f"{where}{name}", what
    for name, what in described.get("beside", {}).items():
        if "billions" in what:
            yield f"{where}{name}", what
        yield from parts(what, f"{where}{name}/")


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("published_models")


def test_models_have_as_many_parameters_as_the_published_ones(models: Any) -> None:
    seen: dict[str, float] = {}
    for family in models.NAMES:
        for name, what in parts(models.description(family)):
            shape = json.dumps(what["config"])
            if shape not in seen:
                model = models.shaped(what)
                seen[shape] = sum(parameter.numel() for parameter in model.parameters()) / 1e9
            assert seen[shape] == pytest.approx(what["billions"], abs=0.006), f"{family} {name}"
    assert len(seen) == 23


@pytest.mark.slow
def test_it_runs_with_tiny_models_without_a_gpu(tmp_path: Path, models: Any) -> None:
    command = [
        *(sys.executable, str(BENCHMARKS / "gpu.py"), "--tiny", "--device", "cpu"),
        *("--renderer", "ltx", "--quality", "draft", "high"),
        *("--seconds", "1", "--size", "96x160", "--folder", str(tmp_path)),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert ran.returncode == 0, ran.stderr
    rows = [line for line in ran.stdout.splitlines() if line.startswith("ltx ")]
    assert [row.split()[1:3] for row in rows] == [["draft", "1"], ["high", "1"]]
    for row in rows:
        planned, simulated, measured, time_s, first, after = re.findall(
            r"(?<= )(?:\d+\.\d+|-)(?= )", row
        )
        assert float(planned) >= 1
        assert float(simulated) >= 1
        assert (measured, time_s) == ("-", "-") or float(time_s) > 0
        assert float(first) > 0
        assert float(after) > 0
    built = tmp_path / "tiny" / "ltx"
    before = (built / "model_index.json").stat().st_mtime_ns
    assert (built / "upsampler" / "vae" / "config.json").is_file()
    models.built("ltx", built, tiny=True, device="cpu")
    assert (built / "model_index.json").stat().st_mtime_ns == before


def test_without_a_gpu_it_suggests_tiny_models_on_the_cpu(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    ran = subprocess.run(
        [sys.executable, str(BENCHMARKS / "gpu.py")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.strip() == "there is no CUDA device here; try: --device cpu --tiny"
