"""Replays in the cache of the store, so that a second inquiry executes nothing."""

from __future__ import annotations

from optbench.core.specs import RunSpec, digest_of
from optbench.execution.replay import VERSION, Replay
from optbench.store import Store


def cached_replay(store: Store, spec: RunSpec) -> Replay | None:
    """Return the cached replay of a run; None where there is none that this version can read."""
    content = store.cached(_key(spec))
    if content is None:
        return None
    try:
        return Replay.from_content(content)
    except (ValueError, TypeError, KeyError):  # written by another version
        return None


def keep_replay(store: Store, spec: RunSpec, replay: Replay) -> None:
    """Cache the replay of a run."""
    store.cache(_key(spec), replay.content())


def _key(spec: RunSpec) -> str:
    return digest_of({"replay": spec.key, "version": VERSION})
