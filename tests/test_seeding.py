from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from optbench.core.seeding import Purpose, stream

PURPOSES = get_args(Purpose)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_stream_is_a_function_of_seed_and_purpose(purpose: Purpose) -> None:
    assert np.array_equal(stream(7, purpose).random(100), stream(7, purpose).random(100))


def test_streams_of_other_seeds_and_purposes_differ() -> None:
    firsts = {float(stream(seed, purpose).random()) for seed in range(50) for purpose in PURPOSES}
    assert len(firsts) == 50 * len(PURPOSES)


def test_a_stream_is_not_numpys_default_for_the_seed() -> None:
    assert stream(3, "init").random() != np.random.default_rng(3).random()


def test_stored_runs_keep_their_meaning() -> None:
    # Every stored run depends on these numbers; they may change with the version of the protocol only.
    assert stream(0, "init").integers(0, 2**32) == 3445585646
    assert stream(42, "batches").permutation(8).tolist() == [1, 2, 4, 0, 5, 6, 3, 7]
