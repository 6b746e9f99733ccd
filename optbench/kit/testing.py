"""The checks as tests of pytest, for a plugin's own continuous integration.

    @pytest.mark.parametrize("check", plugin_checks("optbench-mine"))
    def test_contract(check):
        check()

The pytest plugin that comes with optbench does the same for tests that are marked `@pytest.mark.optbench("optbench-mine")` and
take the argument `optbench_check`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from optbench.kit.examine import Check, installed_checks


def plugin_checks(plugin: str) -> list[Any]:
    """Return the checks of all components of an installed plugin as pytest parameters, each a function without arguments.

    The function fails its test on a violation and skips it where something optional is missing.

    Args:
        plugin: the name of the distribution, or of the plugin.

    Raises:
        UsageError: no such plugin is installed.
    """
    return [pytest.param(as_test(check), id=_identity(check)) for check in installed_checks(plugin)]


def as_test(check: Check) -> Callable[[], None]:
    """Return a check as the body of a test."""

    def test() -> None:
        finding = check.run()
        if finding.status == "skipped":
            pytest.skip(finding.detail)
        if finding.status == "violation":
            pytest.fail(
                f"{check.kind} {check.name}: {check.promise}\nviolation: {finding.detail}\nremedy: {finding.remedy}",
                pytrace=False,
            )

    return test


def _identity(check: Check) -> str:
    return f"{check.kind}-{check.name}-{check.check}".replace(" ", "-")
