"""A recording with known word times: the cuts and the voice of the finished reel.

Run with ``-s`` to see the figures of `docs/sync.md`.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
import yaml
from otio_gvideo.compiler import Report, compile_script
from otio_gvideo.compiler.api.check import check_video
from PIL import Image

from .compiler.speech.align.recordings import in_room, samples, saved, scenes, truth, with_noise

FPS = Fraction(30000, 1001)
FRAME_S = float(1 / FPS)


def reel_of(voice: str, sound: np.ndarray, folder: Path, policy: str) -> Report:
    """A reel with a scene for every sentence, and hard cuts."""
    path = saved(sound, folder)
    random = np.random.default_rng(5)
    entries = []
    for number, scene in enumerate(scenes(voice)):
        grain = random.integers(0, 256, (24, 14), dtype=np.uint8)
        still = Image.fromarray(grain).resize((216, 384), Image.Resampling.BICUBIC)
        colour = tuple(int(value) for value in random.integers(30, 220, 3))
        tinted = Image.blend(still.convert("RGB"), Image.new("RGB", still.size, colour), 0.6)
        tinted.save(folder / f"{number}.png")
        entries.append({"id": scene.id, "text": scene.text, "keyframe": f"{number}.png"})
    script = {
        "version": 1,
        "output": {"width": 108, "height": 192, "fps": "30000/1001"},
        "narration": {"audio": path.name},
        "silences": {"policy": policy, "longer_than": 0.3, "keep": 0.2},
        "defaults": {"transition": {"type": "cut"}, "motion": {"camera": "push_in"}},
        "scenes": entries,
    }
    (folder / "reel.yaml").write_text(yaml.safe_dump(script, sort_keys=False))
    return compile_script(folder / "reel.yaml")


def cuts_in_the_narration(timeline: Path) -> list[float]:
    """Time of the narration, in seconds, at the first frame of every scene but the first."""
    loaded = otio.adapters.read_from_file(str(timeline))
    (voice,) = loaded.audio_tracks()
    heard = []
    position = 0
    for item in voice:
        if isinstance(item, otio.schema.Clip):
            length = round(item.source_range.duration.value)
            heard.append((position, round(item.source_range.start_time.value), length))
            position += length
        elif isinstance(item, otio.schema.Gap):
            position += round(item.source_range.duration.value)
    starts = [round(marker.marked_range.start_time.value) for marker in loaded.tracks.markers]
    return [
        (source + start - reel) * FRAME_S
        for start in starts[1:]
        for reel, source, length in heard
        if reel <= start < reel + length
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("voice", "condition", "policy"),
    [
        ("slt", "clean", "hold"),
        ("joe", "noise at 20 dB", "tighten"),
        ("slt", "room of 0.4 s", "tighten"),
    ],
)
def test_every_cut_of_the_reel_is_in_its_pause_and_the_voice_in_step(
    voice: str, condition: str, policy: str, tmp_path: Path
) -> None:
    sound = samples(voice)
    if condition.startswith("noise"):
        sound = with_noise(sound, 20)
    if condition.startswith("room"):
        sound = in_room(sound, 0.4)
    report = reel_of(voice, sound, tmp_path, policy)
    assert not [warning for warning in report.warnings if warning.code != "captions"]
    assert report.video is not None
    cuts = cuts_in_the_narration(report.timeline)
    assert len(cuts) == len(truth(voice)) - 1
    for cut, before, after in zip(cuts, truth(voice), truth(voice)[1:], strict=False):
        assert before[-1].end - FRAME_S <= cut <= after[0].start + FRAME_S
    check = check_video(report.video, report.timeline)
    assert check.ok, [str(finding) for finding in check.findings if not finding.ok]
    assert set(check.cut_offsets.values()) == {0}
    assert len(check.cut_offsets) == len(cuts)
    offsets = [offset.ms for offset in check.voice_offsets if offset.ms is not None]
    assert len(offsets) == 3
    print(
        f"{voice}, {condition}, {policy}: {len(cuts)} cuts on their frames, voice off by "
        f"{max(map(abs, offsets)):.2f} ms, drift {max(offsets) - min(offsets):.2f} ms"
    )
    assert max(map(abs, offsets)) < 5
    assert max(offsets) - min(offsets) < 1
