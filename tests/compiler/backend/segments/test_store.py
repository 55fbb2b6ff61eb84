"""Keys of segments never change, so that no release encodes again what an earlier one kept."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path

from otio_gvideo.compiler.backend.audio.mix import AudioTrack, Clip, Mix
from otio_gvideo.compiler.backend.encode.encoding import Encoding
from otio_gvideo.compiler.backend.segments.store import VERSION, key_of
from otio_gvideo.compiler.backend.spans.content import (
    Bars,
    ColourContent,
    ImageContent,
    OverlayContent,
    SlateContent,
    TransitionContent,
    TransparentContent,
    VideoContent,
)
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_version

NOWHERE = Path("nowhere.mp4")
VIDEO = VideoContent(NOWHERE, Fraction(1, 3))
"""Keys hold names of fields, and names of classes as they were in the first release."""
EXPECTED = {
    TransparentContent(): ["Clear", {}],
    ColourContent((1, 2, 3, 255)): ["Solid", {"rgba": [1, 2, 3, 255]}],
    Bars("ebu"): ["Bars", {"standard": "ebu"}],
    SlateContent(("a", "b")): ["Slate", {"lines": ["a", "b"]}],
    ImageContent(NOWHERE): ["Still", {"path": "missing", "opaque": True}],
    VIDEO: ["Video", {"path": "missing", "start": "1/3", "speed": "1", "opaque": True}],
    TransitionContent("blur", TransparentContent(), Bars("ebu"), 8): [
        "Blend",
        {
            "name": "blur",
            "outgoing": ["Clear", {}],
            "incoming": ["Bars", {"standard": "ebu"}],
            "frames": 8,
            "done": 0,
            "rate": 1,
        },
    ],
    OverlayContent(Bars("ebu"), TransparentContent()): [
        "Over",
        {"upper": ["Bars", {"standard": "ebu"}], "lower": ["Clear", {}]},
    ],
    Encoding("hevc", "fast", 20, "hevc_qsv"): [
        "Encoding",
        {"codec": "hevc", "preset": "fast", "crf": 20, "encoder": "hevc_qsv"},
    ],
    Mix((AudioTrack((Clip(NOWHERE, 0, 48000, 5),), duck_db=6.0),), 48000, ((0.5, 0.75),)): [
        "Mix",
        {
            "tracks": [
                [
                    "AudioTrack",
                    {
                        "clips": [
                            [
                                "Clip",
                                {
                                    "path": "missing",
                                    "start": 0,
                                    "end": 48000,
                                    "source": 5,
                                    "fade_in": 0,
                                    "fade_out": 0,
                                    "speed": "1",
                                    "gain_db": 0.0,
                                },
                            ]
                        ],
                        "gain_db": 0.0,
                        "duck_db": 6.0,
                        "attack_s": 0.25,
                        "release_s": 0.5,
                        "role": "",
                        "fade_in_s": 0.0,
                        "fade_out_s": 0.0,
                    },
                ]
            ],
            "samples": 48000,
            "speech": [[0.5, 0.75]],
            "missing": [],
            "warnings": [],
        },
    ],
}


def test_keys_of_segments_never_change() -> None:
    for value, plain in EXPECTED.items():
        text = json.dumps([VERSION, ffmpeg_version(), plain], sort_keys=True)
        assert key_of({}, value) == hashlib.sha256(text.encode()).hexdigest()[:24], value
