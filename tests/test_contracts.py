from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from optbench import Schedule, Wrapper
from optbench.optimizers.sgd import SGD


@dataclass(frozen=True, kw_only=True)
class OldWrapper(Wrapper):
    name: ClassVar[str] = "old-wrapper"

    def misfit(self) -> str:
        return super().misfit() or "works with nothing"


@dataclass(frozen=True, kw_only=True)
class OldSchedule(Schedule):
    name: ClassVar[str] = "old-schedule"

    def misfit(self) -> str:
        return super().misfit() or "works with nothing"


@pytest.mark.parametrize("wrapper", [OldWrapper, OldSchedule])
def test_a_wrapper_that_overrides_misfit_is_asked(wrapper: type[Wrapper]) -> None:
    assert wrapper(inner=SGD()).incompatibility() == "works with nothing"
