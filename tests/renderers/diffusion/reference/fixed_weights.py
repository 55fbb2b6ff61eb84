"""Weights and inputs that a recording and a test make alike, from names and shapes alone."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch


def fixed(name: str, shape: Sequence[int]) -> Any:
    """Return numbers that depend on a name: normally distributed, seeded with its CRC-32."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    return torch.randn(tuple(shape), generator=generator)


def fixed_weight(name: str, shape: Sequence[int]) -> Any:
    """Return a weight: about 1 for a norm, small for a bias, scaled by its inputs for a matrix."""
    values = fixed(name, shape)
    if len(shape) < 2:
        return 0.1 * values + (1.0 if name.endswith("weight") else 0.0)
    inputs = 1
    for length in shape[1:]:
        inputs *= length
    return values / inputs**0.5


def fixed_weights(shapes: Mapping[str, Sequence[int]], prefix: str = "") -> dict[str, Any]:
    """Return the weights of a model, by name.

    Args:
        shapes: of its parameters.
        prefix: of the names, if a second model needs other weights.
    """
    return {name: fixed_weight(prefix + name, shape) for name, shape in shapes.items()}


def shapes_of(model: Any) -> dict[str, list[int]]:
    """Return the shapes of a model's parameters, by name."""
    return {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
