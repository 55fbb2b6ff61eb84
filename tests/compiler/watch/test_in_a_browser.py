"""A maker's session in a real browser: write, see it, make a mistake, see that, pick a take."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Watching

pytestmark = pytest.mark.slow
Start = Callable[..., Watching]

SCRIPT = """\
version: 1
title: A walk   # the title
output: {width: 108, height: 192, fps: 24}
captions: {burn: false}
defaults: {renderer: camera, transition: {type: cut}}
scenes:
  - id: wood
    duration: 1.0
    keyframe: stills/red.png      # the first one
    prompt: tall trees
    motion: {camera: push_in, amount: 0.8}

  - {id: hill, duration: 1.0, keyframe: stills/blue.png, motion: {camera: static}}
"""


@pytest.fixture
def script(project: Path) -> Path:
    """A script of two silent scenes."""
    project.write_text(SCRIPT)
    return project


def status(page: Any, text: str) -> None:
    shows(page, "#status", re.compile(f"^{text}"))


def shows(page: Any, selector: str, text: str | re.Pattern[str]) -> None:
    """Wait until an element holds a text."""
    page.locator(selector).filter(has_text=text).first.wait_for(state="attached")


def save(script: Path, old: str, new: str) -> None:
    text = script.read_text("utf-8")
    assert old in text
    script.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def watch(script: Path, watching: Start, page: Any) -> Watching:
    """The program, once its page shows the finished reel."""
    watch = watching(script)
    page.goto(watch.url)
    status(page, "Up to date")
    return watch


def test_a_change_and_a_mistake_are_seen(script: Path, watch: Watching, page: Any) -> None:
    page.wait_for_selector("#reel")
    assert page.inner_text("h1") == "A walk"
    assert page.locator("#slots .badge.rendered").count() == 2

    # A change of the script is seen; the playhead and the selection stay.
    page.click('.block[data-name="hill"]')
    page.keyboard.press("ArrowRight")
    frame = page.inner_text("#frame")
    save(script, "A walk", "A longer walk")
    shows(page, "h1", "A longer walk")
    assert page.inner_text("#frame") == frame
    assert page.locator(".block.selected").get_attribute("data-name") == "hill"
    status(page, "Up to date")

    # A mistake is shown at its line, and the last good reel stays.
    save(script, "camera: static", "camera: statick")
    status(page, "1 problem")
    problem = page.locator(".problem")
    assert "small.yaml:13:75" in problem.inner_text()
    assert "did you mean 'static'?" in problem.inner_text()
    assert "statick" in problem.locator("mark").inner_text()
    assert page.locator("#reel").count() == 1
    assert watch.line("did you mean 'static'?")
    save(script, "camera: statick", "camera: pan_left")
    status(page, "Up to date")
    assert page.locator(".problem").count() == 0
    assert "pan left" in page.locator("article.detail.selected").inner_text()

    assert watch.end() == 130
    page.wait_for_selector("#watch.ended")


def test_a_take_is_picked(script: Path, watch: Watching, page: Any) -> None:
    page.click('.block[data-name="hill"]')
    save(script, "camera: static", "camera: pan_left")
    shows(page, "article.detail.selected", "pan left")
    status(page, "Up to date")

    # The earlier take is beside the new one; to use it is shown as a diff, then written.
    takes = page.locator('.slot-takes[data-slot="hill"] .take')
    assert takes.count() == 2
    assert "in use" in takes.nth(0).inner_text()
    # Each take is labelled by what differs, and shows a frame of its own.
    assert "camera static" in takes.nth(1).inner_text()
    video = takes.nth(1).locator("video")
    assert video.evaluate("it => it.poster") == ""
    before = script.read_text()
    takes.nth(1).get_by_text("Use this take").click()
    page.wait_for_selector("#proposal[open]")
    assert page.locator("#diff .removed").last.inner_text().strip().endswith("camera: pan_left}}")
    assert page.locator("#diff .added").last.inner_text().strip().endswith("camera: static}}")
    assert script.read_text() == before
    page.click("#write")
    shows(page, "article.detail.selected", "static")
    assert script.read_text() == before.replace("camera: pan_left", "camera: static")


def test_a_slot_is_made_again_with_another_seed(script: Path, watch: Watching, page: Any) -> None:
    # Comments and the rest stay as they were.
    page.click('.block[data-name="wood"]')
    wood = page.locator('.slot-takes[data-slot="wood"]')
    before = script.read_text()
    wood.get_by_text("Again with another seed").click()
    page.wait_for_selector("#proposal[open]")
    page.click("#write")
    wood.locator(".take").nth(1).wait_for()
    after = script.read_text()
    seed = re.search(r"\n    seed: (\d+)(?=\n)", after)
    assert seed is not None
    assert after.replace(seed[0], "") == before
    status(page, "Up to date")
    wood.locator("[data-renderer]").select_option("parallax")
    wood.get_by_text("This renderer").click()
    page.wait_for_selector("#proposal[open]")
    page.click("#cancel")
    assert script.read_text() == after


def test_the_animatic_moves_the_still_as_the_renderer_does(
    script: Path, watching: Start, page: Any
) -> None:
    """Before a slot has video, its still is seen under its move."""
    save(script, "renderer: camera", "renderer: slow_camera")
    watch = watching(script)
    page.goto(watch.url)
    status(page, "1 problem")  # There is no such renderer yet.
    assert page.locator("#screen").count() == 0
    save(script, "renderer: slow_camera", "renderer: camera")
    page.wait_for_selector("#stage img")
    zoom = "new DOMMatrix(document.querySelector('#stage div:not([hidden]) img').style.transform).a"
    first = page.evaluate(zoom)
    status(page, "Up to date")
    assert first == pytest.approx(1.002, abs=0.001)
