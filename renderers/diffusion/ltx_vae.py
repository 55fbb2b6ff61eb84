"""The VAEs of LTX-Video and LTX-2 as streams: exact, with a few frames in memory at a time.

Encoder and decoder are chains of convolutions over time, normalisations of single positions and
changes of resolution; nothing looks at the whole clip. So a clip passes through the chain in pieces
if each layer keeps the few frames that its next piece needs (`streamed_layers`). The result is that
of encoding or decoding the whole clip: no overlap is computed twice, no seam is blended, and memory
hardly grows with length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from .loading import Tensor
from .streamed_layers import (
    StreamedConv,
    StreamedDownsampler,
    StreamedHead,
    StreamedLayer,
    StreamedPatches,
    StreamedResnet,
    StreamedUpsampler,
)

MOST = 1 << 26
"""Elements of a layer's largest tensor in one pass. It decides the kernels' shapes, and with them
the last bit of pixels: it is the same on every device."""


def stream_encoder(vae: Any) -> None:
    """Make a VAE encode its clips in pieces."""
    encoder = vae.encoder
    if _is_causal(encoder):
        encoder.forward = partial(encode_clip, encoder)


def encode_clip(encoder: Any, clip: Tensor, causal: bool | None = None) -> Tensor:
    """Return what the encoder's own ``forward`` would: the moments of a clip's latents.

    Args:
        encoder: of the VAE, causal.
        clip: shape ``(1, 3, frames, height, width)``.
        causal: ignored; the encoder of LTX-2 is called with it.
    """
    import torch  # noqa: PLC0415

    layers: list[StreamedLayer] = [
        StreamedPatches(encoder.patch_size),
        StreamedConv(encoder.conv_in, True),
    ]
    for block in encoder.down_blocks:
        layers += [StreamedResnet(one, True) for one in block.resnets]
        for one in block.downsamplers or ():
            kind = StreamedDownsampler if hasattr(one, "group_size") else StreamedConv
            layers.append(kind(one, True))
        if getattr(block, "conv_out", None) is not None:
            layers.append(StreamedResnet(block.conv_out, True))
    layers += [StreamedResnet(one, True) for one in encoder.mid_block.resnets]
    layers.append(StreamedHead(encoder, True))
    moments = torch.cat(list(stream(layers, clip)), 2)
    last = moments[:, -1:].repeat(1, moments.shape[1] - 2, 1, 1, 1)
    return torch.cat([moments, last], 1)


def decode_latents(decoder: Any, latents: Tensor, timestep: Tensor | None) -> Iterator[Tensor]:
    """Yield what the decoder's own ``forward`` would return, a few frames at a time.

    Args:
        decoder: of the VAE.
        latents: shape ``(1, channels, frames, height, width)``.
        timestep: shape ``(1,)``, for a decoder that is conditioned on it.
    """
    causal, size = _is_causal(decoder), decoder.patch_size
    if decoder.timestep_scale_multiplier is not None:
        timestep = timestep * decoder.timestep_scale_multiplier

    def embedded(block: Any) -> Tensor | None:
        if block.time_embedder is None:
            return timestep
        found = block.time_embedder(
            timestep=timestep.flatten(),  # type: ignore[union-attr]
            resolution=None,
            aspect_ratio=None,
            batch_size=1,
            hidden_dtype=latents.dtype,
        )
        return found.view(1, -1, 1, 1, 1)

    layers: list[StreamedLayer] = [StreamedConv(decoder.conv_in, causal)]
    at = embedded(decoder.mid_block)
    layers += [StreamedResnet(one, causal, at) for one in decoder.mid_block.resnets]
    for block in decoder.up_blocks:
        if block.conv_in is not None:
            layers.append(StreamedResnet(block.conv_in, causal, timestep))
        layers += [StreamedUpsampler(one, causal) for one in block.upsamplers or ()]
        at = embedded(block)
        layers += [StreamedResnet(one, causal, at) for one in block.resnets]
    at = None if decoder.time_embedder is None else embedded(decoder)
    layers.append(StreamedHead(decoder, causal, at))
    for x in stream(layers, latents):
        # Channels become patches: of the width first, then of the height.
        frames = x.unflatten(1, (-1, size, size)).permute(0, 1, 4, 5, 3, 6, 2)
        yield frames.flatten(5, 6).flatten(3, 4)


def stream(layers: Sequence[StreamedLayer], x: Tensor) -> Iterator[Tensor]:
    """Yield the frames of a clip that has passed all layers, in pieces."""
    finished: list[Tensor] = []
    frame = x[:, :, 0].numel() * layers[0].growth
    for part in x.split(max(1, MOST // frame), 2):
        _push(layers, part, finished)
        while finished:
            yield finished.pop(0)
    for number, layer in enumerate(layers):
        rest = layer.flush()
        if rest is not None:
            _push(layers[number + 1 :], rest, finished)
        while finished:
            yield finished.pop(0)


def _push(layers: Sequence[StreamedLayer], x: Tensor | None, finished: list[Tensor]) -> None:
    """Pass frames through layers, in pieces where a layer would make too much of them."""
    for number, layer in enumerate(layers):
        assert x is not None
        most = max(1, MOST // (x[:, :, 0].numel() * layer.growth))
        if x.shape[2] > most:
            for part in x.split(most, 2):
                _push(layers[number:], part, finished)
            return
        x = layer.feed(x)
        if x is None:
            return
    finished.append(x)


def _is_causal(coder: Any) -> bool:
    # LTX-Video's convolutions know, LTX-2's are told.
    return bool(getattr(coder, "is_causal", getattr(coder.conv_in, "is_causal", False)))
