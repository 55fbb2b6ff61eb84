from typing import Any

import numpy as np
from numpy.typing import NDArray

def draw(
    out: NDArray[np.uint8],
    back: NDArray[np.int16],
    back_nodes: NDArray[np.float32],
    front: NDArray[np.int16] | None,
    front_nodes: NDArray[np.float32],
    matte: NDArray[np.uint8] | None,
    range: NDArray[np.uint8] | None,
    noise: NDArray[np.int32],
    is_chroma: bool,
    is_plain: bool,
    /,
) -> Any: ...
