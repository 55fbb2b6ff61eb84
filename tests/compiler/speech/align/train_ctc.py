"""Trains the small CTC model in ``data/ctc``: Spanish and Russian letters, voices of espeak-ng.

    python -m tests.compiler.speech.align.train_ctc    # ten minutes of one core

Its text is made up letter by letter from the sentences below, so that the model learns sounds, not
words. Each frame is labelled with the letter that sounds in its middle: a model that is trained on
whole sentences alone may place its labels anywhere inside the sounds. Voices and sentences of the
tests are none of these.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from otio_gvideo.compiler.media.samples import SPEECH_RATE
from safetensors.torch import save_file
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

from .espeak_words import SpokenWord, spoken

FOLDER = Path(__file__).parent / "data" / "ctc"
TEXTS = {
    "es": """cada noche el guardián subía a la torre y encendía la lámpara porque los barcos volvían
        tarde el viento del norte golpeaba las ventanas y nadie en el pueblo podía dormir cuando
        llegó la mañana vieron que la playa estaba llena de cajas viejas con letras extrañas una
        niña pequeña encontró un reloj que todavía funcionaba su abuelo dijo que venía de muy lejos
        quizás de otro siglo los pescadores hicieron fuego junto al muelle y comieron queso jamón y
        pan desde entonces guardamos esa historia como quien guarda agua en un jarro hoy llueve
        zumo fácil excepto kilo whisky guerra pingüino ahí oír huevo chico gente gigante ella llave
        calle lluvioso cayendo mayo perra ladrillo cerrado puertas nadar respondía tejido sobre
        los mis hermano despierta lento lejano un una y a o de del que con por al se lo le su""",
    "ru": """каждый вечер смотритель поднимался на башню и зажигал лампу потому что корабли
        возвращались поздно северный ветер бил в окна и никто в деревне не мог уснуть когда пришло
        утро люди увидели что берег усыпан старыми ящиками с чужими буквами маленькая девочка нашла
        часы которые ещё шли её дед сказал что они приплыли издалека быть может из другого века
        рыбаки развели огонь у причала ели хлеб сыр и щуку с тех пор мы храним эту историю как
        хранят воду в кувшине подъезд цирк эхо объём юный яблоко фонарь жёлтый вьюга здесь дожди
        стук крыша лаял собаки моё сестры тихий закрыли дверца ничего ответил никогда вождь
        площадь лошадь сегодня что чтобы лёгкий мягкий и а я он она с к у о по за из на не""",
}
VARIANTS = ("m1", "m2", "m3", "m4", "m5", "m7", "f1", "f2", "f3", "f5", "klatt2", "Mario", "Alicia")
"""The tests speak with others."""
ROUNDS = ((1400, 1.5e-3), (400, 8e-4))
"""Steps of each round, and its highest learning rate."""
BATCH, WORDS, CROP_S = 12, 7, 2
CONFIG = Wav2Vec2Config(
    conv_dim=(40, 48, 64, 80),
    conv_kernel=(40, 8, 4, 4),
    conv_stride=(10, 4, 4, 2),
    num_feat_extract_layers=4,
    feat_extract_norm="layer",
    conv_bias=True,
    do_stable_layer_norm=True,
    hidden_size=96,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=256,
    num_conv_pos_embeddings=16,
    num_conv_pos_embedding_groups=4,
    hidden_dropout=0.0,
    attention_dropout=0.0,
    activation_dropout=0.0,
    feat_proj_dropout=0.0,
    final_dropout=0.0,
    layerdrop=0.0,
    apply_spec_augment=False,
    pad_token_id=0,
)
STRIDE, WINDOW = 320, 710


def main() -> None:
    """Train it, and write it in 16 bits."""
    random.seed(1904)
    np.random.seed(1904)
    torch.manual_seed(1904)
    letters = sorted({letter for text in TEXTS.values() for letter in text if letter.isalpha()})
    vocabulary = {"<pad>": 0, "|": 1} | {letter: 2 + n for n, letter in enumerate(letters)}
    CONFIG.vocab_size = len(vocabulary)
    model = Wav2Vec2ForCTC(CONFIG).train()
    print(sum(weight.numel() for weight in model.parameters()), "weights")
    chains = {language: chain(text) for language, text in TEXTS.items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=0, weight_decay=0.01)
    mean = 4.0
    pool: list[tuple[NDArray[np.float32], NDArray[np.int64]]] = []
    rates = [
        most * min(1, step / 100) * (1 - step / steps) ** 0.7
        for steps, most in ROUNDS
        for step in range(steps)
    ]
    for number, rate in enumerate(rates):
        for group in optimizer.param_groups:
            group["lr"] = rate
        pool += [example(chains, vocabulary) for _ in range(3)]
        pool = pool[-1200:]
        sounds, labels = zip(*(crop(*random.choice(pool)) for _ in range(BATCH)), strict=True)
        logits = model(torch.from_numpy(np.stack(sounds))).logits
        target = torch.from_numpy(np.stack(labels))[:, : logits.shape[1]]
        loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), target)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        mean = 0.97 * mean + 0.03 * loss.item()
        if number % 50 == 49:
            print(number + 1, f"{mean:.3f}", flush=True)
    write(model.eval(), vocabulary)


def chain(text: str) -> dict[str, list[str]]:
    """Return the letters that follow each pair of letters, with blanks between words."""
    plain = f"  {' '.join(text.split())} "
    follow = defaultdict(list)
    for first, second, third in zip(plain, plain[1:], plain[2:], strict=False):
        follow[first + second].append(third)
    follow["  "] = [word[0] for word in text.split()]
    return follow


def invented(follow: dict[str, list[str]]) -> str:
    """Return a word of 1 to 9 letters."""
    while True:
        word, pair = "", "  "
        while (letter := random.choice(follow[pair])) != " ":
            word, pair = word + letter, (pair[1] if word else " ") + letter
        if len(word) < 10:
            return word


def example(
    chains: dict[str, dict[str, list[str]]], vocabulary: dict[str, int]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return a sentence: samples with mean 0 and deviation 1, and the label of each frame."""
    while True:
        language = random.choice(list(chains))
        real = TEXTS[language].split()
        words = [
            random.choice(real) if random.random() < 0.3 else invented(chains[language])
            for _ in range(WORDS)
        ]
        if random.random() < 0.6:
            words[random.randrange(WORDS - 1)] += random.choice(",.")
        voice = f"{language}+{random.choice(VARIANTS)}"
        made = spoken(" ".join(words), voice, random.randint(110, 190), random.randint(25, 75))
        if made is not None:
            break
    samples, said = made
    lead = int(random.uniform(0, 0.3) * SPEECH_RATE)
    samples = np.concatenate([np.zeros(lead), samples])
    labels = frame_labels(said, lead / SPEECH_RATE, len(samples), vocabulary)
    level = np.sqrt(np.mean(samples**2))
    samples = samples + np.random.normal(size=len(samples)) * level * 10 ** -random.uniform(0.6, 3)
    samples = (samples - samples.mean()) / samples.std()
    return samples.astype(np.float32), labels


def frame_labels(
    words: list[SpokenWord], lead_s: float, count: int, vocabulary: dict[str, int]
) -> NDArray[np.int64]:
    """Return the label of each frame: the letters of a word share its phonemes evenly."""
    middles = (np.arange(count // STRIDE + 1) * STRIDE + WINDOW / 2) / SPEECH_RATE - lead_s
    labels = np.zeros(len(middles), np.int64)
    for word in words:
        spelled = [vocabulary[letter] for letter in word.text if letter.isalpha()]
        places = np.linspace(0, len(word.edges) - 1, len(spelled) + 1)
        edges = np.interp(places, np.arange(len(word.edges)), word.edges)
        before = -1
        for label, first, last in zip(spelled, edges, edges[1:], strict=False):
            inside = np.flatnonzero((middles >= first) & (middles < last))
            labels[inside] = label
            if label == before and len(inside):
                labels[inside[0]] = 0
            before = label
    return labels


def crop(
    samples: NDArray[np.float32], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Cut out `CROP_S` seconds, from a whole frame on."""
    frames = CROP_S * SPEECH_RATE // STRIDE
    first = random.randrange(max(1, len(samples) // STRIDE - frames))
    part = samples[first * STRIDE :][: frames * STRIDE]
    part = np.pad(part, (0, frames * STRIDE - len(part)))
    named = labels[first:][:frames]
    return part, np.pad(named, (0, frames - len(named)))


def write(model: Wav2Vec2ForCTC, vocabulary: dict[str, int]) -> None:
    """Write the model as transformers does, without what it does not need."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, FOLDER / "model.safetensors", {"format": "pt"})
    CONFIG.architectures = ["Wav2Vec2ForCTC"]
    CONFIG.to_json_file(FOLDER / "config.json")
    texts = {
        "vocab.json": vocabulary,
        "tokenizer_config.json": {"pad_token": "<pad>", "word_delimiter_token": "|"},
        "preprocessor_config.json": {"do_normalize": True, "sampling_rate": SPEECH_RATE},
    }
    for name, content in texts.items():
        text = json.dumps(content, ensure_ascii=False, indent=1)
        (FOLDER / name).write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
