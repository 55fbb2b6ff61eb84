"""A signed reel plays, its signature is valid, and later changes are detected."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import threading
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import av
import c2pa
import opentimelineio as otio
import pytest
from otio_gvideo.compiler import InputError, WorkError, compile_script, flatten_timeline
from otio_gvideo.compiler.api.check import check_video
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.inspection.findings import Check
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.provenance import verify
from otio_gvideo.compiler.provenance.assertions import COMPOSITE, Claims, SourceFile
from otio_gvideo.compiler.provenance.credentials import Credentials
from otio_gvideo.compiler.provenance.sign import Signing
from otio_gvideo.compiler.stages.output_options import OutputOptions
from PIL import Image

from ...conftest import copy_project, write_project
from ..backend.frame_stamps import write_edit
from . import authority
from .test_credentials import CONFIG

pytestmark = pytest.mark.slow

MANIFEST = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
FPS = Fraction(24)


@pytest.fixture
def edit(tmp_path: Path) -> Path:
    """Write a timeline of one clip of 24 frames, and a configuration that signs."""
    path = write_edit(tmp_path)
    authority.write(tmp_path / "secret")
    (tmp_path / "video_config.yaml").write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def compiled(voice: Path, bed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled and signed project; the script."""
    script = write_project(tmp_path_factory.mktemp("compiled") / "project", voice, bed)
    authority.write(script.parent / "secret")
    (script.parent / "video_config.yaml").write_text(CONFIG)
    compile_script(script, output=script.parent / "out")
    return script


@pytest.fixture
def reel(compiled: Path, tmp_path: Path) -> Path:
    """The output folder of a copy."""
    return copy_project(compiled, tmp_path / "copy").parent / "out"


def boxes(content: bytes) -> list[tuple[str, int, int]]:
    """Return name, start and end of the top-level boxes of an MP4."""
    found, place = [], 0
    while place < len(content):
        length, name = struct.unpack(">I4s", content[place : place + 8])
        found.append((name.decode(), place, place + length))
        place += length
    return found


def frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def off(check: Check) -> dict[str, str]:
    return {one.name: one.measured for one in check.findings if not one.ok}


def manifest_of(path: Path) -> dict[str, object]:
    with c2pa.Reader(str(path)) as reader:
        assert reader.get_validation_state() == "Valid"
        found: dict[str, object] = reader.get_active_manifest()
        return found


def test_a_signed_reel_plays_and_its_signature_holds(reel: Path) -> None:
    video = reel / "small.mp4"
    report = json.loads((reel / "report.json").read_text())
    assert frames(video) == report["frames"]
    content = video.read_bytes()
    # The index still precedes the media.
    assert [name for name, _, _ in boxes(content)] == ["ftyp", "uuid", "moov", "free", "mdat"]
    _, start, end = boxes(content)[1]
    assert content[start + 8 : start + 24] == MANIFEST
    # The hash that the manifest binds, computed from the specification (C2PA 2.2, 18.7): each box
    # that is not excluded, after its offset in eight bytes.
    place = content.index(b"dhashX ", content.index(b"/skip", start, end)) + len(b"dhashX ")
    bound = hashlib.sha256()
    for name, begin, stop in boxes(content):
        if name not in ("ftyp", "uuid", "free"):
            bound.update(struct.pack(">Q", begin) + content[begin:stop])
    assert bound.digest() == content[place : place + 32]
    # The chain leads to the root.
    root = (reel.parent / "secret" / "root.pem").read_text()
    settings = c2pa.Settings.from_dict({"trust": {"trust_anchors": root}})
    with c2pa.Reader(str(video), context=c2pa.Context(settings=settings)) as reader:
        assert reader.get_validation_state() == "Trusted"


def test_a_signature_covers_the_poster(edit: Path, tmp_path: Path) -> None:
    timeline = otio.adapters.read_from_file(str(edit))
    timeline.metadata["otio_gvideo"] = {"cover": {"frame": 12}}
    otio.adapters.write_to_file(timeline, str(edit))
    video = tmp_path / "out" / "cut.mp4"
    video.parent.mkdir()
    (cover,) = flatten_timeline(edit, video).covers
    manifest_of(video)
    content, poster = video.read_bytes(), cover.read_bytes()
    place = content.index(poster) + len(poster) // 2
    video.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with c2pa.Reader(str(video)) as reader:
        assert reader.get_validation_state() == "Invalid"


def test_the_manifest_names_the_sources_of_the_reel(compiled: Path) -> None:
    folder = compiled.parent
    reel = folder / "out"
    manifest = manifest_of(reel / "small.mp4")
    names = ["stills/red.png", "stills/green.png", "stills/blue.png", "voice.wav", "bed.wav"]
    hashed = {
        Path(name).name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names
    }
    ingredients = manifest["ingredients"]
    assert isinstance(ingredients, list)
    found = {one["title"]: one["instance_id"].removeprefix("sha256:") for one in ingredients}
    assert found == hashed
    created, placed = manifest["assertions"][1]["data"]["actions"]  # type: ignore[index]
    assert (created["action"], placed["action"]) == ("c2pa.created", "c2pa.placed")
    assert created["digitalSourceType"] == COMPOSITE
    assert len(placed["parameters"]["ingredients"]) == len(names)
    # Neither folder names nor the key are in it.
    secret = (folder / "secret" / "key.pem").read_bytes().splitlines()[1]
    for path in reel.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes(), path
    assert str(folder).encode() not in (reel / "small.mp4").read_bytes()


def test_a_check_verifies_the_signature_and_the_claims(
    reel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video, timeline = reel / "small.mp4", reel / "small.otio"
    check = check_video(video, timeline)
    assert check.ok, off(check)
    told = {one.name: one.measured for one in check.findings}
    assert told["signature"] == "valid, by Test signer, Test Studio (on no trust list)"
    assert told["origin"] == "as in the timeline"
    content = video.read_bytes()
    title, encoder = content.rindex(b"A small light"), content.rindex(b"x264")
    for place in (title, encoder):  # In the index and in the picture, where decoders ignore it.
        changed = bytearray(content)
        changed[place] ^= 1
        (reel / "changed.mp4").write_bytes(changed)
        found = off(check_video(reel / "changed.mp4", timeline))
        assert found == {"signature": "assertion.bmffHash.mismatch"}, place
    changed[encoder + (len(content) - encoder) // 2 :] = bytes((len(content) - encoder + 1) // 2)
    (reel / "changed.mp4").write_bytes(changed)
    with pytest.raises(WorkError, match=r"cannot be .*; signature: assertion\.bmffHash\.mismatch"):
        check_video(reel / "changed.mp4", timeline)
    # Another program rewrites the file without the manifest.
    streams = ("-map", "0:v", "-map", "0:a", "-map", "0:s", "-c", "copy")
    copy = [*input_args(video), *streams, *output_args(reel / "copy.mp4")]
    run(copy, what="copying")
    assert off(check_video(reel / "copy.mp4", timeline)) == {"signature": "none"}
    # A still has changed.
    stills = reel.parent / "stills"
    shutil.copy(stills / "red.png", stills / "blue.png")
    (stills / "green.png").unlink()
    assert main(["check", str(video), "--against", str(timeline), "--progress", "none"]) == 1
    assert "OFF origin                 green.png cannot be read, blue.png differs" in (
        capsys.readouterr().out
    )


def test_without_the_extra_check_reports_that_it_did_not_verify(
    reel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "is_installed", lambda: False)
    check = check_video(reel / "small.mp4", reel / "small.otio")
    assert off(check) == {"signature": "not verified"}
    (finding,) = [one for one in check.findings if not one.ok]
    assert "pip install 'otio-gvideo[c2pa]'" in finding.wanted


def test_check_reports_nothing_about_an_unsigned_reel(project: Path) -> None:
    report = compile_script(project)
    assert report.video is not None
    check = check_video(report.video, report.timeline)
    assert not {"signature", "origin"} & {one.name for one in check.findings}


@pytest.mark.parametrize("preset", ["gif", "webp", "prores", "hevc"])
def test_all_formats_are_signed_and_play(preset: str, edit: Path, tmp_path: Path) -> None:
    suffix = {"prores": ".mov", "hevc": ".mp4"}.get(preset, f".{preset}")
    video = tmp_path / f"x{suffix}"
    flatten_timeline(edit, video, output_options=OutputOptions(preset=preset))
    if preset in ("gif", "webp"):
        with Image.open(video) as image:
            assert image.n_frames == 12
    else:
        assert frames(video) == 24
    manifest = manifest_of(video)
    assert manifest["title"] == video.name
    assert [one["title"] for one in manifest["ingredients"]] == ["a.mp4"]  # type: ignore[attr-defined]


def test_a_size_limit_counts_the_manifest(edit: Path, tmp_path: Path) -> None:
    noise = "nullsrc=s=96x160:r=24:d=2,geq=random(1)*255:128:128"
    made = ["-f", "lavfi", "-i", noise, *output_args(tmp_path / "a.mp4")]
    run(made, what="making noise")
    signing = _signing(edit)
    video = tmp_path / "x.mp4"
    limit = OutputOptions(max_mb=0.03)
    flatten_timeline(edit, video, output_options=limit)
    assert video.stat().st_size <= 30_000
    manifest_of(video)
    _, start, end = boxes(video.read_bytes())[1]
    assert signing.manifest_bytes() == end - start
    with pytest.raises(InputError, match=r"need at least 0\.02 MB, more than 0\.01 MB"):
        flatten_timeline(edit, tmp_path / "small.mp4", output_options=OutputOptions(max_mb=0.01))
    (tmp_path / "video_config.yaml").unlink()
    flatten_timeline(edit, tmp_path / "plain.mp4", output_options=limit)
    # It would not fit beside a picture of the full size.
    assert (tmp_path / "plain.mp4").stat().st_size + end - start > 30_000


def _signing(edit: Path) -> Signing:
    secret = edit.parent / "secret"
    chain, key = (secret / "chain.pem").read_bytes(), (secret / "key.pem").read_bytes()
    digest = hashlib.sha256((edit.parent / "a.mp4").read_bytes()).hexdigest()
    source = SourceFile("a.mp4", digest, True, edit.parent / "a.mp4")
    return Signing(Credentials("es256", chain, key), Claims((source,)), "x.mp4")


def test_if_signing_fails_the_old_file_stays(edit: Path, tmp_path: Path) -> None:
    timeline = otio.adapters.read_from_file(str(edit))
    target = tmp_path / "out" / "x.mp4"
    target.parent.mkdir()
    broken = Signing(Credentials("es256", b"junk", b"junk"), Claims(), "x.mp4")
    for there in (False, True):
        if there:
            target.write_bytes(b"old")
        with pytest.raises(WorkError, match=r"^x\.mp4: cannot be signed: "):
            flatten(timeline, target, media_root=tmp_path, signer=broken)
        assert [path.name for path in target.parent.iterdir()] == (["x.mp4"] if there else [])
    assert target.read_bytes() == b"old"


def _still(folder: Path, url: str = "") -> bytes:
    """Write a still with an embedded or a remote manifest."""
    plain, signed = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (96, 160), "red").save(plain, "JPEG")
    plain.seek(0)
    source_type = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    created = {"action": "c2pa.created", "digitalSourceType": source_type}
    actions = {"label": "c2pa.actions.v2", "data": {"actions": [created]}}
    chain, key = (folder / "chain.pem").read_bytes(), (folder / "key.pem").read_bytes()
    builder = c2pa.Builder(
        {"claim_generator_info": [{"name": "maker"}], "assertions": [actions]}, c2pa.Context()
    )
    if url:
        builder.set_no_embed()
        builder.set_remote_url(url)
    signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo("es256", chain, key, None))
    builder.sign(signer, "image/jpeg", plain, signed)
    return signed.getvalue()


def _with_still(edit: Path, still: bytes) -> None:
    """Replace the clip of a timeline by a still."""
    (edit.parent / "still.jpg").write_bytes(still)
    timeline = otio.adapters.read_from_file(str(edit))
    clip = next(iter(timeline.find_clips()))
    clip.media_reference = otio.schema.ExternalReference("still.jpg")
    otio.adapters.write_to_file(timeline, str(edit))


def test_the_manifest_of_a_still_is_included(edit: Path, tmp_path: Path) -> None:
    _with_still(edit, _still(tmp_path / "secret"))
    flatten_timeline(edit, tmp_path / "x.mp4")
    manifest = manifest_of(tmp_path / "x.mp4")
    (ingredient,) = manifest["ingredients"]  # type: ignore[misc]
    with c2pa.Reader(str(tmp_path / "x.mp4")) as reader:
        carried = reader.get_manifest(ingredient["active_manifest"])
    assert carried["claim_generator_info"][0]["name"] == "maker"


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """The URL of a server, and its requests."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/still.c2pa", paths
    server.shutdown()
    server.server_close()


def test_remote_manifests_are_not_fetched(
    edit: Path, tmp_path: Path, asked: tuple[str, list[str]]
) -> None:
    url, paths = asked
    still = _still(tmp_path / "secret", url)
    _with_still(edit, still)
    flatten_timeline(edit, tmp_path / "x.mp4")
    assert manifest_of(tmp_path / "x.mp4")["ingredients"][0]["title"] == "still.jpg"  # type: ignore[index]
    assert paths == []
    # By default, the library fetches it.
    with pytest.raises(c2pa.C2paError):
        c2pa.Reader("image/jpeg", io.BytesIO(still))
    assert paths == ["/still.c2pa"]
