"""`--engine ray` under faults, end to end: real clusters, nodes and processes."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.compile import compile_script
from otio_gvideo.compiler.backend.encode.encoder import write_slot
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.timeline.slots import slot_clips
from otio_gvideo.renderers.base import Keyframe, RendererError, Shot
from otio_gvideo.renderers.run.engines import gpu_need
from otio_gvideo.renderers.run.job import Job
from otio_gvideo.renderers.run.ray_cluster.executor import RayExecutor
from otio_gvideo.renderers.run.ray_cluster.shared_folder import marked, render_slot_remotely
from otio_gvideo.renderers.run.recipe import Recipe, recipe_key
from otio_gvideo.renderers.run.store import Store
from PIL import Image

from .ray_clusters import Cluster, compile_on, ended, finished, processes, until

SLOTS = 6
AGAIN = "otio-gvideo: interrupted; run again to carry on\n"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A script of a few slots that take half a second each."""
    lines = ["version: 1", "title: slow", "output: {width: 108, height: 192, fps: 24}", "scenes:"]
    for n in range(SLOTS):
        Image.linear_gradient("L").rotate(n).resize((216, 384)).save(tmp_path / f"{n}.png")
        what = f"id: s{n}, duration: 10, keyframe: {n}.png, motion: {{camera: pan_left}}"
        lines.append(f"  - {{{what}}}")
    path = tmp_path / "slow.yaml"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for temporary files, with a path short enough for sockets."""
    folder = tempfile.mkdtemp(prefix="ogt-", dir="/tmp" if os.name == "posix" else None)
    yield Path(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def shared() -> Iterator[Cluster]:
    """A cluster whose first client's server dies as it is started."""
    cluster = Cluster(is_first_client_lost=True)
    yield cluster
    cluster.end()


@pytest.fixture
def cluster(shared: Cluster) -> Iterator[Cluster]:
    """A cluster without CPUs; a test's nodes are removed after it."""
    yield shared
    for node in [*shared.ray.worker_nodes]:
        shared.ray.remove_node(node, allow_graceful=False)
    shared.ray.wait_for_nodes()


@pytest.fixture
def mortal() -> Iterator[Cluster]:
    """A cluster with one node, for a test to kill."""
    cluster = Cluster()
    cluster.add()
    yield cluster
    cluster.end()


def resumes(script: Path, before: dict[str, int]) -> None:
    """Run again, and check that finished media are reused."""
    assert ended(compile_on(script, None, engine="local")) == (0, "", "")
    after = finished(script)
    assert len(after) == SLOTS
    assert {name: after[name] for name in before} == before


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_started_processes(script: Path, scratch: Path, number: int) -> None:
    process = compile_on(script, None, TMPDIR=str(scratch))
    until(lambda: finished(script), process)
    assert processes(f"{scratch}/")
    process.send_signal(number)
    assert ended(process) == (130, "", AGAIN)
    assert not [*scratch.iterdir()]
    until(lambda: not processes(f"{scratch}/"))
    assert not [*(script.parent / "build" / "slow" / "media").glob(".*")]
    if number == signal.SIGINT:
        resumes(script, finished(script))


@pytest.mark.slow
@pytest.mark.posix
def test_nothing_outlives_a_run_that_was_killed(script: Path, scratch: Path) -> None:
    process = compile_on(script, None, TMPDIR=str(scratch))
    until(lambda: finished(script), process)
    process.kill()
    process.wait()
    until(lambda: not processes(f"{scratch}/") and not [*scratch.iterdir()])


@pytest.mark.slow
def test_a_node_dies_in_the_middle_and_another_joins_late(script: Path, cluster: Cluster) -> None:
    first = cluster.add()
    process = compile_on(script, cluster)
    until(lambda: finished(script), process)
    cluster.kill(first)
    assert len(finished(script)) < SLOTS
    cluster.add()
    assert ended(process) == (0, "", "")
    assert len(finished(script)) == SLOTS


@pytest.mark.slow
def test_ray_client_says_nothing(script: Path, cluster: Cluster) -> None:
    cluster.add()
    engine = f"ray://127.0.0.1:{cluster.client_port}"
    assert ended(compile_on(script, cluster, engine=engine)) == (0, "", "")
    assert len(finished(script)) == SLOTS


@pytest.mark.slow
@pytest.mark.parametrize("is_client", [False, True])
def test_a_head_that_dies_loses_nothing_finished(
    script: Path, mortal: Cluster, is_client: bool
) -> None:
    engine = f"ray://127.0.0.1:{mortal.client_port}" if is_client else "ray"
    soon = {
        "RAY_gcs_rpc_server_reconnect_timeout_s": "1",
        "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "1",
    }
    process = compile_on(script, mortal, engine=engine, **soon)
    until(lambda: finished(script), process)
    mortal.kill(mortal.ray.head_node)
    for node in mortal.ray.worker_nodes:  # They may outlive it, and finish their tasks.
        mortal.kill(node)
    status, out, err = ended(process)
    assert (status, out, err.count("\n")) == (1, "", 1), err
    assert "the Ray cluster" in err
    assert "it was lost" in err
    resumes(script, finished(script))


@pytest.mark.slow
def test_a_cluster_without_free_cpus_is_not_waited_for(script: Path, cluster: Cluster) -> None:
    status, out, err = ended(compile_on(script, cluster, OTIO_GVIDEO_RAY_WAIT_S="1"))
    assert (status, out) == (1, "")
    assert err == ("otio-gvideo: the Ray cluster of this machine: it has had no CPU in 1 s\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("blocked", "said"),
    [("", "has otio-gvideo 0.0.1; install "), ("otio_gvideo", "lacks otio-gvideo; install ")],
)
def test_workers_need_the_same_package(
    script: Path, cluster: Cluster, tmp_path: Path, blocked: str, said: str
) -> None:
    other = tmp_path / "other"
    if blocked:
        other.mkdir()
        (other / "sitecustomize.py").write_text(
            "from importlib import metadata\n"
            "def version(name): raise metadata.PackageNotFoundError(name)\n"
            "metadata.version = version\n"
        )
    else:
        (other / "otio_gvideo-0.0.1.dist-info").mkdir(parents=True)
        (other / "otio_gvideo-0.0.1.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: otio-gvideo\nVersion: 0.0.1\n"
        )
    cluster.add(PYTHONPATH=str(other))
    status, out, err = ended(compile_on(script, cluster))
    assert (status, out, err.count("\n")) == (1, "", 1), err
    assert said in err


@pytest.mark.slow
@pytest.mark.posix
def test_retries_of_slots_that_need_too_much_memory_are_bounded(
    script: Path, cluster: Cluster
) -> None:
    cluster.add(RAY_memory_usage_threshold="0.01", RAY_memory_monitor_refresh_ms="50")
    status, out, err = ended(compile_on(script, cluster))
    assert (status, out, err.count("\n")) == (1, "", 1), err
    assert "ran out of memory" in err


def test_an_unreachable_address_is_an_error_at_once() -> None:
    pytest.importorskip("grpc")
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = f"ray://127.0.0.1:{unheard.getsockname()[1]}"
        started = time.monotonic()
        with (
            RayExecutor(address) as executor,
            pytest.raises(RendererError, match=f"{address}: nothing answers"),
        ):
            executor.submit(os.getpid)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("name", ["ray://", "ray://a:b", "ray://a:99999", "ray://a b:1", "steam"])
def test_a_wrong_address_is_refused_before_any_work(script: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"^--engine: .* is not an engine"):
        compile_script(script, engine=name)
    assert not (script.parent / "build").exists()


@pytest.mark.parametrize("lost", ["the folder", "a still"])
def test_a_machine_that_does_not_see_a_file_is_named(
    script: Path, tmp_path: Path, lost: str
) -> None:
    compile_script(script, until="timeline")
    (first, *_) = slot_clips(otio.adapters.read_from_file(str(tmp_path / "build/slow/slow.otio")))
    store = Store(tmp_path / "media")
    still = tmp_path / "0.png"
    with marked(store.folder) as marker:
        missing = store.folder if lost == "the folder" else still
        (marker if lost == "the folder" else still).unlink()
        said = f"{platform.node()} does not see {missing}; share its folder"
        with pytest.raises(RendererError, match=f"^{re.escape(said)}$"):
            render_slot_remotely(
                Job("s0", first.recipe), "0" * 64, store, write_slot, None, marker, False
            )
    assert [*store.folder.iterdir()] == []


def test_a_slot_that_a_dead_worker_has_finished_is_not_made_again(
    script: Path, tmp_path: Path
) -> None:
    compile_script(script, until="timeline")
    (first, *_) = slot_clips(otio.adapters.read_from_file(str(tmp_path / "build/slow/slow.otio")))
    store, job, key = Store(tmp_path / "media"), Job("s0", first.recipe), recipe_key(first.recipe)
    with marked(store.folder) as marker:
        made = render_slot_remotely(job, key, store, write_slot, None, marker, False)
        again = render_slot_remotely(job, key, store, write_slot, None, marker, False)
    assert (made.reused, again.reused) == (False, True)
    assert made.path == again.path


def visible(gpu: str, monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> str | None:
    """The GPUs that a task sees which asks for one or none."""
    monkeypatch.setenv("RAY_ADDRESS", cluster.ray.address)
    with RayExecutor(None) as pool:
        return pool.submit_on(gpu, os.getenv, "CUDA_VISIBLE_DEVICES").result()


@pytest.mark.slow
@pytest.mark.posix
def test_a_task_that_can_use_a_gpu_gets_one(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.add(gpus=1)
    assert visible("required", monkeypatch, cluster) == "0"
    assert visible("useful", monkeypatch, cluster) == "0"
    assert visible("", monkeypatch, cluster) != "0"


@pytest.mark.slow
@pytest.mark.posix
def test_without_a_gpu_there_a_model_runs_on_a_cpu_with_a_line_or_fails_in_one(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.add()
    assert visible("useful", monkeypatch, cluster) != "0"
    assert "no GPU there; models run on its CPUs" in caplog.text
    with pytest.raises(RendererError, match="device is cuda or xpu, and no machine"):
        visible("required", monkeypatch, cluster)


@pytest.mark.slow
@pytest.mark.posix
def test_a_gpu_and_a_cpu_of_two_machines_do_not_run_a_task(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.add(gpus=1, cpus=0)
    cluster.add()
    assert visible("useful", monkeypatch, cluster) != "0"
    assert "no GPU there; models run on its CPUs" in caplog.text
    with pytest.raises(RendererError, match="no machine of the cluster has a GPU and a CPU"):
        visible("required", monkeypatch, cluster)


@pytest.mark.slow
@pytest.mark.posix
def test_a_gpu_that_others_use_is_waited_for_with_a_line(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.add(gpus=1)
    cluster.add()
    monkeypatch.setenv("RAY_ADDRESS", cluster.ray.address)
    with RayExecutor(None) as others, RayExecutor(None) as pool:
        others.submit_on("required", time.sleep, 15)
        until(lambda: processes("ray::task"))
        assert pool.submit_on("required", os.getenv, "CUDA_VISIBLE_DEVICES").result() == "0"
    assert "waiting for a GPU: others use its 1 (Ctrl-C ends the run)" in caplog.text


def test_a_model_can_use_a_gpu_unless_its_device_is_the_cpu() -> None:
    shot = Shot(64, 64, Fraction(24), 24, 0, 0, 0, 24, (Keyframe(Path("a.png"), 0),))

    def need(renderer: str, **settings: str) -> str:
        return gpu_need(Recipe(renderer, 2, replace(shot, settings=settings), {}, ()))

    assert need("camera") == need("ltx", device="cpu") == need("ltx", device="mps") == ""
    assert need("ltx") == "useful"
    assert need("wan", device="cuda") == need("wan", device="xpu") == "required"
