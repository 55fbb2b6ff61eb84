from typing import Any

import numpy as np
from numpy.typing import NDArray

def suppress(*arrays: NDArray[np.float64]) -> None: ...
def advance(*arrays: NDArray[Any]) -> None: ...
