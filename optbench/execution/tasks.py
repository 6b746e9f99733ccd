"""Tasks that wait for a worker, in one queue per group."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Group: TypeAlias = frozenset[str]
"""The third-party distributions whose code a task imports; empty for tasks that import built-in code only."""


@dataclass(frozen=True, eq=False)
class Task:
    """A call that a worker is to compute, and the future of its result."""

    function: Callable[..., Any]
    args: Sequence[Any]
    timeout: float | None
    group: Group
    future: Future[Any] = field(default_factory=Future)


class TaskQueue:
    """Tasks in the order in which they were put, separated by group."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[Group, deque[Task]] = {}
        self._workers: Counter[Group | None] = Counter()
        self._closed = False
        self._refusal: Exception | None = None

    def put(self, task: Task) -> None:
        """Append a task; after `refuse`, its future raises at once.

        Raises:
            RuntimeError: the queue is closed.
        """
        with self._changed:
            if self._closed:
                raise RuntimeError("the pool is closed and accepts no more tasks")
            if self._refusal is not None:
                task.future.set_exception(self._refusal)
                return
            self._waiting.setdefault(task.group, deque()).append(task)
            self._changed.notify()

    def take(self, group: Group | None) -> Task | None:
        """Return the next task for a worker, or None if the queue is closed and empty; wait if it is only empty.

        Args:
            group: the group of the worker's last task, which is preferred; None for a worker without one.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            self._workers[group] -= 1
            chosen = group if group in self._waiting else max(self._waiting, key=self._load)
            self._workers[chosen] += 1
            tasks = self._waiting[chosen]
            task = tasks.popleft()
            if not tasks:
                del self._waiting[chosen]
            return task

    def _load(self, group: Group) -> float:
        """Return how many tasks of a group there are for each worker, if one more served it."""
        return len(self._waiting[group]) / (self._workers[group] + 1)

    def close(self) -> None:
        """Announce that no task will follow."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def cancel(self) -> None:
        """Close the queue and drop all tasks; their futures are cancelled."""
        self.close()
        for task in self._drain():
            task.future.cancel()

    def refuse(self, error: Exception) -> None:
        """Drop all tasks, now and later; their futures raise `error`."""
        with self._changed:
            self._refusal = error
        for task in self._drain():
            if task.future.set_running_or_notify_cancel():
                task.future.set_exception(error)

    def _drain(self) -> list[Task]:
        with self._changed:
            tasks = [task for waiting in self._waiting.values() for task in waiting]
            self._waiting.clear()
            return tasks
