"""How often a model's first reply has the form that a planner asks for, with a schema and without.

`python -m outlay.benchmarks.evidence.first_replies --model gguf:FILE.gguf?threads=1 --tasks 10`
asks the model what planners ask it at the beginning of tasks of a suite: for steps, a plan, calls
ahead, a mode, and, after an answer, for a verdict, a score, a word on a call and a choice. A reply
is good if it parses, names tools on offer alone and gives arguments that the tool's schema takes;
one that was cut off is not. It asks once by schema and once in words alone, greedily.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel

from ...journal.endings import neutral_ending
from ...journal.records import Message, Reply, ReplySchema, Request, ToolSpec
from ...planners.candidates import JudgeChoice
from ...planners.critic import Critique
from ...planners.loops.auto import CHOICE_TOKENS, ModeChoice
from ...planners.loops.plan_execute import StepwisePlan
from ...planners.prompts import prompt
from ...planners.reply_schemas import narrowed, schema_of, schema_of_plan
from ...planners.structured_output import read
from ...planners.toolchain.policy_proposer import RemainingPlan, question
from ...planners.verified.bavt import VALUE_TOKENS, StepScore
from ...planners.verified.checklist import Decomposition
from ...planners.verified.verifier import VERIFY_TOKENS, Verdict
from ...policies import Policy, policy
from ...policies.policy import prepare
from ...tools.adapters.json_schema import checker
from ..statistics.estimates import Estimate, success_rate
from ..suite import Suite, Task, suite

MOST_TOKENS = 1_000
"""Output tokens of a reply for which the planners set no limit of their own."""
_CANDIDATES = 3
_PLAN_STEPS = 12


@dataclass(frozen=True, kw_only=True)
class FormCase:
    """A question for a reply of a given form."""

    form: str
    request: Request
    is_good: Callable[[str], bool]


@dataclass(frozen=True, kw_only=True)
class FirstReply:
    """What came of it."""

    task: str
    form: str
    by_schema: bool
    good: bool
    cut: bool
    tokens: int
    text: str


def cases(task: Task, system: str, tools: Sequence[ToolSpec]) -> Iterator[FormCase]:
    """Yields what planners ask of a task: the first four at its beginning, the others later on."""
    opening = (Message("system", system), Message("user", task.prompt))
    answered = (*opening, Message("assistant", f"Answer: {(task.gold or ('42',))[0]}"))
    call = f"{tools[0].name} {json.dumps({'query': task.prompt[:40]})}" if tools else "none {}"
    candidates = "\n\n".join(f"Candidate {n}: {n * 7}" for n in range(1, _CANDIDATES + 1))
    choice = narrowed(schema_of(JudgeChoice), choice=range(1, _CANDIDATES + 1))

    def case(
        name: str,
        form: type[BaseModel],
        before: tuple[Message, ...],
        most: int,
        *,
        text: str = "",
        schema: ReplySchema | None = None,
        further: Callable[[BaseModel], bool] = lambda found: True,
    ) -> FormCase:
        asked = text or prompt(name).text
        return FormCase(
            form=name,
            request=Request(
                (*before, Message("user", asked)), tuple(tools), "none", max_tokens=most,
                temperature=0.0, schema=schema or schema_of(form),
            ),
            is_good=lambda said: isinstance(found := read(form, said), BaseModel)
            and further(found),
        )  # fmt: skip

    yield case("steps", StepwisePlan, opening, MOST_TOKENS)
    yield case("plan", Decomposition, opening, MOST_TOKENS)
    yield case(
        "toolchain", RemainingPlan, opening, MOST_TOKENS, text=question(()),
        schema=schema_of_plan(tools, most=_PLAN_STEPS),
        further=lambda found: isinstance(found, RemainingPlan) and _callable(found, tools),
    )  # fmt: skip
    yield case("mode", ModeChoice, opening, CHOICE_TOKENS)
    yield case("verify", Verdict, answered, VERIFY_TOKENS)
    yield case("value", StepScore, answered, VALUE_TOKENS)
    yield case("critic", Critique, opening, MOST_TOKENS, text=f"{prompt('critic').text}\n\n{call}")
    yield case(
        "select", JudgeChoice, opening, MOST_TOKENS,
        text=f"{prompt('select').text}\n\n{candidates}", schema=choice,
        further=lambda found: isinstance(found, JudgeChoice) and 1 <= found.choice <= _CANDIDATES,
    )  # fmt: skip


def _callable(plan: RemainingPlan, tools: Sequence[ToolSpec]) -> bool:
    """Says whether every step names a tool on offer, with arguments that its schema takes."""
    known = {tool.name: checker(tool.parameters, tool.name) for tool in tools}
    return all(
        step.tool in known and known[step.tool](step.arguments) is None for step in plan.steps
    )


async def ask(model: Policy, task: Task, case: FormCase, *, by_schema: bool) -> FirstReply:
    """Asks once, as the planner's first try would."""
    request = case.request if by_schema else replace(case.request, schema=None)
    reply: Reply = await model.reply(request)
    text, cut = reply.message.content, neutral_ending(reply.finish_reason) == "length"
    return FirstReply(
        task=task.id, form=case.form, by_schema=by_schema, good=not cut and case.is_good(text),
        cut=cut, tokens=reply.usage.output_tokens if reply.usage else 0, text=text,
    )  # fmt: skip


async def first_replies(model: Policy, tasks: Suite, n: int, seed: int) -> list[FirstReply]:
    """Asks for all forms at `n` tasks, one after the other; prints each as it comes, in JSON."""
    await prepare(model)
    made = []
    system = f"{tasks.system_prompt}\n\n{prompt('react').text}"
    for task in tasks.tasks(n, seed):
        tools = [tool.spec for tool in tasks.world(task).tools()]
        for case in cases(task, system, tools):
            for by_schema in (True, False):
                made.append(await ask(model, task, case, by_schema=by_schema))
                print(json.dumps(vars(made[-1]), ensure_ascii=False), flush=True)
    return made


def table(made: Sequence[FirstReply]) -> str:
    """Returns the shares as a table in Markdown, with intervals over tasks."""
    lines = ["| form | with a schema | in words alone | cut | tokens |", "|---|---|---|---|---|"]
    forms = list(dict.fromkeys(reply.form for reply in made))
    for name in [*forms, "all"]:
        ours = [reply for reply in made if name in (reply.form, "all")]
        ways = [[reply for reply in ours if reply.by_schema is way] for way in (True, False)]
        shares = [_share(success_rate((r.task, float(r.good)) for r in way)) for way in ways]
        cut = " / ".join(str(sum(r.cut for r in way)) for way in ways)
        tokens = " / ".join(f"{sum(r.tokens for r in way) / len(way):.0f}" for way in ways)
        lines.append(f"| {name} | {shares[0]} | {shares[1]} | {cut} | {tokens} |")
    return "\n".join(lines)


def _share(estimate: Estimate) -> str:
    assert estimate.interval is not None
    return f"{estimate.value:.0%} [{estimate.interval.low:.0%}, {estimate.interval.high:.0%}]"


def main() -> None:
    parser = argparse.ArgumentParser(prog="first_replies", description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True, help="as in `outlay run --model`")
    parser.add_argument("--suite", default="almanac")
    parser.add_argument("--data", help="where the suite's data lies, if it needs any")
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    knobs = {"data": options.data} if options.data else {}
    made = asyncio.run(
        first_replies(
            policy(options.model), suite(options.suite, **knobs), options.tasks, options.seed
        )
    )
    print(f"\n{table(made)}")


if __name__ == "__main__":
    main()
