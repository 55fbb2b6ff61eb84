"""Models wait for an approval and stay loaded; a newer save ends the run before it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from .conftest import LONGEST_S, Watching
from .test_in_a_browser import SCRIPT, save, shows, status

pytestmark = pytest.mark.slow
Start = Callable[..., Watching]

PAINTER = '''\
"""A renderer with limits, as one that runs a model: it notes when it is loaded, and it is slow."""

import os
import time
from pathlib import Path

import numpy as np

from otio_gvideo.renderers.base import FrameGrid, Limits

LOG = Path(os.environ["PAINTER_LOG"])


class Painter:
    name, version = "painter", 1

    def __init__(self, settings, quality):
        self.loaded = False

    @property
    def limits(self):
        return Limits(frames=FrameGrid(most=48), controls=frozenset())

    def generate(self, shot, call, before, on_step):
        if not self.loaded:
            self.loaded = True
            LOG.open("a").write("loaded\\n")
        LOG.open("a").write(f"seed {shot.seed}\\n")
        for number in range(call.frames):
            time.sleep(float(os.environ.get("PAINTER_S", "0")))
            frame = np.full((call.height, call.width, 3), 40, np.uint8)
            frame[:, : number * 2] = 200
            yield frame
            on_step(number + 1, call.frames)

    def close(self):
        if self.loaded:
            LOG.open("a").write("unloaded\\n")
'''


RECORD = """() => {
  Object.assign(window, { sounds: [], frames: [0], words: [], most: 0, updated: 0 });
  document.addEventListener("otio-update", () => { updated = frames.at(-1); });
  const old = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () { sounds.push(this); return old.call(this); };
  new MutationObserver(() => {
    const word = document.querySelector("#cue b");
    if (word) words.push(word.textContent.trim().replace(/[.,]$/, ""));
    frames.push(Number(document.getElementById("frame").textContent.split(" ")[1]));
    if (frames.at(-1) === frames.at(-2)) frames.pop();
    most = Math.max(most, document.querySelectorAll("#stage > div:not([hidden])").length);
  }).observe(document.getElementById("frame"), { childList: true });
}"""
"""Records what is heard and seen from now on."""


@pytest.fixture
def painter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the renderer; return its log."""
    site = tmp_path / "site"
    about = site / "painter-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "painter.py").write_text(PAINTER)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: painter\nVersion: 1.0\n")
    entry = "[otio_gvideo.renderers]\npainter = painter:Painter\n"
    (about / "entry_points.txt").write_text(entry)
    monkeypatch.setenv("PYTHONPATH", str(site))
    log = tmp_path / "painter.log"
    log.touch()
    monkeypatch.setenv("PAINTER_LOG", str(log))
    return log


@pytest.fixture
def script(project: Path) -> Path:
    project.write_text(SCRIPT.replace("prompt: tall trees", "renderer: painter\n    seed: 1"))
    return project


def test_a_model_waits_for_its_approval_and_stays_loaded(
    script: Path, painter: Path, watching: Start, page: Any
) -> None:
    watch = watching(script)
    page.goto(watch.url)
    status(page, "1 slot to approve in the storyboard")
    # The storyboard is open, with what each slot takes; the other slot is rendered already.
    wood, hill = (page.locator(f'.card[data-slot="{name}"]') for name in ("wood", "hill"))
    assert "1 call," in wood.inner_text()
    assert "0.00 s to 1.00 s" in wood.inner_text()
    assert wood.locator("img").evaluate("image => image.naturalHeight") == 384
    assert "rendered" in hill.inner_text()
    assert painter.read_text() == ""
    assert page.locator("#reel").count() == 0

    page.get_by_text("Render it").click()
    status(page, "Up to date")
    page.wait_for_selector("#reel")
    assert painter.read_text().splitlines() == ["loaded", "seed 1"]

    # Another recipe needs another approval. The model is still loaded.
    save(script, "seed: 1", "seed: 2")
    status(page, "1 slot to approve")
    page.get_by_text("Render it").click()
    status(page, "Up to date")
    assert painter.read_text().splitlines() == ["loaded", "seed 1", "seed 2"]

    # To go back needs none: the take is there.
    save(script, "seed: 2", "seed: 1")
    shows(page, "article.detail.selected", "Seed1")
    status(page, "Up to date")
    watch.end()
    assert painter.read_text().splitlines() == ["loaded", "seed 1", "seed 2", "unloaded"]


def test_a_newer_save_ends_the_run_before_it(
    script: Path,
    painter: Path,
    watching: Start,
    page: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAINTER_S", "1")  # 24 seconds for the slot.
    watch = watching(script)
    page.goto(watch.url)
    page.get_by_text("Render it").click()
    ends = time.monotonic() + LONGEST_S
    while "seed 1" not in painter.read_text() and time.monotonic() < ends:
        page.wait_for_timeout(50)
    shows(page, "#status", "Rendering wood")
    text = script.read_text("utf-8").replace("A walk", "A short walk")
    script.write_text(text.replace("renderer: painter", "renderer: camera"), "utf-8")
    shows(page, "h1", "A short walk")
    status(page, "Up to date")
    page.wait_for_selector("#reel")
    assert len(painter.read_text().splitlines()) == 2  # Loaded once, begun once.
    media = script.parent / "build" / "small" / "media"
    assert all("wood" in path.name or "hill" in path.name for path in media.iterdir())
    assert len(list(media.glob("*.mp4"))) == 2
    # The model was not unloaded by the interruption; Ctrl-C does it.
    watch.end()
    assert painter.read_text().splitlines()[-1] == "unloaded"


def test_media_and_configuration_are_watched(script: Path, watching: Start, page: Any) -> None:
    script.write_text(SCRIPT)
    watch = watching(script)
    page.goto(watch.url)
    status(page, "Up to date")
    key = page.locator("#d-r0b0 code").first.inner_text()
    shutil.copy(script.parent / "stills" / "green.png", script.parent / "stills" / "red.png")
    page.locator("#d-r0b0 code").first.filter(has_not_text=key).wait_for()
    status(page, "Up to date")
    config = script.with_name("video_config.yaml")
    config.write_text("encoder: {crf: 999}\n")
    status(page, "1 problem")
    assert "video_config.yaml:1:" in page.locator(".problem").inner_text()
    config.unlink()
    status(page, "Up to date")


def test_a_still_that_is_missing_at_the_start_is_waited_for(script: Path, watching: Start) -> None:
    script.write_text(SCRIPT.replace("stills/red.png", "more/deep/red.png"))
    deep = script.parent / "more" / "deep"
    deep.mkdir(parents=True)
    watch = watching(script)
    watch.line("'more/deep/red.png' does not exist")
    shutil.copy(script.parent / "stills" / "red.png", deep / "red.png")
    watch.line("done in")


def test_it_plays_before_anything_is_rendered(
    project: Path, painter: Path, watching: Start, page: Any
) -> None:
    """The animatic: stills, words, cuts and sound; the playhead runs on through an update."""
    text = project.read_text("utf-8")
    project.write_text(text.replace("defaults: {", "defaults: {renderer: painter, "), "utf-8")
    watch = watching(project)
    page.goto(watch.url)
    status(page, "3 slots to approve")
    page.evaluate(RECORD)
    # On a busy machine a frame of the screen has begun long before the click on it.
    page.evaluate(
        "performance.now = ((old) => () => old() + 300)(performance.now.bind(performance))"
    )
    page.click("#play")
    until(page, "frames.at(-1) > 24")
    assert page.evaluate("sounds.some((one) => one.src.includes('voice.wav') && !one.error)")
    save(project, "A small light", "A large light")
    shows(page, "h1", "A large light")
    until(page, "frames.at(-1) > 170")
    # It played on through the update: no frame came twice, and none before it again.
    frames = page.evaluate("frames")
    assert 24 < page.evaluate("updated") < frames[-1]
    assert all(one < two for one, two in pairwise(frames)), frames
    assert {"sea", "once", "man", "kept"} & set(page.evaluate("words"))
    # In the dissolve both stills are seen.
    assert page.evaluate("most") == 2


def until(page: Any, condition: str) -> None:
    """Wait for a condition; the page itself may evaluate no text."""
    ends = time.monotonic() + LONGEST_S
    while not page.evaluate(condition):
        assert time.monotonic() < ends, page.evaluate("frames")
        page.wait_for_timeout(100)


def test_faults_of_the_start_are_one_line(project: Path, tmp_path: Path) -> None:
    def run(*words: str) -> tuple[int, list[str]]:
        command = [sys.executable, "-m", "otio_gvideo.compiler", "watch", "--no-open", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert not done.stdout
        return done.returncode, done.stderr.splitlines()

    assert run(str(tmp_path / "none.yaml")) == (2, [f"{tmp_path / 'none.yaml'}: no such file"])
    hint = f"no such file; draft one: otio-gvideo init {shlex.quote(str(tmp_path))}"
    assert run(str(tmp_path)) == (2, [f"{tmp_path / 'script.yaml'}: {hint}"])
    code, lines = run(str(project), "--port", "99999")
    assert (code, len(lines)) == (2, 1)
    # Without the extra, the line says how to get it.
    site = tmp_path / "none"
    site.mkdir()
    (site / "watchfiles.py").write_text("raise ModuleNotFoundError('no', name='watchfiles')\n")
    code = "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
    code += "from otio_gvideo.compiler.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, str(site), "watch", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    wanted = "watch needs the package watchfiles; pip install 'otio-gvideo[watch]'"
    assert done.stderr.splitlines() == [wanted]


def test_a_project_that_vanishes_ends_it_in_one_line(script: Path, watching: Start) -> None:
    script.write_text(SCRIPT)
    watch = watching(script)
    watch.line("done in")
    shutil.rmtree(script.parent)
    assert watch.line("the script's folder is gone") == (
        f"otio-gvideo: {script.parent}: the script's folder is gone"
    )
    assert watch.process.wait(LONGEST_S) == 1
    assert not any("Traceback" in line for line in watch.lines)
