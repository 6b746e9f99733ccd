"""The pytest plugin, loaded wherever optbench is installed: it imports nothing until a test takes `optbench_check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import pytest

ARGUMENT = "optbench_check"
MARKER = "optbench"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", f"{MARKER}(plugin): run the checks of this plugin, one per test, as {ARGUMENT}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Generate one test for each check of the plugin that the marker names."""
    if ARGUMENT not in metafunc.fixturenames:
        return
    from optbench.core.errors import OptbenchError
    from optbench.kit.testing import plugin_checks  # imports NumPy and scikit-learn

    marker = metafunc.definition.get_closest_marker(MARKER)
    if marker is None or len(marker.args) != 1:
        _refuse(f"{metafunc.function.__name__} takes {ARGUMENT}: mark it with @pytest.mark.{MARKER}(PLUGIN)")
    try:
        metafunc.parametrize(ARGUMENT, plugin_checks(marker.args[0]))
    except OptbenchError as error:
        _refuse(str(error))


def _refuse(message: str) -> NoReturn:
    import pytest  # installed: pytest is the caller

    raise pytest.UsageError(message) from None
