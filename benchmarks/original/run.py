"""The original experiment, reproduced and corrected: runs it and writes docs/original.md.

    python benchmarks/original/run.py [--data FOLDER] [--embedders NAME ...] [--output docs/original.md] [--store FILE]

It runs the experiment that optbench grew out of (`presets/original.toml`) on `qa-tr` and, with --data, on the original's own
files, training.csv and test.csv in FOLDER, which are not part of optbench. To its five seeds come fifteen others, and around
its learning rates a coarse search, so that the page can say what each of the original's faults amounts to. Runs are kept in the
store: a command that was stopped continues, and a second call only writes the page. One worker is used. The default embedders
without --data take about six minutes of processor time, measured on a busy machine; e5-small and --data three more. e5-small
needs the plugin optbench-e5 where --data is given.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from original_page import Origin, page
from original_runs import Design, Measured, import_original, measure, original_design

import optbench.datasets
from optbench import OptbenchError, write_atomically
from optbench.data.loader import FrozenDataset, load

ROOT = Path(__file__).parents[2]
EMBEDDERS = ("hashing", "tfidf")
SHIPPED = "qa-tr"
OWN = "the original's data"


def make(design: Design, datasets: dict[str, FrozenDataset], embedders: Sequence[str], store: Path) -> list[Measured]:
    """Execute what is not in the store, and say how long it took."""
    measured = []
    for title, dataset in datasets.items():
        for embedder in embedders:
            start = perf_counter()
            measured.append(measure(design, title, dataset, embedder, store))
            print(f"{title}, {embedder}: {perf_counter() - start:.0f} s", flush=True)
    return measured


def command(embedders: Sequence[str], *, own_data: bool) -> str:
    """Return the command that makes the page again, without the folder of the data."""
    chosen = "" if tuple(embedders) == EMBEDDERS else f" --embedders {' '.join(embedders)}"
    return f"python benchmarks/original/run.py{chosen}{' --data FOLDER' if own_data else ''}"


def main() -> None:
    """Run, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the folder of the original's training.csv and test.csv")
    parser.add_argument("--embedders", nargs="+", default=EMBEDDERS, metavar="NAME", help="default: hashing tfidf")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs" / "original.md", metavar="FILE", help="where the page goes"
    )
    parser.add_argument("--store", type=Path, default=Path(".optbench/original.sqlite"), metavar="FILE", help="keeps the runs")
    given = parser.parse_args()
    datasets = {SHIPPED: load(Path(optbench.datasets.__file__).parent / "frozen" / SHIPPED)}
    with tempfile.TemporaryDirectory() as folder:
        try:
            if given.data is not None:
                datasets[OWN] = import_original(given.data, Path(folder) / "original")
            measured = make(original_design(), datasets, given.embedders, given.store)
            origin = Origin(command(given.embedders, own_data=given.data is not None), own_data=given.data is not None)
            write_atomically(given.output, page(measured, origin).encode())
        except (OptbenchError, OSError) as error:
            parser.exit(2, f"error: {error}\n")
    print(given.output)


if __name__ == "__main__":
    main()
