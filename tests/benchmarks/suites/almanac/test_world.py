"""The world of the Almanac as its tools show it."""

import json

from reading import cost

from outlay.benchmarks.suites.almanac import AlmanacKnobs, AlmanacWorld
from outlay.benchmarks.suites.almanac.grammar import ALIAS, NO_HITS_TEXT, read_statements

WORLDS = [AlmanacWorld(f"world {number}", AlmanacKnobs(shared=0.3)) for number in range(5)]


def truth(world):
    facts = {(key.subject.name, key.relation): thing for key, thing in world.facts.objects.items()}
    return {key: world.facts.names(thing) for key, thing in facts.items()}


def sentences(world):
    library = world.library
    return [*library.snippets, *(s for page in library.documents.values() for s in page)]


def test_what_is_not_marked_old_is_true():
    for world in WORLDS:
        facts = truth(world)
        for sentence in sentences(world):
            for statement in sentence.statements:
                if not statement.old and statement.relation != ALIAS:
                    assert statement.object in facts[statement.subject, statement.relation]


def test_some_of_what_is_marked_old_is_wrong_and_some_is_right():
    right = [
        statement.object in truth(world)[statement.subject, statement.relation]
        for world in WORLDS
        for sentence in sentences(world)
        for statement in sentence.statements
        if statement.old
    ]
    assert 0.2 < sum(right) / len(right) < 0.8


def test_every_fact_but_the_gaps_is_stated_in_a_document_of_the_newest_edition():
    for world in WORLDS:
        stated = {
            (statement.subject, statement.relation)
            for page in world.library.documents.values()
            for sentence in page
            for statement in sentence.statements
            if not statement.old
        }
        gaps = {(key.subject.name, key.relation) for key in world.facts.gaps}
        assert {key for key in truth(world) if key not in gaps} <= stated
        assert gaps.isdisjoint(stated)


def test_the_reader_of_a_text_sees_the_facts_that_were_written():
    for sentence in sentences(WORLDS[0]):
        assert read_statements(sentence.text) == sentence.statements


def test_a_search_shows_titled_sentences_and_knows_who_was_meant():
    world = WORLDS[0]
    for sentence in world.library.snippets:
        for statement in sentence.statements[:1]:
            lines = world.search(f"{statement.subject} {statement.relation}").splitlines()
            assert len(lines) <= 3
            assert all(line.startswith("[") for line in lines)


def test_a_search_does_not_mind_case_order_and_other_words():
    world = WORLDS[0]
    name = world.facts.of_kind("person")[0].name
    expected = world.search(f"{name} birthplace")
    assert world.search(f"birthplace {name}") == expected
    assert world.search(f"Where was {name.upper()} born?") == expected


def test_a_search_without_a_name_finds_nothing():
    assert WORLDS[0].search("who is the mayor?") == NO_HITS_TEXT
    assert WORLDS[0].search("") == NO_HITS_TEXT


def test_a_shared_name_asks_which_one_is_meant():
    world = next(w for w in WORLDS if any(" " in title for title in w.library.documents))
    title = next(title for title in world.library.documents if " " in title)
    name = title.split()[0]
    assert world.open(name).startswith(f"{name} is the name of a ")
    assert title in world.open(name)
    assert world.open(title.lower()).startswith(f"[{title}] ")


def test_a_name_may_always_say_its_kind():
    entity = WORLDS[0].facts.entities[0]
    expected = WORLDS[0].open(WORLDS[0].library.titles[entity])
    assert WORLDS[0].open(f" {entity.name}  ({entity.kind}). ") == expected


def test_a_stub_document_explains_an_alias():
    world = next(world for world in WORLDS if world.facts.aliases)
    entity, alias = next(iter(world.facts.aliases.items()))
    assert world.open(alias) == f"[{alias}] {alias} is another name for {entity.name}."
    assert world.open(alias) == world.search(alias).splitlines()[0]


def test_a_name_that_is_almost_right_is_told_its_neighbours():
    title = next(t for t in WORLDS[0].library.documents if " " not in t)
    assert title in WORLDS[0].open(f"{title}x")


def test_the_tools_cost_what_the_knobs_say():
    world = AlmanacWorld("priced", AlmanacKnobs(search_price="0.25"))
    search, document = world.tools()
    name = world.facts.entities[0].name
    assert [tool.spec.name for tool in (search, document)] == ["search", "open"]
    assert str(cost(search, json.dumps({"query": name}))) == "0.25"
    assert str(cost(document, json.dumps({"name": name}))) == "0.003"
    assert search.spec.read_only
    assert document.spec.read_only
    assert search(query=name) == world.search(name)
    assert document(name=name) == world.open(name)
