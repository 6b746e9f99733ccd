"""The characters that a text may not contain: those that nobody sees, but that make two equal texts differ."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from optbench.core.errors import shown
from optbench.data.records import Place
from optbench.data.rows import LONGEST, OPTIONAL

# Control characters, the soft hyphen, marks and overrides of direction, zero-width space and word joiner, separators of lines
# and paragraphs, the byte-order mark, interlinear annotations. Zero-width joiners are parts of letters and emojis, and allowed.
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def has_invisible(text: str) -> bool:
    """Return whether `text` contains a character that it may not contain, such as a line break."""
    return _INVISIBLE.search(text) is not None


def check_texts(record: Mapping[str, Any], place: Place) -> None:
    """Check the texts of a record, as far as `row_of` does not: those of a frozen dataset may break these rules.

    Raises:
        DataError: a text contains a control or an invisible character, or an optional column is no text or too long.
    """
    for name in ("question", "answer", *OPTIONAL):
        value = record.get(name)
        if isinstance(value, str):
            text = value.strip(" \t")  # tabs around a text are dropped with the spaces
            match = _INVISIBLE.search(text)
            if match and not (match[0] == "\n" and name not in OPTIONAL):  # `row_of` explains line breaks in these
                excerpt = text[max(0, match.start() - 20) :]
                raise place.error(f"the {name} contains {_name(match[0])} at {shown(excerpt)}; remove it")
            if name in OPTIONAL and len(value) > LONGEST:
                raise place.error(f"the {name} has {len(value)} characters; at most {LONGEST} are allowed")
        elif name in OPTIONAL and not isinstance(value, int | float | None):
            raise place.error(f"the {name} is {shown(value)}; it must be a text")


def _name(character: str) -> str:
    """What a character is called: its code point and, where it has one, its Unicode name."""
    return f"U+{ord(character):04X} ({unicodedata.name(character, 'a control character')})"
