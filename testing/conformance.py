"""The contract of `Policy` as tests that any policy can be run through.

Subclass `PolicyConformance` in a test module, give it `server` and `make_policy`, and pytest runs
every test below on it. It needs pytest and no plugin; docs/testing.md shows it at work.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from ..journal.codec import message_from, message_to
from ..journal.records import Message, Reply, Request, ToolCall, ToolSpec
from ..ledger.errors import CallRefused, CallTimedOut, OutcomeUnknown, PolicyError
from ..ledger.usage import Usage
from ..policies.policy import Policy, check_ready, headroom, takes_samples
from .planned import PlannedReply, PlannedServer

LOOKUP = ToolSpec(
    "lookup",
    "Looks a thing up.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)
ROME = ToolCall("1", "lookup", '{"query":"Rome"}')
OSLO = ToolCall("2", "lookup", '{"query":"Oslo"}')

Returned = TypeVar("Returned")


class PolicyConformance:
    """What every policy keeps to, whoever answers.

    Class attributes say what a policy does not do; a test that needs it is skipped then.
    """

    key = "sk-conformance-0123456789"
    """The key to give the policy: no error may show it."""
    streams = False
    """True where `make_policy` returns one that streams."""
    keeps_opaque_parts = True
    """False where the provider has none."""
    classes: tuple[str, ...] = ("input", "cache_read", "cache_write", "output", "reasoning")
    """The token classes that the provider's bills tell apart."""
    endings: tuple[str, ...] = ("stop", "length", "content_filter")
    """Why the provider's replies end."""

    @pytest.fixture
    def server(self) -> Iterator[PlannedServer]:
        """Yields the running server, and ends it."""
        raise NotImplementedError("give a fixture `server` that yields a PlannedServer")

    def make_policy(self, server: Any, timeout: float = 10.0) -> Policy:
        """Returns the policy, asking `server` with `self.key`, its output at most 5,000 tokens."""
        raise NotImplementedError("give `make_policy(server, timeout)`")

    def unreachable(self) -> Policy:
        """Returns the policy asking a server that is not there."""
        raise NotImplementedError("give `unreachable()`")

    @pytest.fixture
    def policy(self, server: PlannedServer) -> Policy:
        return self.make_policy(server)

    def test_it_is_a_policy(self, policy: Policy) -> None:
        assert isinstance(policy, Policy)
        assert policy.name
        assert policy.max_output > headroom(policy) >= 0
        assert policy.timeout > 0
        check_ready(policy)

    def test_text(self, policy: Policy, server: PlannedServer) -> None:
        server.plan(PlannedReply(text="In Italy,  of course: «Roma» 🏛"))
        reply = run(policy.reply(asking()))
        assert reply.message.content == "In Italy,  of course: «Roma» 🏛"
        assert (reply.message.role, reply.message.tool_calls) == ("assistant", ())
        assert reply.finish_reason == "stop"
        assert reply.seconds >= 0
        assert len(server.bodies) == 1

    def test_bill_in_disjoint_classes(self, policy: Policy, server: PlannedServer) -> None:
        parts = dict.fromkeys(self.classes, 0) | {
            name: 3 + 2 * place for place, name in enumerate(self.classes)
        }
        server.plan(PlannedReply(text="Yes.", usage=Usage(**parts)))
        assert run(policy.reply(asking())).usage == Usage(**parts)

    def test_a_call(self, policy: Policy, server: PlannedServer) -> None:
        server.plan(PlannedReply(text="Let me see.", calls=(ROME,), ending="tool_calls"))
        reply = run(policy.reply(asking()))
        assert reply.message.content == "Let me see."
        assert called(reply) == [("lookup", {"query": "Rome"})]
        assert reply.finish_reason == "tool_calls"

    def test_parallel_calls_in_order(self, policy: Policy, server: PlannedServer) -> None:
        wishes = tuple(ToolCall(str(n), "lookup", f'{{"query":"q{n}"}}') for n in range(8))
        server.plan(PlannedReply(calls=wishes, ending="tool_calls"))
        reply = run(policy.reply(asking()))
        assert called(reply) == [("lookup", {"query": f"q{n}"}) for n in range(8)]
        assert len({call.id for call in reply.message.tool_calls}) == 8
        assert all(call.id for call in reply.message.tool_calls)

    def test_a_call_without_arguments(self, policy: Policy, server: PlannedServer) -> None:
        call = ToolCall("1", "lookup", "{}")
        server.plan(PlannedReply(calls=(call,), ending="tool_calls"))
        assert called(run(policy.reply(asking()))) == [("lookup", {})]

    def test_results_of_calls_go_back(self, policy: Policy, server: PlannedServer) -> None:
        server.plan(PlannedReply(calls=(ROME, OSLO), ending="tool_calls"), PlannedReply(text="Ok."))
        first = run(policy.reply(asking()))
        reply = run(policy.reply(after(first, "and what of it?")))
        assert reply.message.content == "Ok."
        sent = json.dumps(server.bodies[-1], ensure_ascii=False)
        assert "found for Rome" in sent
        assert "found for Oslo" in sent
        assert "and what of it?" in sent

    def test_every_kind_of_message_and_option_is_taken(
        self, policy: Policy, server: PlannedServer
    ) -> None:
        talk = (
            Message("system", "Be brief."),
            Message("user", "Where is Rome?"),
            Message("assistant", "Hm.", (ToolCall("a b/c", "lookup", "no json"),)),
            Message("tool", "", tool_call_id="a b/c"),
            Message("assistant", ""),
            Message("user", "And?"),
            Message("user", "Well?"),
        )
        request = Request(
            talk, (LOOKUP,), "none", max_tokens=headroom(policy) + 50, temperature=0.5, seed=3
        )
        assert run(policy.reply(request)).message.content == "fine"
        assert len(server.bodies) == 1

    def test_output_is_limited_as_asked(self, policy: Policy, server: PlannedServer) -> None:
        most = headroom(policy) + 77
        run(policy.reply(asking(max_tokens=most)))
        run(policy.reply(asking()))
        limits = [server.most_output(body) for body in server.bodies]
        assert limits == [most, policy.max_output]

    @pytest.mark.parametrize("ending", ["stop", "length", "content_filter"])
    def test_why_it_ended(self, policy: Policy, server: PlannedServer, ending: str) -> None:
        if ending not in self.endings:
            pytest.skip(f"no reply of this provider ends so: {ending}")
        server.plan(PlannedReply(text="Half a sen", ending=ending))
        reply = run(policy.reply(asking()))
        assert (reply.message.content, reply.finish_reason) == ("Half a sen", ending)

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
    def test_refused_costs_nothing(
        self, policy: Policy, server: PlannedServer, status: int
    ) -> None:
        server.plan(PlannedReply(status=status, error=f"never, {self.key}, no"))
        error = failure(policy, CallRefused)
        assert not error.retryable
        assert self.key not in shown(error)
        assert len(server.bodies) == 1

    def test_too_many_requests(self, policy: Policy, server: PlannedServer) -> None:
        server.plan(PlannedReply(status=429, headers={"retry-after": "2"}))
        error = failure(policy, CallRefused)
        assert (error.retryable, error.retry_after) == (True, 2.0)
        assert len(server.bodies) == 1

    def test_no_room_for_now(self, policy: Policy, server: PlannedServer) -> None:
        server.plan(PlannedReply(status=503))
        assert failure(policy, CallRefused).retryable
        assert len(server.bodies) == 1

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_a_failing_server_may_have_billed(
        self, policy: Policy, server: PlannedServer, status: int
    ) -> None:
        server.plan(PlannedReply(status=status, error=f"oh, {self.key}"))
        error = failure(policy, OutcomeUnknown)
        assert error.retryable
        assert self.key not in shown(error)
        assert len(server.bodies) == 1

    def test_cut_in_the_middle(self, policy: Policy, server: PlannedServer) -> None:
        server.plan(PlannedReply(text="one two three four " * 9, cut=True))
        failure(policy, OutcomeUnknown)
        assert len(server.bodies) == 1
        assert run(policy.reply(asking())).message.content == "fine"

    @pytest.mark.parametrize(
        "garbage",
        [b"<html>Bad gateway</html>", b"", b"{", b"[]", b'"x"', b"null", b"{}", b"data: 7\n\n"],
    )
    def test_what_makes_no_sense(
        self, policy: Policy, server: PlannedServer, garbage: bytes
    ) -> None:
        server.plan(PlannedReply(garbage=garbage))
        failure(policy, OutcomeUnknown)
        assert len(server.bodies) == 1

    def test_too_slow(self, policy: Policy, server: PlannedServer) -> None:
        run(policy.reply(asking()))  # it has imported and built what it needs
        server.plan(PlannedReply(text="late", wait=1.0))
        assert failure(policy, CallTimedOut, timeout=0.5).retryable
        assert len(server.bodies) == 2

    def test_its_own_time_out(self, server: PlannedServer) -> None:
        server.plan(PlannedReply(text="late", wait=0.4))
        failure(self.make_policy(server, timeout=0.1), CallTimedOut)

    def test_a_server_that_is_not_there(self) -> None:
        error = failure(self.unreachable(), CallRefused)
        assert error.retryable
        assert self.key not in shown(error)

    def test_cancelled_and_asked_again(self, policy: Policy, server: PlannedServer) -> None:
        server.plan(PlannedReply(text="late", wait=0.5))

        async def both() -> Reply:
            task = asyncio.create_task(policy.reply(asking()))
            while not server.bodies:
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await policy.reply(asking())

        assert run(both()).message.content == "fine"

    def test_many_at_once(self, policy: Policy, server: PlannedServer) -> None:
        async def all_together() -> list[Reply]:
            return await asyncio.gather(*[policy.reply(asking()) for _ in range(20)])

        assert [reply.message.content for reply in run(all_together())] == ["fine"] * 20
        assert len(server.bodies) == 20

    def test_event_loops_in_turn(self, policy: Policy) -> None:
        for _ in range(3):
            assert run(policy.reply(asking())).message.content == "fine"

    def test_closing(self, server: PlannedServer) -> None:
        run(self.make_policy(server).close())

        async def used() -> None:
            policy = self.make_policy(server)
            await policy.reply(asking())
            await policy.close()

        run(used())

    def test_samples(self, policy: Policy, server: PlannedServer) -> None:
        if not takes_samples(policy):
            pytest.skip("it is asked once for each sample")
        assert run(policy.reply(asking(samples=2))).message.content == "fine"
        assert len(server.bodies) == 1

    def test_opaque_parts_go_back_to_the_letter(
        self, policy: Policy, server: PlannedServer
    ) -> None:
        if not self.keeps_opaque_parts:
            pytest.skip("there are none")
        server.plan(
            PlannedReply(calls=(ROME,), ending="tool_calls", opaque=True),
            PlannedReply(text="Hm.", calls=(OSLO,), ending="tool_calls", opaque=True),
        )
        first = run(policy.reply(asking()))
        second_request = after(first)
        second = run(policy.reply(second_request))
        run(policy.reply(after(second, before=recorded(second_request.messages))))
        sent = server.sent_opaque_parts()
        assert len(sent) == 2
        assert [server.opaque_parts(body) for body in server.bodies] == [[], sent[:1], sent]

    def test_opaque_parts_of_others_stay_here(self, policy: Policy, server: PlannedServer) -> None:
        secret = {"elsewhere.example": {"signature": "not for you"}}
        call = ToolCall("1", "lookup", "{}", secret)
        talk = (
            Message("user", "Where?"),
            Message("assistant", "Hm.", (call,), provider=secret),
            Message("tool", "there", tool_call_id="1"),
        )
        run(policy.reply(Request(talk, (LOOKUP,))))
        assert "not for you" not in json.dumps(server.bodies[-1])

    def test_stream_tells_each_piece(self, policy: Policy, server: PlannedServer) -> None:
        if not self.streams:
            pytest.skip("it does not stream")
        pieces: list[str] = []
        calls: list[tuple[int, ToolCall]] = []
        server.plan(
            PlannedReply(text="one two three", calls=(ROME, OSLO), ending="tool_calls", opaque=True)
        )
        request = asking(on_text=pieces.append, on_call=lambda at, call: calls.append((at, call)))
        reply = run(policy.reply(request))
        assert len(pieces) > 1
        assert "".join(pieces) == reply.message.content == "one two three"
        assert calls == list(enumerate(reply.message.tool_calls))
        assert called(reply) == [("lookup", {"query": "Rome"}), ("lookup", {"query": "Oslo"})]

    def test_a_stream_that_is_cut_told_no_half_call(
        self, policy: Policy, server: PlannedServer
    ) -> None:
        if not self.streams:
            pytest.skip("it does not stream")
        calls: list[ToolCall] = []
        server.plan(PlannedReply(calls=(ROME, OSLO), ending="tool_calls", cut=True))
        failure(policy, OutcomeUnknown, on_call=lambda at, call: calls.append(call))
        whole = {"query": "Rome"}, {"query": "Oslo"}
        assert all(json.loads(call.arguments) in whole for call in calls)


def run(work: Coroutine[Any, Any, Returned]) -> Returned:
    """Returns what comes of it in an event loop of its own."""
    return asyncio.run(work)


def asking(text: str = "Where is Rome?", **options: Any) -> Request:
    """Returns a request with one message and one tool."""
    return Request((Message("user", text),), (LOOKUP,), **options)


def after(reply: Reply, text: str = "", before: tuple[Message, ...] = ()) -> Request:
    """Returns the request that follows a reply: each call is answered, then the user speaks."""
    results = [
        Message("tool", f"found for {json.loads(c.arguments)['query']}", tool_call_id=c.id)
        for c in reply.message.tool_calls
    ]
    spoken = (Message("user", text),) if text else ()
    talk = before or asking().messages
    return Request((*talk, *recorded((reply.message,)), *results, *spoken), (LOOKUP,))


def recorded(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Returns messages as a resumed or forked run reads them from its journal."""
    return tuple(message_from(json.loads(json.dumps(message_to(m)))) for m in messages)


def called(reply: Reply) -> list[tuple[str, Any]]:
    """Returns the name and arguments of each call."""
    return [(call.name, json.loads(call.arguments)) for call in reply.message.tool_calls]


def failure(policy: Policy, kind: type[PolicyError], **options: Any) -> PolicyError:
    """Returns the error of a call, which is of the given kind and no other."""
    with pytest.raises(PolicyError) as caught:
        run(policy.reply(asking(**options)))
    assert type(caught.value) is kind, f"{type(caught.value).__name__}: {caught.value}"
    return caught.value


def shown(error: BaseException) -> str:
    """Returns all that a log shows of an error of outlay."""
    return f"{error} {error.args}"
