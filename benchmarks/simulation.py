"""A card that is not there: tensors without data, whose memory and work are counted.

Inside `Card`, PyTorch creates tensors of `FakeTensorMode`, on a device ``cuda`` that only exists as
a name. PyTorch's C++ takes it for ``meta``, so that a build without CUDA will do. Hooks of
accelerate and diffusers move tensors as real ones. The card notes the bytes of all living storages
on the device, the peak of each phase, and the floating-point operations of matrix products,
convolutions and attention. Small tensors carry their values, so that schedules and masks decide
what they do in a real run.

PyTorch's error for a lack of memory is raised at the allocations that `Card.fail_at` names.
"""

from __future__ import annotations

import contextlib
import weakref
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any
from unittest import mock

import known_values
import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from torch.utils.flop_counter import flop_registry

GIB = 1 << 30
GRAIN = 512
"""Bytes that PyTorch's allocator on CUDA rounds up to."""
KEPT = {*flop_registry, *known_values.VALUED}
"""Operators that are not decomposed."""
FROM_DATA = (torch.tensor, torch.as_tensor, torch.asarray)
"""Functions that make tensors of the CPU's data."""


class Card:
    """A simulated accelerator: enter it, and run models on the device ``cuda``.

    Attributes:
        memory_gb: that it says to have.
        live: bytes of living storages on it.
        peaks: largest ``live``, by phase.
        matmul, attention: floating-point operations, by phase.
        allocations: storages that were allocated on it.
        fail_at: numbers of the allocations that fail.
        phase: name that measurements are filed under.
    """

    def __init__(self, memory_gb: float = 1024.0, fail_at: Container[int] = ()):
        self.memory_gb = memory_gb
        self.live = 0
        self.peaks: Counter[str] = Counter()
        self.matmul: Counter[str] = Counter()
        self.attention: Counter[str] = Counter()
        self.allocations = 0
        self.fail_at = fail_at
        self.phase = ""
        self._seen: set[int] = set()
        self._stack = ExitStack()
        self._fake = _FakeTensors(allow_non_fake_inputs=True)

    def __enter__(self) -> Card:
        enter = self._stack.enter_context
        for patch in _patches(self.memory_gb):
            enter(patch)
        enter(self._fake)
        enter(_Operators(self, self._fake))
        enter(_Functions(self))
        return self

    def __exit__(self, *_: Any) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def during(self, phase: str) -> Iterator[None]:
        """File measurements under a phase."""
        before, self.phase = self.phase, phase
        self._note()
        try:
            yield
        finally:
            self.phase = before
            self._note()

    def work(self, phase: str) -> float:
        """Return the floating-point operations of a phase."""
        return float(self.matmul[phase] + self.attention[phase])

    def reset(self) -> None:
        """Forget all measurements but what lives."""
        for counter in (self.peaks, self.matmul, self.attention):
            counter.clear()

    def track(self, tensor: FakeTensor) -> None:
        """Count a tensor's storage while it lives."""
        if tensor.fake_device.type != "cuda":
            return
        storage = tensor.untyped_storage()
        identity = storage._cdata
        if identity in self._seen:
            return
        self.allocations += 1
        if self.allocations - 1 in self.fail_at:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate (simulated)")
        size = -(-storage.nbytes() // GRAIN) * GRAIN
        self._seen.add(identity)
        self.live += size
        weakref.finalize(storage, self._forget, identity, size)
        self._note()

    def _forget(self, identity: int, size: int) -> None:
        self._seen.discard(identity)
        self.live -= size

    def _note(self) -> None:
        self.peaks[self.phase] = max(self.peaks[self.phase], self.live)


CARD, STAND_IN = torch.device("cuda:0"), torch.device("meta")
"""The card, and what PyTorch's C++ takes it for: a build without CUDA has no functions for it."""


def _moved(
    device: torch.device, other: torch.device, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return arguments with one device in place of another."""

    def moved(x: Any) -> Any:
        kind = x.type if isinstance(x, torch.device) else x if isinstance(x, str) else ""
        return device if kind == other.type else x

    return [moved(x) for x in args], {key: moved(x) for key, x in kwargs.items()}


class _FakeTensors(FakeTensorMode):
    """Tensors without data, which C++ believes to be on the stand-in."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.prim.device.default:
            return STAND_IN if args[0].device == CARD else args[0].device
        args, kwargs = _moved(CARD, STAND_IN, args, kwargs or {})
        return super().__torch_dispatch__(func, types, args, kwargs)


class _Operators(TorchDispatchMode):
    """Counts what each operator allocates and computes."""

    def __init__(self, card: Card, fake: FakeTensorMode):
        super().__init__()
        self._card = card
        self._fake = fake

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name = kwargs or {}, func._overloadpacket
        if func.namespace == "prim":
            return func(*args, **kwargs)
        if name in (torch.ops.aten._local_scalar_dense, torch.ops.aten.equal):
            return known_values.read(*args)
        if name not in KEPT:
            with self:
                decomposed = func.decompose(*args, **kwargs)
            if decomposed is not NotImplemented:
                return decomposed
        known, value = known_values.evaluate(func, args, kwargs)
        if name in known_values.VALUED:
            value = value if known else known_values.VALUED[name](args)
            return known_values.from_value(value, args[0].device)
        out = func(*args, **kwargs)
        if name in flop_registry and _is_on_card(out):
            self._card.matmul[self._card.phase] += flop_registry[name](*args, **kwargs, out_val=out)
        for tensor in tree_iter(out):
            if isinstance(tensor, FakeTensor):
                self._card.track(tensor)
        if known:
            known_values.attach(out, value)
        return out


class _Functions(TorchFunctionMode):
    """Functions that tensors without data lack, or that a CPU computes in another way."""

    def __init__(self, card: Card):
        super().__init__()
        self._card = card

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.nn.functional.scaled_dot_product_attention:
            return self._attend(*args, **kwargs)
        if args and isinstance(args[0], FakeTensor) and func in known_values.REPLACED:
            return known_values.REPLACED[func](args[0])
        if func is torch.device:
            return func(*args, **kwargs)
        args, kwargs = _moved(STAND_IN, CARD, args, kwargs)
        if func in FROM_DATA and kwargs.get("device") is not None:
            # The stand-in has no place for the data.
            return func(*args, **{**kwargs, "device": "cpu"}).to(kwargs["device"])
        return func(*args, **kwargs)

    def _attend(self, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> Any:
        """Allocate the result alone, as a fused kernel does."""
        if query.device.type == "cuda":
            *lead, tokens, width = query.shape
            rows = int(np.prod(lead))
            flops = 2 * rows * tokens * key.shape[-2] * (width + value.shape[-1])
            self._card.attention[self._card.phase] += flops
        # Kernels return (batch, tokens, heads, width), transposed.
        *lead, heads, tokens, _ = query.shape
        out = query.new_empty((*lead, tokens, heads, value.shape[-1]))
        return out.transpose(-2, -3)


def _is_on_card(out: Any) -> bool:
    return any(isinstance(x, torch.Tensor) and x.device.type == "cuda" for x in tree_iter(out))


def _patches(memory_gb: float) -> list[Any]:
    """Return what PyTorch lacks for a device that only exists as a name."""
    total = int(memory_gb * GIB)
    cuda = torch.cuda
    replaced = {
        "Stream": _Stream,
        "current_stream": lambda *_: _Stream(),
        "stream": lambda _: contextlib.nullcontext(),
        "synchronize": lambda *_: None,
        "empty_cache": lambda: None,
        "mem_get_info": lambda *_: (total, total),
        "memory_reserved": lambda *_: 0,
        "set_per_process_memory_fraction": lambda *_: None,
        "get_device_properties": lambda *_: SimpleNamespace(name="simulated", total_memory=total),
    }
    return [
        *(mock.patch.object(cuda, name, value) for name, value in replaced.items()),
        mock.patch.object(torch.nn.Module, "_apply", _apply),
        mock.patch.object(FakeTensor, "data", property(_data, _set_data), create=True),
    ]


class _Stream:
    """A stream without work to wait for."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def synchronize(self) -> None: ...

    def wait_stream(self, _: Any) -> None: ...


def _apply(module: Any, function: Callable[[Any], Any], recurse: bool = True) -> Any:
    """Change weights as ``torch.nn.Module._apply`` does, which swaps tensors of other classes."""
    if recurse:
        for child in module.children():
            child._apply(function)
    for parameter in module._parameters.values():
        if parameter is not None:
            # In place, as a weight may be shared.
            parameter.data = function(parameter)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            module._buffers[name] = function(buffer)
    return module


def _data(tensor: Any) -> Any:
    return tensor.detach()


def _set_data(tensor: Any, value: Any) -> None:
    torch.Tensor.data.__set__(tensor, value)
    if isinstance(value, FakeTensor):
        tensor.fake_device, tensor.constant = value.fake_device, None
        tensor.card_value = known_values.value_of(value)
