"""Write the reference pages from the schemas, the command line and the tables of formats.

python docs/generate.py            write docs/reference/
python docs/generate.py --check    fail if a page is stale
"""

from __future__ import annotations

import argparse
import inspect
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from otio_gvideo import compiler, schemas
from otio_gvideo.compiler.backend.encode import codecs
from otio_gvideo.compiler.commands import COMMANDS, load_command
from otio_gvideo.compiler.editors.editor_profiles import EDITORS
from otio_gvideo.compiler.editors.formats import FORMATS
from otio_gvideo.compiler.notices import CODES
from otio_gvideo.compiler.speech.transcripts import READERS
from otio_gvideo.renderers import diffusion, registry
from otio_gvideo.renderers.image import open_image
from schema_pages import code, fields_of, leaves, listed, table

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py: change the schema or the code, and run it again. -->\n"
ADAPTERS = (".xml", ".aaf")
"""Formats that need the extra `editors`."""
PRESET_FIELDS = ("steps", "guidance", "max_pixels", "frames", "fps", "overlap", "strength")


def schema_page(name: str, title: str, intro: str) -> str:
    """Return the reference page of a format."""
    return "\n".join([f"# {title}\n", NOTE, intro, fields_of(schemas.load(name))])


def commands_page() -> str:
    """Return the page of all commands with every option."""
    intro = """\
        `otio-gvideo COMMAND --help` prints the same. All commands take `--debug` (show a traceback)
        and `--help`. [Automation](../automation.md) has exit statuses and output for programs.
        """
    parts = ["# Commands\n", NOTE, textwrap.dedent(intro)]
    for name, summary in COMMANDS.items():
        parser = argparse.ArgumentParser(f"otio-gvideo {name}", add_help=False)
        load_command(name).arguments(parser)
        parts += command_sections(parser, summary, 2)
    return "\n".join(parts)


def command_sections(parser: argparse.ArgumentParser, summary: str, level: int) -> Iterator[str]:
    """Yield the section of a command, and those of its actions."""
    yield f"{'#' * level} {parser.prog.removeprefix('otio-gvideo ')}\n"
    yield sentence(summary) + "\n"
    subparsers = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    given = [a for a in parser._actions if a not in subparsers and a.dest != "help"]
    if given:
        names = [a.metavar for a in given if not a.option_strings]
        yield f"```text\n{' '.join([parser.prog, *map(str, names), '[OPTIONS]'])}\n```\n"
        yield table(("argument", "description"), map(argument_row, given))
    for action in subparsers:
        for choice, sub in action.choices.items():
            about = {one.dest: one.help for one in action._choices_actions}[choice]
            yield from command_sections(sub, about or "", level + 1)


def argument_row(action: argparse.Action) -> tuple[str, str]:
    """Return the table row of one argument."""
    choices = "{" + ",".join(map(str, action.choices or ())) + "}"
    value = action.metavar or choices
    if action.option_strings:
        takes = "" if action.nargs == 0 else f" {value}"
        shown = ", ".join(code(name + takes) for name in action.option_strings)
    else:
        shown = listed([code(name) for name in str(value).split("|")])
    return shown, sentence(str(action.help)).replace("<", "&lt;")


def formats_page() -> str:
    """Return the page of supported formats."""
    return "\n".join(
        [
            "# Formats\n",
            NOTE,
            "## Timelines\n",
            "[Editors](../editors.md) says what survives in each. "
            "`+` needs the extra `editors`: `pip install 'otio-gvideo[editors]'`.\n",
            table(
                ("suffix", "format", "read", "written"),
                (
                    (
                        f"`{entry.suffix}`{' +' if entry.suffix in ADAPTERS else ''}",
                        entry.name,
                        "yes" if entry.read else "",
                        "yes" if entry.write else "",
                    )
                    for entry in FORMATS.values()
                ),
            ),
            "## Editors\n",
            "Values of `export --for`, and the formats that each program reads, best first.\n",
            table(
                ("`--for`", "program", "formats"),
                (
                    (code(key), editor.name, " ".join(map(code, editor.suffixes)))
                    for key, editor in EDITORS.items()
                ),
            ),
            "## Transcripts\n",
            "Recognised by content, whatever the file is called:\n",
            "".join(f"- {reader.NAME}\n" for reader in sorted(READERS, key=named)),
            "A speech recogniser can make one: `transcript: {engine: faster-whisper}`.\n",
            "## Finished video\n",
            "Values of `--preset`; `video_config.yaml` can change them and add others "
            "([presets](configuration.md#presetsname)).\n",
            table(("preset", "file", "default speed", "default CRF"), preset_rows()),
            "## Stills\n",
            f"{listed(list(open_image.FORMATS), 'and')}; HEIF (HEIC) needs the extra `heif`.\n",
            "## Sound and clips\n",
            "Any single file that ffmpeg decodes. Playlists and manifests (HLS, DASH, `concat`) "
            "are rejected.\n",
            "## Transitions\n",
            "Values of `transition.type`; other `xfade` names of the installed ffmpeg and "
            "[your own expressions](../flatten.md#transitions) work as well.\n",
            wrapped(schemas.load("script")["$defs"]["transition"]["properties"]["type"]["enum"]),
            "## Renderers\n",
            "Built in; other packages add theirs through the entry-point group "
            f"`{registry.ENTRY_POINT_GROUP}`.\n",
            wrapped(sorted(registry._BUILT_IN)),
            "Quality presets of the video models, which `video_config.yaml` can change "
            "([fields](configuration.md#quality_preset)):\n",
            table(("renderer", "quality", *PRESET_FIELDS), quality_rows()),
        ]
    )


def preset_rows() -> Iterator[tuple[str, ...]]:
    """Yield the rows of the built-in presets."""
    for name, codec in codecs.CODECS.items():
        crf = str(codec.crf[1]) if codec.crf else ""
        yield code(name), f"`{codec.suffix}`", code(codec.preset), crf
    for name in ("gif", "webp"):
        yield code(name), f"`.{name}`", "", ""


def quality_rows() -> Iterator[tuple[str, ...]]:
    """Yield the built-in quality presets of the video models."""
    for name, model in load_presets().items():
        for quality in ("draft", "standard", "high"):
            values = {**model.get("common", {}), **model[quality]}
            shown = (str(values.get(field, "")) for field in PRESET_FIELDS)
            yield code(name), code(quality), *shown


def load_presets() -> dict[str, Any]:
    """Return the table of presets as it is written."""
    path = Path(diffusion.__file__).with_name("presets.toml")
    return tomllib.loads(path.read_text("utf-8"))


def warnings_page() -> str:
    """Return the page of warning codes."""
    rows = ((code(name), sentence(text)) for name, text in CODES.items())
    return "\n".join(
        [
            "# Warning codes\n",
            NOTE,
            "Every warning ends with a code in brackets. [Warnings](../warnings.md) says how to "
            "turn them into errors. Codes are stable; texts may change.\n",
            table(("code", "meaning"), rows),
        ]
    )


def api_page() -> str:
    """Return the page of the Python API: directives for mkdocstrings, by kind of name."""
    kinds: dict[str, list[str]] = {"Functions": [], "Errors": [], "Data": []}
    for name in compiler.__all__:
        value = getattr(compiler, name)
        is_error = inspect.isclass(value) and issubclass(value, Exception)
        kind = "Functions" if inspect.isfunction(value) else "Errors" if is_error else "Data"
        kinds[kind].append(f"::: otio_gvideo.compiler.{name}\n")
    intro = """\
        Everything here is imported from `otio_gvideo.compiler`. The functions do what the commands
        do, print nothing, and raise `InputError` or `WorkError`.
        [Automation](../automation.md#from-python) has an example.
        """
    parts = ["# Python API\n", NOTE, textwrap.dedent(intro)]
    for kind, directives in kinds.items():
        parts += [f"## {kind}\n", *directives]
    return "\n".join(parts)


def sentence(text: str) -> str:
    """Return a text that begins with a capital and ends with a full stop."""
    first = text.split(maxsplit=1)[0]
    start = text[0].upper() if first.isalpha() else text[0]
    return start + text[1:].rstrip(".") + "."


def wrapped(names: list[str]) -> str:
    """Return names as one paragraph of inline code."""
    return textwrap.fill(", ".join(map(code, names)), 100, break_on_hyphens=False) + "\n"


def named(reader: Any) -> str:
    """Return the sorting key of a reader."""
    return str(reader.NAME).lower()


PROGRAM_FILES = {
    "report": ("report.json", "Written by `compile` beside the reel, not by `flatten`."),
    "check": ("check --json", "Printed by `otio-gvideo check --json`."),
    "evaluation": ("NAME.evaluation.json", "Written by `otio-gvideo evaluate`."),
    "recipe": ("Recipes", "In every slot of a timeline, and in a sidecar beside rendered media."),
}


def program_files_page() -> str:
    """Return the page of the JSON files for programs."""
    parts = ["# Files for programs\n", NOTE]
    for name, (title, intro) in PROGRAM_FILES.items():
        root = schemas.load(name)
        rows = leaves(root, root)
        parts += [
            f"## {title}\n",
            f"{intro} {root['description']} Schema: `otio-gvideo schema {name}`.\n",
            table(("field", "type", "description"), rows),
        ]
    return "\n".join(parts)


def pages() -> dict[str, str]:
    """Return every generated page by its file name."""
    return {
        "script.md": schema_page(
            "script",
            "Script",
            "The fields of `script.yaml`. Paths are relative to the script and stay inside its "
            "folder, unless `--allow-outside` is given. Schema: `otio-gvideo schema script`.\n",
        ),
        "configuration.md": schema_page(
            "config",
            "Configuration",
            "The fields of `video_config.yaml`: the file of `--config`, else the one beside the "
            "script, else the one in your configuration folder. Schema: `otio-gvideo schema "
            "config`.\n",
        ),
        "commands.md": commands_page(),
        "formats.md": formats_page(),
        "warnings.md": warnings_page(),
        "files.md": program_files_page(),
        "api.md": api_page(),
    }


def stale() -> list[str]:
    """Return the names of pages that differ from what would be written."""
    return [name for name, text in pages().items() if read(FOLDER / name) != text]


def read(path: Path) -> str:
    """Return the text of a page; empty if there is none."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main() -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if a page is stale")
    if parser.parse_args().check:
        for name in (found := stale()):
            print(f"docs/reference/{name} is stale; run python docs/generate.py", file=sys.stderr)
        return 1 if found else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
