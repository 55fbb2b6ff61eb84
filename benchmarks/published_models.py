"""Models in their published shapes, ``benchmarks/models/*.json``: with random weights, or none."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import string
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch._subclasses.fake_tensor import FakeTensor

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "models").glob("*.json"))
SPREAD = 0.02
"""Standard deviation of random weights: small, so that activations stay finite."""
SHARD = "4GB"


def description(name: str) -> dict[str, Any]:
    """Return the description of a model; ``like`` names one that has the parts that it lacks."""
    found: dict[str, Any] = json.loads((HERE / "models" / f"{name}.json").read_text("utf-8"))
    if "like" in found:
        other = description(found["like"])
        found = {**other, **found, "parts": {**other["parts"], **found["parts"]}}
    return found


def shaped(what: Mapping[str, Any], *, tiny: bool = False) -> Any:
    """Return a model in its published shape on the meta device, without memory."""
    config = {**what["config"], **(what.get("tiny", {}) if tiny else {})}
    kind = getattr(importlib.import_module(what.get("module", what["library"])), what["class"])
    with torch.device("meta"):
        if what["library"] == "transformers":
            return kind(kind.config_class(**config)).eval()
        return kind(**config)


def tokenizer(kind: str) -> Any:
    """Return a tokenizer of letters; any will do for random weights."""
    import transformers  # noqa: PLC0415 - slow to import
    from transformers.convert_slow_tokenizer import bytes_to_unicode  # noqa: PLC0415

    if kind == "clip_image":
        return transformers.CLIPImageProcessor(
            crop_size={"height": 224, "width": 224}, size={"shortest_edge": 224}
        )
    if kind == "clip":
        letters = list(bytes_to_unicode().values())
        tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{x}</w>" for x in letters)]
        vocab = {token: number for number, token in enumerate(tokens)}
        return transformers.CLIPTokenizer(vocab=vocab, merges=[], model_max_length=77)
    if kind == "gemma":
        words = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *string.ascii_letters]
        vocab = {word: number for number, word in enumerate(words)}
        return transformers.GemmaTokenizer(vocab=vocab, merges=[], model_max_length=1024)
    letters = ["▁", *string.ascii_letters, *string.digits, *".,;:!?-'\"()"]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(letter, -float(number + 2)) for number, letter in enumerate(letters)]
    return transformers.T5TokenizerFast(vocab=pieces, extra_ids=0, model_max_length=512)


def built(name: str, folder: Path, *, tiny: bool, device: str) -> Path:
    """Return the folder of a model with random weights; build it if it is missing."""
    described = description(name)
    stamp = folder / "built.json"
    if stamp.is_file() and json.loads(stamp.read_text(encoding="utf-8")) == described:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    print(f"building {name} in {folder} …", file=sys.stderr, flush=True)
    torch.manual_seed(0)
    _save_pipeline(described, folder, tiny, device)
    for beside, what in described.get("beside", {}).items():
        if "pipeline" in what:
            _save_pipeline(what, folder / beside, tiny, device, folder)
        else:
            _save_part(what, folder / beside, tiny, device)
    stamp.write_text(json.dumps(described), encoding="utf-8")
    return folder


def _save_pipeline(
    described: Mapping[str, Any],
    folder: Path,
    tiny: bool,
    device: str,
    whole: Path | None = None,
) -> None:
    """Save a pipeline's parts and its index, as ``save_pretrained`` would."""
    import diffusers  # noqa: PLC0415 - slow to import

    folder.mkdir(parents=True)
    index: dict[str, Any] = {
        "_class_name": described["pipeline"],
        "_diffusers_version": diffusers.__version__,
        **described.get("index", {}),
    }
    for part, what in described["parts"].items():
        if what.get("made") == "none":
            index[part] = [None, None]
        elif "same_as" in what:
            assert whole is not None
            shutil.copytree(whole / what["same_as"], folder / part, copy_function=os.link)
            other = json.loads((whole / "model_index.json").read_text(encoding="utf-8"))
            index[part] = other[what["same_as"]]
        elif "made" in what:
            made = tokenizer(what["made"])
            made.save_pretrained(folder / part)
            index[part] = ["transformers", type(made).__name__]
        else:
            _save_part(what, folder / part, tiny, device)
            index[part] = what.get("index", [what["library"], what["class"]])
    (folder / "model_index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")


def _save_part(what: Mapping[str, Any], folder: Path, tiny: bool, device: str) -> None:
    if what["class"].endswith("Scheduler"):
        getattr(importlib.import_module(what["library"]), what["class"])(
            **what["config"]
        ).save_pretrained(folder)
        return
    model = shaped(what, tiny=tiny)
    dtype = torch.float32 if tiny else torch.bfloat16
    # bfloat16 from the start: the largest text encoder takes 23 GB in float32.
    model = model.to(dtype).to_empty(device=device)
    with torch.no_grad():
        for key, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if not tensor.is_floating_point():
                tensor.copy_(torch.arange(tensor.numel()).reshape(tensor.shape))
            elif tensor.ndim == 1 and key.endswith("weight"):
                tensor.fill_(1.0)
            elif tensor.ndim == 1:
                tensor.zero_()
            else:
                tensor.normal_(0.0, SPREAD)
    model.save_pretrained(folder, max_shard_size=SHARD)


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
