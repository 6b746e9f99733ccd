"""Why one optimizer is better than another: equal tuning of the learning rate, ablations that are re-run, and their steps."""

from __future__ import annotations

from optbench.why.explanation import Explanation, Finding, Setting, Steps
from optbench.why.inquiry import Inquiry, Work
from optbench.why.json_rows import rows
from optbench.why.planned import of_runs, planned
from optbench.why.text import text

__all__ = ["Explanation", "Finding", "Inquiry", "Setting", "Steps", "Work", "of_runs", "planned", "rows", "text"]
