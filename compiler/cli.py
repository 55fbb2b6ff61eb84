"""The command line: arguments in, exit status out.

Exit status: 0 done, 1 the work failed, 2 the input or the usage is wrong, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from .. import schemas
from .console import display
from .doctor import diagnose
from .driver import (
    check_video,
    compile_script,
    flatten_timeline,
    plan_script,
    render_timeline,
)
from .errors import InputError, WorkError
from .frontend.transcripts.show import show_transcript
from .report import Report

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    args = _parser().parse_args(argv)
    command: Command = args.command
    try:
        return command(args)
    except InputError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("otio-gvideo: interrupted; run again to carry on", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except WorkError as error:
        print(f"otio-gvideo: {error}", file=sys.stderr)
        _trace(error, args)
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"otio-gvideo: unexpected {what}; --debug shows where", file=sys.stderr)
        _trace(error, args)
    return 1


def _trace(error: Exception, args: argparse.Namespace) -> None:
    if args.debug:
        traceback.print_exception(error)


def _compile(args: argparse.Namespace) -> int:
    with display(args.progress) as show:
        report = compile_script(
            args.script,
            output=args.output,
            until=args.until,
            config=args.config,
            renderer=args.renderer,
            quality=args.quality,
            engine=args.engine,
            force=args.force,
            allow_outside=args.allow_outside,
            relative_media=args.relative_media,
            on_progress=show,
        )
    _tell(report, args.progress)
    return 0


def _render(args: argparse.Namespace) -> int:
    with display(args.progress) as show:
        report = render_timeline(
            args.timeline,
            config=args.config,
            engine=args.engine,
            force=args.force,
            relative_media=args.relative_media,
            on_progress=show,
        )
    _tell(report, args.progress)
    return 0


def _flatten(args: argparse.Namespace) -> int:
    with display(args.progress) as show:
        report = flatten_timeline(args.timeline, args.output, config=args.config, on_progress=show)
    _tell(report, args.progress)
    return 0


def _check(args: argparse.Namespace) -> int:
    with display("none" if args.json else args.progress) as show:
        found = check_video(args.video, args.against, on_progress=show)
    if args.json:
        print(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
    else:
        for finding in found.findings:
            print(finding)
    return 0 if found.ok else 1


def _transcript(args: argparse.Namespace) -> int:
    print(show_transcript(args.file, args.audio, args.output))
    return 0


def _plan(args: argparse.Namespace) -> int:
    for line in plan_script(
        args.script,
        output=args.output,
        config=args.config,
        renderer=args.renderer,
        quality=args.quality,
        allow_outside=args.allow_outside,
    ):
        print(line)
    return 0


def _schema(args: argparse.Namespace) -> int:
    print(json.dumps(schemas.load(args.name), indent=2, ensure_ascii=False))
    return 0


def _doctor(args: argparse.Namespace) -> int:
    for line in diagnose():
        print(line)
    return 0


def _tell(report: Report, style: str) -> None:
    """Print warnings and the paths that were written."""
    if style == "none":
        return
    if style == "json":
        print(json.dumps({"report": report.as_json()}, ensure_ascii=False))
        return
    for warning in report.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for path in (report.timeline, report.video, *report.captions):
        if path is not None:
            print(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="otio-gvideo",
        description="Compile scripts for narrated vertical video into OpenTimelineIO timelines "
        "and finished reels.",
    )
    parser.add_argument("--version", action="version", version=version("otio-gvideo"))
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    add = _adder(commands)
    command = add("compile", _compile, "a script into a timeline, its media and the reel")
    command.add_argument("script", type=Path, metavar="SCRIPT", help="the YAML script")
    _output_folder(command)
    command.add_argument(
        "--until",
        choices=("timeline", "media", "video"),
        default="video",
        help="where to stop (default: video)",
    )
    _making(command)
    _overriding(command)
    _writing(command)

    command = add("render", _render, "fill the slots of a timeline that lack media")
    command.add_argument("timeline", type=Path, metavar="TIMELINE", help="an .otio file")
    _making(command)
    _writing(command)

    command = add("flatten", _flatten, "any OpenTimelineIO timeline into a video")
    command.add_argument("timeline", type=Path, metavar="TIMELINE", help="an .otio file")
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="X.mp4", help="the video to write"
    )
    _making(command)

    command = add("check", _check, "measure a finished reel against its timeline")
    command.add_argument("video", type=Path, metavar="X.mp4", help="the finished reel")
    command.add_argument(
        "--against", type=Path, required=True, metavar="TIMELINE", help="what it was made from"
    )
    command.add_argument("--json", action="store_true", help="print the findings as JSON")
    _progress(command)

    command = add("transcript", _transcript, "show what was read of a timing file, and mended")
    command.add_argument("file", type=Path, metavar="FILE", help="a timing file of any format")
    command.add_argument(
        "--audio", type=Path, metavar="WAV", help="the sound it belongs to, to check it against"
    )
    command.add_argument(
        "-o", "--output", type=Path, metavar="X.json", help="write it as plain whisper JSON"
    )

    command = add("plan", _plan, "what compile would do, without doing it")
    command.add_argument("script", type=Path, metavar="SCRIPT", help="the YAML script")
    _output_folder(command)
    command.add_argument("--config", type=Path, metavar="FILE", help=_CONFIG_HELP)
    _overriding(command)

    add("doctor", _doctor, "what this machine can do")

    command = add("schema", _schema, "print a JSON Schema")
    command.add_argument("name", choices=schemas.names(), help="which format")
    return parser


_CONFIG_HELP = "the machine's video_config.yaml"


def _adder(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> Callable[[str, Command, str], argparse.ArgumentParser]:
    def add(name: str, command: Command, what: str) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=what, description=what[0].upper() + what[1:])
        parser.set_defaults(command=command)
        parser.add_argument(
            "--debug", action="store_true", help="show a traceback when the work fails"
        )
        return parser

    return add


def _output_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="folder for all that is made (default: build/<script's name>/ beside the script)",
    )


def _making(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", type=Path, metavar="FILE", help=_CONFIG_HELP)
    _progress(command)


def _progress(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--progress",
        choices=("auto", "plain", "json", "none"),
        default="auto",
        help="bars on a terminal, plain lines, JSON lines, or nothing (default: auto)",
    )


def _overriding(command: argparse.ArgumentParser) -> None:
    command.add_argument("--renderer", metavar="R", help="use this renderer for every scene")
    command.add_argument(
        "--quality", choices=("draft", "standard", "high"), help="use this quality for every scene"
    )
    command.add_argument(
        "--allow-outside",
        action="store_true",
        help="let the script name files outside its folder",
    )


def _engine(name: str) -> str:
    if name in ("local", "ray") or name.startswith("ray://"):
        return name
    raise argparse.ArgumentTypeError(f"{name!r} is no engine: local, ray or ray://HOST:PORT")


def _writing(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--engine",
        type=_engine,
        default="local",
        metavar="E",
        help="where slots are rendered: local, ray, or ray://HOST:PORT (default: local)",
    )
    command.add_argument(
        "--force", action="store_true", help="render again what the store holds already"
    )
    command.add_argument(
        "--relative-media",
        action="store_true",
        help="name media relative to the timeline, for a folder that will move",
    )


if __name__ == "__main__":
    sys.exit(main())
