"""Timelines as DaVinci Resolve writes them.

Media are stamped with frame numbers, so that a reel shows which frame of which media it plays.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
from otio_gvideo.compiler.editors.reimport import ReimportedTimeline
from otio_gvideo.compiler.timeline.layout import lay_out
from otio_gvideo.compiler.timeline.metadata import own_metadata
from otio_gvideo.compiler.timeline.rate import time_range
from otio_gvideo.compiler.timeline.slots import slot_of
from otio_gvideo.renderers.run.recipe import Recipe, recipe_key
from otio_gvideo.renderers.run.store import Store
from PIL import Image

FPS = Fraction(24)
START = 86400
"""01:00:00:00 at 24 frames a second, the start of Resolve's timelines."""
WIDTH, HEIGHT = 96, 160
SLOTS = {"stairs": (40, 0, 6), "storm": (30, 6, 4), "breath": (20, 4, 0)}
"""Body, head and tail of each slot, in frames."""


def recipe_of(name: str, folder: Path) -> dict[str, Any]:
    body, head, tail = SLOTS[name]
    still = folder / f"{name}.png"
    if not still.exists():
        shade = 60 + 60 * list(SLOTS).index(name)
        Image.new("RGB", (WIDTH, HEIGHT), (shade, shade // 2, 90)).save(still)
    frames = body + head + tail
    return {
        "renderer": "camera", "version": 3, "width": WIDTH, "height": HEIGHT, "fps": "24/1",
        "frames": frames, "head": head, "tail": tail, "start": 0, "span": frames,
        "keyframes": [{"image": str(still), "frame": 0}], "depth": None, "fit": "cover",
        "prompt": "", "negative_prompt": "", "seed": 7,
        "motion": {"camera": "push_in", "amount": 0.3, "easing": "linear", "strength": 0.5,
                   "loras": []},
        "quality": "draft", "settings": {},
        "encoding": {"codec": "h264", "preset": "ultrafast", "crf": 18},
        "idr": sorted({0, head, 2 * head, frames - 2 * tail, frames - tail} - {frames}),
        "follows": None,
    }  # fmt: skip


def compiled(folder: Path, *, rendered: bool = True) -> otio.schema.Timeline:
    """Write a compiled timeline, ``folder/reel.otio``: three slots, two transitions, a voice.

    With ``rendered``, media are placeholder files, of which only the names matter.
    """
    folder.mkdir(parents=True, exist_ok=True)
    timeline = otio.schema.Timeline("reel")
    timeline.metadata["otio_gvideo"] = {
        "version": 1, "title": "reel", "script": {"path": "reel.yaml", "sha256": "0" * 64},
        "output": {"width": WIDTH, "height": HEIGHT, "fps": "24/1"},
        "captions": {"burn": False, "style": "plain"},
        "words": [
            {"scene": "stairs", "text": "Up", "start": 0.5, "end": 0.9},
            {"scene": "storm", "text": "storm", "start": 2.0, "end": 2.4},
            {"scene": "breath", "text": "hush", "start": 3.2, "end": 3.4},
        ],
    }  # fmt: skip
    picture = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    store = Store(folder / "media")
    store.folder.mkdir(exist_ok=True)
    for name, (body, head, _) in SLOTS.items():
        if name != "stairs":
            kind = "dissolve" if name == "storm" else "wipe_left"
            kinds = otio.schema.TransitionTypes
            picture.append(
                otio.schema.Transition(
                    kind,
                    kinds.SMPTE_Dissolve if kind == "dissolve" else kinds.Custom,
                    otio.opentime.RationalTime(head, 24),
                    otio.opentime.RationalTime(head, 24),
                    metadata={"otio_gvideo": {"transition": kind}},
                )
            )
        recipe = recipe_of(name, folder)
        media = time_range(0, recipe["frames"], FPS)
        shown = Path(recipe["keyframes"][0]["image"])
        if rendered:
            key = recipe_key(Recipe.from_json(recipe))
            shown = store.path_for(name, key)
            shown.write_bytes(name.encode())
            store.commit(shown, key, recipe)
        clip = otio.schema.Clip(
            name,
            source_range=time_range(head, body, FPS),
            metadata={"otio_gvideo": {"scene": name, "part": 1, "parts": 1}},
        )
        clip.set_media_references(
            {
                "DEFAULT_MEDIA": otio.schema.ExternalReference(str(shown), media),
                "keyframe": otio.schema.ExternalReference(recipe["keyframes"][0]["image"], media),
                "generator": otio.schema.GeneratorReference(
                    name, "otio_gvideo.shot", media, recipe
                ),
            },
            "DEFAULT_MEDIA",
        )
        picture.append(clip)
    voice = otio.schema.Track(
        "A1", kind=otio.schema.TrackKind.Audio, metadata={"otio_gvideo": {"role": "narration"}}
    )
    (folder / "voice.wav").write_bytes(b"sound")
    said = otio.schema.ExternalReference(str(folder / "voice.wav"), time_range(0, 90, FPS))
    voice.append(otio.schema.Clip("voice", said, time_range(0, 90, FPS)))
    timeline.tracks.extend([picture, voice])
    timeline.to_json_file(str(folder / "reel.otio"))
    return timeline


def as_resolve(timeline: otio.schema.Timeline) -> dict[str, Any]:
    """Return the JSON that Resolve writes of an imported timeline.

    One reference by absolute path, no foreign metadata, its own everywhere, effects on every clip,
    ranges as floats, start at 01:00:00:00.
    """
    copy = timeline.deepcopy()
    copy.metadata.clear()
    copy.metadata["Resolve_OTIO"] = {"Resolve OTIO Meta Version": "1.0"}
    copy.global_start_time = otio.opentime.RationalTime(START, 24)
    for number, track in enumerate(copy.tracks, 1):
        track.name = f"{'Video' if track.kind == 'Video' else 'Audio'} {number}"
        track.metadata.clear()
        sound = {"Audio Type": "Stereo", "SoloOn": False} if track.kind == "Audio" else {}
        track.metadata["Resolve_OTIO"] = {"Locked": False, **sound}
        for item in track:
            item.metadata.clear()
            if isinstance(item, otio.schema.Transition):
                item.transition_type = otio.schema.TransitionTypes.SMPTE_Dissolve
                item.name = "Cross Dissolve"
                item.metadata["Resolve_OTIO"] = {
                    "Effects": {
                        "Effect Name": "Cross Dissolve", "Enabled": True,
                        "Name": "Cross Dissolve", "Parameters": [], "Type": 9,
                    },
                    "Transition Type": "Cross Dissolve",
                }  # fmt: skip
            elif isinstance(item, otio.schema.Clip):
                item.metadata["Resolve_OTIO"] = {"Link Group ID": number}
                item.effects.append(
                    otio.schema.Effect(
                        effect_name="Resolve Effect",
                        metadata={
                            "Resolve_OTIO": {
                                "Effect Name": "Transform", "Enabled": True,
                                "Name": "Transform", "Parameters": [], "Type": 2,
                            }
                        },
                    )
                )  # fmt: skip
                shown = item.media_reference.deepcopy()
                shown.metadata.clear()
                shown.name = Path(shown.target_url).name
                item.set_media_references({"DEFAULT_MEDIA": shown}, "DEFAULT_MEDIA")
    return dict(json.loads(copy.to_json_string()))


def write_resolve(timeline: otio.schema.Timeline, path: Path) -> Path:
    path.write_text(json.dumps(as_resolve(timeline), indent=4))
    return path


def clips(reimported: ReimportedTimeline) -> list[tuple[str, int, int, int, int]]:
    """Return each slot of the first track: name, start, frames, first media frame, media frames."""
    found = []
    for placed in lay_out(reimported.timeline.video_tracks()[0], reimported.fps):
        slot = slot_of(placed.item) if isinstance(placed.item, otio.schema.Clip) else None
        if slot is not None:
            found.append(
                (
                    slot.name,
                    placed.start,
                    placed.frames,
                    placed.media_start,
                    slot.recipe.shot.frames,
                )
            )
    return found


def kinds(reimported: ReimportedTimeline) -> list[tuple[str, int, int]]:
    """Return each transition of the first track: its kind, frames before and after the cut."""
    return [
        (
            str(own_metadata(item)["transition"]),
            int(item.in_offset.value),
            int(item.out_offset.value),
        )
        for item in reimported.timeline.video_tracks()[0]
        if isinstance(item, otio.schema.Transition)
    ]
