"""Join the chunks of a long slot: match colours, crossfade, keep finished chunks.

A continuing chunk repeats the end of the previous one. Both are crossfaded there, and the new chunk
gets the mean and standard deviation of each colour channel of the old one, so that colours do not
drift from chunk to chunk. A folder of finished chunks lets a killed run resume.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ..base import Call, Frame, Renderer, RendererError, Shot
from ..files.atomic_file import finish, scratch_folder
from ..files.digest import file_digest, sha256_of
from ..files.open_media import open_input
from .planner import SlotPlan
from .scale import native_from_finished, rgb_of

MOST_GAIN = 1.25
"""Largest factor on the standard deviation of a channel, and its inverse the smallest."""
_SHA_DIGITS = 32

OnShare = Callable[[int, float], None]
"""Called with the index of a call and its progress, 0..1."""


def native_frames(
    renderer: Renderer, shot: Shot, plan: SlotPlan, on_share: OnShare, keep: Path | None = None
) -> Iterator[Frame]:
    """Yield ``plan.native_frames`` RGB frames of the calls' size, lazily.

    Only the frames of an overlap are buffered.

    Args:
        renderer: the renderer.
        shot: the slot.
        plan: its plan for that renderer.
        on_share: progress.
        keep: a folder for finished chunks, created on demand; its chunks are deleted at the end.

    Raises:
        RendererError: the renderer failed, or returned a wrong number or size of frames.
    """
    several = len(plan.calls) > 1
    kept = ChunkFolder(keep, renderer, shot) if keep is not None and several else None
    joined = itertools.islice(_joined(renderer, shot, plan, on_share, kept), plan.native_frames)
    count = 0
    for count, frame in enumerate(joined, 1):  # noqa: B007
        yield frame
    # The last call ended on a keyframe, which holds.
    yield from itertools.repeat(frame, plan.native_frames - count)
    if kept is not None:
        kept.clear(plan.calls)


def _joined(
    renderer: Renderer, shot: Shot, plan: SlotPlan, on_share: OnShare, kept: ChunkFolder | None
) -> Iterator[Frame]:
    before = frames_before(shot, plan)
    for index, call in enumerate(plan.calls):
        later = plan.calls[index + 1].overlap if index + 1 < len(plan.calls) else 0
        made = _chunk(renderer, shot, call, before, on_share, index, kept)
        try:
            head = list(itertools.islice(made, call.overlap))
            matched = _matched(before, head, made, call, renderer.limits.anchored)
            # Frames before the slot are dropped; those of a previous slot are shown there.
            shared = list(itertools.islice(matched, call.overlap if index > 0 else -call.first))
            faded = crossfade(before, shared) if index > 0 else []
            held: deque[Frame] = deque()
            for frame in itertools.chain(faded, matched):
                held.append(frame)
                if len(held) > later:
                    yield held.popleft()
        finally:
            made.close()
        before = list(held)
    yield from before


def _matched(
    before: list[Frame], head: list[Frame], rest: Iterator[Frame], call: Call, anchored: bool
) -> Iterator[Frame]:
    """Match the colours of a chunk to the previous one.

    Args:
        before: the last frames of the previous chunk; none for the first chunk.
        head: the frames of this chunk that repeat them.
        rest: its other frames.
        call: of this chunk.
        anchored: as in `Limits`: the match fades out over the chunk.
    """
    frames = itertools.chain(head, rest)
    if not before:
        return frames
    match = colour_match(before, head)
    if not anchored:
        return (_apply(match, frame) for frame in frames)
    plain = np.arange(256.0)[None, :, None]
    shares = (1 - number / max(1, call.frames - 1) for number in itertools.count())
    return (
        _apply(_rounded(plain + (match - plain) * max(0.0, share)), frame)
        for share, frame in zip(shares, frames, strict=False)
    )


def _chunk(
    renderer: Renderer,
    shot: Shot,
    call: Call,
    before: list[Frame],
    on_share: OnShare,
    index: int,
    kept: ChunkFolder | None,
) -> Generator[Frame, None, None]:
    if kept is not None:
        found = kept.find(call)
        if found is not None:
            on_share(index, 1.0)
            yield from found
            return

    def step(done: int, total: int) -> None:
        on_share(index, min(1.0, done / max(1, total)))

    frames = _checked(renderer, call, renderer.generate(shot, call, before, step))
    yield from frames if kept is None else kept.write(call, frames)
    on_share(index, 1.0)


def _checked(
    renderer: Renderer, call: Call, frames: Iterator[Frame]
) -> Generator[Frame, None, None]:
    """Yield frames as RGB; raise an error for a wrong size or number."""
    made = 0
    for frame in frames:
        picture = rgb_of(frame)
        if picture.shape != (call.height, call.width, 3):
            raise RendererError(
                f"{renderer.name} made a frame of shape {frame.shape} "
                f"in place of {call.width}x{call.height}"
            )
        made += 1
        if made <= call.frames:
            yield picture
    if made != call.frames:
        raise RendererError(f"{renderer.name} made {made} frames in place of {call.frames}")


def colour_match(reference: list[Frame], made: list[Frame]) -> NDArray[np.uint8]:
    """Return the lookup table, shape ``(1, 256, 3)``, that matches ``made`` to ``reference``.

    It matches mean and standard deviation of each channel, the latter by a factor of at most
    `MOST_GAIN`, and not at all for a flat channel.
    """
    (mean_to, spread_to), (mean_from, spread_from) = (
        _statistics(frames) for frames in (reference, made)
    )
    gain = np.where(spread_from > 1.0, spread_to / np.maximum(spread_from, 1e-6), 1.0)
    gain = gain.clip(1 / MOST_GAIN, MOST_GAIN)
    levels = np.arange(256.0)[:, None]
    table = (levels - mean_from) * gain + mean_to
    return _rounded(table[None])


def _rounded(table: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.asarray(table.round().clip(0, 255), np.uint8)


def _statistics(frames: list[Frame]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    means, squares = np.zeros(3), np.zeros(3)
    for frame in frames:
        mean, spread = (one.ravel() for one in cv2.meanStdDev(frame))
        means += mean / len(frames)
        squares += (spread**2 + mean**2) / len(frames)
    return means, np.sqrt(np.maximum(squares - means**2, 0))


def _apply(table: NDArray[np.uint8], frame: Frame) -> Frame:
    return np.asarray(cv2.LUT(frame, table), np.uint8)


def crossfade(old: list[Frame], new: list[Frame]) -> list[Frame]:
    """Crossfade ``old`` into ``new`` over all frames; none is of one alone."""
    count = len(new)
    faded = []
    for number, (one, other) in enumerate(zip(old, new, strict=True), 1):
        share = number / (count + 1)
        faded.append(np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8))
    return faded


def frames_before(shot: Shot, plan: SlotPlan) -> list[Frame]:
    """Return the last frames of the continued slot, at the size and rate of the first call.

    Raises:
        RendererError: its media cannot be read, or are too short.
    """
    call = plan.calls[0]
    if not call.overlap or shot.previous is None:
        return []
    step = plan.fps / call.fps
    held: deque[Frame] = deque(maxlen=int(call.overlap * step) + 1)
    try:
        with open_input(shot.previous) as container:
            for frame in container.decode(video=0):
                held.append(np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8))
    except (av.FFmpegError, OSError, IndexError) as error:
        raise RendererError(f"{shot.previous}: cannot be read: {error}") from error
    wanted = [round(-Fraction(n) * step) for n in range(call.overlap, 0, -1)]
    if not held or -wanted[0] > len(held):
        raise RendererError(f"{shot.previous}: too short to continue from")
    return [native_from_finished(rgb_of(held[n]), plan) for n in wanted]


class ChunkFolder:
    """Finished chunks on disk, uncompressed, named by all that decides their pixels and their
    SHA-256."""

    def __init__(self, folder: Path, renderer: Renderer, shot: Shot):
        self._folder = folder
        stills = [file_digest(key.image) for key in shot.keyframes]
        self._about = repr((renderer.name, renderer.version, shot, stills))

    def find(self, call: Call) -> Iterator[Frame] | None:
        """Return the kept frames of a call, or None."""
        stored: NDArray[np.uint8] | None = None
        with contextlib.suppress(OSError, ValueError):
            path = next(iter(self._kept(call)), None)
            if path is not None and path.stem.endswith(sha256_of(path)[:_SHA_DIGITS]):
                stored = np.load(path, mmap_mode="r", allow_pickle=False)
        if stored is None:
            return None
        if stored.shape != (call.frames, call.height, call.width, 3) or stored.dtype != np.uint8:
            return None
        return (np.array(frame) for frame in stored)

    def write(self, call: Call, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Pass frames through, and keep the chunk once it is complete."""
        self._folder.mkdir(parents=True, exist_ok=True)
        shape = (call.frames, call.height, call.width, 3)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        with scratch_folder(self._folder) as folder:
            part = folder / "chunk.npy"
            # Not memory-mapped: on a full disk, writing to a mapping kills the process.
            with part.open("wb") as stream:
                np.lib.format.write_array_header_1_0(stream, header)
                for frame in frames:
                    stream.write(np.ascontiguousarray(frame).data)
                    yield frame
            finish(part, self._folder / f"{self._name(call)}-{sha256_of(part)[:_SHA_DIGITS]}.npy")

    def clear(self, calls: tuple[Call, ...]) -> None:
        """Delete the chunks of calls; those in use expire later."""
        for call in calls:
            for path in self._kept(call):
                with contextlib.suppress(PermissionError):
                    path.unlink(missing_ok=True)

    def _kept(self, call: Call) -> list[Path]:
        return sorted(self._folder.glob(f"{self._name(call)}-*.npy"))

    def _name(self, call: Call) -> str:
        return hashlib.sha256(repr((self._about, call)).encode()).hexdigest()[:24]
