"""Flatten: the video files of a timeline, and the captions beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..backend.audio.cached_audio import sound_ahead
from ..backend.captions.burn import caption_departures, to_ass
from ..backend.captions.cues import captions_of
from ..backend.captions.sidecars import to_srt, to_vtt
from ..backend.flatten import FlattenResult, flatten, refuse_size_limit
from ..backend.mux.cover import cover_path
from ..backend.output_spec import OutputSpec
from ..backend.segments.store import SegmentStore
from ..errors import InputError, Problem, WorkError
from ..media.probe import is_still
from ..notices import Notice, waiting
from ..outputs.paths import Outputs, segments_of, videos_of
from ..progress import OnProgress, Progress
from ..progress_clock import count
from ..provenance.assertions import Claims
from ..provenance.credentials import Credentials
from ..provenance.sign import Signing
from ..report import Loudness, Report
from ..timeline.cover import states_cover
from ..timeline.layout import is_visible
from ..timeline.media import media_file_name
from ..timeline.slots import slot_clips
from .signing import claims_of

_NAMED = 3
"""Captions that warnings name; the rest is counted."""


def captions_text(
    timeline: otio.schema.Timeline, outputs: Outputs, size: tuple[int, int], fps: Fraction
) -> dict[Path, str]:
    """Return the captions of a reel as sidecar files, by path."""
    cues = captions_of(timeline)
    return {
        outputs.srt: to_srt(cues),
        outputs.vtt: to_vtt(cues),
        outputs.ass: to_ass(timeline, size, fps),
    }


def caption_warnings(
    timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction
) -> list[Notice]:
    """Return warnings about captions that are hard to read: the first ones, and their number."""
    lines = caption_departures(timeline, size, fps)
    more = [f"{len(lines) - _NAMED} more captions are hard to read"] if lines[_NAMED:] else []
    return [Notice("captions", line) for line in [*lines[:_NAMED], *more]]


def refuse_wrong_suffix(video: Path, spec: OutputSpec) -> None:
    """Reject a video's name with another suffix than its format.

    Raises:
        InputError: the suffix differs.
    """
    if video.suffix.lower() != spec.suffix:
        what = f"this preset makes a {spec.suffix} file"
        raise InputError(Problem.option("--output", what, f"name it {video.stem}{spec.suffix}"))


def refuse_small_size_limit(
    timeline: otio.schema.Timeline,
    timeline_path: Path,
    video: Path,
    spec: OutputSpec,
    credentials: Credentials | None,
) -> list[Notice]:
    """Reject a size limit that the video cannot keep, before slots are rendered.

    Arguments as in `make_videos`.

    Returns:
        Warnings about damage of the kept sound.

    Raises:
        InputError: the sound and the least picture exceed the limit.
    """
    if spec.max_bytes is None:
        return []
    claims = _claims(credentials, timeline, timeline_path)
    return refuse_size_limit(
        timeline,
        video,
        spec,
        media_root=timeline_path.parent,
        segments=segments_of(video) if spec.keep_segments else None,
        signer=_signer(credentials, claims, video),
    )


def sound_while_rendering(
    timeline: otio.schema.Timeline, timeline_path: Path, video: Path, spec: OutputSpec | None
) -> AbstractContextManager[SegmentStore]:
    """Return a context in which the sound of a reel is encoded beside the block, and kept.

    Arguments as in `make_videos`; without ``spec``, or if no segment is kept, nothing is done. The
    value is the store of the sound; after the block it has the damage that was found.
    """
    if spec is None or not spec.keep_segments or spec.allow_network:
        return nullcontext(SegmentStore(None))
    return sound_ahead(timeline, spec, timeline_path.parent, segments_of(video))


def make_videos(
    timeline: otio.schema.Timeline,
    timeline_path: Path,
    video: Path,
    spec: OutputSpec,
    credentials: Credentials | None,
    on_progress: OnProgress,
    before_rename: Callable[[Path, Path], None],
) -> Iterator[tuple[Path, FlattenResult]]:
    """Flatten a timeline, once for each size.

    Args:
        timeline: the timeline.
        timeline_path: its file; relative media paths start in its folder.
        video: the file to write, with the suffix of the format. The names of all files but the
            first hold their size.
        spec: format and sizes.
        credentials: sign the files with these; None leaves them unsigned.
        on_progress: called as the work goes on.
        before_rename: called with the name of a video or cover and its finished temporary file,
            just before the file gets that name.

    Yields:
        Each file and its result, once it is written.

    Raises:
        InputError: the timeline cannot be used.
        WorkError: ffmpeg failed.
    """
    sizes: tuple[tuple[int, int] | None, ...] = spec.sizes or (None,)
    claims = _claims(credentials, timeline, timeline_path)
    for number, (size, path) in enumerate(zip(sizes, videos_of(video, spec.sizes), strict=True)):
        yield (
            path,
            flatten(
                timeline,
                path,
                spec,
                media_root=timeline_path.parent,
                size=size,
                segments=segments_of(video) if spec.keep_segments else None,
                signer=_signer(credentials, claims, path),
                on_progress=_share(on_progress, number, len(sizes)),
                before_rename=before_rename,
            ),
        )


def report_videos(
    report: Report, videos: Iterable[tuple[Path, FlattenResult]], spec: OutputSpec
) -> None:
    """Add videos to a report as they are made.

    Raises:
        WorkError: media are missing, and ``spec`` does not allow that. Raised after the last file,
            in which slates and silence stand in for them.
    """
    report.warnings += spec.warnings
    missing: list[str] = []
    for number, (path, result) in enumerate(videos):
        report.warnings += [line for line in result.warnings if line not in report.warnings]
        missing += [line for line in result.missing if line not in missing]
        report.covers += [result.cover] if result.cover is not None else []
        if number:
            report.other_videos.append(path)
            continue
        report.video = path
        report.frames, report.fps = result.frames, result.fps
        report.width, report.height = result.width, result.height
        if result.loudness_lufs is not None and result.true_peak_dbtp is not None:
            report.loudness = Loudness(result.loudness_lufs, result.true_peak_dbtp)
    if missing and spec.allow_missing:
        report.warnings += [Notice("missing", line) for line in missing]
    elif missing:
        name = report.video.name if report.video else "the video"
        what = f"{name} was written, but slates and silence replace missing media"
        summary = Problem.general(what, "--allow-missing accepts that")
        raise WorkError([summary, *map(Problem.general, missing)])


def unrendered_notices(timeline: otio.schema.Timeline, path: Path) -> list[Notice]:
    """Return a warning if visible slots show their stills, because they are not rendered.

    Args:
        timeline: the timeline.
        path: its file.
    """
    slots = sum(
        is_still(Path(media_file_name(slot.clip.media_reference))) and is_visible(slot.clip)
        for slot in slot_clips(timeline)
    )
    return [waiting(slots, path.name)] if slots else []


def covers_of(timeline: otio.schema.Timeline, videos: Iterable[Path]) -> list[Path]:
    """Return the covers beside videos; none if the timeline asks for none."""
    return [cover_path(video) for video in videos] if states_cover(timeline) else []


def _claims(
    credentials: Credentials | None, timeline: otio.schema.Timeline, timeline_path: Path
) -> Claims | None:
    return None if credentials is None else claims_of(timeline, timeline_path.parent)


def _signer(credentials: Credentials | None, claims: Claims | None, video: Path) -> Signing | None:
    if credentials is None or claims is None:
        return None
    return Signing(credentials, claims, video.name)


def _share(on_progress: OnProgress, number: int, parts: int) -> Callable[[int, int], None]:
    """Scale the progress of one of several files to that of all."""

    def report(done: int, total: int) -> None:
        on_progress(Progress("flatten", number * total + done, parts * total))

    return report


def flatten_summary(report: Report) -> str:
    """Return a one-line summary of the finished reel."""
    name = report.video.name if report.video else ""
    sound = f", {report.loudness.integrated_lufs:.1f} LUFS" if report.loudness else ""
    seconds = float(report.frames / report.fps)
    return f"{name}: {count(report.frames, 'frame')}, {seconds:.2f} s{sound}"
