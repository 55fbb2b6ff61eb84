"""Read: parse a script and its configuration, and align its narration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from ...renderers import base, registry
from ...renderers.diffusion.diffusion_renderer import DiffusionRenderer
from ...renderers.diffusion.local_weights import pin_revisions
from ...renderers.diffusion.model_settings import model_origin
from ...renderers.diffusion.presets import model_table
from ...renderers.diffusion.prompt_writer import PromptWriter
from ...renderers.files.user_folders import cache_folder
from ...renderers.image.saliency import SaliencyGlance, look_at
from ...renderers.run.motion_guard import with_fallbacks
from ...renderers.run.recipe import Recipe, recipe_key
from ..assembly.recipes import RendererInputs, unseen
from ..backend.encode.transitions import transition_names
from ..backend.mux.cover import cover_path
from ..backend.output_spec import OutputSpec
from ..errors import InputError, Place, Problem, WorkError
from ..files.protected_files import refuse_inputs
from ..media.find_ffmpeg import ffmpeg_path
from ..outputs.paths import Outputs, refuse_unwritable, segments_of, videos_of
from ..progress import Progress
from ..progress_clock import ProgressClock, count
from ..provenance.credentials import Credentials
from ..script.config import Config
from ..script.model import AlignmentModel, Narration, Quality, Script, ScriptScene
from ..script.read_script import load_script
from ..script.renderer_settings import read_config
from ..speech.align_narration import Speech, align_narration
from .frame_stills import STILLS, with_frame_stills
from .input_files import NEW_FOLDER, inputs_of_script
from .model_checks import finished_commits, finished_prompts, refuse_first_models
from .output_options import OutputOptions
from .resolve_output import refuse_too_long, resolve_output
from .signing import credentials_of


@dataclass(frozen=True, slots=True)
class ParsedScript:
    """A script that is checked and aligned, before the edit.

    Attributes:
        script: with the overrides of the command line.
        config: of this machine.
        renderer_inputs: versions and settings of the renderers.
        speech: word times.
        output: the files to make of it; None for none.
        credentials: sign the video with these; None leaves it unsigned.
        prompts: writes the prompts of slots.
    """

    script: Script
    config: Config
    renderer_inputs: RendererInputs
    speech: Speech
    output: OutputSpec | None
    credentials: Credentials | None
    prompts: PromptWriter


def read_script(
    path: Path,
    config: str | Path | None,
    renderer: str | None,
    quality: Quality | None,
    allow_outside: bool,
    clock: ProgressClock,
    output: OutputOptions | None = None,
    outputs: Outputs | None = None,
    *,
    media: Path | None = None,
    needs_models: bool = False,
    writes_prompts: bool = False,
) -> ParsedScript:
    """Read, check and align a script; check ``outputs`` if given. Alignment comes last.

    Frames of videos are saved as stills beside the outputs; without these, in the user's cache.

    ``media`` is the folder of rendered media. With ``needs_models``, models that have rendered
    nothing into it yet must be able to run here. With ``writes_prompts``, language models run for
    prompts that they have not written yet.

    Raises:
        InputError: the script, the configuration or the options are wrong.
    """
    with clock.stage("read"):
        settings = read_config(config, path)
        spec = None if output is None else resolve_output(settings, output)
        credentials = None if output is None else credentials_of(settings)
        script = load_script(
            path,
            allow_outside=allow_outside,
            renderers=registry.renderer_names(),
            transitions={*settings.expressions, *transition_names(ffmpeg_path())},
        )
        script = _with_align_models(_override(script, renderer, quality), settings)
        known = partial(finished_prompts, media) if media is not None else dict
        prompts = PromptWriter(runs=writes_prompts, earlier=known)
        renderer_inputs = _renderer_inputs(script.scenes, settings, media, prompts)
        if spec is not None:
            refuse_too_long(spec, script)
        if outputs is not None:
            refuse_unwritable(outputs, [f"{scene.id}.99" for scene in script.scenes])
            _refuse_inputs(outputs, spec, script, settings)
        if media is not None and needs_models:
            refuse_first_models(script, renderer_inputs.settings, media, settings)
        clock.done("read", f"{path.name}: {count(len(script.scenes), 'scene')}")
    with clock.stage("align"), _looking(script):
        speech = align_narration(
            script, lambda share: clock.on_progress(Progress("align", share, 1))
        )
        spoken = sum(len(words) for words in speech.words.values())
        seconds = float(sum((voice.duration for voice in speech.voices), Fraction(0)))
        clock.done("align", f"{count(spoken, 'word')} in {seconds:.1f} s of narration")
    stills = cache_folder() / STILLS if outputs is None else outputs.folder / STILLS
    script = with_frame_stills(script, stills)
    return ParsedScript(script, settings, renderer_inputs, speech, spec, credentials, prompts)


@contextmanager
def _looking(script: Script) -> Iterator[None]:
    """Look at the stills meanwhile, and cache the result."""
    stills = {key.image for scene in script.scenes for key in scene.keyframes if not key.video}
    with ThreadPoolExecutor(1) as worker:
        found = [worker.submit(_look, still) for still in sorted(stills)]
        try:
            yield
        finally:
            for one in found:
                one.cancel()


def _refuse_inputs(
    outputs: Outputs, spec: OutputSpec | None, script: Script, config: Config
) -> None:
    files = [outputs.timeline, outputs.srt, outputs.vtt, outputs.ass, outputs.report]
    folders = []
    if spec is not None:
        video = replace(outputs, suffix=spec.suffix).video
        files += videos_of(video, spec.sizes)
        if script.output.cover is not None:
            files += [cover_path(each) for each in videos_of(video, spec.sizes)]
        folders.append(segments_of(video))
    refuse_inputs(files, inputs_of_script(script, config), NEW_FOLDER, folders=folders)


def _override(script: Script, renderer: str | None, quality: Quality | None) -> Script:
    """Override the renderer or quality of all scenes; a draft has half the width and height."""
    if renderer is not None and renderer not in registry.renderer_names():
        known = ", ".join(registry.renderer_names())
        raise InputError(
            Problem.option("--renderer", f"{renderer!r} is not a renderer", f"known: {known}")
        )
    scenes = tuple(
        replace(scene, renderer=renderer or scene.renderer, quality=quality or scene.quality)
        for scene in script.scenes
    )
    output = script.output
    if all(scene.quality == "draft" for scene in scenes):
        # A mixed reel keeps its size: its drafts would have to be upsampled again.
        output = replace(output, width=_halved(output.width), height=_halved(output.height))
    return replace(script, scenes=scenes, output=output)


def _with_align_models(script: Script, config: Config) -> Script:
    """Resolve the alignment model of every narration."""

    def resolve(narration: Narration | None) -> Narration | None:
        if narration is None:
            return None
        own, device = narration.align_model, config.alignment.get("device", "auto")
        is_english = narration.language.partition("-")[0].lower() == "en"
        if own is None and "model" in config.alignment and not is_english:
            at = config.problem(("alignment", "model"), "")
            place = Place(at.file, at.line, at.column, at.where)
            own = AlignmentModel(config.alignment["model"], place=place)
        if own is None or own.model == "none" or narration.align == "transcript":
            return replace(narration, align_model=None)
        return replace(narration, align_model=replace(own, device=device))

    scenes = tuple(replace(s, narration=resolve(s.narration)) for s in script.scenes)
    return replace(script, narration=resolve(script.narration), scenes=scenes)


def _halved(length: int) -> int:
    """Return half of a length, rounded to an even number."""
    return max(2, length // 4 * 2)


def _renderer_inputs(
    scenes: Sequence[ScriptScene], config: Config, media: Path | None, prompts: PromptWriter
) -> RendererInputs:
    """Return versions and settings of the renderers of the scenes.

    Raises:
        InputError: renderers cannot run here, or their settings are wrong.
    """
    versions: dict[str, int] = {}
    continues: set[str] = set()
    describes: set[str] = set()
    origins: dict[str, dict[str, Any]] = {}
    pins: dict[tuple[str, str], Mapping[str, Any]] = {}
    settings: dict[str, Mapping[str, Any]] = dict(config.renderers)
    has_models = any(scene.renderer in model_table() for scene in scenes)
    finished = finished_commits(media) if media is not None and has_models else {}
    problems = []
    seen: set[tuple[str, str]] = set()
    for scene in scenes:
        name = scene.renderer
        if (name, scene.quality) in seen:
            continue
        seen.add((name, scene.quality))
        try:
            kind = registry.renderer_class(name)
        except base.UnavailableError as error:
            problems.append(Problem.at(scene.place_of("renderer"), str(error)))
            continue
        versions[name] = kind.version
        try:
            created = kind(config.renderers.get(name, {}), scene.quality)
            limits = created.limits
            if isinstance(created, DiffusionRenderer) and created.describes:
                describes.add(name)
            elif "prompt_model" in config.renderers.get(name, {}):
                place = ("renderers", name, "prompt_model")
                problems.append(config.problem(place, f"{name} takes no prompt", "leave it out"))
            if limits.continues:
                continues.add(name)
            origin = model_origin(name, config.renderers.get(name, {}))
            if origin is not None:
                origins[name] = origin
                own = config.renderers.get(name, {})
                settings[name] = pin_revisions(name, own, finished)
                all_pinned = pin_revisions(name, own, finished, scene.quality)
                pins[name, scene.quality] = {
                    part: pinned
                    for part, pinned in all_pinned.items()
                    if settings[name].get(part) != pinned
                }
            if not limits.is_unbounded:
                settings[name] = with_fallbacks(settings.get(name, {}), config.renderers)
        except base.RendererError as error:
            problems.append(config.problem(("renderers", name), str(error)))
    if problems:
        raise InputError(problems)
    return RendererInputs(
        versions=versions,
        settings=settings,
        encoding=lambda quality: asdict(config.encoder.of(quality)),
        key_of=recipe_key,
        continues=frozenset(continues),
        describes=frozenset(describes),
        look=_look,
        origins=origins,
        pins=pins,
        write=partial(_write_prompt, prompts, config),
    )


def _write_prompt(prompts: PromptWriter, config: Config, recipe: Recipe) -> str:
    """Return the prompt that a language model writes for a recipe; empty without one.

    Raises:
        InputError: the language model is not here, or of another kind.
        WorkError: it failed.
    """
    name, shot = recipe.renderer, recipe.shot
    if "prompt_model" not in shot.settings:
        return ""
    try:
        renderer = registry.renderer_class(name)(shot.settings, shot.quality)
        return prompts.write(renderer, shot) if isinstance(renderer, DiffusionRenderer) else ""
    except base.UnavailableError as error:
        place = ("renderers", name, "prompt_model")
        raise InputError(config.problem(place, str(error))) from error
    except base.RendererError as error:
        raise WorkError(str(error)) from error


def _look(still: Path) -> SaliencyGlance:
    try:
        return look_at(still)
    except base.RendererError:
        return unseen(still)  # Rendering reports the error.
