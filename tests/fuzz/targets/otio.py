"""``.otio``, and the facts that flatten, check, view and export read before they work."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange
from otio_gvideo.compiler.backend.captions.burn import to_ass
from otio_gvideo.compiler.editors.read_timeline import read_timeline, report_of_timeline
from otio_gvideo.compiler.errors import InputError, WorkError
from otio_gvideo.compiler.inspection.expected_reel import expected_reel
from otio_gvideo.compiler.page.build_view import build_view
from otio_gvideo.compiler.page.render import render_page
from otio_gvideo.compiler.stages.export import write_export
from otio_gvideo.compiler.timeline.metadata import GENERATOR_KEY, GENERATOR_KIND
from otio_gvideo.compiler.timeline.properties import rate_and_frames

from .. import mutators
from ..media import SOUND, STILL, put_media

SUFFIX = ".otio"
DATA = Path(__file__).parents[2] / "data" / "otio"
WRITTEN = (".otio", ".fcpxml", ".xml", ".edl", ".mlt", ".kdenlive")
_FILES = ("clip_example", "generator_reference_test", "transition_test", "simple_cut", "big_int")

mutate = mutators.one_of(*[mutators.mutate_json] * 5, mutators.mutate_text, mutators.mutate_bytes)


def seeds() -> list[bytes]:
    files = [(DATA / f"{name}.otio").read_bytes() for name in _FILES]
    return [*files, *[cut().to_json_string(indent=-1).encode()] * 8]


def crashes() -> dict[str, bytes]:
    stack = b'{"OTIO_SCHEMA":"Stack.1","children":['
    deep = b'{"OTIO_SCHEMA":"Timeline.1","tracks":' + stack * 3000 + b"]}" * 3001
    old = b'{"OTIO_SCHEMA":"Clip.1","media_reference":[{"OTIO_SCHEMA":"GeneratorReference.1"}]}'
    return {
        "deep lists": b"[" * 100_000,
        "deep stacks": deep,
        "an old clip with a list of media": old,
        "a schema that is no file's": b'{"OTIO_SCHEMA":"UnknownSchema.1"}',
    }


def cut() -> otio.schema.Timeline:
    """Return a timeline with every kind of item."""

    def span(start: float, length: float, rate: float = 24) -> TimeRange:
        return TimeRange(RationalTime(start, rate), RationalTime(length, rate))

    file = otio.schema.ExternalReference(STILL, span(0, 100))
    images = otio.schema.ImageSequenceReference(
        "images", "a.", ".png", 1, 1, 24, 4, available_range=span(1, 10)
    )
    clips = [
        otio.schema.Clip("file", file, span(2, 24)),
        otio.schema.Clip("images", images, span(5, 6)),
        otio.schema.Clip(
            "colour",
            otio.schema.GeneratorReference("c", "SolidColor", span(0, 9), {"color": "#ff0000"}),
            span(0, 9),
        ),
        otio.schema.Clip("lost", otio.schema.ExternalReference("lost.mp4"), span(0, 30, 30)),
        otio.schema.Clip("none", source_range=span(0, 7)),
    ]
    recipe = {
        "renderer": "camera", "width": 108, "height": 192, "fps": "24/1", "frames": 24, "head": 0,
        "keyframes": [{"image": STILL, "frame": 0}], "motion": {"camera": "push_in", "loras": []},
        "prompt": "a sea", "tail": 0,
    }  # fmt: skip
    slot = otio.schema.Clip(
        "slot", source_range=span(0, 24), metadata={"otio_gvideo": {"scene": "a", "part": 1}}
    )
    generator = otio.schema.GeneratorReference("slot", GENERATOR_KIND, span(0, 24), recipe)
    slot.set_media_references(
        {GENERATOR_KEY: generator, "DEFAULT_MEDIA": generator.clone()}, GENERATOR_KEY
    )
    clips += [slot, otio.schema.Clip("again", file.clone(), span(30, 20))]
    clips[0].effects.append(otio.schema.LinearTimeWarp(time_scalar=-2.0))
    clips[2].effects.append(otio.schema.FreezeFrame())
    clips[3].markers.append(otio.schema.Marker("here", span(3, 1), "RED"))
    blend = otio.schema.Transition(
        "x", "SMPTE_Dissolve", RationalTime(3, 24), RationalTime(4, 24), {"otio_gvideo": {}}
    )
    inner = otio.schema.Stack("inner", source_range=span(1, 5))
    inner.append(otio.schema.Track("T", [otio.schema.Clip("in", file.clone(), span(0, 9))]))
    video = otio.schema.Track("V1", [clips[0], blend, clips[-1], *clips[1:-1], inner], kind="Video")
    sound = otio.schema.Track(
        "A1",
        [
            otio.schema.Gap(source_range=span(0, 12)),
            otio.schema.Clip("voice", otio.schema.ExternalReference(SOUND), span(0, 48)),
        ],
        kind="Audio",
        metadata={"otio_gvideo": {"role": "music", "gain_db": -3.0, "duck_db": 9.0, "fade_in": 1}},
    )
    ours = {
        "output": {"width": 108, "height": 192, "fps": "24/1", "loudness": -14.0},
        "words": [{"start": 0.5, "end": 0.9, "text": "one", "scene": "a"}],
        "captions": {"style": "word", "max_chars": 20, "safe_area": {"top": 0.1}},
        "language": "en",
    }
    timeline = otio.schema.Timeline(
        "cut", global_start_time=RationalTime(86400, 24), metadata={"otio_gvideo": ours}
    )
    timeline.tracks.extend([video, sound])
    timeline.tracks.markers.append(otio.schema.Marker("beat", span(5, 1), "GREEN"))
    return timeline


def read(path: Path) -> None:
    put_media(path.parent)
    use(read_timeline(path), path)


def use(timeline: otio.schema.Timeline, path: Path) -> None:
    """Read the facts that commands need before they work; one error does not hide another."""
    refusals: list[Exception] = []
    for ask in (_check, _flatten, _view, _export):
        try:
            ask(timeline, path)
        except (InputError, WorkError) as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]


def _check(timeline: otio.schema.Timeline, path: Path) -> None:
    report = report_of_timeline(timeline, path, path.parent)
    expected_reel(timeline, path.parent, report.fps)


def _flatten(timeline: otio.schema.Timeline, path: Path) -> None:
    fps, _ = rate_and_frames(timeline)
    to_ass(timeline, (108, 192), fps)


def _view(timeline: otio.schema.Timeline, path: Path) -> None:
    render_page(build_view(timeline, path), path.with_suffix(".html"), "")


def _export(timeline: otio.schema.Timeline, path: Path) -> None:
    # The file decides the format, so that a try can be repeated.
    suffix = WRITTEN[path.stat().st_size % len(WRITTEN)]
    write_export(
        timeline, path, path.with_name(f"export{suffix}"), None, lambda _: None, allow_outside=True
    )
