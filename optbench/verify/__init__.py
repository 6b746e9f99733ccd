"""Verification: runs that a store or a report has, compared with their repetition or with those of another store.

`compare` judges two results of one run, `recorded` reads the manifest that `manifest` writes into every report, `repeating` has
runs executed again, `stores` pairs the runs of two stores.
"""

from __future__ import annotations

from optbench.verify.differences import COMPARED, TOLERANCE
from optbench.verify.verdicts import Verdict, Verified, compare, verifiable

__all__ = ["COMPARED", "TOLERANCE", "Verdict", "Verified", "compare", "verifiable"]
