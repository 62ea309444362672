"""What is an answer and what only announces one, in many wordings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.planners.announcements import unfinished

TOOLS = ("search", "open", "calculator", "get_weather")

ANSWERS = [
    "Paris",
    "Answer: 42",
    "**Answer:** Marie Curie",
    "The capital of France is Paris.",
    "I will look it up and find out.\n\nAnswer: Ada Lovelace",
    "x = 3, because 2x = 6.",
    "I'll go with Paris.",
    "I would say about 40 kilometres.",
    "I could not find the year: none of the documents names it.",
    "I was unable to search the archive, so the founder is unknown.",
    "I cannot call that function: the request lacks the city.",
    "None of the functions fits this request.",
    "I Will Find You",
    "We Need to Talk About Kevin",
    "Searching for Bobby Fischer",
    "Looking for Alaska",
    "Finding Nemo",
    "Let It Be",
    "Let's Call the Whole Thing Off",
    "I Still Haven't Found What I'm Looking For",
    "You need to search for a plumber who is open on Sundays.",
    "To update your phone:\n1. Open the settings.\n2. Check for updates.\n3. Use the button below.",
    "You can look it up in the land register.",
    'The detective says "I need to find the key" in chapter two.',
    "First we need to find the least common multiple of 4 and 6. It is 12.",
    "I'll calculate: 23 * 17 = 391, and 391 + 4 = 395.",
    "We need to find 12 - 5 = 7.",
    "To find the area, multiply the sides: 3 * 4 = 12 square metres.",
    "Let me explain: the sky is blue because short waves scatter more.",
    "Let me know if you need anything else. The flight is booked for Monday.",
    "The flight is booked for Monday. Let me know if you need anything else.",
    "It took him 45 minutes. I hope this helps!",
    "In short, no.",
    "Yes",
    "no, the two were born in different countries",
    "1889",
    "\\boxed{1260}",
    "Final answer: 90",
    "The number of eggs is 3.",
    "#### 18",
    "She opens the file, reads it, and closes it; open files are a leak.",
    '{"name": "Ada", "born": 1815}',
    '{"city": "Bern", "country": "Switzerland"}',
    "```python\ndef search(items, x):\n    return x in items\n```",
    "```python\nresult = solve(x=3)\nprint(result)\n```",
    "Qwen wraps its calls in <tool_call> tags.",
    "There were three reasons:\n- the harbour silted up\n- trade moved north\n- the plague came",
    "In photosynthesis:\n1. Light is absorbed.\n2. Water is split.\n3. Sugar is made.",
    "I need more information: which of the two films do you mean?",
    "I would check the fuse first, then the switch; a lamp rarely fails by itself.",
    "He must check out by eleven.",
    "The film was directed by Ed Wood, who was American; so both were.",
    "Before you call, read the manual. The number is on its last page.",
    "According to the almanac the winner was Loki.",
    "We will never know for certain, but most historians say 1066.",
]

PLANS = [
    "I will search for the director of the film.",
    "To answer this, I need to search for the founder of the company.",
    "To answer this question, we need to find out who directed the film.",
    "I'll look that up.",
    "I’ll start by searching for the film.",
    "Let me search for more information about it.",
    "Let me look this up for you.",
    "Let's find the population of both cities.",
    "Let us first look up the author.",
    "I'm going to use the calculator tool to compute 23 * 17 + 4.",
    "I am going to call the search function.",
    "I need to use the `search` tool to find the answer.",
    "I'd like to check the weather in Bern first.",
    "We should first look up when the bridge was built.",
    "First, I will find out who wrote the book. Then I will look for the author's birthplace.",
    "I have to open the document about Loki.",
    "The next step is to search for the director's birthplace.",
    "Next, I will open the page.",
    "I must first find the year in which the company was founded.",
    "I know that the film was directed by Ed Wood. Now I need to find his nationality.",
    "The film was made in 1994. I still need to check who directed it.",
    "I will search for it. This will give us the needed information.",
    "I will search the almanac for Negapu. Once I have the results, I can answer the question.",
    "I need to determine the nationality of both directors.",
    "I need to gather more information about the second film.",
    "It is necessary to look up the birth dates of both.",
    "I can search for that.",
    "Please wait while I search for the answer.",
    "One moment, while I look this up.",
    'Searching for "Ed Wood nationality"...',
    'Calling search with the query "Ed Wood"',
    "I'll proceed by looking up the two directors:",
    "I will now use the search tool:",
    "Let me calculate that.",
    "Let me try to find the second document.",
    "My plan is to look at both films. I will begin by searching for the first one.",
    "To answer the question, I will follow these steps:\n1. Search for the first film.\n"
    "2. Search for the second film.\n3. Compare their directors.",
    "Here is my plan:\n- Find the director of the first film\n- Find that of the second film",
    "We need to:\n1. Find out who directed Doctor Strange\n2. Determine when they were born",
    "Step 1: I will search for the film.\nStep 2: I will open its page.",
    "I want to verify the date before I answer. Let me check the document again.",
    "I would need to search for the exact date.",
    "I will search to see what the answer is.",
    "I need to look up the second film before I can give the final answer.",
    "We'll need to find the mother's name first.",
    "I shall consult the library.",
    "In order to find the answer, I have to retrieve the article on Melun.",
    "What is known: the film is from 1995. What is missing: the director. I will search for it.",
    "Answer: I need to search for the director first.",
    "**Answer:** I will look it up.",
    "我需要先搜索这部电影的导演。",
]

CALLS = [
    '<tool name="calculator" arguments=\'{"expression": "23*17+4"}\'/>',
    '```json\n{"name": "find_director", "arguments": {"film": "Ed Wood"}}\n```',
    '{"name": "lookup", "parameters": {"id": 3}}',
    '{"name": "search", "arguments": {}}',
    'I will search.\n{"tool": "search", "args": {"q": "x"}}',
    '{"thought": "I need it", "action": "search", "action_input": "Ed Wood"}',
    '<tool_call>\n{"name": "search", "arguments": {"query": "x"',
    "<function=look><parameter=at>3</parameter></function>",
    '[TOOL_CALLS][{"name": "x", "arguments": {}}]',
    'search("Ed Wood")',
    "`search(Ed Wood)`",
    "I know the film. Now:\nsearch(query=Ed Wood)",
    "```python\nget_weather('Bern')\n```",
    "Thought: I need the director.\nAction: search\nAction Input: Ed Wood",
    "Action: search[Ed Wood]",
    'Answer: {"name": "search", "arguments": {"query": "x"}}',
    '[{"function": {"name": "a", "arguments": {"b": 1}}}]',
]


@pytest.mark.parametrize("text", ANSWERS)
def test_answers_are_answers(text: str) -> None:
    assert unfinished(text, TOOLS) == ""


@pytest.mark.parametrize("text", PLANS)
def test_plans_are_none(text: str) -> None:
    assert unfinished(text, TOOLS) == "plan"


@pytest.mark.parametrize("text", CALLS)
def test_calls_in_text_are_none(text: str) -> None:
    assert unfinished(text, TOOLS) == "call"


def test_there_are_fifty_good_answers() -> None:
    assert len(set(ANSWERS)) >= 50


@given(st.sampled_from(PLANS), st.sampled_from(["Paris", "42", "Ada Lovelace", "no"]))
def test_whatever_ends_in_an_answer_is_one(plan: str, answer: str) -> None:
    assert unfinished(f"{plan}\n\nAnswer: {answer}", TOOLS) == ""


@given(st.text(max_size=400))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert unfinished(text, TOOLS) in ("", "plan", "call")
