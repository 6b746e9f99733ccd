"""The registry of components: discovery of plugins, checks of what they declare, and classes by kind and name."""

from optbench.registry.declarations import KINDS as KINDS
from optbench.registry.declarations import Component as Component
from optbench.registry.discovery import GROUP as GROUP
from optbench.registry.discovery import Plugin as Plugin
from optbench.registry.registry import Registry as Registry
