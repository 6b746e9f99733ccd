"""The optimizers of this distribution against the contract of optbench: one test per check."""

import pytest


@pytest.mark.optbench("optbench-frontier")
def test_contract(optbench_check):
    optbench_check()
