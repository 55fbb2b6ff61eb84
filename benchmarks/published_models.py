"""Models in their published shapes, from ``benchmarks/models/*.json``, without their weights."""

from __future__ import annotations

import contextlib
import importlib
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from gpu import shaped, tokenizer
from torch._subclasses.fake_tensor import FakeTensor

HERE = Path(__file__).parent


def description(name: str) -> dict[str, Any]:
    """Return the description of a model."""
    found: dict[str, Any] = json.loads((HERE / "models" / f"{name}.json").read_text("utf-8"))
    return found


def write_folder(described: Mapping[str, Any], folder: Path, *, tiny: bool = False) -> Path:
    """Write the folder of a pipeline, with headers of its weights and no data."""
    import diffusers  # noqa: PLC0415 - slow to import

    folder.mkdir(parents=True)
    index: dict[str, Any] = {
        "_class_name": described["pipeline"],
        "_diffusers_version": diffusers.__version__,
        **described.get("index", {}),
    }
    for part, what in described["parts"].items():
        if what.get("made") == "none" or "same_as" in what:
            index[part] = [None, None]
        elif "made" in what:
            made = tokenizer(what["made"])
            made.save_pretrained(folder / part)
            index[part] = ["transformers", type(made).__name__]
        else:
            _write_part(what, folder / part, tiny)
            index[part] = what.get("index", [what["library"], what["class"]])
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    for beside, what in described.get("beside", {}).items():
        if "pipeline" in what:
            write_folder(what, folder / beside, tiny=tiny)
        else:
            _write_part(what, folder / beside, tiny)
    return folder


def _write_part(what: Mapping[str, Any], folder: Path, tiny: bool) -> None:
    if what["class"].endswith("Scheduler"):
        kind = getattr(importlib.import_module(what["library"]), what["class"])
        kind(**what["config"]).save_pretrained(folder)
        return
    model = shaped(what, tiny=tiny)
    is_transformers = what["library"] == "transformers"
    (model.config.save_pretrained if is_transformers else model.save_config)(folder)
    header = json.dumps(
        {
            name: {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": [0, 0]}
            for name, tensor in model.named_parameters()
        }
    ).encode()
    file = "model" if is_transformers else "diffusion_pytorch_model"
    (folder / f"{file}.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)


@contextlib.contextmanager
def without_weights() -> Iterator[None]:
    """Let models be loaded from their configurations alone, in RAM that is not there."""
    import diffusers  # noqa: PLC0415 - slow to import
    import transformers  # noqa: PLC0415

    def diffusers_model(kind: Any, folder: Any, **options: Any) -> Any:
        config = kind.load_config(str(folder), subfolder=options.get("subfolder"))
        kept = getattr(kind, "_keep_in_fp32_modules", None) or ()
        return _typed(kind.from_config(config), options, kept)

    def transformers_model(kind: Any, folder: Any, **options: Any) -> Any:
        path = Path(folder) / (options.get("subfolder") or "")
        model = kind(kind.config_class.from_pretrained(path))
        model.tie_weights()
        is_half = options.get("dtype", options.get("torch_dtype")) == torch.float16
        kept = getattr(model, "_keep_in_fp32_modules" + ("" if is_half else "_strict"), None)
        return _typed(model, options, kept or ())

    with contextlib.ExitStack() as stack:
        for name in INITIALISERS:
            stack.enter_context(mock.patch.object(torch.nn.init, name, _kept))
        for base, load in (
            (diffusers.ModelMixin, diffusers_model),
            (transformers.PreTrainedModel, transformers_model),
        ):
            stack.enter_context(mock.patch.object(base, "from_pretrained", classmethod(load)))
        stack.enter_context(
            mock.patch.object(transformers.PreTrainedModel, "init_weights", lambda _: None)
        )
        yield


INITIALISERS = (
    *("uniform_", "normal_", "trunc_normal_", "constant_", "ones_", "zeros_", "eye_"),
    *("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_"),
)


def _kept(tensor: Any, *_: Any, **__: Any) -> Any:
    return tensor


def _typed(model: Any, options: Mapping[str, Any], kept: Iterable[str]) -> Any:
    """Give a model its dtype, but for the modules that it keeps in 32 bits."""
    dtype = options.get("dtype", options.get("torch_dtype")) or torch.float32
    for name, module in model.named_modules():
        is_kept = any(part in name.split(".") for part in kept)
        for own in (module._parameters, module._buffers):
            for key, tensor in own.items():
                if tensor is None:
                    continue
                if not isinstance(tensor, FakeTensor):
                    # ``torch.Tensor([...])`` makes real ones.
                    made = torch.empty(tensor.shape, dtype=tensor.dtype)
                    own[key] = torch.nn.Parameter(made) if own is module._parameters else made
                if tensor.is_floating_point() and not is_kept and key not in kept:
                    own[key].data = own[key].to(dtype)
    return model.eval()
