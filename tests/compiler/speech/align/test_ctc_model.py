"""CTC models in folders: found, described, run in chunks, cached; and what is wrong with others."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.media.samples import SPEECH_RATE
from otio_gvideo.compiler.script.tokens import tokenize
from otio_gvideo.compiler.speech.align import ctc_model
from otio_gvideo.compiler.speech.align.ctc_folder import Vocabulary, read_ctc_folder
from otio_gvideo.compiler.speech.align.ctc_model import emissions_of
from otio_gvideo.compiler.speech.align.ctc_text import spell
from otio_gvideo.compiler.speech.align.ctc_weights import find_model, model_languages
from otio_gvideo.renderers.base import RendererError
from otio_gvideo.renderers.files.user_folders import CACHE_VARIABLE

torch = pytest.importorskip("torch", reason="the extra [align] is not installed")
from safetensors.torch import save_file  # noqa: E402
from transformers import Wav2Vec2ForCTC  # noqa: E402

from .tiny_ctc import LATIN, build  # noqa: E402


@pytest.fixture(scope="module")
def latin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("latin"), LATIN)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


def noise(seconds: float) -> NDArray[np.int16]:
    values = np.random.default_rng(1904).normal(size=int(seconds * SPEECH_RATE))
    return (3000 * values).astype(np.int16)


def test_emissions_are_those_of_the_model(latin: Path) -> None:
    found = emissions_of(read_ctc_folder(latin, ("deu",)), noise(2))
    samples = noise(2).astype(np.float32)
    samples = (samples - samples.mean()) / samples.std()
    model = Wav2Vec2ForCTC.from_pretrained(latin).eval()
    with torch.inference_mode():
        direct = model(torch.from_numpy(samples)[None]).logits[0].log_softmax(-1).numpy()
    assert float(found.hop) == 0.02
    assert len(found) == 100
    assert found.dense(0, 95) == pytest.approx(direct[:95], abs=0.02)


def test_chunks_have_a_frame_for_every_hop(latin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = read_ctc_folder(latin, ("deu",))
    whole = emissions_of(model, noise(7.31))
    monkeypatch.setattr(ctc_model, "CHUNK_S", 2)
    monkeypatch.setattr(ctc_model, "CONTEXT_S", 1)
    shares: list[float] = []
    parts = emissions_of(model, noise(7.31), shares.append)
    assert len(parts) == len(whole) == 366
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_recording_is_heard_once_by_each_model(
    latin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = read_ctc_folder(latin, ("deu",))
    first = emissions_of(model, noise(1))
    monkeypatch.setattr(ctc_model, "_load", lambda _: pytest.fail("it listened again"))
    again = emissions_of(model, noise(1))
    assert (again.scores == first.scores).all()
    with pytest.raises(pytest.fail.Exception):
        emissions_of(model, noise(1.1))


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_another_version_of_a_package_listens_anew(
    package: str, latin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = read_ctc_folder(latin, ("deu",))
    emissions_of(model, noise(1))
    version = metadata.version
    newer = lambda name: "99" if name == package else version(name)  # noqa: E731
    monkeypatch.setattr(metadata, "version", newer)
    monkeypatch.setattr(ctc_model, "_load", lambda _: pytest.fail("it listens"))
    with pytest.raises(pytest.fail.Exception, match="it listens"):
        emissions_of(model, noise(1))


@pytest.mark.parametrize("place", [68, -200])  # in a header, in the scores
def test_damaged_emissions_are_made_again(latin: Path, tmp_path: Path, place: int) -> None:
    model = read_ctc_folder(latin, ("deu",))
    first = emissions_of(model, noise(4))
    (path,) = (tmp_path / "cache" / "emissions").iterdir()
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << 6
    path.write_bytes(data)
    again = emissions_of(model, noise(4))
    assert (again.labels == first.labels).all() and (again.scores == first.scores).all()


def test_a_language_has_its_adapter_and_letters(tmp_path: Path) -> None:
    spoken = {"spa": {"<pad>": 0, "|": 1, "a": 2, "ñ": 3}, "rus": {"<pad>": 0, "|": 1, "ж": 2}}
    folder = build(tmp_path / "mms", spoken, adapter_attn_dim=4)
    best = {}
    for language in ("es", "ru"):
        model = read_ctc_folder(folder, model_languages(language))
        best[model.adapter] = int(emissions_of(model, noise(1)).labels[10, 0])
    assert best == {"spa": 1, "rus": 2}
    with pytest.raises(RendererError, match="no adapter for 'deu'"):
        read_ctc_folder(folder, model_languages("de"))


def test_pickles_are_not_loaded(latin: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    folder.mkdir()
    for name in ("config.json", "vocab.json"):
        (folder / name).write_bytes((latin / name).read_bytes())
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(RendererError, match=r"pytorch_model.bin: a .bin file is a pickle"):
        find_model(str(folder), "de", "cpu")


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("config.json", None, "config.json is missing"),
        ("vocab.json", None, "vocab.json is missing"),
        ("model.safetensors", b"\x10", "model.safetensors is cut off or damaged"),
        ("config.json", b"{}", "not a CTC model of sound"),
        ("vocab.json", b"{", "vocab.json: cannot be read"),
        ("vocab.json", b'{"a": "b"}', "not a table of letters and numbers"),
    ],
)
def test_a_fault_is_named(
    latin: Path, tmp_path: Path, name: str, content: bytes | None, fault: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for path in latin.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(RendererError, match=fault) as caught:
        find_model(str(folder), "de", "cpu")
    assert "\n" not in str(caught.value)


def test_a_model_without_labels_is_not_one_that_aligns(latin: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    for path in latin.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    weights = Wav2Vec2ForCTC.from_pretrained(latin).state_dict()
    plain = {name: value for name, value in weights.items() if not name.startswith("lm_head")}
    save_file(plain, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(RendererError, match=r"no CTC model: its weights lack lm_head.bias"):
        emissions_of(find_model(str(folder), "de", "cpu"), noise(1))


def test_nothing_is_printed(latin: Path, capfd: pytest.CaptureFixture[str]) -> None:
    emissions_of(read_ctc_folder(latin, ("deu",)), noise(1))
    assert capfd.readouterr() == ("", "")


def test_a_model_that_is_not_here_names_the_command_that_fetches_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(RendererError, match="fetch it: otio-gvideo models pull align-mms"):
        find_model("mms", "de", "cpu")


def test_letters_take_the_labels_that_there_are(latin: Path) -> None:
    vocabulary = read_ctc_folder(latin, ("deu",)).vocabulary
    (reading,) = spell(tokenize("Don't", "en"), vocabulary, "eng").readings[0]
    assert [next(k for k, v in LATIN.items() if v == n) for n in reading] == list("don't")


def test_capitals_marks_and_strangers() -> None:
    vocabulary = Vocabulary({"<pad>": 0, "|": 1, "É": 2, "T": 3, "A": 4, "Ж": 5}, 0, 1)
    spelled = spell(tokenize("été ta qat ж", "fr"), vocabulary, "fra")
    assert spelled.readings == (((2, 3, 2),), ((3, 4),), ((4, 3),), ((5,),))
    assert spelled.unknown == ("q",)


@pytest.mark.slow
def test_other_scripts_are_romanised_for_a_latin_vocabulary(latin: Path) -> None:
    vocabulary = read_ctc_folder(latin, ("rus",)).vocabulary
    letters = {number: letter for letter, number in LATIN.items()}
    for text, language, code, plain in (
        ("Вечер", "ru", "rus", "vecher"),
        ("Größe", "de", "deu", "groesse"),
        ("नेपाल", "hi", "hin", "nepaal"),
    ):
        ((reading,),) = spell(tokenize(text, language), vocabulary, code).readings
        assert "".join(letters[number] for number in reading) == plain
