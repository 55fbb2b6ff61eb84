"""Plan the calls of a slot within a renderer's limits: size, chunks, rate, crop. Pure functions.

Times are in native frames: frame ``n`` appears ``n / native fps`` seconds after the start of the
media. Calls cover them from 0 on, consecutive ones overlap, and surplus frames are dropped. A model
that can only end on a keyframe covers them up to the last visible one, which holds to the end.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from fractions import Fraction

from ..base import Call, Keyframe, Limits, Shot
from .model_grid import chunk_lengths, longest_count, native_rate, native_size
from .unsupported import unsupported_keyframes, unsupported_settings

JOIN_FRAMES = 8
"""Length of the crossfade of chunks, if the model cannot continue from frames."""
LAST_WITHIN_S = Fraction(1, 2)
"""A keyframe within this many seconds of the slot's end counts as its last."""


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """The calls of a slot.

    Attributes:
        width, height, fps, frames: of the finished slot.
        calls: in order, of one size and frame rate.
        native_frames: number of frames of all calls, overlaps counted once.
        scale: finished pixels per native pixel, for both axes.
        crop: left and top edge of the crop, in native pixels.
        notes: unsupported settings and keyframes, a line each.
    """

    width: int
    height: int
    fps: Fraction
    frames: int
    calls: tuple[Call, ...]
    native_frames: int
    scale: Fraction
    crop: tuple[Fraction, Fraction]
    notes: tuple[str, ...]


def plan(shot: Shot, limits: Limits) -> SlotPlan:
    """Plan the calls of a shot within a renderer's limits.

    A renderer without limits gets one call with the shot's keyframes, counted from the start of the
    span. Others get the keyframes of each call, counted from its first frame.

    Raises:
        RendererError: the limits contradict themselves.
    """
    if limits.is_unbounded:
        return _single_call(shot, limits)
    fps = native_rate(shot.fps, limits)
    width, height = native_size(shot.width, shot.height, limits.multiple, limits.max_pixels)
    needed = math.ceil((shot.frames - 1) * fps / shot.fps) + 1
    lead = limits.overlap if limits.continues and shot.previous is not None else 0
    longest = longest_count(limits.frames)
    overlap = limits.overlap or (min(JOIN_FRAMES, longest // 2) if longest else 0)
    places = [_place(shot, key, fps) for key in shot.keyframes]
    end = _last_visible(shot, fps)
    ends = _ends_on_keyframe(limits, places[-1], end, fps)
    covered = lead + (end + 1 if ends else needed)
    lengths = chunk_lengths(covered, limits.frames, overlap)
    notes = unsupported_settings(shot, limits)
    if len(lengths) > 1 and not limits.overlap:
        notes.append(
            f"the model cannot continue from frames: {len(lengths)} chunks dissolve into each other"
        )
    calls: list[Call] = []
    first = -lead
    if ends and not lead:
        # Surplus frames go before the slot, so that its last visible frame is the calls' last.
        first -= sum(lengths) - overlap * (len(lengths) - 1) - covered
    for index, length in enumerate(lengths):
        shared = lead if index == 0 else overlap
        call = Call(
            width=width,
            height=height,
            fps=fps,
            frames=length,
            first=first,
            keyframes=(),
            overlap=shared,
            seed=call_seed(shot.seed, shot.start, index),
        )
        continued = shared > 0 and limits.overlap > 0
        is_last = index == len(lengths) - 1
        keyframes = _keyframes(
            shot, limits, call, places, continued, needed if is_last else None, is_last and ends
        )
        calls.append(replace(call, keyframes=keyframes))
        first += length - overlap
    notes += unsupported_keyframes(shot, places, needed, calls)
    scale = max(Fraction(shot.width, width), Fraction(shot.height, height))
    return SlotPlan(
        width=shot.width,
        height=shot.height,
        fps=shot.fps,
        frames=shot.frames,
        calls=tuple(calls),
        native_frames=needed,
        scale=scale,
        crop=((width - shot.width / scale) / 2, (height - shot.height / scale) / 2),
        notes=tuple(notes),
    )


def _single_call(shot: Shot, limits: Limits) -> SlotPlan:
    call = Call(
        width=shot.width,
        height=shot.height,
        fps=shot.fps,
        frames=shot.frames,
        first=0,
        keyframes=shot.keyframes,
        overlap=0,
        seed=shot.seed,
    )
    return SlotPlan(
        width=shot.width,
        height=shot.height,
        fps=shot.fps,
        frames=shot.frames,
        calls=(call,),
        native_frames=shot.frames,
        scale=Fraction(1),
        crop=(Fraction(0), Fraction(0)),
        notes=tuple(unsupported_settings(shot, limits)),
    )


def call_seed(seed: int, *place: int | str) -> int:
    """Return the seed of one use of random numbers within a scene, so that no two uses share any.

    Args:
        seed: of the scene, or one that this function returned.
        place: of the use: start of the slot in its scene and index of the call; or a retry, or
            what a call needs the numbers for. The first of all, zeros or empty, has ``seed``.

    Returns:
        ``seed``, or a 48-bit hash: a number that JSON keeps exactly.
    """
    if not any(place):
        return seed
    parts = "/".join(map(str, (seed, *place)))
    return int.from_bytes(hashlib.sha256(parts.encode()).digest()[:6], "big")


def _last_visible(shot: Shot, fps: Fraction) -> int:
    """Return the last native frame of a slot's body, which its handle follows."""
    return math.floor(max(0, shot.frames - 1 - shot.tail) * fps / shot.fps)


def _place(shot: Shot, key: Keyframe, fps: Fraction) -> int:
    """Return the position of a keyframe, in native frames from the start of the media.

    One at the end of the scene, handle included, is moved to the last visible frame.
    """
    is_end = 0 < key.frame == shot.span - 1 == shot.start + shot.frames - 1
    if is_end:
        return _last_visible(shot, fps)
    return round((key.frame - shot.start) * fps / shot.fps)


def _ends_on_keyframe(limits: Limits, place: int, end: int, fps: Fraction) -> bool:
    """Return whether the last call of a slot ends on a keyframe, which holds through the handle.

    Args:
        limits: of the renderer.
        place: of the last keyframe.
        end: the last visible frame.
        fps: native rate, of both.
    """
    is_near = place > 0 and abs(end - place) <= LAST_WITHIN_S * fps
    return is_near and end > 0 and "last" in limits.conditions and "any" not in limits.conditions


def _keyframes(
    shot: Shot,
    limits: Limits,
    call: Call,
    places: list[int],
    continued: bool,
    end: int | None,
    ends: bool,
) -> tuple[Keyframe, ...]:
    """Return the keyframes of one call.

    Args:
        shot: the slot.
        limits: of the renderer.
        call: the call.
        places: positions of the shot's keyframes, in native frames from the start of the media.
        continued: whether the call gets the frames before it.
        end: of the last call, the slot's number of native frames; else None.
        ends: whether the call's last frame is the last keyframe.
    """
    found: dict[int, Keyframe] = {}
    taken = call.overlap if continued else 0
    if "any" in limits.conditions:
        step = limits.keyframe_step
        for key, place in zip(shot.keyframes, places, strict=True):
            local = place - call.first
            inside = 0 <= local < call.frames and (end is None or place < end)
            snapped = min((local + step // 2) // step, (call.frames - 1) // step) * step
            if inside and (not taken or min(local, snapped) >= taken):
                found[snapped] = Keyframe(key.image, snapped)
    elif ends and call.frames > taken:
        found[call.frames - 1] = Keyframe(shot.keyframes[-1].image, call.frames - 1)
    takes_first = not limits.conditions.isdisjoint({"first", "any"})
    only_last = "any" not in limits.conditions
    if takes_first and not continued and (only_last or not found):
        shown = [n for n, place in enumerate(places) if place <= max(0, call.first)] or [0]
        found[0] = Keyframe(shot.keyframes[shown[-1]].image, 0)
    return tuple(found[frame] for frame in sorted(found))


def describe(slot_plan: SlotPlan) -> list[str]:
    """Return a plan as lines of text."""
    call = slot_plan.calls[0]
    counts = ", ".join(str(one.frames) for one in slot_plan.calls)
    calls = "1 call" if len(slot_plan.calls) == 1 else f"{len(slot_plan.calls)} calls"
    shared = slot_plan.calls[-1].overlap if len(slot_plan.calls) > 1 else 0
    lines = [
        f"{calls} of {counts} frames at {call.width}x{call.height}, {_rate(call.fps)}"
        + (f", overlap {shared}" if shared else "")
    ]
    if call.overlap:
        last = "the last frame" if call.overlap == 1 else f"the last {call.overlap} frames"
        lines.append(f"call 1: continues from {last} of the slot before")
    lines += [
        f"call {number}: {key.image.name} at its frame {key.frame}"
        for number, one in enumerate(slot_plan.calls, 1)
        for key in one.keyframes
    ]
    if call.fps != slot_plan.fps:
        lines.append(f"{_rate(call.fps)} interpolated to {_rate(slot_plan.fps)}")
    if (call.width, call.height) != (slot_plan.width, slot_plan.height):
        way = "enlarged" if slot_plan.scale > 1 else "reduced"
        scaled = f"{way} by {float(slot_plan.scale):.3f}, " if slot_plan.scale != 1 else ""
        lines.append(f"{scaled}cropped to {slot_plan.width}x{slot_plan.height}")
    spare = sum(one.frames - one.overlap for one in slot_plan.calls) - slot_plan.native_frames
    lines.append(f"{slot_plan.frames} frames" + (f", {spare} to spare" if spare > 0 else ""))
    return [*lines, *slot_plan.notes]


def _rate(fps: Fraction) -> str:
    return f"{fps.numerator if fps.denominator == 1 else f'{float(fps):.3f}'} fps"
