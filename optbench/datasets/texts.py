"""The datasets of texts that come with optbench."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from optbench import Dataset


class QaTr(Dataset):
    """Version 1 of the Turkish question-answer pairs, which a rule of two lines solves: see its card. Superseded by qa-tr-2."""

    name: ClassVar[str] = "qa-tr"
    folder: ClassVar[Path] = Path(__file__).parent / "frozen" / "qa-tr"


class QaTr2(Dataset):
    """Turkish question-answer pairs, right (+1) or wrong (-1); the wrong answers are right answers to other questions."""

    name: ClassVar[str] = "qa-tr-2"
    folder: ClassVar[Path] = Path(__file__).parent / "frozen" / "qa-tr-2"
