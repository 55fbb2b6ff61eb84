from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Layer: TypeAlias = tuple[
    NDArray[np.int16],
    NDArray[np.float32],
    NDArray[np.uint8] | None,
    NDArray[np.uint8] | None,
]

def draw(
    out: NDArray[np.uint8],
    layers: tuple[_Layer, ...],
    noise: NDArray[np.int32],
    is_chroma: bool,
    is_plain: bool,
    /,
) -> Any: ...
