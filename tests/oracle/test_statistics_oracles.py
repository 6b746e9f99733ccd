"""Statistics against statsmodels 0.15.0 and scikit-posthocs 0.17.1."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from optbench.analysis.statistics import Friedman, Importance, friedman, holm, importance

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]  # these libraries warn of their own dependencies


@pytest.mark.parametrize("family", [1, 5, 231])
def test_holm_is_statsmodels(family: int) -> None:
    from statsmodels.stats.multitest import multipletests

    rng = np.random.default_rng(family)
    for tests in {1, max(1, family // 2), family}:
        p = np.round(rng.random(tests) ** 4, 4)
        padded = np.append(p, np.ones(family - tests))
        assert_allclose(holm(p, family), multipletests(padded, method="holm")[1][:tests], rtol=1e-12)


@pytest.mark.parametrize(("n", "k"), [(5, 3), (8, 6), (10, 8)])
def test_the_critical_difference_is_that_of_scikit_posthocs(n: int, k: int) -> None:
    import scikit_posthocs

    values = np.random.default_rng(n).normal(size=(n, k)) + np.linspace(0, 4, k)
    found = friedman(values, [str(i) for i in range(n)])
    assert isinstance(found, Friedman)
    p = scikit_posthocs.posthoc_nemenyi_friedman(values).to_numpy()
    assert found.different.any()
    for i, j in combinations(range(k), 2):
        assert found.different[i, j] == (p[i, j] < 0.05)


def test_iman_and_davenports_f_is_that_of_an_anova_of_ranks() -> None:
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    from scipy.stats import rankdata

    values = np.round(np.random.default_rng(3).normal(size=(7, 4)) + np.arange(4) / 2, 1)
    found = friedman(values, [str(i) for i in range(7)])
    assert isinstance(found, Friedman)
    table = pd.DataFrame(
        [
            (rank, dataset, optimizer)
            for dataset, row in enumerate(rankdata(values, axis=1))
            for optimizer, rank in enumerate(row)
        ],
        columns=["rank", "dataset", "optimizer"],
    )
    anova = sm.stats.anova_lm(smf.ols("rank ~ C(dataset) + C(optimizer)", table).fit())
    assert_allclose(found.f, anova.loc["C(optimizer)", "F"], rtol=1e-12)
    assert_allclose(found.p, anova.loc["C(optimizer)", "PR(>F)"], rtol=1e-10)


def test_importance_is_the_anova_of_statsmodels() -> None:
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    rng = np.random.default_rng(0)
    cells = pd.DataFrame(list(product("abc", "wxyz", range(5))), columns=["optimizer", "workload", "seed"])
    log_time = rng.normal(size=len(cells)) + cells["optimizer"].map({"a": 0, "b": 1, "c": 3}) + cells["seed"] / 3
    found = importance({name: cells[name].tolist() for name in cells}, np.exp(log_time))
    assert isinstance(found, Importance)
    model = smf.ols("t ~ (C(optimizer) + C(workload) + C(seed)) ** 2", cells.assign(t=log_time)).fit()
    squares = sm.stats.anova_lm(model)["sum_sq"]
    share = squares / squares.sum()
    for name, value in found.main.items():
        assert_allclose(value, share[f"C({name})"], rtol=1e-12)
    for (one, other), value in found.pairs.items():
        assert_allclose(value, share[f"C({one}):C({other})"], rtol=1e-12)
    assert_allclose(found.rest, share["Residual"], rtol=1e-12)
