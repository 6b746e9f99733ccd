"""How a benchmark is measured: its time over that of a reference operation, in one process, in turn.

A time depends on the load and the clock frequency of the machine, and two commits are measured minutes apart. The operation and
its reference are measured within the same millisecond, on the same or on as many numbers, so that their ratio does not.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from itertools import repeat
from statistics import median, quantiles
from time import perf_counter, process_time

from threadpoolctl import threadpool_limits

Operation = Callable[[], object]
Pair = tuple[Operation, Operation]
"""An operation and its reference: as much work of the same kind, by means of NumPy, BLAS or the standard library alone."""

PLACEMENTS = 5
"""Pairs that are measured in turn in one process, each with arrays at other addresses."""
SAMPLE = 200e-6
"""Seconds that one sample takes at least, several hundred times what the clock takes."""
WARM_UP = 0.05
"""Seconds of calls before the first sample: what is imported, cached or allocated on first use is not timed."""
LEAST, MOST = 0.2, 1.0
"""Seconds of samples: at least, and at most."""
ROUNDS = 2
"""Rounds of four samples that each pair takes in its turn."""
PRECISION = 0.005
"""Standard error of the median, as a share of it, at which sampling ends."""
THREADS = 1
"""BLAS threads, as in a worker. asv loads NumPy before this package, so it is too late for a variable of the environment."""


def placements(make: Callable[[], Pair]) -> list[Pair]:
    """Return pairs made one after the other, with gaps of different lengths between the arrays that they allocate.

    Where arrays lie relative to each other, and to what else the process holds, changes the time of a kernel by up to 20 % in
    one process of some hundred. The median over several placements ignores such a one.
    """
    gaps, pairs = [], []
    for i in range(PLACEMENTS):
        pairs.append(make())
        gaps.append(bytearray(977 * (i + 1)))
    return pairs


def ratio(pairs: list[Pair]) -> float:
    """Return the time of an operation over that of its reference: the median over `pairs` of the median over their samples.

    A round is four samples in the order operation, reference, reference, operation, which gives two ratios of neighbours: a
    sample that was disturbed spoils one ratio, which the median ignores. The clock is the processor time of this process,
    which does not count what other processes take.
    """
    ratios: list[list[float]] = [[] for _ in pairs]
    gc.collect()
    with threadpool_limits(THREADS):
        calls = [_calls(*pair) for pair in pairs]
        start = process_time()
        while not _enough(ratios, process_time() - start):
            for (operation, reference), count, found in zip(pairs, calls, ratios, strict=True):
                for _ in range(ROUNDS):
                    times = [_sample(each, count) for each in (operation, reference, reference, operation)]
                    found += [times[0] / times[1], times[3] / times[2]]
    return round(median(map(median, ratios)), 4)


def _enough(ratios: list[list[float]], seconds: float) -> bool:
    if seconds < LEAST:
        return False
    errors = []
    for found in ratios:
        low, middle, high = quantiles(found, n=4)
        errors.append(1.25 * (high - low) / 1.35 / middle)  # of one sample, as in a normal distribution of these quartiles
    return seconds > MOST or median(errors) < PRECISION * math.sqrt(sum(map(len, ratios)))


def _sample(operation: Operation, calls: int) -> float:
    turns = repeat(None, calls)
    start = process_time()
    for _ in turns:
        operation()
    return process_time() - start


def _calls(operation: Operation, reference: Operation) -> int:
    """Warm up, and return how many calls fill a sample."""
    end = perf_counter() + WARM_UP / PLACEMENTS
    operation()
    reference()
    while perf_counter() < end:
        operation()
        reference()
    calls = 1
    while _sample(operation, calls) < SAMPLE:
        calls *= 2
    return calls
