"""What several tries at the same task are worth: one of them passes, or all of them do."""

from __future__ import annotations

from math import comb


def pass_at_k(runs: int, passed: int, k: int) -> float:
    """Returns the chance that at least one of `k` tries passes, estimated without bias.

    1 - C(n-c, k) / C(n, k) for c of n runs passed (Chen et al. 2021, arXiv 2107.03374).

    Raises:
        ValueError: there are fewer than `k` runs, or the counts are impossible.
    """
    _check(runs, passed, k)
    return 1 - comb(runs - passed, k) / comb(runs, k)


def pass_all_k(runs: int, passed: int, k: int) -> float:
    """Returns the chance that all of `k` tries pass (pass^k), estimated without bias.

    C(c, k) / C(n, k) for c of n runs passed (Yao et al. 2024, tau-bench, arXiv 2406.12045).

    Raises:
        ValueError: there are fewer than `k` runs, or the counts are impossible.
    """
    _check(runs, passed, k)
    return comb(passed, k) / comb(runs, k)


def _check(runs: int, passed: int, k: int) -> None:
    if not 0 <= passed <= runs or not 1 <= k <= runs:
        raise ValueError(f"{passed} of {runs} runs passed, k = {k}")
