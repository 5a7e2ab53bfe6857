"""How the benchmarks of prediction take time."""

from __future__ import annotations

import time
from collections.abc import Callable


def timed(run: Callable[[], list], warm_up: Callable[[], object] = lambda: None) -> tuple[list, float]:
    """Return what a function returns, and the seconds it takes."""
    warm_up()
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start
