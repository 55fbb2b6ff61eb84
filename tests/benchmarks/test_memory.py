"""The memory benchmark holds plans against a simulated card, and fails for a plan that is off."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra [diffusion] is not installed")
pytest.importorskip("diffusers", reason="the extra [diffusion] is not installed")

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
SHORT = ["--model", "ltx", "--quality", "draft", "--seconds", "0.3", "--rung", "none"]


@pytest.fixture(autouse=True)
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_the_card_counts_living_storages_once_and_rounds_them_up() -> None:
    simulation = importlib.import_module("simulation")
    with torch.no_grad(), simulation.Card() as card, card.during("work"):
        layer = torch.nn.Linear(256, 256).to("cuda")
        assert card.live == 256 * 256 * 4 + 1024
        seen = layer(torch.empty(3, 256, device="cuda"))
        assert card.matmul["work"] == 2 * 3 * 256 * 256
        view = seen.view(-1)[5:]
        del seen
        assert card.live == 256 * 256 * 4 + 1024 + 3072
        layer.to("cpu")
        assert card.live == 3072
        del view
        assert card.live == 0
    assert card.peaks["work"] == 256 * 256 * 4 + 1024 + 2 * 3072


def test_attention_takes_its_result_alone_and_small_values_are_known() -> None:
    simulation = importlib.import_module("simulation")
    with simulation.Card() as card:
        tokens = torch.empty(1, 2, 512, 64, device="cuda")
        before = card.live
        torch.nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)
        assert card.peaks[""] == 2 * before
        assert card.attention[""] == 4 * 2 * 512 * 512 * 64
        steps = torch.linspace(1, 0, 5).to("cuda")
        assert (steps == steps[2]).nonzero()[0].item() == 2


def test_every_build_of_pytorch_takes_tensors_of_the_card() -> None:
    simulation = importlib.import_module("simulation")
    with simulation.Card() as card:
        tokens = torch.tensor([[1, 2], [3, 4]], device="cuda")
        assert tokens[1, None, :].device == tokens.device == torch.device("cuda:0")
        assert tokens.is_cuda
        assert tokens.to("cuda") is tokens
        assert card.live == card.allocations * simulation.GRAIN == simulation.GRAIN
        assert copy.deepcopy(tokens)[1].cpu().tolist() == [3, 4]
        assert torch.equal(tokens, tokens + 0)
        assert not torch.equal(tokens, tokens + 1)
        made = torch.zeros_like(tokens, dtype=torch.float32) + torch.ones(2, device="cuda")
        assert (made.device.type, made.tolist()) == ("cuda", [[1, 1], [1, 1]])
        layer = torch.nn.Linear(2, 2)
        layer.weight.data = layer.weight.data.to("cuda")
        assert layer.weight.is_cuda
        assert not layer.bias.is_cuda


def test_an_allocation_can_fail() -> None:
    simulation = importlib.import_module("simulation")
    with simulation.Card(fail_at=range(1, 2)):
        torch.empty(8, device="cuda")
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(8, device="cuda")


@pytest.mark.slow
def test_a_plan_that_lies_below_the_simulated_peak_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = importlib.import_module("memory")
    found: list[Any] = []
    simulate = memory.simulate

    def kept(*args: Any) -> Iterator[Any]:
        for call in simulate(*args):
            found.append(call)
            yield call

    monkeypatch.setattr(memory, "simulate", kept)
    status = memory.main(SHORT)
    (call,) = found
    assert status == (0 if 1 <= call.ratio <= memory.ABOVE else 1)
    assert call.simulated["load"] > 5.5 + memory.CONTEXT_GB  # All but the text encoder.
    assert call.simulated["denoise"] > 4.5 + memory.CONTEXT_GB  # Its weights alone take more.
    for factor, expected in ((0.99, 1), (1.0, 0), (1.14, 0), (1.16, 1)):
        planned = dict.fromkeys(call.planned, call.simulated_gb * factor)
        monkeypatch.setattr(
            memory, "simulate", lambda *_, planned=planned: [replace(call, planned=planned)]
        )
        assert memory.main(SHORT) == expected, factor
    assert capsys.readouterr().out.count("WRONG") >= 2
