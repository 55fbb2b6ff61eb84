"""The renderer contract: shots in, limits stated, frames out.

A renderer states its `Limits` and turns one `Call` into frames. `fit.planner` splits a `Shot` into
calls within those limits; frame rate, size and count are converted afterwards.

**Frames** are C-contiguous `numpy.ndarray` of ``uint8`` in one of two shapes:

* ``(height * 3 // 2, width)``: planar YUV 4:2:0 (I420), BT.709, limited range; planes Y, U, V.
  Width and height are even. Preferred, since it is the cheaper to encode.
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
"""Called with (done, total) during a call, in frames or steps."""

FALLBACKS = "fallbacks"
"""The setting that holds the settings of fallback renderers."""
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
    """Rendering failed; the message is one line for the user."""


class UnavailableError(RendererError):
    """A renderer cannot run here: a package or a model is missing. Says how to get it."""


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA file and its weight."""

    path: Path
    weight: float


@dataclass(frozen=True, slots=True)
class Motion:
    """The motion of a shot.

    Attributes:
        camera: one of `CAMERA_MOVES`.
        amount: extent of the move, 0..1.
        easing: of the move's speed.
        strength: motion of the subject in a model's video, 0..1.
        loras: applied to the model.
        focus: the point that a push moves towards and other moves keep in frame: ``(x, y)``, 0..1
            of the still's width and height.
        zoom: least zoom of the move; 1 shows as much of the still as fits.
        depth_of_field: blur of what is nearer or farther than the focus, 0..1.
    """

    camera: str = "static"
    amount: float = 0.3
    easing: str = "ease_in_out"
    strength: float = 0.5
    loras: tuple[Lora, ...] = ()
    focus: tuple[float, float] = MIDDLE
    zoom: float = 1.0
    depth_of_field: float = 0.0


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A still, and the frame of the scene's span at which it is reached."""

    image: Path
    frame: int


@dataclass(frozen=True, slots=True)
class Shot:
    """One slot: everything that decides its pixels.

    A scene spans ``span`` frames, its outer handles included, in one slot or several. The slot's
    media are frames ``start .. start + frames - 1`` of that span. Moves and keyframes are timed
    over the whole span, so that the slots of a scene continue each other.

    Attributes:
        width, height: of finished frames, in pixels, even.
        fps: frame rate.
        frames: length of the media, handles included.
        head, tail: lengths of the handles, in frames.
        start: first frame of the media within the span.
        span: length of the span, in frames.
        keyframes: at least one, ascending.
        depth: a depth map of the first keyframe, near is white; or None.
        fit: how a still of another shape fills the frame.
        people: whether stills show people, whose outlines are a subject in front of a background.
        prompt, negative_prompt: of a model.
        written: the prompt that a language model wrote of ``prompt`` and the rest; or empty.
        ending: the prompt of the scene that begins with the still that this shot ends on.
        seed: of all random numbers.
        motion: of camera and subject.
        quality: one of `QUALITIES`.
        settings: the renderer's settings from the configuration.
        image_strength: factor on the preset's conditioning strength of keyframes; less than 1 in
            retries of still video.
        previous: media of the slot to continue, if the renderer's `Limits.continues`.
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
    people: bool = False
    prompt: str = ""
    negative_prompt: str = ""
    written: str = ""
    ending: str = ""
    seed: int = 0
    motion: Motion = Motion()
    quality: str = "standard"
    settings: Mapping[str, Any] = field(default_factory=dict)
    image_strength: float = 1.0
    previous: Path | None = None


@dataclass(frozen=True, slots=True)
class FrameGrid:
    """The possible frame counts of a call: ``step * k + offset``, from ``least`` to ``most``.

    ``counts`` lists them instead, for models with one or two lengths.
    """

    step: int = 1
    offset: int = 0
    least: int = 1
    most: int | None = None
    counts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one call. The defaults are those of a renderer without limits.

    Attributes:
        frames: possible frame counts.
        fps: native frame rate; None for any rate up to ``max_fps``.
        max_fps: highest frame rate; None for no limit.
        multiple: divisor of width and height.
        max_pixels: per frame; None for no limit.
        conditions: positions of keyframes: "first", "last", "any" (includes the others).
        keyframe_step: positions of keyframes are multiples of this.
        controls: supported controls, of "camera", "depth_of_field", "strength", "loras" and
            "prompt"; "pace" if a camera move only sets the amount of motion.
        moves: supported camera moves, if "camera" is a control.
        overlap: frames of the previous chunk that a continuing call gets; 0 if it cannot continue
            from frames.
        continues: whether a slot of a split scene needs the media of the previous slot.
        anchored: whether each call keeps the colours of the first keyframe, so that colours are
            matched at the start of a chunk only.
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
        """Whether one call renders any shot, at its size and rate: a renderer without a model."""
        return (
            self.frames == FrameGrid()
            and self.multiple <= 2
            and (self.fps is None and self.max_fps is None and self.max_pixels is None)
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a renderer.

    Attributes:
        width, height, fps, frames: to render.
        first: its first frame in the shot's media, at the call's frame rate.
        keyframes: counted from its first frame; of a renderer without limits, the shot's.
        overlap: leading frames that repeat the end of the previous call.
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

    One instance serves any number of shots of the same ``settings`` and ``quality``. `limits` is
    read first, and is cheap. `generate` is called for each planned call, in order; its iterator is
    exhausted or closed before the next one. `close` is always called last.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    """Counts in every key: raise it if the same recipe would render other pixels."""

    def __init__(self, settings: Mapping[str, Any], quality: str) -> None: ...

    @property
    def limits(self) -> Limits:
        """The limits of one call."""
        ...

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        """Yield exactly ``call.frames`` frames, lazily.

        Args:
            shot: the whole slot.
            call: the part to render.
            before: the last ``call.overlap`` frames of the previous call, at the call's size.
            on_step: progress.

        Raises:
            RendererError: rendering failed.
        """
        ...

    def close(self) -> None:
        """Unload models and free memory."""
        ...


@runtime_checkable
class Expecting(Protocol):
    """A renderer that is told its shots in advance."""

    def expect(self, shots: Sequence[Shot]) -> None:
        """Called once, before the first call, with all shots that the run may ask for."""
        ...
