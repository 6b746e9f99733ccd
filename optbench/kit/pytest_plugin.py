"""What pytest loads wherever optbench is installed: next to nothing, until a test asks for `optbench_check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import pytest

ARGUMENT = "optbench_check"
MARKER = "optbench"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", f"{MARKER}(plugin): the plugin whose checks the argument {ARGUMENT} runs, one a test")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each check of the plugin that the marker names."""
    if ARGUMENT not in metafunc.fixturenames:
        return
    from optbench.core.errors import OptbenchError  # for those who ask only
    from optbench.kit.testing import plugin_checks  # NumPy and scikit-learn

    marker = metafunc.definition.get_closest_marker(MARKER)
    if marker is None or len(marker.args) != 1:
        _refuse(f"{metafunc.function.__name__} takes {ARGUMENT}: mark it with @pytest.mark.{MARKER}(PLUGIN)")
    try:
        metafunc.parametrize(ARGUMENT, plugin_checks(marker.args[0]))
    except OptbenchError as error:
        _refuse(str(error))


def _refuse(message: str) -> NoReturn:
    import pytest  # who calls this has it

    raise pytest.UsageError(message) from None
