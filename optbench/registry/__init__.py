"""The registry of components."""

from optbench.registry.registry import GROUP as GROUP
from optbench.registry.registry import KINDS as KINDS
from optbench.registry.registry import Component as Component
from optbench.registry.registry import Plugin as Plugin
from optbench.registry.registry import Registry as Registry
