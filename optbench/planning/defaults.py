"""The defaults that the command line, Python and configuration files share."""

from __future__ import annotations

from pathlib import Path

DATASETS = ("qa-tr-2",)
SEEDS = range(5)
EPOCHS = 100
BATCH_SIZE = 32
DTYPES = ("float32", "float64")
DTYPE = "float32"
STORE = Path(".optbench/runs.sqlite")
"""The file that keeps the runs, relative to the current folder."""
REPORT = Path("reports/index.html")
"""Where the report is written, relative to the current folder."""
BUDGET = 8
"""The number of draws of a search."""
