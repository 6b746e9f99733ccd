"""e5-small against the contract of optbench: one test per check."""

import pytest


@pytest.mark.optbench("optbench-e5")
def test_contract(optbench_check):
    optbench_check()
