"""Inputs: files that a script or a timeline refers to, and files of slots in a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers.base import RendererError
from ...renderers.run.recipe import Recipe, recipe_key
from ...renderers.run.store import Store, sidecar_of
from ..backend.captions.style import is_font_file
from ..files.exists import is_file, is_folder
from ..files.protected_files import InputFile
from ..script.config import Config
from ..script.model import Narration, Script
from ..timeline.media import media_path, sequence_folder, sequence_images
from ..timeline.metadata import GENERATOR_KEY, KEYFRAME_KEY, own_metadata
from ..timeline.slots import slot_of

NEW_NAME = "give another name with --output"
NEW_FOLDER = "give another folder with --output"
_TIMELINE = "of this timeline"
_SCRIPT = "of this script"


def inputs_of_script(script: Script, config: Config) -> list[InputFile]:
    """List the script, its files, and those of the configuration."""
    found = [InputFile(script.path, "this script"), *_of_config(config)]
    for narration in (script.narration, *(scene.narration for scene in script.scenes)):
        found += _of_narration(narration)
    if script.music is not None:
        found.append(InputFile(script.music.audio, f"the music {_SCRIPT}"))
    if script.captions.font is not None and is_font_file(script.captions.font):
        found.append(InputFile(Path(script.captions.font), f"the font {_SCRIPT}"))
    if script.captions.emoji_font is not None:
        found.append(InputFile(Path(script.captions.emoji_font), f"the emoji font {_SCRIPT}"))
    for scene in script.scenes:
        found += [InputFile(frame.image, f"a still {_SCRIPT}") for frame in scene.keyframes]
        found += [
            InputFile(one.video, f"a video {_SCRIPT}") for one in scene.keyframes if one.video
        ]
        found += [InputFile(clip.video, f"a clip {_SCRIPT}") for clip in scene.clips]
        found += [InputFile(sound.audio, f"a sound {_SCRIPT}") for sound in scene.sounds]
        found += [InputFile(lora.path, f"a LoRA {_SCRIPT}") for lora in scene.motion.loras]
        if scene.depth is not None:
            found.append(InputFile(scene.depth, f"a depth map {_SCRIPT}"))
    return found


def inputs_of_timeline(
    timeline: otio.schema.Timeline, path: Path, config: Config | None = None
) -> list[InputFile]:
    """List the files of a timeline (media, recipes and their files, font) and of the configuration.

    The timeline itself is not among them: see `timeline_file`.

    Args:
        timeline: any timeline.
        path: its file; relative media paths start in its folder.
        config: of this machine, if it was read.
    """
    found = _of_config(config) if config is not None else []
    root = path.parent
    for clip in timeline.find_clips():
        slot = slot_of(clip)
        of_recipe = [] if slot is None else list(_of_recipe(slot.stated))
        stills = {one.path for one in of_recipe}
        found += of_recipe
        for key, reference in clip.media_references().items():
            if isinstance(reference, otio.schema.ImageSequenceReference):
                folder = sequence_folder(reference, root)
                images = [] if folder is None else sequence_images(reference, folder)
                found += [InputFile(image, f"media {_TIMELINE}") for image in images]
            elif isinstance(reference, otio.schema.ExternalReference):
                media = media_path(reference, root)
                if media is None:
                    continue
                own = slot is not None and key not in (KEYFRAME_KEY, GENERATOR_KEY)
                rendered = own and media not in stills
                found.append(InputFile(media, f"media {_TIMELINE}", rendered))
                found.append(InputFile(sidecar_of(media), f"a recipe {_TIMELINE}", rendered))
    captions: Any = own_metadata(timeline).get("captions")
    for key in ("font", "emoji_font") if hasattr(captions, "get") else ():
        font = captions.get(key)
        if isinstance(font, str) and is_font_file(font):
            found.append(InputFile(Path(font), f"the {key.replace('_', ' ')} {_TIMELINE}"))
    return found


def timeline_file(path: Path) -> list[InputFile]:
    """List the timeline that a command only reads; of a folder bundle, all its files."""
    inside = sorted(path.rglob("*")) if is_folder(path) else []
    return [
        InputFile(path, "the timeline that is read"),
        *(
            InputFile(file, f"part of {path.name}, which is read")
            for file in inside
            if is_file(file)
        ),
    ]


def store_files(store: Store, recipes: Iterable[tuple[str, Recipe]]) -> Iterator[Path]:
    """Yield the files that rendering would write: media and recipes that the store lacks.

    Args:
        store: of rendered media.
        recipes: pairs of slot name and recipe. Rendering reports those with missing files.
    """
    for name, recipe in recipes:
        try:
            key = recipe_key(recipe)
        except RendererError:
            continue
        media = store.path_for(name, key)
        if store.key_of(media) != key:
            yield from (media, sidecar_of(media))


def not_rendered(inputs: Iterable[InputFile]) -> list[InputFile]:
    """Exclude rendered media of slots, which rendering replaces with the same content."""
    return [one for one in inputs if not one.is_rendered]


def _of_narration(narration: Narration | None) -> Iterator[InputFile]:
    if narration is not None:
        yield InputFile(narration.audio, f"the narration {_SCRIPT}")
        if narration.transcript is not None:
            yield InputFile(narration.transcript, f"the transcript {_SCRIPT}")


def _of_config(config: Config) -> list[InputFile]:
    if config.source is None:
        return []
    files = [Path(text) for text in _texts(config.renderers) if Path(text).is_absolute()]
    signing = (config.provenance.certificate, config.provenance.key)
    files += [file for file in signing if file is not None]
    return [
        InputFile(Path(config.source.file), "the configuration"),
        *(InputFile(file, "a file of the configuration") for file in files),
    ]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)


def _of_recipe(recipe: Mapping[str, Any]) -> Iterator[InputFile]:
    """Yield the files of a recipe, which may be malformed."""
    motion = recipe.get("motion")
    loras = motion.get("loras") if isinstance(motion, Mapping) else None
    for value, what in (
        (_entries(recipe.get("keyframes"), "image"), "a still"),
        (recipe.get("depth"), "a depth map"),
        (_entries(loras, "path"), "a LoRA"),
    ):
        yield from (InputFile(Path(text), f"{what} {_TIMELINE}") for text in _texts(value))
    for text in _texts(recipe.get("settings")):
        if Path(text).is_absolute():
            yield InputFile(Path(text), f"a file {_TIMELINE}")


def _entries(value: Any, key: str) -> list[Any]:
    listed = value if isinstance(value, list) else []
    return [entry.get(key) for entry in listed if isinstance(entry, Mapping)]
