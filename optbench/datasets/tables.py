"""The tables of numbers that come with optbench, made from those of scikit-learn by `optbench data remake`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from optbench import Dataset

_FROZEN = Path(__file__).parent / "frozen"


class AutoencoderDigits(Dataset):
    """Handwritten digits, 8x8 pixels, which a network is to reproduce: deep and narrow, 64-32-8-32-64."""

    name: ClassVar[str] = "autoencoder-digits"
    folder: ClassVar[Path] = _FROZEN / "autoencoder-digits"


class BreastCancer(Dataset):
    """30 properties of cell nuclei, malignant or benign; the scales of the columns differ by a factor of 100,000."""

    name: ClassVar[str] = "breast-cancer"
    folder: ClassVar[Path] = _FROZEN / "breast-cancer"


class Diabetes(Dataset):
    """Ten measurements of a patient and the progression of diabetes after one year: a regression with much noise."""

    name: ClassVar[str] = "diabetes"
    folder: ClassVar[Path] = _FROZEN / "diabetes"


class Digits(Dataset):
    """Handwritten digits, 8x8 pixels, ten classes."""

    name: ClassVar[str] = "digits"
    folder: ClassVar[Path] = _FROZEN / "digits"


class DigitsParity(Dataset):
    """Handwritten digits, 8x8 pixels, even or odd: each class has five shapes."""

    name: ClassVar[str] = "digits-parity"
    folder: ClassVar[Path] = _FROZEN / "digits-parity"


class Wine(Dataset):
    """13 measurements of a wine, of one of three cultivars; few rows, and a linear model solves it once standardized."""

    name: ClassVar[str] = "wine"
    folder: ClassVar[Path] = _FROZEN / "wine"
