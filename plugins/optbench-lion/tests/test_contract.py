"""Lion against the contract of optbench: one test per check."""

import pytest


@pytest.mark.optbench("optbench-lion")
def test_contract(optbench_check):
    optbench_check()
