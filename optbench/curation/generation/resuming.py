"""Whether the pairs of an earlier call are what this call would have requested."""

from __future__ import annotations

from typing import Any

from optbench.core.errors import DataError
from optbench.curation.generation.journal import Record
from optbench.curation.generation.recipe import Ask

_DIFFERENCES = {
    "model_digest": "another model (--model)",
    "seed": "another --seed",
    "topic": "other --topics",
    "temperature": "another --temperature",
    "num_predict": "another --tokens",
    "num_ctx": "another version of optbench (another context length)",
    "language": "another --language",
    "format_sha256": "another version of optbench (another schema of answers)",
    "prompt": "another prompt, or earlier lines were changed",
    "sampler_seed": "another seed of the sampler; the line was changed",
}


def check_same(record: Record, ask: Ask, model_digest: str, language: str, where: str) -> None:
    """Check that a record of an earlier call is of the request that this call would have sent.

    Args:
        record: the record.
        ask: this call's request for the same pair and attempt, after the same earlier pairs.
        model_digest: that of the model now.
        language: what texts must be written in now.
        where: the file and the row, for the message.

    Raises:
        DataError: it is of another request; the message says what differs.
    """
    before = _determinants(record, record.model_digest, record.language)
    for name, expected in _determinants(ask, model_digest, language).items():
        actual = before[name]
        if actual != expected:
            values = f" ({actual!s:.40}, here {expected!s:.40})" if isinstance(actual, str | int | float) else ""
            raise DataError(
                f"{where}: it was generated with {_DIFFERENCES[name]}{values}; "
                "use the same options, or choose another file with --out"
            )


def _determinants(request: Ask | Record, model_digest: str, language: str | None) -> dict[str, Any]:
    """Return what determined a pair, by the names of `_DIFFERENCES`, in the order in which a difference is reported."""
    sampler = request.options.model_dump()
    return {
        "model_digest": model_digest,
        "seed": request.seed,
        "topic": request.topic,
        "temperature": sampler["temperature"],
        "num_predict": sampler["num_predict"],
        "num_ctx": sampler["num_ctx"],
        "language": language,
        "format_sha256": request.format_sha256,
        "prompt": request.prompt,
        "sampler_seed": sampler["seed"],
    }
