"""What stands in for a policy in a replay is priced as the policy was."""

from __future__ import annotations

from outlay.agent.recorded_parts import parts_of, stand_ins
from outlay.policies import Endpoint, Policy, Router, ScriptedPolicy
from outlay.policies.policy import headroom, is_hosted, takes_samples


def hosted(name: str) -> Policy:
    return Endpoint("m", base_url="http://127.0.0.1:9/v1", name=name)


def test_a_stand_in_is_what_the_policy_was() -> None:
    for policy in (hosted("scripted/m"), ScriptedPolicy([], max_output=7)):
        stand_in, tools = stand_ins(parts_of(policy, []), [])
        assert tools == []
        for told in (is_hosted, headroom, takes_samples):
            assert told(stand_in) == told(policy)
        assert (stand_in.name, stand_in.max_output) == (policy.name, policy.max_output)


def test_so_are_those_of_a_router() -> None:
    router = Router([hosted("a/m"), ScriptedPolicy([])])
    stand_in, _ = stand_ins(parts_of(router, []), [])
    assert isinstance(stand_in, Router)
    assert [is_hosted(policy) for policy in stand_in.policies] == [True, False]


def test_records_that_do_not_say_so_are_of_policies_that_were_not() -> None:
    parts = parts_of(hosted("a/m"), [])
    del parts["policy"]["is_hosted"]
    assert not is_hosted(stand_ins(parts, [])[0])
