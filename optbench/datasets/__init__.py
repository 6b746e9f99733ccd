"""The datasets that come with optbench, registered through the same entry-point group as those of plugins."""

from __future__ import annotations

from optbench import Dataset, hookimpl
from optbench.datasets.imbalanced import Imbalanced
from optbench.datasets.label_noise import LabelNoise
from optbench.datasets.sparse_zipf import SparseZipf
from optbench.datasets.spirals import Spirals
from optbench.datasets.tables import AutoencoderDigits, BreastCancer, Diabetes, Digits, DigitsParity, Wine
from optbench.datasets.teacher import Teacher
from optbench.datasets.texts import QaTr, QaTr2
from optbench.datasets.xor_parity import XorParity


@hookimpl
def optbench_datasets() -> list[type[Dataset]]:
    """Return the shipped datasets."""
    return [
        AutoencoderDigits,
        BreastCancer,
        Diabetes,
        Digits,
        DigitsParity,
        Imbalanced,
        LabelNoise,
        QaTr,
        QaTr2,
        SparseZipf,
        Spirals,
        Teacher,
        Wine,
        XorParity,
    ]
