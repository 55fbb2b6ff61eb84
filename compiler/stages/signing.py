"""Signing: the claims of a C2PA manifest about a timeline, and the credentials."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import opentimelineio as otio

from ...renderers.run.attempts import attempt_log_of
from ...renderers.run.store import sidecar_of
from ..editors.known_slots import stated_in
from ..errors import InputError
from ..files.exists import is_file
from ..provenance.assertions import Claims, GeneratedSlot, SourceFile
from ..provenance.credentials import Credentials, load_credentials
from ..provenance.sign import Signing, SigningError
from ..script.config import Config
from ..timeline.disclosure import KEY, maker_of, origin_for
from ..timeline.layout import is_visible
from ..timeline.media import media_path, sequence_folder, sequence_images
from ..timeline.metadata import NAMESPACE, own_metadata, plain
from ..timeline.rate import seconds
from ..timeline.slots import slot_of

_PIECE = 1 << 20
SIGNED = "signed"
"""Metadata key of a timeline: whether its compiled video is signed."""


def credentials_of(config: Config) -> Credentials | None:
    """Load and try the credentials of a configuration; None without a signature.

    Raises:
        InputError: they cannot sign.
    """
    credentials = load_credentials(config)
    if credentials is not None:
        try:
            Signing(credentials, Claims(), "trial.mp4").manifest_bytes()
        except (ImportError, OSError, RuntimeError) as error:
            what = f"the package c2pa-python cannot be imported: {' '.join(str(error).split())}"
            raise InputError(config.problem(("provenance", "sign"), what)) from error
        except SigningError as error:
            what = f"C2PA rejects it: {error}"
            raise InputError(config.problem(("provenance", "certificate"), what)) from None
    return credentials


def mark_signed(timeline: otio.schema.Timeline) -> None:
    """Record in a timeline that its video is signed, so that a lost manifest is detected."""
    timeline.metadata[NAMESPACE][SIGNED] = True


def is_marked_signed(timeline: otio.schema.Timeline) -> bool:
    """Return whether a timeline records that its video is signed."""
    return own_metadata(timeline).get(SIGNED) is True


def claims_of(timeline: otio.schema.Timeline, root: Path) -> Claims:
    """Return the claims about the video of a timeline: all its files and generated slots.

    Whole files are hashed. Disabled clips and tracks are left out. If an editor dropped the recipe
    of a slot, the recipe file beside its media is used.

    Args:
        timeline: any timeline.
        root: the folder that relative media paths start in.
    """
    stated = {
        str(one["renderer"]): one
        for one in _list(plain(own_metadata(timeline).get(KEY)))
        if isinstance(one, Mapping) and {"renderer", "model"} <= one.keys()
    }
    sources = _Sources(root)
    generated = []
    for clip in timeline.find_clips():
        if not is_visible(clip):
            continue
        media = media_path(clip.media_reference, root)
        slot = slot_of(clip)
        recipe = slot.stated if slot is not None else _recipe_beside(media)
        files = _files_of(recipe, root)
        if recipe is None or not files or media is None or media in files:
            sources.add_clip(clip)
            continue
        if stated_in(sidecar_of(media)) is None:  # No proof that the slot's renderer made it.
            sources.add_clip(clip)
        name = maker_of(slot, root) if slot is not None else _maker(media, recipe)
        origin = stated.get(name) or origin_for(name, recipe)
        for file in files:
            sources.add(file, is_shown=origin is None)
        if origin is not None:
            generated.append((clip, origin, files))
    found = sources.read()
    return Claims(
        tuple(found.values()),
        tuple(
            GeneratedSlot(
                str(clip.name),
                str(origin["renderer"]),
                _model_name(str(origin["model"])),
                str(origin.get("licence") or ""),
                _place(clip, timeline),
                tuple(found[file] for file in files),
            )
            for clip, origin, files in generated
        ),
    )


@dataclass(slots=True)
class _Sources:
    """Files in the order of the timeline, without duplicates."""

    root: Path
    shown: dict[Path | str, bool] = field(default_factory=dict)
    images: dict[Path | str, list[Path]] = field(default_factory=dict)

    def add(self, place: Path | str, *, is_shown: bool) -> None:
        """Add a file or a network URL; once shown, it stays shown."""
        self.shown[place] = is_shown or self.shown.get(place, False)

    def add_clip(self, clip: otio.schema.Clip) -> None:
        """Add the active media of a clip."""
        match clip.media_reference:
            case otio.schema.ExternalReference() as reference:
                path = media_path(reference, self.root)
                self.add(path or str(reference.target_url), is_shown=True)
            case otio.schema.ImageSequenceReference() as sequence:
                folder = sequence_folder(sequence, self.root)
                if folder is not None:
                    place = folder / f"{sequence.name_prefix}*{sequence.name_suffix}"
                    self.images[place] = sequence_images(sequence, folder)
                    self.add(place, is_shown=True)

    def read(self) -> dict[Path | str, SourceFile]:
        """Hash all files; an image sequence counts as one, in the order of names."""
        return {place: self._read(place, is_shown) for place, is_shown in self.shown.items()}

    def _read(self, place: Path | str, is_shown: bool) -> SourceFile:
        if isinstance(place, str):
            # Without the query, which may contain a password.
            name = urlsplit(place).path.rpartition("/")[2]
            return SourceFile(name, "", is_shown, None)
        files = self.images.get(place, [place])
        lost = SourceFile(place.name, "", is_shown, place)
        if not files or not all(map(is_file, files)):
            return lost
        digest = hashlib.sha256()
        try:
            for path in files:
                with path.open("rb") as stream:
                    while piece := stream.read(_PIECE):
                        digest.update(piece)
        except OSError:
            return lost
        return SourceFile(place.name, digest.hexdigest(), is_shown, place)


def _recipe_beside(media: Path | None) -> Mapping[str, Any] | None:
    return None if media is None else stated_in(sidecar_of(media))


def _maker(media: Path, recipe: Mapping[str, Any]) -> str:
    made = attempt_log_of(media)
    return str(recipe["renderer"]) if made is None else made.renderer


def _files_of(recipe: Any, root: Path) -> list[Path]:
    """Return the stills and the depth map of a recipe; none if it is malformed."""
    if not isinstance(recipe, Mapping) or not {"renderer", "settings"} <= recipe.keys():
        return []
    keyframes = [one for one in _list(recipe.get("keyframes")) if isinstance(one, Mapping)]
    named = [one.get("image") for one in keyframes] + [recipe.get("depth")]
    return [root / name for name in named if isinstance(name, str) and name]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _model_name(model: str) -> str:
    """Return a model without local folders, as in ``owner/name@revision``."""
    return Path(model).name if Path(model).is_absolute() else model


def _place(clip: otio.schema.Clip, timeline: otio.schema.Timeline) -> tuple[float, float] | None:
    """Return start and end of a clip in seconds of the reel; None if OTIO cannot tell."""
    try:
        place = clip.transformed_time_range(clip.trimmed_range(), timeline.tracks)
    except otio.exceptions.OTIOError:
        return None
    start = seconds(place.start_time)
    return float(start), float(start + seconds(place.duration))
