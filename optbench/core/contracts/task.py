"""What a dataset asks of a network."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """What is predicted: one of several classes, or one or more numbers.

    Attributes:
        classes: the names of the classes in the order of their numbers; empty for a regression.
        columns: how many numbers are predicted; 1 for a classification.
    """

    classes: tuple[str, ...] = ()
    columns: int = 1
