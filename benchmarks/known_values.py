"""Values of small tensors without data: what decides shapes, schedules and masks in a real run.

A tensor of `FakeTensorMode` carries its value as ``card_value``, a real tensor on the CPU, as long
as every operator that made it had values to work on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils._pytree import tree_iter, tree_map

SMALL = 1 << 14
"""Elements up to which tensors carry their values."""


def value_of(tensor: Any) -> Any:
    """Return a tensor's real value, on the CPU; None if it has none."""
    if isinstance(tensor, FakeTensor):
        return getattr(tensor, "card_value", None)
    return tensor if tensor.device.type == "cpu" and tensor.numel() <= SMALL else None


def _to_numpy(tensor: FakeTensor) -> Any:
    value = value_of(tensor)
    if value is None:
        return np.zeros(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
    with _disable_current_modes():
        return value.numpy()


def _to_float(tensor: FakeTensor) -> float:
    # ``torch.Tensor([...])`` would read the data.
    value = value_of(tensor)
    with _disable_current_modes():
        return 0.0 if value is None else float(value)


REPLACED: dict[Any, Callable[[FakeTensor], Any]] = {
    torch.Tensor.numpy: _to_numpy,
    torch.Tensor.__array__: _to_numpy,
    torch.Tensor.tolist: lambda tensor: _to_numpy(tensor).tolist(),
    torch.Tensor.__float__: _to_float,
    torch.Tensor.__deepcopy__: lambda tensor: tensor.clone(),
    torch.Tensor.pin_memory: lambda tensor: tensor,
    torch.Tensor.is_pinned: lambda _: True,
    torch.Tensor.is_cuda.__get__: lambda tensor: tensor.device.type == "cuda",
}
"""Methods of tensors that read the data, or need a driver."""


def read(tensor: Any, other: Any = None) -> Any:
    """Return the number in a tensor, or whether two are equal: 0 and True if they have no value."""
    values = [value_of(each) for each in (tensor, other) if each is not None]
    with _disable_current_modes():
        if other is None:
            return 0 if values[0] is None else values[0].item()
        return any(each is None for each in values) or torch.equal(*values)


def attach(out: Any, value: Any) -> None:
    """Give the results of an operator their values."""
    for fake, real in zip(tree_iter(out), tree_iter(value), strict=False):
        if isinstance(fake, FakeTensor) and isinstance(real, torch.Tensor):
            fake.card_value = real if real.numel() <= SMALL else None


LIST = (list, tuple)
UNKNOWN = ("empty", "rand", "normal", "bernoulli", "dropout", "uniform")


def evaluate(func: Any, args: Any, kwargs: Any) -> tuple[bool, Any]:
    """Return the result of an operator on values, and whether they are all known."""
    given = [*args, *kwargs.values(), *(x for each in args if isinstance(each, LIST) for x in each)]
    tensors = [x for x in given if isinstance(x, torch.Tensor)]
    if any(word in func._opname for word in UNKNOWN) and not func._opname.endswith("_like"):
        return _forget_written(func, args)
    if any(value_of(x) is None for x in tensors):
        return _forget_written(func, args)
    if "empty" in func._opname or "rand" in func._opname:
        return False, None
    if not tensors and np.prod(list(_numbers(args)) or [1]) > SMALL:
        return False, None

    def real(x: Any) -> Any:
        if isinstance(x, torch.Tensor):
            return value_of(x)
        return torch.device("cpu") if isinstance(x, torch.device) else x

    with _disable_current_modes():
        try:
            out = func(*tree_map(real, args), **tree_map(real, kwargs))
        except (RuntimeError, NotImplementedError, TypeError, IndexError):
            return False, None
    return True, out


def _numbers(args: Any) -> Iterator[int]:
    for each in args:
        if isinstance(each, LIST):
            yield from (n for n in each if isinstance(n, int) and n > 0)


def _forget_written(func: Any, args: Any) -> tuple[bool, None]:
    for argument, given in zip(func._schema.arguments, args, strict=False):
        if argument.alias_info is not None and argument.alias_info.is_write:
            for tensor in tree_iter(given):
                if isinstance(tensor, FakeTensor):
                    tensor.card_value = None
    return False, None


VALUED: dict[Any, Callable[[Any], Any]] = {
    torch.ops.aten.nonzero: lambda args: torch.zeros(1, args[0].ndim, dtype=torch.long),
    torch.ops.aten.unique_consecutive: lambda args: torch.zeros(1),
    torch.ops.aten.masked_select: lambda args: torch.zeros(1),
}
"""Operators whose result's shape depends on values, and what they return without these."""


def from_value(value: Any, device: torch.device) -> Any:
    """Return a tensor without data that has a value."""
    made = torch.empty(value.shape, dtype=value.dtype, device=device)
    made.card_value = value
    return made
