"""Start-up: imports, `--help`, and loading the plugins."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

from optbench.registry import Registry


class Import:
    params = [["optbench", "optbench.registry", "optbench.planning.plan", "optbench.training.run_job"]]
    param_names = ["module"]

    def timeraw_import(self, module):
        return f"import {module}"


class Plugins:
    def time_registry(self):
        Registry(autoload=False)


class Help:
    def setup(self):
        if not hasattr(import_module("optbench.cli"), "main"):
            raise NotImplementedError  # commits before there was a command line

    def time_help(self):
        subprocess.run(
            [sys.executable, "-c", "from optbench.cli import main; main()", "--help"], check=True, stdout=subprocess.DEVNULL
        )
