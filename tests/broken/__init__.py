"""Plugins that are each broken in one way, with the one finding that must report it, and correct ones that look unusual.

Each is a complete module once `sources.source` has put its members between the imports and the hook.
"""

from __future__ import annotations

from broken import architectures, classes, crashes, data, losses, spaces, steps, wrappers
from broken.sound import SOUND as SOUND
from broken.sources import Example as Example

_MODULES = (steps, classes, spaces, wrappers, architectures, losses, data)
BROKEN = [example for module in _MODULES for example in module.EXAMPLES]
CRASHING = crashes.EXAMPLES
