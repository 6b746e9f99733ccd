"""The contracts themselves: what each declares, the code that implements it has."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from optbench import Loss, Objective, Schedule, Wrapper
from optbench.architectures.network import Network
from optbench.core.contracts import ChangedObjective, SecondOrderModel
from optbench.optimizers.sgd import SGD
from optbench.training.loop import Batch


def members(contract: type[Any]) -> dict[str, Any]:
    return {name: member for name, member in inspect.getmembers(contract) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("contract", "cls"), [(Objective, Batch), (Objective, ChangedObjective), (SecondOrderModel, Network)], ids=str
)
def test_a_class_has_every_method_of_its_contract_with_the_same_parameters(contract: type[Any], cls: type[Any]) -> None:
    assert members(contract)
    for name, member in members(contract).items():
        if inspect.isfunction(member):
            expected = [
                one.replace(annotation=inspect.Parameter.empty) for one in inspect.signature(member).parameters.values()
            ]
            parameters = inspect.signature(getattr(cls, name)).parameters.values()
            assert [one.replace(annotation=inspect.Parameter.empty) for one in parameters] == expected, name


@dataclass(frozen=True, kw_only=True)
class Picky(Wrapper):
    name: ClassVar[str] = "picky"

    def incompatibility(self) -> str:
        return super().incompatibility() or "works with nothing"


@dataclass(frozen=True, kw_only=True)
class PickySchedule(Schedule):
    name: ClassVar[str] = "picky-schedule"

    def incompatibility(self) -> str:
        return super().incompatibility() or "works with nothing"


@pytest.mark.parametrize("wrapper", [Picky, PickySchedule])
def test_a_wrapper_may_add_to_what_it_is_incompatible_with(wrapper: type[Wrapper]) -> None:
    assert wrapper(inner=SGD()).incompatibility() == "works with nothing"


def test_every_method_of_a_loss_is_described() -> None:
    assert members(Loss)
    assert all(inspect.getdoc(member) for member in members(Loss).values() if callable(member))
