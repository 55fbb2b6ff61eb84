"""What a renderer is: the shot it is given, the limits it states, the frames it returns.

A renderer is small. It says in `Limits` what it can make in one go and turns one `Call` into
frames; `planner.plan` cuts a `Shot` into calls, and converts rate, size and count afterwards.

**Frames** are `numpy.ndarray` of ``uint8``, C-contiguous, told apart by their shape:

* ``(height * 3 // 2, width)``: planar YUV 4:2:0 (I420), BT.709, limited range, the planes Y, U, V
  one after the other. Width and height are even. Preferred: it halves the work of a conversion.
* ``(height, width, 3)``: RGB, full range, sRGB transfer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Frame: TypeAlias = NDArray[np.uint8]
OnStep: TypeAlias = Callable[[int, int], None]
"""Called with (done, total) while a call runs; the unit is the renderer's (frames or steps)."""

FALLBACKS = "fallbacks"
"""The setting that holds the settings of renderers that may stand in for one that fails."""
CAMERA_MOVES = (
    "static", "push_in", "pull_out", "pan_left", "pan_right", "tilt_up", "tilt_down",
    "orbit_left", "orbit_right", "roll_left", "roll_right",
)  # fmt: skip

QUALITIES = ("draft", "standard", "high")
FITS = ("cover", "contain", "blur")
"""How a still of another shape fills the frame."""
MIDDLE = (0.5, 0.5)
"""The focus of a move unless one is stated, in 0..1 of a still's width and height."""


class RendererError(Exception):
    """A renderer could not do its work; the message is one line for the user."""


class UnavailableError(RendererError):
    """A renderer cannot run here at all (a package or a model is missing); says what to do."""


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA file and its weight."""

    path: Path
    weight: float


@dataclass(frozen=True, slots=True)
class Motion:
    """How a shot moves. ``camera`` is one of `CAMERA_MOVES`; amounts are 0..1.

    ``focus`` is the point of the still that pushes go towards and other moves keep in sight, as
    ``(x, y)`` in 0..1 of its width and height.
    """

    camera: str = "static"
    amount: float = 0.3
    easing: str = "ease_in_out"
    strength: float = 0.5
    loras: tuple[Lora, ...] = ()
    focus: tuple[float, float] = MIDDLE


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A still, and the frame of the scene's span at which it is to be seen."""

    image: Path
    frame: int


@dataclass(frozen=True, slots=True)
class Shot:
    """One slot to be filled: everything that decides its pixels.

    A scene is seen for ``span`` frames in a row, its outer handles included. It is one slot, or
    several when it is long; this slot's media are the frames ``start .. start + frames - 1`` of
    that span. Moves and keyframes are laid out over the whole span, so slots of one scene continue
    each other without a jump.

    Attributes:
        width, height: of the finished frames, in pixels, even.
        fps: frames a second.
        frames: that the slot's media hold, handles included.
        head, tail: frames of the handles before and after the body.
        start: of this slot's media within the scene's span.
        span: frames for which the scene is seen.
        keyframes: in order of their frames; at least one.
        depth: a depth map of the first keyframe, near is white; None where there is none.
        seed: decided, never "any".
        quality: ``draft``, ``standard`` or ``high``.
        settings: the renderer's own settings from the machine's configuration.
        image_strength: a factor on how firmly the keyframes hold a model's picture; 1 is as firmly
            as its preset says. Less than 1 where a video came out still and is tried again.
        previous: media of the slot that this one continues, where the renderer asked for it.
    """

    width: int
    height: int
    fps: Fraction
    frames: int
    head: int
    tail: int
    start: int
    span: int
    keyframes: tuple[Keyframe, ...]
    depth: Path | None = None
    fit: Literal["cover", "contain", "blur"] = "cover"
    prompt: str = ""
    negative_prompt: str = ""
    seed: int = 0
    motion: Motion = Motion()
    quality: str = "standard"
    settings: Mapping[str, Any] = field(default_factory=dict)
    image_strength: float = 1.0
    previous: Path | None = None


@dataclass(frozen=True, slots=True)
class FrameGrid:
    """The frame counts a model can make in one go: ``step * k + offset`` up to ``most``.

    ``counts`` names them one by one instead, for models with one or two lengths.
    """

    step: int = 1
    offset: int = 0
    least: int = 1
    most: int | None = None
    counts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a renderer can do in one call. The defaults are those of a renderer without limits.

    Attributes:
        frames: the frame counts it can make.
        fps: its native rate; None where it works at any rate up to ``max_fps``.
        max_fps: the highest rate it works at; None where there is no bound.
        multiple: that its width and height must be divisible by.
        max_pixels: per frame; None where there is no bound.
        conditions: where it takes keyframes: "first", "last", "any" (any implies the others).
        keyframe_step: frames of a call that a keyframe may lie at are multiples of this.
        controls: the motion controls it has: of "camera", "strength", "loras", "prompt"; "pace"
            where a camera move only decides how much moves.
        moves: the camera moves that it can make, where it has a control for them.
        overlap: frames of the chunk before that a continuing call is given; 0 where it cannot
            continue from frames.
        continues: whether a slot of a split scene needs the media of the slot before.
        anchored: whether each call holds to the colours of the first keyframe by itself, so that a
            chunk is matched to the one before at its start only.
    """

    frames: FrameGrid = FrameGrid()
    fps: Fraction | None = None
    max_fps: Fraction | None = None
    multiple: int = 2
    max_pixels: int | None = None
    conditions: frozenset[str] = frozenset({"first", "last", "any"})
    keyframe_step: int = 1
    controls: frozenset[str] = frozenset({"camera"})
    moves: frozenset[str] = frozenset(CAMERA_MOVES)
    overlap: int = 0
    continues: bool = False
    anchored: bool = False

    @property
    def is_unbounded(self) -> bool:
        """Whether one call makes any shot, at its own size and rate; so of renderers without a
        model."""
        return (
            self.frames == FrameGrid()
            and self.multiple <= 2
            and (self.fps is None and self.max_fps is None and self.max_pixels is None)
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a renderer: ``frames`` frames of ``width`` x ``height`` at ``fps``.

    Attributes:
        first: the frame of the shot's media, in the call's own rate, that the call starts at.
        keyframes: with frames counted from the call's own first frame; of a renderer without limits
            all of the shot's, as they stand there.
        overlap: how many of its first frames repeat the end of the call before.
        seed: of this call.
    """

    width: int
    height: int
    fps: Fraction
    frames: int
    first: int
    keyframes: tuple[Keyframe, ...]
    overlap: int
    seed: int


class Renderer(Protocol):
    """Turns calls into frames.

    Order of calls: one instance serves many shots of one ``settings`` and ``quality``; `limits` is
    asked first and is cheap; `generate` is called once per planned call, in order, and its
    iterator is exhausted or closed before the next; `close` comes last, always.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    """Part of every key: raised when the same recipe would give other pixels."""

    def __init__(self, settings: Mapping[str, Any], quality: str) -> None: ...

    @property
    def limits(self) -> Limits:
        """What one call can be."""
        ...

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        """Yield exactly ``call.frames`` frames, lazily.

        Args:
            shot: the whole slot; what the call does not say stands here.
            call: the part to make.
            before: the last ``call.overlap`` frames of the call before, at the call's size.
            on_step: progress.

        Raises:
            RendererError: the frames cannot be made.
        """
        ...

    def close(self) -> None:
        """Let go of models and memory."""
        ...


@runtime_checkable
class Expecting(Protocol):
    """A renderer that wants to know beforehand what it will be asked for."""

    def expect(self, shots: Sequence[Shot]) -> None:
        """Told once, before the first call, of all shots that this run may ask it for."""
        ...
