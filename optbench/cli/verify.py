"""`optbench verify`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from click.exceptions import Exit

from optbench.cli.console import json_lines, say
from optbench.cli.options import jobs_option, json_option, load_registry, plugin_option, store_option
from optbench.core.errors import NothingSelected

if TYPE_CHECKING:
    from optbench.verify import Verified


@click.command()
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Only N of the runs.")
@store_option
@jobs_option
@json_option
@plugin_option
def verify(sample: int | None, store: Path, jobs: int | None, as_json: bool) -> None:
    """Execute stored runs again and compare digests.

    'equal' is bit for bit; 'close' is within tolerance, in another environment. Runs that another version of the source
    computed cannot be repeated: they are counted as 'other source'. Exits with 1 if a run differs or is not available.
    """
    from optbench.execution.local import LocalExecutor
    from optbench.experiment import Experiment
    from optbench.verify import verifiable

    with Experiment(load_registry(), store, LocalExecutor(workers=jobs), create=False) as experiment:
        results = verifiable(experiment.results(), sample)
        if not results:
            raise NothingSelected(f"{store} has no run with status ok or diverged: there is nothing to verify")
        verdicts = experiment.verify(results)
    if as_json:
        json_lines(_row(verified) for verified in verdicts)
    for verified in verdicts:
        if verified.verdict not in ("equal", "other source"):
            say(f"{verified.verdict}: {verified.stored.spec.key[:10]} {_name(verified)}: {verified.explanation}")
    counts = Counter(verified.verdict for verified in verdicts)
    say(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    if others := counts["other source"]:
        say(f"{others} runs belong to another version of their source; 'optbench run' repeats them with the installed one")
    if counts["differs"] or counts["not available"]:
        raise Exit(1)


def _row(verified: Verified) -> dict[str, str]:
    return {
        "key": verified.stored.spec.key,
        "run": _name(verified),
        "verdict": verified.verdict,
        "explanation": verified.explanation,
    }


def _name(verified: Verified) -> str:
    labels = verified.stored.labels
    return f"{labels.optimizer} {labels.architecture} {labels.embedder} seed {verified.stored.spec.seed}"
