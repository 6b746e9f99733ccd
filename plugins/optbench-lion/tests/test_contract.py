"""Lion keeps optbench's contract: one test for each of its rules."""

import pytest


@pytest.mark.optbench("optbench-lion")
def test_contract(optbench_check):
    optbench_check()
