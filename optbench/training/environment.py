"""The environment of a run: everything that can change the last bits of its result."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version
from typing import Any

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""Variables that must be 1 in a worker's environment before NumPy is loaded: one and two BLAS threads give different bits."""


@cache
def fingerprint() -> dict[str, Any]:
    """Return the versions, BLAS builds, SIMD extensions and platform of this process."""
    import numpy as np  # takes long to import; only workers, verify and doctor need it
    import scipy.linalg.blas  # noqa: F401  # loads SciPy's own BLAS, which is listed too
    from threadpoolctl import threadpool_info

    config = np.show_config(mode="dicts")
    blas = [
        {name: str(library.get(name)) for name in ("prefix", "version", "architecture", "num_threads")}
        for library in threadpool_info()
        if library.get("user_api") == "blas"
    ]
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()} {platform.libc_ver()[1]}".strip(),
        "numpy": np.__version__,
        "scipy": version("scipy"),
        "scikit-learn": version("scikit-learn"),
        "blas": sorted(blas, key=str),
        "simd": list(config.get("SIMD Extensions", {}).get("found", [])),
    }
