"""Random timelines: rates and their spellings, layers, nests, ranges, speeds, transitions."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import opentimelineio as otio
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime, TimeRange
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from PIL import Image

RATES = (24.0, 25.0, 30.0, 23.98, 23.976, 23.976023976, 29.97, 59.94)
FRAMES = 40
"""Of each video."""
VIDEOS = {
    "red.mp4": ("24", "64x96"),
    "blue.mp4": ("30000/1001", "96x64"),
    "lime.mp4": ("25", "64x96"),
}
STILL, VOICE = "still.png", "voice.wav"
KINDS = ("dissolve", "wipe_left", "fade_black", "slide_up", "nobody knows this")


def make_media(folder: Path) -> None:
    """Write videos of slow gradients, a still, and bursts of noise as a voice."""
    for number, (name, (rate, size)) in enumerate(VIDEOS.items()):
        colour = name.removesuffix(".mp4")
        picture = f"gradients=s={size}:r={rate}:c0={colour}:c1=gray:n=2:speed=0.02:seed={number}"
        coded = ["-frames:v", str(FRAMES), "-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p"]
        run(["-f", "lavfi", "-i", picture, *coded, *output_args(folder / name)], what=name)
    Image.new("RGB", (90, 60), "orange").save(folder / STILL)
    noise = np.random.default_rng(1).normal(0, 0.1, 48000 * 3)
    noise *= np.repeat(np.tile([1.0, 0.1], 15), 4800)
    with wave.open(str(folder / VOICE), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes((noise * 32767).clip(-32768, 32767).astype("<i2").tobytes())


def at_rate(frames: int, rate: float, start: int = 0) -> TimeRange:
    return TimeRange(RationalTime(start, rate), RationalTime(frames, rate))


@st.composite
def clips(draw: st.DrawFn, rates: st.SearchStrategy[float]) -> otio.schema.Clip:
    name = draw(st.sampled_from([*VIDEOS, STILL]))
    rate, frames = draw(rates), draw(st.integers(3, 14))
    origin = draw(st.sampled_from([0, 0, 86400]))
    start = origin + draw(st.integers(2, 8))
    reference = otio.schema.ExternalReference(name, at_rate(FRAMES, rate, origin))
    clip = otio.schema.Clip(name[0], reference, at_rate(frames, rate, start))
    speed = draw(st.sampled_from([1, 1, 1, 1, 0.5, 1.25, -1, 0]))
    if speed == 0:
        clip.effects.append(otio.schema.FreezeFrame())
    elif speed != 1:
        clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
    clip.enabled = draw(st.sampled_from([True, True, True, False]))
    return clip


def gaps(rates: st.SearchStrategy[float]) -> st.SearchStrategy[otio.schema.Gap]:
    return st.builds(
        lambda frames, rate: otio.schema.Gap(source_range=at_rate(frames, rate)),
        st.integers(1, 8),
        rates,
    )


@st.composite
def transitions(draw: st.DrawFn, rates: st.SearchStrategy[float]) -> otio.schema.Transition:
    kind, rate = draw(st.sampled_from(KINDS)), draw(rates)
    types = otio.schema.TransitionTypes
    before, after = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    return otio.schema.Transition(
        kind,
        types.SMPTE_Dissolve if kind == "dissolve" else types.Custom,
        RationalTime(before, rate),
        RationalTime(after, rate),
    )


@st.composite
def tracks(
    draw: st.DrawFn, rates: st.SearchStrategy[float], *, depth: int = 1
) -> otio.schema.Track:
    track = otio.schema.Track("V", kind=otio.schema.TrackKind.Video)
    items = [clips(rates), clips(rates), clips(rates), gaps(rates)]
    if depth:
        items.append(stacks(rates, depth=depth - 1))
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.integers(0, 3)) == 0:
            track.append(draw(transitions(rates)))
        track.append(draw(st.one_of(items)))
    if draw(st.integers(0, 3)) == 0:
        track.append(draw(transitions(rates)))
    if draw(st.integers(0, 3)) == 0:
        track.source_range = at_rate(draw(st.integers(4, 30)), draw(rates), draw(st.integers(0, 9)))
    return track


@st.composite
def stacks(draw: st.DrawFn, rates: st.SearchStrategy[float], *, depth: int) -> otio.schema.Stack:
    stack = otio.schema.Stack("nest")
    stack.extend(draw(st.lists(tracks(rates, depth=depth), min_size=1, max_size=2)))
    if draw(st.booleans()):
        stack.source_range = at_rate(draw(st.integers(3, 20)), draw(rates), draw(st.integers(0, 5)))
    return stack


@st.composite
def sounds(draw: st.DrawFn, rates: st.SearchStrategy[float]) -> otio.schema.Track:
    rate = draw(rates)
    track = otio.schema.Track("A", kind=otio.schema.TrackKind.Audio)
    track.append(otio.schema.Gap(source_range=at_rate(draw(st.integers(0, 9)), rate)))
    voice = otio.schema.ExternalReference(VOICE, at_rate(round(3 * rate), rate))
    track.append(otio.schema.Clip("voice", voice, at_rate(draw(st.integers(20, 40)), rate)))
    return track


@st.composite
def timelines(draw: st.DrawFn) -> otio.schema.Timeline:
    """Draw a timeline of up to some seconds, of one rate or of several."""
    few = draw(st.lists(st.sampled_from(RATES), min_size=1, max_size=2))
    rates = st.sampled_from(few)
    timeline = otio.schema.Timeline("random")
    children: list[st.SearchStrategy[otio.core.Item]] = [tracks(rates), stacks(rates, depth=0)]
    timeline.tracks.extend(
        draw(st.lists(st.one_of(children[0], *children), min_size=1, max_size=3))
    )
    if draw(st.booleans()):
        timeline.tracks.append(draw(sounds(rates)))
    if draw(st.integers(0, 3)) == 0:
        timeline.tracks.source_range = at_rate(
            draw(st.integers(6, 40)), draw(rates), draw(st.integers(0, 8))
        )
    if draw(st.integers(0, 2)) == 0:
        timeline.global_start_time = RationalTime(draw(st.sampled_from([0, 86400])), draw(rates))
    output: dict[str, object] = {}
    if draw(st.integers(0, 2)) == 0:
        output |= {"width": 64, "height": 80}
    if draw(st.integers(0, 4)) == 0:
        output["fps"] = draw(st.sampled_from(["24/1", "24000/1001", 23.98, "29.97"]))
    if output:
        timeline.metadata["otio_gvideo"] = {"output": output}
    return timeline
