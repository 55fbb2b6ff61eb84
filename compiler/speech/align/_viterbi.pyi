from typing import Any

from numpy.typing import NDArray

def advance(*arrays: NDArray[Any]) -> None: ...
