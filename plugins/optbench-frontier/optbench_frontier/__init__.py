"""Recent optimizers for optbench, one method per file."""

from __future__ import annotations

from optbench import Optimizer, hookimpl
from optbench_frontier.dadapt_adam import DAdaptAdam
from optbench_frontier.muon import Muon
from optbench_frontier.prodigy import Prodigy
from optbench_frontier.schedule_free_adamw import ScheduleFreeAdamW
from optbench_frontier.schedule_free_sgd import ScheduleFreeSGD
from optbench_frontier.shampoo import Shampoo
from optbench_frontier.soap import SOAP
from optbench_frontier.sophia_g import SophiaG
from optbench_frontier.sophia_h import SophiaH

OPTBENCH_CONTRACT = 2


@hookimpl
def optbench_optimizers() -> list[type[Optimizer]]:
    """Return the optimizers of this distribution."""
    return [SOAP, DAdaptAdam, Muon, Prodigy, ScheduleFreeAdamW, ScheduleFreeSGD, Shampoo, SophiaG, SophiaH]
