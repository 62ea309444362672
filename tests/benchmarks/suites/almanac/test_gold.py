"""The cheapest gold path: it can be walked, it costs what it says, and nothing is cheaper."""

import json
import re
from itertools import permutations

import pytest
from reading import cost

from outlay.benchmarks.suites.almanac import Almanac, almanac
from outlay.benchmarks.suites.almanac.grammar import ALIAS, NAME, read_question, read_statements
from outlay.embedded.reader.reader import AlmanacReader
from outlay.journal.records import Message, Request


@pytest.fixture(scope="module")
def suite():
    return Almanac()


@pytest.fixture(scope="module")
def tasks(suite):
    return suite.tasks(60, 2)


def call(world, tool, argument):
    """Makes a call through the real tool; returns its answer and its price."""
    found = {tool.spec.name: tool for tool in world.tools()}[tool]
    parameter = next(iter(found.spec.parameters["properties"]))
    return found(**{parameter: argument}), cost(found, json.dumps({parameter: argument}))


def test_the_gold_path_costs_what_it_says_and_uses_only_names_that_were_told(suite, tasks):
    for task in tasks:
        world, told, spent = suite.world(task), task.prompt, 0
        for tool, argument in task.gold_path:
            assert set(re.findall(NAME, argument)) <= set(re.findall(NAME, told))
            answer, price = call(world, tool, argument)
            told, spent = told + answer, spent + price
        assert spent == task.gold_cost


def test_who_has_read_the_gold_path_knows_the_answer(suite, tasks):
    reader = AlmanacReader()
    for task in tasks:
        world = suite.world(task)
        read = (Message("tool", call(world, *step)[0]) for step in task.gold_path)
        message, _ = reader.reply(Request((Message("user", task.prompt), *read)))
        assert suite.scorer.score(task, message.content) == 1


def test_nothing_cheaper_tells_a_single_fact():
    suite = almanac(hops=(1,), comparison=0, unanswerable=0)
    for task in suite.tasks(25, 0):
        world = suite.world(task)
        assert task.gold_cost == cheapest_single(world, task)


def cheapest_single(world, task):
    """Tries every order of every few calls on the names that the question is about."""
    (route,) = read_question(task.prompt).routes
    (relation,) = route.relations
    subject = next(
        key.subject
        for key in world.facts.objects
        if key.relation == relation and route.start in world.facts.names(key.subject)
    )
    names = world.facts.names(subject)
    calls = [("search", f"{name} {relation}") for name in names]
    calls += [("search", name) for name in names]
    calls += [("open", name) for name in (world.library.titles[subject], *names[1:])]
    tries = [order for length in (1, 2) for order in permutations(calls, length)]
    needed = {(subject.name, relation)}
    if route.start != subject.name:
        needed.add((route.start, ALIAS))
    return min(spent for order in tries if (spent := price_of(world, task, order, needed)))


def price_of(world, task, order, needed):
    """Returns what the calls cost, or None if they tell too little or use names not yet told."""
    told, spent = task.prompt, 0
    for tool, argument in order:
        if not set(re.findall(NAME, argument)) <= set(re.findall(NAME, told)):
            return None
        answer, price = call(world, tool, argument)
        told, spent = f"{told}\n{answer}", spent + price
    stated = {(s.subject, s.relation) for s in read_statements(told) if not s.old}
    return spent if needed <= stated else None
