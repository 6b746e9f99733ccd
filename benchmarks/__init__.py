"""Benchmarks for asv. Parameters are written out, never read from the registry, so that each one's history stays whole."""

import os

# Before NumPy is loaded: as in a worker.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
