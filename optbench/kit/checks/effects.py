"""The rule that every hyper-parameter has an effect."""

from __future__ import annotations

import hashlib
import itertools
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from optbench.core.contracts import Wrapper
from optbench.core.hyperparameters import fields_of, types_of, values
from optbench.kit.checks import architectures, losses
from optbench.kit.problems import SMALL, LeastSquares, start, trajectory
from optbench.kit.rules import Subject, Violations, make, rule

_MOST = 300  # pairs of computations, after which a hyper-parameter is given up
_NUMBERS: tuple[Any, ...] = (1, 2, 3, 10, 0, 0.1, 0.5, 0.9, 1e-3, 1e-6, 100.0)


def _path(opt: Any) -> str:
    return hashlib.sha256(trajectory(opt, LeastSquares(start(SMALL))).tobytes()).hexdigest()


_DIGESTS: Mapping[str, Callable[[Any], str]] = {
    "optimizer": _path,
    "wrapper": _path,
    "architecture": architectures.digest,
    "loss": losses.digest,
}


@rule(
    "hyper-parameters have an effect", "use self.NAME where it belongs, or remove the field", after=("rebuilt from its spec",)
)
def effective(subject: Subject) -> Violations:
    """Another value of a hyper-parameter gives another result, with some value of the others."""
    rates = () if isinstance(subject.instance, Wrapper) else getattr(subject.instance, "rates", ())
    for name in fields_of(subject.cls):
        if name not in rates and not _has_effect(subject, name):  # "rates" checks those
            yield f"{name} has none: values other than {getattr(subject.instance, name)!r} give the same result"


def _has_effect(subject: Subject, name: str) -> bool:
    """Whether changing one hyper-parameter changes the digest, first alone and then with each other one changed too.

    True where there is no other value to try.
    """
    digest = _DIGESTS[subject.kind]
    compared = 0
    for others in _settings(subject, name):
        one = _digest(subject, others, digest)
        if one is None:
            continue
        for candidate in candidates(subject.cls, name, getattr(subject.instance, name)):
            other = _digest(subject, {**others, name: candidate}, digest)
            compared += other is not None
            if other is not None and other != one:
                return True
            if compared >= _MOST:
                return False
    return compared == 0


def _settings(subject: Subject, name: str) -> Iterator[dict[str, Any]]:
    """The defaults of all other hyper-parameters, and then another value of one of them."""
    yield {}
    for other, value in values(subject.instance).items():
        if other != name:
            for candidate in itertools.islice(candidates(subject.cls, other, value), 4):
                yield {other: candidate}


def _digest(subject: Subject, params: dict[str, Any], digest: Callable[[Any], str]) -> str | None:
    """The digest with these hyper-parameters; None where they are not accepted."""
    try:
        return digest(make(subject.cls, params))
    except Exception:  # noqa: BLE001  # a value may be outside its range, or of no use together with another
        return None


def candidates(cls: type[Any], name: str, value: Any) -> Iterator[Any]:
    """Yield values that a hyper-parameter may have other than `value`, the nearest first; some may not be accepted."""
    for candidate in _candidates(types_of(cls).get(name), value):
        if candidate != value or type(candidate) is not type(value):
            yield candidate


def _candidates(hint: Any, value: Any) -> Iterator[Any]:
    for part in (hint, *typing.get_args(hint)):
        if typing.get_origin(part) is typing.Literal:
            yield from typing.get_args(part)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, 2 * value, *_NUMBERS)
    elif isinstance(value, float):
        yield from (value / 2, value * 2, *(value * 10.0**power for power in (-3, 3, -6, 6)), *map(float, _NUMBERS))
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            for candidate in itertools.islice(_candidates(None, item), 8):
                yield (*value[:place], candidate, *value[place + 1 :])
        yield from (value[:-1], (*value, *value[-1:]), (2,), (0.5,))
    elif value is None:
        yield from (*_NUMBERS, True, (2,), (0.5,))
