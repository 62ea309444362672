"""The tasks of the Almanac: the same by seed, in the shares that were asked for, and fair."""

import os
import re
import subprocess
import sys
from collections import Counter

import pytest

from outlay.benchmarks.suites.almanac import Almanac, AlmanacKnobs, AlmanacWorld, almanac
from outlay.benchmarks.suites.almanac.grammar import (
    NO_HITS_TEXT,
    VOCABULARY,
    ParsedQuestion,
    read_question,
    tokens,
)
from outlay.benchmarks.suites.almanac.names import split_of
from outlay.ledger.errors import UsageError

DIGEST = """
import hashlib
from outlay.benchmarks.suites.almanac import Almanac
suite = Almanac()
tasks = suite.tasks(12, 7)
worlds = [suite.world(task).library for task in tasks]
texts = [[(d, [s.text for s in w.documents[d]]) for d in w.documents] for w in worlds]
print(hashlib.sha256(repr((tasks, texts)).encode()).hexdigest())
"""


def digest(hash_seed):
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    run = subprocess.run(
        [sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout


@pytest.fixture(scope="module")
def suite():
    return Almanac()


@pytest.fixture(scope="module")
def tasks(suite):
    return suite.tasks(60, 0)


def test_a_seed_gives_the_same_tasks_and_worlds_in_every_process():
    assert digest("1") == digest("2")


def test_fewer_tasks_are_the_first_ones_of_more(suite, tasks):
    assert tuple(suite.tasks(7, 0)) == tasks[:7]


def test_other_seeds_and_splits_give_other_tasks(suite, tasks):
    prompts = {task.prompt for task in tasks}
    assert prompts.isdisjoint(task.prompt for task in suite.tasks(60, 1))
    assert prompts.isdisjoint(task.prompt for task in almanac(split="train").tasks(20, 0))


def test_task_ids_are_unique_and_tell_knobs_apart(tasks):
    assert len({task.id for task in tasks}) == len(tasks)
    assert almanac(bonus=0.5).tasks(1, 0)[0].id != tasks[0].id


def test_kinds_come_in_their_shares_and_hops_in_equal_ones(tasks):
    counts = Counter((task.kind, task.hops) for task in tasks)
    chains = {("chain", hops): 12 for hops in (1, 2, 3, 4)}
    assert counts == {**chains, ("comparison", None): 6, ("unanswerable", None): 6}


@pytest.mark.parametrize("hops", [5, 6])
def test_long_chains_can_be_asked_for(hops):
    (task,) = almanac(hops=(hops,), comparison=0, unanswerable=0).tasks(1, 0)
    assert len(read_question(task.prompt).routes[0].relations) == task.hops == hops


def test_every_question_can_be_read(tasks):
    forms = Counter(read_question(task.prompt).form for task in tasks)
    assert set(forms) == {"chain", "same", "which"}


def test_no_prompt_tells_its_answer(tasks):
    for task in tasks:
        if read_question(task.prompt).form != "which":
            words = set(re.findall(r"\w+", task.prompt))
            assert words.isdisjoint(task.gold)


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_names_of_a_world_belong_to_its_split(split):
    suite = almanac(split=split, similar=0.6)
    for task in suite.tasks(5, 0):
        facts = suite.world(task).facts
        names = {entity.name for entity in facts.entities} | set(facts.aliases.values())
        assert {split_of(name) for name in names} == {split}


def test_one_name_in_ten_is_a_test_name():
    names = [f"{a}{b}{c}" for a in ("Ka", "Vo") for b in syllables() for c in syllables()]
    share = sum(split_of(name) == "test" for name in names) / len(names)
    assert 0.08 < share < 0.12


def syllables():
    return [token[2:] for token in VOCABULARY if token.startswith("##")]


def test_everything_is_written_in_the_closed_vocabulary(suite, tasks):
    known = set(VOCABULARY)
    assert len(known) == len(VOCABULARY)
    for task in tasks[:20]:
        world = suite.world(task)
        texts = [
            task.prompt,
            *task.gold,
            NO_HITS_TEXT,
            world.open("Nobody"),
            world.search("Nobody"),
        ]
        texts += [world.open(title) for title in world.library.documents]
        texts += [world.open(entity.name) for entity in world.facts.entities]
        texts += [world.open(entity.name + "ba") for entity in world.facts.entities]
        texts += [world.search(f"{entity.name} country") for entity in world.facts.entities]
        assert {token for text in texts for token in tokens(text)} <= known


def test_what_is_unanswerable_is_stated_nowhere(suite, tasks):
    checked = 0
    for task in tasks:
        if task.kind == "unanswerable":
            world = suite.world(task)
            subject, relation = end_of(read_question(task.prompt), world.facts)
            library = world.library
            written = [s for page in library.documents.values() for s in page]
            stated = {
                (statement.subject, statement.relation)
                for sentence in (*written, *library.snippets)
                for statement in sentence.statements
            }
            assert (subject, relation) not in stated
            checked += 1
    assert checked == 6


def end_of(question: ParsedQuestion, facts):
    """Returns the name and relation at which an unanswerable question gets stuck."""
    (route,) = question.routes
    objects = {(key.subject.name, key.relation): thing.name for key, thing in facts.objects.items()}
    real = {alias: entity.name for entity, alias in facts.aliases.items()}
    name = real.get(route.start, route.start)
    for relation in route.relations[:-1]:
        name = objects[name, relation]
    return name, route.relations[-1]


def test_the_answer_of_a_chain_is_where_it_ends(suite, tasks):
    for task in tasks:
        if task.kind == "chain":
            facts = suite.world(task).facts
            subject, relation = end_of(read_question(task.prompt), facts)
            ends = {(k.subject.name, k.relation): v for k, v in facts.objects.items()}
            assert task.gold == facts.names(ends[subject, relation])


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        ("split", "train"),
        ("hops", (2,)),
        ("comparison", 0.5),
        ("unanswerable", 0.4),
        ("people", 20),
        ("businesses", 12),
        ("cities", 14),
        ("countries", 8),
        ("rivers", 8),
        ("similar", 0.0),
        ("shared", 0.0),
        ("aliases", 0.0),
        ("alias_use", 0.0),
        ("indexed", 1.0),
        ("stale", 0.6),
        ("stale_wrong", 1.0),
        ("dead_ends", 0.4),
        ("bonus", 0.0),
        ("gaps", 0.2),
        ("fillers", 0),
        ("snippets", 1),
        ("search_price", "0.002"),
        ("open_price", "0.001"),
    ],
)
def test_every_knob_has_an_effect(knob, value):
    seed = "the same"
    plain, turned = Almanac(), almanac(**{knob: value})
    assert view(plain, seed) != view(turned, seed)


def view(suite, seed):
    """Returns what an agent can meet: prices, questions, and a world drawn from a fixed seed."""
    world = AlmanacWorld(seed, suite.knobs)
    names = [entity.name for entity in world.facts.entities]
    asked = [(task.kind, task.hops) for task in suite.tasks(3, 0)]
    texts = [world.search(name) for name in names] + [world.open(name) for name in names]
    return asked, [tool.price for tool in world.tools()], texts


def test_the_list_of_knobs_is_complete():
    tested = test_every_knob_has_an_effect.pytestmark[0].args[1]
    assert [name for name, _ in tested] == list(AlmanacKnobs.__dataclass_fields__)


@pytest.mark.parametrize(
    ("knobs", "fault"),
    [
        ({"split": "dev"}, "'split' must be 'train' or 'test', not 'dev'"),
        ({"hops": (0,)}, "'hops' must be whole numbers from 1 to 6"),
        ({"hops": ()}, "'hops' must be"),
        ({"bonus": 1.5}, "'bonus' must be a share from 0 to 1, not 1.5"),
        ({"people": 1}, "'people' must be a whole number from 2"),
        ({"people": 5000}, "'people' must be a whole number from 2"),
        ({"fillers": 99}, "'fillers' must be a whole number from 0 to 7"),
        ({"snippets": 0}, "'snippets' must be"),
        ({"open_price": "cheap"}, "'open_price' must be USD of 0 or more, not 'cheap'"),
        ({"comparison": 0.6, "unanswerable": 0.6}, "add up to more than 1"),
        ({"gaps": 0.0}, "'unanswerable' needs 'gaps' above 0"),
        ({"hops": "two"}, "'hops' must be"),
    ],
)
def test_a_knob_that_makes_no_sense_is_one_clear_error(knobs, fault):
    with pytest.raises(UsageError, match=fault):
        almanac(**knobs)


def test_worlds_too_small_for_a_question_say_so():
    tiny = almanac(
        people=2,
        businesses=2,
        cities=2,
        countries=2,
        rivers=2,
        hops=(6,),
        gaps=1.0,
        comparison=0,
        unanswerable=0,
    )
    with pytest.raises(UsageError, match="no chain question of 6 hops: make them larger"):
        tiny.tasks(1, 0)
