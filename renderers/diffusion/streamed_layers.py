"""Layers of a video VAE that take a clip in pieces, and keep the frames that the next piece needs.

They call the weights of diffusers' modules (``autoencoder_kl_ltx.py``, ``autoencoder_kl_ltx2.py``)
in those modules' order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from .loading import Tensor


class StreamedLayer(Protocol):
    """A layer that takes frames in pieces, ``(1, channels, frames, height, width)``.

    Attributes:
        growth: largest number of elements that it makes of one.
    """

    growth: int

    def feed(self, x: Tensor) -> Tensor | None:
        """Take the next frames; return those that are finished, if any."""

    def flush(self) -> Tensor | None:
        """Return the last frames, which waited for more."""


class StreamedConv:
    """A convolution, padded in time by repeating the first frame, and the last if not causal."""

    def __init__(self, module: Any, is_causal: bool):
        kernel = module.kernel_size[0]
        self._conv = module.conv
        self._kernel, self._stride = kernel, module.conv.stride[0]
        self._left = kernel - 1 if is_causal else (kernel - 1) // 2
        self._right = kernel - 1 - self._left
        self._held: Tensor = None
        self.growth = max(1, -(-self._conv.out_channels // self._conv.in_channels))

    def feed(self, x: Tensor) -> Tensor | None:
        """Take frames, as `StreamedLayer` says."""
        import torch  # noqa: PLC0415 - slow to import

        held = x[:, :, :1].repeat(1, 1, self._left, 1, 1) if self._held is None else self._held
        x = torch.cat([held, x], 2)
        count = (x.shape[2] - self._kernel) // self._stride + 1
        if count <= 0:
            self._held = x
            return None
        # A copy: a view would keep the whole piece in memory.
        self._held = x[:, :, count * self._stride :].clone()
        return self._conv(x[:, :, : (count - 1) * self._stride + self._kernel])

    def flush(self) -> Tensor | None:
        """Return the frames that waited, if any."""
        if self._right == 0 or self._held is None:
            return None
        return self.feed(self._held[:, :, -1:].repeat(1, 1, self._right, 1, 1))


class StreamedResnet:
    """A residual block; its shortcut waits for the convolutions."""

    def __init__(self, module: Any, is_causal: bool, embedding: Tensor = None):
        self._module = module
        self._first = StreamedConv(module.conv1, is_causal)
        self._second = StreamedConv(module.conv2, is_causal)
        self._skipped = Delay()
        self._noise: list[Tensor] = [None, None]
        self._shifts: Sequence[Tensor] = (None, None, None, None)
        if module.scale_shift_table is not None:
            table = module.scale_shift_table[None, ..., None, None, None]
            self._shifts = (embedding.unflatten(1, (4, -1)) + table).unbind(dim=1)
        self.growth = self._first.growth

    def feed(self, x: Tensor) -> Tensor | None:
        """Take frames, as `StreamedLayer` says."""
        self._skipped.add(x)
        module, (shift, scale, _, _) = self._module, self._shifts
        x = _normalise(module.norm1, x, shift, scale)
        return self._finish(self._first.feed(module.nonlinearity(x)))

    def flush(self) -> Tensor | None:
        """Return the frames that waited, if any."""
        return _joined(self._finish(self._first.flush()), self._finish(self._second.flush(), 1))

    def _finish(self, x: Tensor | None, done: int = 0) -> Tensor | None:
        """Pass on what the first convolution (``done`` 0) or the second one (1) returned."""
        module, (_, _, shift, scale) = self._module, self._shifts
        if x is not None and done == 0:
            x = _normalise(module.norm2, self._noisy(x, 0), shift, scale)
            x = self._second.feed(module.nonlinearity(x))
        if x is None:
            return None
        x = self._noisy(x, 1)
        skipped = self._skipped.take(x.shape[2])
        if module.norm3 is not None:
            skipped = module.norm3(skipped.movedim(1, -1)).movedim(-1, 1)
        if module.conv_shortcut is not None:
            skipped = module.conv_shortcut(skipped)
        return x + skipped

    def _noisy(self, x: Tensor, number: int) -> Tensor:
        """Add the noise of LTX-Video 0.9.1's decoder: the same for all frames."""
        import torch  # noqa: PLC0415

        scales = (self._module.per_channel_scale1, self._module.per_channel_scale2)
        if scales[number] is None:
            return x
        if self._noise[number] is None:
            noise = torch.randn(x.shape[-2:], device=x.device, dtype=x.dtype)
            self._noise[number] = (noise[None] * scales[number])[None, :, None]
        return x + self._noise[number]


class StreamedUpsampler:
    """A convolution whose channels become positions and frames, beside its repeated input."""

    def __init__(self, module: Any, is_causal: bool):
        self._module = module
        self._conv = StreamedConv(module.conv, is_causal)
        self._skipped = Delay()
        self._is_first = True
        self.growth = self._conv.growth

    def feed(self, x: Tensor) -> Tensor | None:
        """Take frames, as `StreamedLayer` says."""
        if self._module.residual:
            self._skipped.add(x)
        return self._finish(self._conv.feed(x))

    def flush(self) -> Tensor | None:
        """Return the frames that waited, if any."""
        return self._finish(self._conv.flush())

    def _finish(self, x: Tensor | None) -> Tensor | None:
        if x is None:
            return None
        module, count = self._module, x.shape[2]
        x = _unfold(x, module.stride)
        if module.residual:
            skipped = _unfold(self._skipped.take(count), module.stride)
            time, height, width = module.stride
            x += skipped.repeat(1, time * height * width // module.upscale_factor, 1, 1, 1)
        if self._is_first:
            self._is_first = False
            x = x[:, :, module.stride[0] - 1 :]
        return x


class StreamedDownsampler:
    """A convolution whose positions and frames become channels, beside its averaged input."""

    growth = 1

    def __init__(self, module: Any, is_causal: bool):
        self._module = module
        self._conv = StreamedConv(module.conv, is_causal)
        self._waiting = Delay()
        self._is_first = True

    def feed(self, x: Tensor) -> Tensor | None:
        """Take frames, as `StreamedLayer` says."""
        module = self._module
        time = module.stride[0]
        if self._is_first and time > 1:
            self._waiting.add(x[:, :, : time - 1])
        self._is_first = False
        self._waiting.add(x)
        count = self._waiting.length // time * time
        if count == 0:
            return None
        x = self._waiting.take(count)
        mean = _fold(x, module.stride).unflatten(1, (-1, module.group_size)).mean(dim=2)
        return _fold(self._conv.feed(x), module.stride) + mean

    def flush(self) -> Tensor | None:
        """Return the frames that waited, if any."""
        return None


class StreamedHead:
    """The last normalisation and convolution."""

    def __init__(self, module: Any, is_causal: bool, embedding: Tensor = None):
        self._module = module
        self._conv = StreamedConv(module.conv_out, is_causal)
        self._shifts: Sequence[Tensor] = (None, None)
        if embedding is not None:
            table = module.scale_shift_table[None, ..., None, None, None]
            self._shifts = (embedding.unflatten(1, (2, -1)) + table).unbind(dim=1)
        self.growth = 1

    def feed(self, x: Tensor) -> Tensor | None:
        """Take frames, as `StreamedLayer` says."""
        x = _normalise(self._module.norm_out, x, *self._shifts)
        return self._conv.feed(self._module.conv_act(x))

    def flush(self) -> Tensor | None:
        """Return the frames that waited, if any."""
        return self._conv.flush()


class StreamedPatches:
    """Patches of pixels that become channels: those of the width first, then of the height."""

    growth = 1

    def __init__(self, size: int):
        self._size = size

    def feed(self, x: Tensor) -> Tensor | None:
        """Take frames, as `StreamedLayer` says."""
        x = x.unflatten(4, (-1, self._size)).unflatten(3, (-1, self._size))
        return x.permute(0, 1, 6, 4, 2, 3, 5).flatten(1, 3)

    def flush(self) -> Tensor | None:
        """Return the frames that waited, if any."""
        return None


class Delay:
    """Frames that wait."""

    def __init__(self) -> None:
        self._held: Tensor = None

    @property
    def length(self) -> int:
        """Their number."""
        return 0 if self._held is None else int(self._held.shape[2])

    def add(self, x: Tensor) -> None:
        """Append frames."""
        self._held = x if self.length == 0 else _joined(self._held, x)

    def take(self, count: int) -> Tensor:
        """Return the first frames and drop them here."""
        taken, rest = self._held[:, :, :count], self._held[:, :, count:]
        self._held = rest.clone()
        return taken


def _normalise(norm: Any, x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    # LTX-2's norm takes the channels where they are.
    x = norm(x) if hasattr(norm, "channel_dim") else norm(x.movedim(1, -1)).movedim(-1, 1)
    return x if shift is None else x * (1 + scale) + shift


def _joined(some: Tensor | None, others: Tensor | None) -> Tensor | None:
    import torch  # noqa: PLC0415

    if some is None or others is None:
        return others if some is None else some
    return torch.cat([some, others], 2)


def _unfold(x: Tensor, stride: tuple[int, int, int]) -> Tensor:
    """Turn channels into frames, rows and columns."""
    x = x.unflatten(1, (-1, *stride)).permute(0, 1, 5, 2, 6, 3, 7, 4)
    return x.flatten(6, 7).flatten(4, 5).flatten(2, 3)


def _fold(x: Tensor, stride: tuple[int, int, int]) -> Tensor:
    """Turn frames, rows and columns into channels."""
    time, height, width = stride
    x = x.unflatten(4, (-1, width)).unflatten(3, (-1, height)).unflatten(2, (-1, time))
    return x.permute(0, 1, 3, 5, 7, 2, 4, 6).flatten(1, 4)
