"""What a finding says, in words that claim no more than an ablation changed."""

from __future__ import annotations

from optbench.analysis.pair_words import overall_sentence
from optbench.analysis.statistics import sentence
from optbench.why.explanation import Finding


def finding_sentence(finding: Finding) -> str:
    """Return the comparison in one sentence: effect, interval, wins, e-value, verdict."""
    write = sentence if finding.place else overall_sentence
    return write(finding.first.label, finding.second.label, finding.comparison, finding.verdict)


def reading(finding: Finding, pair: Finding | None) -> str:
    """Return what an ablation shows; empty for the comparison of A and B itself.

    Args:
        finding: a comparison in which one optimizer is without a part.
        pair: A and B with all of their parts, on the same workload.
    """
    if finding.kind == "part":
        return _contribution(finding)
    # A part may exist on some of the workloads only; the comparison over those is not the one over all.
    same = pair is not None and pair.places == finding.places
    return _advantage(finding, pair) if finding.kind == "remaining" and pair is not None and same else ""


def _contribution(finding: Finding) -> str:
    removed, name, small = f"the {finding.ablated.removed}", finding.ablated.name, finding.verdict.small
    less = ", by less than the margin" if small else ""
    return {
        "worse": f"{removed} contributes{less}: without it {name} is worse",
        "better": f"{removed} is a hindrance{less}: without it {name} is better",
        "equivalent": f"{removed} makes no difference beyond the margin",
        "undecided": f"whether {removed} contributes is undecided",
    }[finding.verdict.word]


def _advantage(finding: Finding, pair: Finding) -> str:
    """Return whether the advantage of A over B, or of B over A, is still there without a part of one of the two."""
    ahead = {"better": pair.first, "worse": pair.second}.get(pair.verdict.word)
    without = finding.ablated
    if ahead is None:
        return f"no difference to account for is shown; with {without.words} in {without.name}: {finding.verdict.text}"
    behind = pair.second if ahead is pair.first else pair.first
    now = {"better": finding.first, "worse": finding.second}.get(finding.verdict.word)
    lead = f"with {without.words} in {without.name} " if without.side != ahead.side else f"with {without.words} "
    if now is not None and now.side == ahead.side:
        return f"{lead}the advantage of {ahead.name} over {behind.name} remains"
    if now is not None:
        return f"{lead}no advantage of {ahead.name} remains: {behind.name} is better then"
    if finding.verdict.word == "equivalent":
        return f"{lead}no advantage beyond the margin remains"
    return f"{lead}it is undecided whether an advantage remains"
