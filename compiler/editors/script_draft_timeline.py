"""Draft a script from a cut: stills of the first picture track, voice of the first audio track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ...renderers.files.file_names import unreserved
from ..errors import InputError, Problem
from ..media.probe import is_still
from ..media.samples import duration_of
from ..media.still_frame import save_frame
from ..timeline.layout import Placed, lay_out_timeline
from ..timeline.media import media_path
from ..timeline.metadata import KEYFRAME_KEY, own_metadata
from ..timeline.properties import rate_of, size_of
from .script_draft import Draft, ScriptDraft, scene_id, script_path, yaml_number


def draft_from_timeline(timeline: otio.schema.Timeline, path: Path, folder: Path) -> ScriptDraft:
    """Draft a script from a cut; first frames of videos are saved as stills.

    Each clip of the first picture track becomes a scene, at the time of the narration under it;
    without narration, a silent scene of its length.

    Args:
        timeline: stills on the first picture track, narration on the first audio track.
        path: its file.
        folder: of the script; stills are saved into its ``keyframes``.

    Raises:
        InputError: there is no picture track, or a clip shows no existing still or video; names
            all of them.
    """
    fps, root = rate_of(timeline, path), path.parent
    layouts = lay_out_timeline(timeline, fps)
    sounds = [layout for layout in layouts if layout.is_sound]
    pictures = next((layout.items for layout in layouts if layout.is_picture), ())
    clips = [placed for placed in pictures if placed.is_clip]
    if not clips:
        raise InputError(Problem.in_file(path, "has no clips on a picture track"))
    width, height = size_of(timeline, root)
    script: Draft = {
        "version": 1,
        "title": timeline.name or path.stem,
        "output": {"width": width, "height": height, "fps": yaml_number(fps)},
    }
    compiled = own_metadata(timeline).get("script") or {}
    notes = []
    if compiled:
        name = Path(str(compiled.get("path", ""))).name or "a script"
        notes.append(
            f"{path.name} was compiled from {name}: texts, moves, captions, and the stills after "
            "the first of a scene are there alone"
        )
    spans = [placed for placed in sounds[0].items if placed.is_clip] if sounds else []
    voice = next((file for p in spans if (file := _file(p, root)) is not None), None)
    of_voice = [p for p in spans if _file(p, root) == voice]
    seconds = Fraction(0)
    if voice is not None:
        script["narration"] = {"audio": script_path(voice, folder)}
        seconds = duration_of(voice)
        if len(of_voice) < len(spans):
            track = sounds[0].track.name or "A1"
            notes.append(f"several files on {track}: only {voice.name} is used")
    for track in sounds[1:2]:
        music = next((f for p in track.items if (f := _file(p, root)) is not None), None)
        if music is not None:
            script["music"] = {"audio": script_path(music, folder)}
    drafter = _SceneDrafter(of_voice, seconds, fps, path, folder)
    script["scenes"] = [scene for clip in clips if (scene := drafter.scene(clip)) is not None]
    if drafter.problems:
        raise InputError(drafter.problems)
    return ScriptDraft(script, [*notes, *drafter.notes])


@dataclass(slots=True)
class _SceneDrafter:
    """Turns clips into scenes, one after the other.

    Attributes:
        narration: the clips of the voice.
        voice_s: length of the voice, in seconds.
        fps: the frame rate.
        path: the timeline's file.
        folder: of the script.
        used_s: the second of the voice up to which scenes use it.
        ids: scene ids in use.
        stills: source and frame of each saved still, by its lower-case stem.
        notes, problems: guesses, omissions and missing media so far.
    """

    narration: Sequence[Placed]
    voice_s: Fraction
    fps: Fraction
    path: Path
    folder: Path
    used_s: Fraction = Fraction(0)
    ids: set[str] = field(default_factory=set)
    stills: dict[str, tuple[Path, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def scene(self, placed: Placed) -> Draft | None:
        """Return the scene of a clip; None if it shows no existing still or video."""
        still = self._still(placed)
        name = scene_id(str(placed.item.name) or "scene", self.ids)
        if still is None:
            reference = getattr(placed.item, "media_reference", None)
            what, hint = "its media are missing", "relink it"
            if isinstance(reference, otio.schema.GeneratorReference):
                what = f"shows the generator {reference.generator_kind}, no picture file"
                hint = "replace it with a still"
            elif isinstance(reference, otio.schema.ImageSequenceReference):
                what, hint = "shows an image sequence", "replace it with a still or a video"
            self.problems.append(Problem.in_file(self.path, what, hint, where=name))
            return None
        scene: Draft = {"id": name}
        time = self._narration_time(placed)
        if time is not None and time[0] >= self.used_s:
            # The last frame of a voice exceeds its end.
            self.used_s = min(time[1], self.voice_s)
            scene["time"] = {"start": yaml_number(time[0]), "end": yaml_number(self.used_s)}
        else:
            scene["duration"] = yaml_number(placed.frames / self.fps)
            if time is not None:
                self.notes.append(f"{name}: an earlier scene has its narration; made silent")
        scene["keyframe"] = script_path(still, self.folder)
        if placed.into is not None:
            length = yaml_number(Fraction(placed.into.frames) / self.fps)
            scene["transition"] = {"type": placed.into.kind, "duration": length}
        return scene

    def _narration_time(self, placed: Placed) -> tuple[Fraction, Fraction] | None:
        """Return start and end of the narration under a clip, in seconds of the voice."""
        begin = end = None
        for span in self.narration:
            first, last = max(span.start, placed.start), min(span.end, placed.end)
            if first >= last:
                continue
            start = span.media_start + first - span.start
            begin = start if begin is None else begin
            end = start + last - first
        if begin is None or end is None or end <= begin:
            return None
        return Fraction(begin) / self.fps, Fraction(end) / self.fps

    def _still(self, placed: Placed) -> Path | None:
        """Return a clip's keyframe, its still, or its first frame, saved."""
        clip = placed.item
        assert isinstance(clip, otio.schema.Clip)
        keyframe = media_path(clip.media_references().get(KEYFRAME_KEY), self.path.parent)
        if keyframe is not None and keyframe.is_file():
            return keyframe
        path = _file(placed, self.path.parent)
        if path is None or is_still(path):
            return path
        stem, number = unreserved(f"{path.stem}-{placed.media_start}"), 2
        name, source = stem, (path, placed.media_start)
        while self.stills.setdefault(name.casefold(), source) != source:
            name = f"{stem}-{number}"
            number += 1
        target = self.folder / "keyframes" / f"{name}.png"
        save_frame(path, Fraction(placed.media_start) / self.fps, target)
        self.notes.append(
            f"{clip.name}: shows a video; its first frame is its still, {target.name}"
        )
        return target


def _file(placed: Placed, root: Path) -> Path | None:
    """Return the existing file of a clip; None for other items."""
    clip = placed.item
    path = media_path(clip.media_reference, root) if isinstance(clip, otio.schema.Clip) else None
    return path if path is not None and path.is_file() else None
