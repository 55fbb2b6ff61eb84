from typing import Any

import numpy as np
from numpy.typing import NDArray

def separable(
    plane: NDArray[np.float32],
    row_first: NDArray[np.int32],
    row_weights: NDArray[np.float32],
    column_first: NDArray[np.int32],
    column_weights: NDArray[np.float32],
    out: NDArray[Any],
    noise: NDArray[np.float32] | None,
    lanes: int,
    /,
) -> None: ...
