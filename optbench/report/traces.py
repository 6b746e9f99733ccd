"""Plotly traces from plugins, reduced to data and style: no templates, links, images or scripts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from optbench.report.values import require

TYPES = ("scatter", "bar", "box", "histogram", "heatmap")
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "type": (),
    "name": (),
    "x": (),
    "y": (),
    "z": (),
    "text": (),
    "mode": (),
    "orientation": (),
    "fill": (),
    "opacity": (),
    "showlegend": (),
    "legendgroup": (),
    "line": ("color", "dash", "width"),
    "marker": ("color", "size", "symbol", "opacity"),
}
"""The attributes of a trace that are accepted, with those inside them."""
_SHOWN = ("name", "x", "y", "z", "text", "legendgroup")  # any text: the page's script escapes it
_WORD = re.compile(r"[A-Za-z0-9#+ .-]{0,40}")


def checked_trace(trace: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a trace as plain values for JSON: arrays become lists, what is not finite becomes None.

    Raises:
        ValueError: it has an attribute or a value that is not accepted.
    """
    require(isinstance(trace, Mapping), "a trace of a Figure is a mapping of plotly attributes", trace)
    kind = trace.get("type", "scatter")
    require(kind in TYPES, f"the type of a trace is one of {', '.join(TYPES)}", kind)
    plain: dict[str, Any] = {"type": kind}
    for name, value in trace.items():
        require(name in ATTRIBUTES, f"the attributes of a trace are {', '.join(ATTRIBUTES)}", name)
        if inner := ATTRIBUTES[name]:
            require(isinstance(value, Mapping), f"the {name} of a trace is a mapping", value)
            for key in value:
                require(key in inner, f"the attributes of a trace's {name} are {', '.join(inner)}", key)
            plain[name] = {key: _plain(f"{name}.{key}", one) for key, one in value.items()}
        else:
            plain[name] = _plain(name, value)
    return plain


def _plain(name: str, value: Any) -> Any:
    value = value.tolist() if hasattr(value, "tolist") else value  # NumPy and pandas
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        require(name in _SHOWN or _WORD.fullmatch(value) is not None, f"the {name} of a trace is a word of plotly's", value)
        return value
    require(isinstance(value, list | tuple | range), f"the {name} of a trace is a number, a string or a list of these", value)
    return [_plain(name, one) for one in value]
