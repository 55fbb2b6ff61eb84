"""Alignment models are fetched from the hub, found, listed, and named if they are missing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.script.config import load_config
from otio_gvideo.compiler.script.read_script import load_script
from otio_gvideo.compiler.stages.read import _with_align_models
from otio_gvideo.renderers.registry import renderer_names
from PIL import Image

torch = pytest.importorskip("torch", reason="the extra [align] is not installed")

from tests.renderers.diffusion import hub  # noqa: E402
from tests.renderers.diffusion.commands import commands  # noqa: E402

from .tiny_ctc import LATIN, build  # noqa: E402

MMS = "MahmoudAshraf/mms-300m-1130-forced-aligner"
ADAPTED = "facebook/mms-1b-all"
SCRIPT = """version: 1
narration: {{audio: voice.wav, language: de, align_model: {model}}}
scenes:
  - {{id: sea, text: Am Meer stand einst ein Licht., keyframe: still.png}}
"""


def environment(tmp_path: Path, address: str) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("HF_") and "proxy" not in k}
    own = {"HF_HOME": str(tmp_path / "home"), "PYTHONWARNINGS": "ignore"}
    return {**env, **own, "HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0"}


def test_a_model_is_fetched_listed_and_found(tmp_path: Path) -> None:
    folder = build(tmp_path / "published", LATIN)
    (folder / "README.md").write_text("a model")
    torch.save({}, folder / "pytorch_model.bin")
    with hub.serving({MMS: folder}) as (address, asked):
        before, pulled, after = commands(
            ("models", "list", "--json"),
            ("models", "pull", "align-mms"),
            ("models", "list", "--json"),
            env=environment(tmp_path, address),
        )
    assert pulled.status == 0, pulled.err
    assert not [name for name in asked if name.endswith((".bin", ".md"))]
    rows = [
        {model["renderer"]: model for model in json.loads(ran.out)}["align-mms"]
        for ran in (before, after)
    ]
    assert [row["weights"][0]["state"] for row in rows] == ["missing", "here"]
    assert rows[0]["licence"] == "CC-BY-NC 4.0: not for commercial use"


def test_without_a_network_a_pull_says_how_to_go_on(tmp_path: Path) -> None:
    env = environment(tmp_path, "http://127.0.0.1:9") | {"HF_HUB_OFFLINE": "1"}
    (pulled,) = commands(("models", "pull", "align-mms"), env=env)
    assert pulled.status == 1
    assert "HF_HUB_OFFLINE is set; unset it, or name a folder" in pulled.err


def test_a_language_has_its_own_adapter(tmp_path: Path) -> None:
    letters = {"<pad>": 0, "|": 1, "a": 2}
    folder = build(
        tmp_path / "published",
        {"spa": letters, "cmn-script_simplified": letters, "rus": letters},
        adapter_attn_dim=4,
    )
    with hub.serving({ADAPTED: folder}) as (address, _):
        pull = ("models", "pull", f"align-{ADAPTED}")
        without, unknown, pulled = commands(
            pull,
            (*pull, "--language", "de"),
            (*pull, "--language", "es", "--language", "zh"),
            env=environment(tmp_path, address),
        )
    assert (without.status, unknown.status, pulled.status) == (1, 1, 0)
    assert without.err.endswith("has an adapter for each language; add --language\n")
    assert unknown.err.endswith("has no adapter for 'de'\n")
    got = {path.name for path in (tmp_path / "home").rglob("adapter.*") if path.exists()}
    assert got == {"adapter.spa.safetensors", "adapter.cmn-script_simplified.safetensors"}


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("mms", f"{MMS}: not on this machine; fetch it: otio-gvideo models pull align-mms"),
        ("no-owner", "'no-owner' is not a model of the hub: expected OWNER/NAME[@REVISION]"),
        ("./models", "'./models' does not exist"),
        ("../mms", "'../mms' lies outside the script's folder"),
    ],
)
def test_a_missing_model_is_an_error_at_its_line(
    tmp_path: Path,
    voice: Path,
    model: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "home"))
    folder = tmp_path / "reel"
    folder.mkdir()
    (folder / "voice.wav").write_bytes(voice.read_bytes())
    Image.new("RGB", (108, 192), "navy").save(folder / "still.png")
    script = folder / "script.yaml"
    script.write_text(SCRIPT.format(model=model))
    assert main(["compile", str(script)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{script}:2:")
    assert said in line
    assert not (folder / "build").exists()


@pytest.mark.parametrize(
    ("narration", "model"),
    [
        ("language: de", "mms"),
        ("language: en-GB", None),
        ("language: en, align_model: a/b", "a/b"),
        ("language: de, align_model: a/b", "a/b"),
        ("language: de, align_model: none", None),
    ],
)
def test_the_configuration_s_model_is_for_languages_other_than_english(
    tmp_path: Path, voice: Path, narration: str, model: str | None
) -> None:
    (tmp_path / "voice.wav").write_bytes(voice.read_bytes())
    Image.new("RGB", (108, 192), "navy").save(tmp_path / "still.png")
    path = tmp_path / "script.yaml"
    path.write_text(SCRIPT.replace("language: de, align_model: {model}", narration).format())
    (tmp_path / "video_config.yaml").write_text("alignment: {model: mms, device: cpu}\n")
    script = load_script(path, renderers=renderer_names())
    resolved = _with_align_models(script, load_config(None, path)).narration
    assert resolved is not None
    chosen = resolved.align_model
    assert (chosen and (chosen.model, chosen.device)) == (model and (model, "cpu"))
