"""Every warning has a code of the table, and commands can fail on codes."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import opentimelineio as otio
import pytest
from otio_gvideo import schemas
from otio_gvideo.compiler import WorkError, compile_script, flatten_timeline
from otio_gvideo.compiler.api.plan import plan_script
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.notices import CODES, Notice, parse_notice
from otio_gvideo.compiler.timeline.rate import time_range
from PIL import Image

ROOT = Path(__file__).parent.parent.parent
FIRST = "dusk: the first scene starts with a cut; its transition is left out"


@pytest.fixture
def warned(project: Path) -> Path:
    """A script whose first scene has a transition, which has no effect."""
    stated = "    transition: {type: wipe_left}\n"
    project.write_text(project.read_text().replace("    motion: {camera: push_in}\n", stated))
    return project


def codes_in_use() -> Iterator[tuple[str, str]]:
    """Codes and modules of all calls that create a notice."""
    for path in (ROOT / "compiler").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            code = call.args[1 if name == "parse_notice" and len(call.args) > 1 else 0]
            if name in ("Notice", "notices", "warn", "parse_notice") and isinstance(
                code, ast.Constant
            ):
                yield str(code.value), path.relative_to(ROOT).as_posix()


def test_every_warning_has_a_code_of_the_table_and_every_code_a_warning() -> None:
    used = dict(codes_in_use())
    assert set(used) - set(CODES) == set()
    assert not set(CODES) - set(used)


def test_a_notice_is_its_text_in_one_line_and_keeps_its_code() -> None:
    notice = Notice("sync", "storm: 'came'\nwas not heard")
    assert notice == "storm: 'came' was not heard"
    for same in (copy.deepcopy(notice), pickle.loads(pickle.dumps(notice))):
        assert (same, same.code) == (notice, "sync")
    back = parse_notice(notice.coded, "reel")
    assert (back, back.code) == (notice, "sync")
    old = parse_notice("storm [of 1703]: as before", "reel")
    assert (old, old.code) == ("storm [of 1703]: as before", "reel")
    with pytest.raises(ValueError, match="'snyc' is not in the table"):
        Notice("snyc", "x")


def test_a_warning_counts_as_an_error_after_all_files_are_written(
    warned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["compile", str(warned), "--until", "timeline", "--progress", "none"]
    for strict in (["--strict"], ["--fail-on", "sync,transition"], ["--fail-on", "transition"]):
        assert main([*args, *strict]) == 1
        out, err = capsys.readouterr()
        error = "otio-gvideo: 1 warning counts as an error (transition)"
        assert (out, err) == ("", f"warning: {FIRST} [transition]\n{error}\n")
        report = json.loads((warned.parent / "build" / "small" / "report.json").read_text())
        assert report["warnings"] == [f"{FIRST} [transition]"]
        jsonschema.validate(report, schemas.load("report"))
        assert (warned.parent / "build" / "small" / "small.srt").is_file()
    assert main([*args, "--fail-on", "sync", "--fail-on", "missing"]) == 0
    # From Python the report tells, and the caller decides.
    (warning,) = compile_script(warned, until="timeline").warnings
    assert (warning, warning.code) == (FIRST, "transition")


def test_programs_read_the_code_and_the_failure(
    warned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["compile", str(warned), "--until", "timeline", "--progress", "json", "--strict"]
    assert main(args) == 1
    *_, warning, report, error = map(json.loads, capsys.readouterr().out.splitlines())
    assert warning == {"warning": FIRST, "code": "transition"}
    assert report["report"]["warnings"] == [f"{FIRST} [transition]"]
    (problem,) = error["error"]["problems"]
    assert error["error"]["exit_status"] == 1
    assert problem["what"] == "1 warning counts as an error (transition)"


@pytest.mark.parametrize("command", ["compile", "flatten", "export", "view", "transcript", "plan"])
def test_an_unknown_code_is_wrong_usage_that_lists_the_codes(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "x.otio", "--fail-on", "sync,mising"])
    assert ended.value.code == 2
    found = capsys.readouterr().err
    assert "'mising' is not a code; did you mean 'missing'? known: sync, transcript, " in found
    assert found.count("\n") == 1


@pytest.mark.parametrize("command", ["compile", "evaluate", "export", "diff"])
def test_help_fits_the_terminal(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_unmet_requests_are_warnings(project: Path) -> None:
    Image.open(project.parent / "stills" / "red.png").resize((20, 35)).save(
        project.parent / "stills" / "red.png"
    )
    text = project.read_text()
    text = text.replace("    keyframe: stills/blue.png\n", "    keyframe: stills/blue.png\n"
                        "    sounds: [{audio: bed.wav, at: \"word:lamp\"}]\n")  # fmt: skip
    project.write_text(text.replace("    motion: {camera: push_in}\n", "    motion: {loras: []}\n"))
    found = {
        warning.code: warning for warning in compile_script(project, until="timeline").warnings
    }
    assert found["resolution"] == "dusk: red.png is 20x35 and is enlarged 5.5 times to fill 108x192"
    assert re.fullmatch(
        r"bed: 2\.\d s of this sound are cut off by the end of the reel", found["sound"]
    )
    assert list(plan_script(project).warnings) == list(found.values())


def test_captions_without_words_are_a_warning(project: Path) -> None:
    head, _, rest = project.read_text().partition("scenes:\n")
    assert rest
    project.write_text(
        f"{head}captions: {{burn: true}}\nscenes:\n  - id: all\n"
        "    time: {start: 0, end: 9.9}\n    keyframe: stills/red.png\n"
    )
    (warning,) = compile_script(project, until="timeline").warnings
    assert warning.code == "captions"


def damaged_cut(folder: Path) -> Path:
    """A timeline with an unsupported effect and missing media."""
    Image.new("RGB", (108, 192)).save(folder / "a.png")
    made = otio.schema.Timeline("cut")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for name in ("a", "gone"):
        reference = otio.schema.ExternalReference(f"{name}.png")
        track.append(otio.schema.Clip(name, reference, time_range(0, 6, 24)))
    track[0].effects.append(otio.schema.Effect("", "Glow"))
    made.tracks.append(track)
    made.metadata["otio_gvideo"] = {"output": {"width": 108, "height": 192, "fps": "24/1"}}
    path = folder / "cut.otio"
    otio.adapters.write_to_file(made, str(path))
    return path


def test_a_failure_prints_the_warnings_before_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = damaged_cut(tmp_path)
    glow = "a: the effect Glow is not supported; the clip is shown without it"
    with pytest.raises(WorkError, match="slates and silence") as failed:
        flatten_timeline(cut, tmp_path / "x.mp4")
    assert failed.value.warnings == (glow,)
    args = ["flatten", str(cut), "-o", str(tmp_path / "x.mp4"), "--progress", "none"]
    assert main(args) == 1
    assert capsys.readouterr().err.startswith(f"warning: {glow} [effect]\notio-gvideo: x.mp4 was")
    assert main([*args, "--allow-missing", "--fail-on", "sync"]) == 0
    assert main([*args, "--allow-missing", "--strict"]) == 1
    assert "2 warnings count as errors (effect, missing)" in capsys.readouterr().err


def test_strict_fails_on_a_repaired_transcript(capsys: pytest.CaptureFixture[str]) -> None:
    data = ROOT / "tests" / "compiler" / "speech" / "transcripts" / "data"
    mended, clean = data / "whisperx-unaligned.json", data / "openai-whisper.json"
    assert main(["transcript", str(clean), "--strict"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["transcript", str(mended), "--fail-on", "transcript"]) == 1
    assert capsys.readouterr().err.startswith(f"warning: {mended.name}: 3 repairs [transcript]\n")
