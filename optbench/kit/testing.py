"""The checks as tests of pytest, for a plugin's own continuous integration.

    @pytest.mark.parametrize("check", plugin_checks("optbench-mine"))
    def test_contract(check):
        check()

With the pytest plugin that comes with optbench, `@pytest.mark.optbench("optbench-mine")` and the argument `optbench_check` do
the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from optbench.kit.examine import Check, installed_checks


def plugin_checks(plugin: str) -> list[Any]:
    """Return the checks of all methods of an installed plugin, as parameters; each fails its test on a violation.

    Args:
        plugin: the name of the distribution, or of the plugin.
    """
    return [pytest.param(_test(check), id=_identity(check)) for check in installed_checks(plugin)]


def _test(check: Check) -> Callable[[], None]:
    def test() -> None:
        finding = check.run()
        if finding.status == "skipped":
            pytest.skip(finding.found)
        if finding.status == "violation":
            pytest.fail(
                f"{check.kind} {check.name}: {check.promise}\nfound: {finding.found}\nremedy: {finding.remedy}", pytrace=False
            )

    return test


def _identity(check: Check) -> str:
    return f"{check.kind}-{check.name}-{check.check}".replace(" ", "-")
