"""Which runs may be compared at all: those of one track, one protocol version, and one version of each dataset."""

from __future__ import annotations

from collections.abc import Iterable

from optbench.core.errors import UsageError
from optbench.core.specs import RunResult

_DIGITS = 12  # of a dataset's digest, as in other messages


def require_comparable(results: Iterable[RunResult]) -> None:
    """Check that these runs may be part of one comparison, of two optimizers or of many.

    Raises:
        UsageError: they are of both tracks, of several protocol versions, or on several versions of a dataset, which have one
            name and different digests. The message names two of them.

    Source: PROTOCOL 2, sections 1 and 2.
    """
    tracks: set[str] = set()
    protocols: set[int] = set()
    digests: dict[str, set[str]] = {}
    for run in results:
        tracks.add(run.labels.track)
        protocols.add(run.spec.protocol)
        digests.setdefault(run.spec.dataset, set()).add(run.spec.dataset_digest)
    if len(tracks) > 1:
        one, other, *_ = sorted(tracks)
        raise UsageError(f"runs of the tracks {one!r} and {other!r} are never compared; choose one of them with --track")
    if len(protocols) > 1:
        older, newer = sorted(protocols)[-2:]
        raise UsageError(
            f"runs of protocol {older} and of protocol {newer} are never compared: they were measured by different rules; "
            f"choose one of them, such as --protocol {newer}"
        )
    for name, found in sorted(digests.items()):
        if len(found) > 1:
            one, other, *_ = sorted(digest[:_DIGITS] for digest in found)
            raise UsageError(
                f"runs on dataset {name!r} with digest {one} and with digest {other} are never compared: its rows differ; "
                f"-d {name} selects the installed version"
            )
