"""What is asked of a policy beyond the seam, and what holds where it does not say."""

from __future__ import annotations

import pytest

from outlay.journal.records import Message, Reply, Request
from outlay.ledger.errors import UsageError
from outlay.policies import Endpoint, Policy, Router
from outlay.policies.policy import check_ready, takes_samples


class ForeignPolicy:
    """Has the seam and nothing else."""

    name = "foreign"
    max_output = 10
    timeout = 1.0

    async def reply(self, request: Request) -> Reply:
        return Reply(Message("assistant", "Answer: 1"))

    async def close(self) -> None:
        pass


def test_a_foreign_policy_need_not_say_it() -> None:
    foreign = ForeignPolicy()
    assert isinstance(foreign, Policy)
    check_ready(foreign)
    assert not takes_samples(foreign)


def test_a_missing_key_is_told_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    hosted = Endpoint("gpt-5-mini")
    assert takes_samples(hosted)
    for policy in (hosted, Router([ForeignPolicy(), hosted])):
        with pytest.raises(UsageError, match="gpt-5-mini needs a key"):
            check_ready(policy)
