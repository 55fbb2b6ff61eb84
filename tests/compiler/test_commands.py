"""Commands: imports at start-up, and help texts that repeat a table."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
from otio_gvideo.compiler import commands
from otio_gvideo.compiler.cli import main, make_parser
from otio_gvideo.compiler.commands import COMMANDS, export, load_command, options
from otio_gvideo.compiler.editors.editor_profiles import EDITORS
from otio_gvideo.compiler.editors.formats import FORMATS

HEAVY = {"PIL", "av", "cv2", "numpy", "opentimelineio", "rich", "torch", "yaml"}


def imported_by(*words: str) -> set[str]:
    """Heavy packages that a command line imports until it exits."""
    script = (
        "import sys\n"
        "from otio_gvideo.compiler.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    print('\\n' + ' '.join(sys.modules))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=False
    )
    return HEAVY & set(run.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("words", [["--help"], ["--version"], [], ["compil"], ["compile"]])
def test_help_version_and_usage_errors_import_no_heavy_package(words: list[str]) -> None:
    assert imported_by(*words) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_imports_no_heavy_package(command: str) -> None:
    assert imported_by(command, "--help") == set()


def test_every_module_is_a_command_or_shared() -> None:
    modules = {path.stem for path in Path(str(commands.__file__)).parent.glob("*.py")}
    assert modules - {"__init__", "base", "options", "print_report"} == set(COMMANDS)
    for name in COMMANDS:
        assert callable(load_command(name).run)


def test_export_lists_the_formats_and_programs_of_its_tables() -> None:
    written = [suffix for suffix, entry in FORMATS.items() if entry.write is not None]
    assert export.SUFFIXES.split() == written
    read = [suffix for suffix, known in FORMATS.items() if known.read is not None]
    assert options.READABLE.split() == read
    assert tuple(EDITORS) == export.PROGRAMS


@pytest.mark.parametrize("words", [["models", "list"], ["models", "--debug", "list"], ["doctor"]])
def test_every_command_takes_debug(words: list[str]) -> None:
    before = [] if "--debug" in words else ["--debug"]
    assert make_parser().parse_args([*words, *before]).debug is True


@pytest.mark.parametrize(
    ("words", "command"),
    [(["relink", "x.otio", "--media", "."], "relink"), (["models", "list"], "models list")],
)
def test_an_unknown_option_points_to_the_help_of_its_command(
    words: list[str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*words, "--foo"])
    printed = capsys.readouterr().err
    assert printed == (
        f"otio-gvideo {command}: unrecognized arguments: --foo; see otio-gvideo {command} --help\n"
    )


def test_the_value_of_each_argument_with_choices_has_a_noun(
    capsys: pytest.CaptureFixture[str],
) -> None:
    subcommands = _subparsers(make_parser())
    assert subcommands
    for parser in subcommands:
        for action in parser._actions:
            if action.choices is not None and action.option_strings:
                with pytest.raises(SystemExit):
                    parser.parse_args([action.option_strings[-1], "nonsense"])
                assert "'nonsense' is not " in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["compile", ""], ["compile", "a.yaml", "-o", ""], ["models", "list", "--config", ""]]
)
def test_an_empty_path_is_not_the_current_folder(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert ": the path is empty; see " in capsys.readouterr().err


def test_no_argument_takes_an_empty_path() -> None:
    taken = {action.type for parser in _subparsers(make_parser()) for action in parser._actions}
    assert options.path in taken
    assert Path not in taken


def _subparsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    actions = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    own = [sub for action in actions for sub in action.choices.values()]
    return own + [deeper for sub in own for deeper in _subparsers(sub)]


@pytest.mark.parametrize(("command", "writes"), [("plan", 0), ("diff", 0), ("compile", 1)])
def test_only_a_command_that_writes_files_says_so(
    command: str, writes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert " ".join(capsys.readouterr().out.split()).count("files are still written") == writes


def test_models_of_an_unknown_renderer_are_not_pulled(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pull", "foo"]) == 2
    said = "'foo' is not a renderer with a model; known: "
    assert capsys.readouterr().err.startswith(said)
