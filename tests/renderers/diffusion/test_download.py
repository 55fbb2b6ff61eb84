"""Downloads: only needed files, carried on after a kill, every refusal in one line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from otio_gvideo.compiler.progress import Progress
from otio_gvideo.compiler.progress_bars import _downloaded
from otio_gvideo.renderers.base import RendererError
from otio_gvideo.renderers.diffusion.model_settings import model_setup
from otio_gvideo.renderers.diffusion.repository_files import needed_files

from . import hub
from .commands import Ran, commands

REPOSITORY = [
    "README.md", "model_index.json", "example.png", "media/example.gif", "ltxv-13b.safetensors",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json", "text_encoder/model-00001-of-00002.safetensors",
    "text_encoder/model-00002-of-00002.safetensors", "text_encoder/model.bin",
    "text_encoder/model.safetensors.index.json",
    "tokenizer/spiece.model", "transformer/config.json",
    "transformer/diffusion_pytorch_model.safetensors",
    "transformer/diffusion_pytorch_model.fp16.safetensors",
    "vae/config.json", "vae/diffusion_pytorch_model.safetensors",
    "safety_checker/model.safetensors", "latent_upsampler/model.safetensors",
]  # fmt: skip
INDEX = {
    "_class_name": "LTXPipeline",
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "T5EncoderModel"],
    "tokenizer": ["transformers", "T5TokenizerFast"],
    "transformer": ["diffusers", "LTXVideoTransformer3DModel"],
    "image_encoder": [None, None],
    "vae": ["diffusers", "AutoencoderKLLTXVideo"],
}


def test_only_files_that_are_loaded_are_downloaded() -> None:
    setup = model_setup("ltx", {"model": "a/b", "variant": "fp16"}, "draft")
    wanted = needed_files(setup.model, setup, REPOSITORY, INDEX)
    assert sorted(set(REPOSITORY) - set(wanted)) == [
        "README.md", "example.png", "latent_upsampler/model.safetensors", "ltxv-13b.safetensors",
        "media/example.gif", "safety_checker/model.safetensors", "text_encoder/model.bin",
        "transformer/diffusion_pytorch_model.safetensors",
    ]  # fmt: skip


@pytest.mark.parametrize("has_vae", [False, True])
def test_parts_that_a_single_file_replaces_are_not_downloaded(has_vae: bool) -> None:
    over = model_setup("ltx", {"model": "a/b", "weights": "a/b/ltxv-13b.safetensors"}, "draft")
    wanted = needed_files(over.model, over, REPOSITORY, INDEX, has_vae=has_vae)
    assert {"transformer/config.json", "vae/config.json"} < set(wanted)
    assert not any(name.startswith("transformer/diff") for name in wanted)
    assert ("vae/diffusion_pytorch_model.safetensors" in wanted) is not has_vae
    assert over.weights is not None
    assert needed_files(over.weights, over, REPOSITORY, {}) == ["ltxv-13b.safetensors"]


def test_pickles_are_rejected_before_they_are_downloaded() -> None:
    setup = model_setup("ltx", {"model": "a/b"}, "draft")
    files = ["vae/config.json", "vae/model.bin"]
    with pytest.raises(RendererError, match="is a pickle"):
        needed_files(setup.model, setup, files, {"vae": INDEX["vae"]})


def test_an_ip_adapter_comes_with_its_image_encoder_alone() -> None:
    settings = {"ip_adapter": "h/ip/models/ip-adapter_sd15.safetensors"}
    setup = model_setup("animatediff", settings, "draft")
    files = [
        "models/ip-adapter_sd15.safetensors", "models/ip-adapter-plus_sd15.safetensors",
        "models/image_encoder/config.json", "models/image_encoder/model.safetensors",
        "models/image_encoder/pytorch_model.bin", "sdxl_models/ip-adapter_sdxl.safetensors",
    ]  # fmt: skip
    wanted = needed_files(setup.parts["ip_adapter"], setup, files, {})
    assert sorted(wanted) == [files[2], files[3], files[0]]


MODEL = "acme/tiny-ltx"


@pytest.fixture
def published(tmp_path: Path, models: Callable[[str], Path]) -> Path:
    """A pipeline's folder as it is published, with files that are not needed."""
    folder = shutil.copytree(
        models("ltx"), tmp_path / "published", ignore=shutil.ignore_patterns("upsampler")
    )
    (folder / "README.md").write_text("a model")
    (folder / "vae" / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "video_config.yaml"
    path.write_text(f"renderers:\n  ltx: {{model: {MODEL}}}\n")
    return path


def environment(tmp_path: Path, address: str, **more: str) -> dict[str, str]:
    """Return an environment with an empty cache and the local hub."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("HF_") and "proxy" not in k}
    own = {
        "HF_HOME": str(tmp_path / "home"),
        "HF_ENDPOINT": address,
        "HF_HUB_OFFLINE": "0",
        "PYTHONWARNINGS": "ignore",
    }
    return {**env, **own, **more}


def pull(config: Path, *more: str) -> tuple[str, ...]:
    return ("models", "pull", "--config", str(config), "--quality", "draft", *more, "ltx")


def test_progress_is_in_bytes_and_the_result_in_json(
    published: Path, config: Path, tmp_path: Path
) -> None:
    with hub.serving({MODEL: published}) as (address, asked):
        env = environment(tmp_path, address)
        listing = ("models", "list", "--config", str(config))
        before, pulled, after, again = commands(
            (*listing, "--json"),
            pull(config, "--progress", "json"),
            (*listing, "--json"),
            pull(config, "--progress", "json"),
            env=env,
        )
    assert pulled.status == 0, pulled.err
    lines = [json.loads(line) for line in pulled.out.splitlines()]
    steps = [line for line in lines if line.get("stage") == "download"]
    needed = [path for path in published.rglob("*") if path.suffix in (".json", ".safetensors")]
    # The index is read before the size of the download is known.
    size = sum(path.stat().st_size for path in needed if path.name != "model_index.json")
    assert steps[-2]["done"] == steps[-2]["total"] == size
    assert [step["done"] for step in steps[:-1]] == sorted(step["done"] for step in steps[:-1])
    said = [step["message"] for step in steps if step["message"]]
    assert said[0].startswith(f"{size / 1e6:.1f} MB in ")
    assert said[1:] == [f"{MODEL}: {size / 1e6:.1f} MB", "done"]
    (model,) = lines[-1]["models"]
    assert (model["commit"], model["pins"]) == (hub.COMMIT, {"revision": hub.COMMIT})
    assert (Path(model["path"]) / "model_index.json").is_file()
    assert not [name for name in asked if name.endswith((".bin", ".md"))]
    assert "all weights are here" in again.out
    states = [
        {one["renderer"]: one["weights"][0] for one in json.loads(ran.out)}["ltx"]
        for ran in (before, after)
    ]
    assert [state["state"] for state in states] == ["missing", "here"]
    assert states[1]["disk_bytes"] > size


def test_a_vae_that_the_single_file_holds_is_not_downloaded(
    published: Path, config: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    weights = "diffusion_pytorch_model.safetensors"
    transformer = load_file(published / "transformer" / weights)
    vae = load_file(published / "vae" / weights)
    single = {f"model.diffusion_model.{name}": one for name, one in transformer.items()}
    save_file({**single, **{f"vae.{name}": one for name, one in vae.items()}}, published / FILE)
    text = config.read_text().replace("}", f", weights: {MODEL}/{FILE}}}")
    config.write_text(text)
    with hub.serving({MODEL: published}) as (address, asked):
        env = environment(tmp_path, address)
        pulled, listed = commands(
            pull(config), ("models", "list", "--config", str(config), "--json"), env=env
        )
    assert pulled.status == 0, pulled.err
    fetched = {name.partition("@")[0].removeprefix(f"{MODEL}/") for name in asked}
    assert {FILE, "vae/config.json", f"text_encoder/{TEXT_WEIGHTS}"} <= fetched
    assert f"vae/{weights}" not in fetched
    assert f"transformer/{weights}" not in fetched
    (ltx,) = [one for one in json.loads(listed.out) if one["renderer"] == "ltx"]
    states = {one["source"]: one["state"] for one in ltx["weights"]}
    assert states[MODEL] == states[f"{MODEL}/{FILE}"] == "here"


FILE = "ltxv-single.safetensors"
TEXT_WEIGHTS = "model.safetensors"


def slowly(write: Callable[[bytes], object], name: str, content: bytes) -> None:
    """Send large files over several seconds."""
    size = 1 << 18
    for start in range(0, len(content), size):
        write(content[start : start + size])
        if len(content) > size:
            time.sleep(0.05)


def started(config: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "otio_gvideo.compiler", *pull(config, "--progress", "json")]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=dict(env), stdout=pipe, stderr=pipe, text=True)


def partial(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "home" / "hub").glob("*/blobs/*.incomplete"))


def size_of(path: Path) -> int:
    """Return the size of a file that may be renamed at any time."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def interrupted(
    published: Path, config: Path, tmp_path: Path, how: signal.Signals
) -> Iterator[tuple[str, list[str], Ran]]:
    """Interrupt a download within a large file; the hub sends no more until it has ended."""
    ended = threading.Event()

    def send(write: Callable[[bytes], object], name: str, content: bytes) -> None:
        half = len(content) // 2
        slowly(write, name, content[:half])
        if half > 1 << 20:
            ended.wait()
        write(content[half:])

    with hub.serving({MODEL: published}, send=send) as (address, asked):
        process = started(config, environment(tmp_path, address))
        try:
            deadline = time.monotonic() + 120
            while not any(size_of(part) > 1 << 20 for part in partial(tmp_path)):
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(how)
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
            ended.set()
        yield address, asked, Ran(process.returncode, out, err)


@pytest.mark.slow
@pytest.mark.posix
def test_a_killed_download_is_carried_on_with_the_same_bytes(
    published: Path, config: Path, tmp_path: Path
) -> None:
    with interrupted(published, config, tmp_path, signal.SIGKILL) as (address, asked, _):
        (part,) = partial(tmp_path)
        size = part.stat().st_size
        env = environment(tmp_path, address)
        listed, pulled = commands(
            ("models", "list", "--config", str(config)), pull(config), env=env
        )
    assert "missing" in listed.out
    assert pulled.status == 0, pulled.err
    assert f"{MODEL}/vae/diffusion_pytorch_model.safetensors@{size}" in asked
    assert partial(tmp_path) == []
    snapshot = tmp_path / "home" / "hub" / "models--acme--tiny-ltx" / "snapshots" / hub.COMMIT
    for path in snapshot.rglob("*.safetensors"):
        assert path.read_bytes() == (published / path.relative_to(snapshot)).read_bytes()


@pytest.mark.slow
def test_pulls_at_once_fetch_each_file_once(published: Path, config: Path, tmp_path: Path) -> None:
    with hub.serving({MODEL: published}, send=slowly) as (address, asked):
        env = environment(tmp_path, address)
        running = [started(config, env) for _ in range(3)]
        ends = [(process.communicate()[1], process.returncode) for process in running]
    assert ends == [("", 0)] * 3
    assert len(asked) == len(set(asked))
    assert partial(tmp_path) == []
    assert not list(tmp_path.rglob("*.pull.lock"))


@pytest.mark.slow
@pytest.mark.posix
def test_an_interrupt_stops_a_download_with_one_line(
    published: Path, config: Path, tmp_path: Path
) -> None:
    with interrupted(published, config, tmp_path, signal.SIGINT) as (_, _, ended):
        pass
    assert ended.status == 130
    assert ended.err == "otio-gvideo: interrupted; run again to carry on\n"
    assert len(partial(tmp_path)) == 1


def test_a_lost_connection_is_taken_up_again(published: Path, config: Path, tmp_path: Path) -> None:
    lost: list[str] = []

    def send(write: Callable[[bytes], object], name: str, content: bytes) -> None:
        if name.endswith("vae/diffusion_pytorch_model.safetensors") and len(lost) < 3:
            lost.append(name)
            write(content[: len(content) // 2])
            raise ConnectionResetError
        write(content)

    with hub.serving({MODEL: published}, send=send) as (address, asked):
        (pulled,) = commands(pull(config), env=environment(tmp_path, address))
    assert pulled.status == 0, pulled.err
    assert len([name for name in asked if "vae/diff" in name and "@" in name]) == 3


def test_a_file_that_arrives_damaged_is_not_kept(
    published: Path, config: Path, tmp_path: Path
) -> None:
    def send(write: Callable[[bytes], object], name: str, content: bytes) -> None:
        write(bytes(len(content)) if name.endswith("vae/config.json") else content)

    with hub.serving({MODEL: published}, send=send) as (address, _):
        (pulled,) = commands(pull(config), env=environment(tmp_path, address))
    assert pulled.status == 1
    assert pulled.err == f"otio-gvideo: {MODEL}/vae/config.json arrived damaged; run again\n"
    assert partial(tmp_path) == []


def test_a_repository_without_a_part_is_not_a_whole_model(
    published: Path, config: Path, tmp_path: Path
) -> None:
    shutil.rmtree(published / "tokenizer")
    with hub.serving({MODEL: published}) as (address, _):
        (pulled,) = commands(pull(config), env=environment(tmp_path, address))
    assert pulled.status == 1
    assert pulled.err == f"otio-gvideo: {MODEL} is not a whole model: tokenizer/ is missing\n"


def test_a_disk_without_room_is_named_before_the_download(
    published: Path, config: Path, tmp_path: Path
) -> None:
    before = (
        "import shutil\n"
        "usage = shutil.disk_usage\n"
        "shutil.disk_usage = lambda path: usage(path)._replace(free=1_000_000)\n"
    )
    with hub.serving({MODEL: published}) as (address, asked):
        env = environment(tmp_path, address)
        (pulled,) = commands(pull(config), env=env, before=before)
    assert pulled.status == 1
    assert pulled.err.startswith("otio-gvideo: the download needs ")
    assert pulled.err.endswith("has 1.0 MB free; set HF_HOME to a folder with more room\n")
    assert [name for name in asked if name.endswith(".safetensors")] == []


REFUSALS = {
    "gated": (403, {"X-Error-Code": "GatedRepo"}, "", "is gated: accept its licence at https://"),
    "gated to this account": (
        *(403, {"X-Error-Code": "GatedRepo"}, "hf_x"),
        "set HF_TOKEN to a token of the same account",
    ),
    "no token": (401, {"X-Error-Code": "RepoNotFound"}, "", "or is private (set HF_TOKEN)"),
    "wrong token": (
        401,
        {"X-Error-Message": "Invalid credentials in Authorization header"},
        "hf_wrong",
        "rejects the token of HF_TOKEN (401); make another one at https://",
    ),
    "weak token": (403, {"X-Error-Message": "no"}, "hf_x", "refuses access to acme/tiny-ltx (403)"),
    "no repository": (404, {"X-Error-Code": "RepoNotFound"}, "", "is not on the hub"),
    "no revision": (404, {"X-Error-Code": "RevisionNotFound"}, "", "has no revision"),
    "too many requests": (429, {"Retry-After": "7"}, "", "(429); try again in 7 s, or set HF_"),
    "broken": (503, {}, "", "the hub has a fault (503); try again in a few minutes"),
}


@pytest.mark.slow
def test_every_refusal_is_one_line_with_a_way_out(config: Path, tmp_path: Path) -> None:
    answers: list[tuple[int, dict[str, str]]] = []
    env = environment(tmp_path, "")
    with hub.serving({}, refuse=lambda *_: answers[0]) as (address, _):
        for name, (status, headers, token, said) in REFUSALS.items():
            answers[:] = [(status, headers)]
            tokens = {"HF_TOKEN": token} if token else {}
            (pulled,) = commands(pull(config), env={**env, "HF_ENDPOINT": address, **tokens})
            assert pulled.status == 1, name
            assert said in pulled.err, (name, pulled.err)
            assert pulled.err.count("\n") == 1, (name, pulled.err)
            assert "unexpected" not in pulled.err


def timed(config: Path, env: Mapping[str, str], limit_s: float) -> tuple[Ran, float]:
    """Run a pull, again if a busy machine may have held it up, and return its seconds."""
    for _ in range(3):
        ran, seconds = timed_once(config, env)
        if seconds < limit_s:
            break
    return ran, seconds


def timed_once(config: Path, env: Mapping[str, str]) -> tuple[Ran, float]:
    """Run a pull, and return its seconds without those of the imports."""
    before = "import huggingface_hub, time\nfrom huggingface_hub import HfApi\nbegun=time.time()\n"
    after = (
        "\nimport atexit\natexit.register(lambda: print(time.time() - begun, file=sys.stderr))\n"
    )
    code = f"import sys\n{before}{after}from otio_gvideo.compiler.cli import main\n"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}sys.exit(main(sys.argv[1:]))", *pull(config)],
        capture_output=True,
        text=True,
        check=False,
        env=dict(env),
    )
    *lines, seconds = ran.stderr.splitlines()
    return Ran(ran.returncode, ran.stdout, "\n".join(lines)), float(seconds)


@pytest.mark.slow
def test_without_a_network_a_pull_ends_within_five_seconds(config: Path, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        refusing = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ran, seconds = timed(config, environment(tmp_path, refusing), 5)
        assert (ran.status, ran.err.count("\n")) == (1, 0)
        assert ran.err.startswith(f"otio-gvideo: {refusing} is out of reach (")
        assert seconds < 5
        silent.listen()
        ran, seconds = timed(config, environment(tmp_path, refusing), 5.5)
        assert (ran.status, ran.err.count("\n")) == (1, 0)
        assert ran.err.startswith(f"otio-gvideo: {refusing} is out of reach (")
        assert seconds < 5.5


def test_the_bar_of_a_download_shows_bytes() -> None:
    assert _downloaded(Progress("download", 1.2e9, 6.3e9)) == "1.2 of 6.3 GB"
    assert _downloaded(Progress("download", 0, 1)) == ""
    assert _downloaded(Progress("render", 1, 20)) == ""
