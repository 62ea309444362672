"""Replies that neither call nor answer: they say what their writer is about to do. Pure functions.

A reply counts as one only where that is plain: its last words announce a step of the search in the
first person, or it is a call that was written as text. Anything with an answer in it is an answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Literal

import orjson

from .answers import final_answer

Unfinished = Literal["", "plan", "call"]

NO_ANSWER: Mapping[Unfinished, str] = {
    "plan": "the policy said what it was about to do, and neither did it nor answered",
    "call": "the policy wrote a tool call into its text, and neither made it nor answered",
}
"""Why a run failed that ends so."""


def _any(*words: str) -> str:
    return f"(?:{'|'.join(words)})"


_I = _any("[Ii]", "[Ww]e")
_TO = rf"(?:first |also |now )?{_any('need', 'have', 'want', 'like')} to"
_SOON = _any(
    rf"{_I}['’]ll(?: {_TO})?",
    rf"{_I} (?:will|shall|must|should|would|do|may|might|still|first|also|then|now) {_TO}",
    rf"{_I} {_any('will', 'shall', 'must', 'should', 'need to', 'have to', 'want to')}",
    rf"{_I} {_any('plan to', 'intend to', 'am going to', 'are going to')}",
    "[Ii]['’]m going to", "[Ww]e['’]re going to", "[Ii]['’]d (?:like|need) to",
    "[Ll]et me", "[Ll]et['’]s", "[Ll]et us", "[Aa]llow me to",
)  # fmt: skip
"""What speaks of its writer's next step. Titles, as in *I Will Find You*, are written otherwise."""
_HASTE = r"(?:(?:now|first|then|next|also|try to|go ahead and|quickly|just|simply|proceed to) )*"
_THINGS = _any(
    "tools?", "functions?", "search", "calculator", "api", "almanac", "library", "engine", "index",
    "database", "interpreter", "following",
)  # fmt: skip
_USE = rf"use (?:the |a |an |my |our |this |that |one of )?(?:[\w`]+ ){{0,2}}?{_THINGS}"
_WORK = _any(
    "search", r"look(?: it| that| this| them)? (?:up|into|for|through)", "find", "query", "browse",
    "fetch", "retrieve", "open", "read", "check(?! out)", "verify", "confirm", "calculate",
    "compute", "evaluate", "determine", "identify", "locate", "gather", "collect", "obtain",
    r"get (?:the|more|some|information|data)", "call", "invoke", "execute", "run", "consult",
    "investigate", "explore", "scan", "inspect", "examine", "(?<![Ll]et me )know", "figure out",
    "work out", "solve", "break", _USE,
)  # fmt: skip
_WORKING = _any(
    "searching", "looking", "finding", "querying", "checking", "opening", "reading", "calling",
    "using", "gathering", "identifying", "retrieving", "calculating", "determining", "fetching",
    "browsing",
)  # fmt: skip
_STEP_IS = _any(
    "[Ii] can", "[Ii] could", "(?:[Ii]t is |[Ii]t['’]s |is )necessary to", "[Tt]ime to",
    "[Tt]he (?:next|first) (?:step|thing to do) (?:is|would be|will be) to",
    "[Nn]ext step:? (?:is )?(?:to )?",
)  # fmt: skip
_LOOK = _any(
    "search", "look", "query", "call", "open", "fetch", "retrieve", "find", "use the", "check",
    "consult", "compute", "calculate",
)  # fmt: skip
_WAIT = _any(
    "wait", "hold on", "hang on", "stand by", "give me a moment", "one moment", "bear with me"
)
_ANNOUNCES = re.compile(
    _any(
        rf"\b{_SOON},? {_HASTE}{_WORK}\b",
        rf"\b{_SOON},? {_HASTE}(?:start|begin|proceed|continue|try)(?: by| with|) {_WORKING}\b",
        rf"\b{_SOON},? {_HASTE}use `",
        rf"\b{_STEP_IS} {_HASTE}{_LOOK}\b",
        rf"\b(?i:{_WAIT})\b.*\b(?:while|as) I\b",
        r"^(?:Searching|Looking|Calling|Querying|Checking|Fetching|Opening)\b.*(?:…|\.\.\.|:)$",
        r"^(?:Now )?[Cc]alling (?:the )?`?\w+`? ?(?:tool|function|with|\()",
        "我(?:将|会|需要|来|先|要)+.{0,4}(?:搜索|查找|查询|调用|查一下|计算)",
    )
)
_GOES_ON = re.compile(
    _any(
        r"^(?:this|that|these|it|the (?:search|results?|tool|call))\b.*\b(?:will|should|would)\b",
        r"^(?:then|after|afterwards|once|when|from there|finally|next|with (?:this|that|the))\b",
        rf"^(?:please )?{_WAIT}\b",
        r"^(?:thanks|thank you|i['’]ll be)\b",
    ),
    re.I,
)
"""What may follow an announcement: what it will be good for, what comes after it."""
_RESULT = re.compile(
    _any(
        r"=\s*[-$€£]?\d",
        r":\s*[-$€£]?\d[\d.,]*\W*$",
        r"\b(?:is|are|was|were|gives|yields|makes|equals) (?:about |exactly )?(?:[-$€£]?\d|\*\*)",
    )
)
_ANSWERED = re.compile(
    _any(
        r"^\W*(?:final )?answer\W*(?:is\W)?\s*[:：]",
        r"\\boxed\{",
        r"^\s*####",
        r"\b(?:(?:the|my) (?:correct |final )?answer is|final answer\W{0,4}[:：])\W*\w",
    ),
    re.I | re.M,
)
_STEP = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.):]|[Ss]tep \d{1,2}[.:])\s*(?:\*\*)?(?P<does>.*)$")
_DOES = re.compile(rf"(?:\W*(?:first|then|next|now|finally),? )?(?:{_WORK}\b|{_SOON})", re.I)
_OURS = re.compile(
    r"\b(?:[Ii]|[Ww]e|[Mm]y|[Oo]ur|[Ll]et['’]?s|[Ll]et me|[Pp]lan)\b"
    r"|\bto (?:answer|solve|find|determine|address) (?:this|the|your|that)\b",
)
_SENTENCE = re.compile(r"(?<=[.!?。！？])[\"”'’)*]*\s+|\n+")
_QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»")
_FENCE = re.compile(r"```[\w-]*[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_TAGGED = re.compile(
    r"<\|?(?:tool_calls?|function_calls?|tool_code)\|?>\s*[\[{<]|\[TOOL_CALLS\]\s*[\[{]"
    r"|<\|python_tag\|>|<(?:function|tool)\s*(?:=|\s+name\s*=)",
)
_NAMES = ("name", "tool", "tool_name", "function", "function_name", "action")
_ARGUMENTS = (
    "arguments", "args", "parameters", "params", "input", "tool_input", "action_input",
)  # fmt: skip


def unfinished(text: str, tools: Collection[str] = ()) -> Unfinished:
    """Says whether a reply without calls is a call in text, a plan, or (`""`) what it is to be.

    Args:
        tools: the names of those on offer.
    """
    said = final_answer(text)
    if is_written_call(said, tools):
        return "call"
    if said == text.strip() and _ANSWERED.search(text):
        return ""
    return "plan" if _announces(said) else ""


def is_written_call(text: str, tools: Collection[str] = ()) -> bool:
    """Says whether a text is a tool call, or ends in one, that was not made."""
    text = text.strip()
    if _TAGGED.search(text):
        return True
    blocks = [block.strip() for block in _FENCE.findall(text)]
    tail = _json_at_the_end(text)
    if any(_is_call(_json(block), tools) for block in (*blocks, tail)):
        return True
    if not tools:
        return False
    known = "|".join(map(re.escape, tools))
    last = text.rpartition("\n")[2].strip()
    made = re.compile(rf"[`*\s]*(?:{known})\s*[(\[].*[)\]][`*.\s]*", re.DOTALL)
    if any(made.fullmatch(part) for part in (text, last, *blocks)):
        return True
    return bool(re.search(rf"^\W*Action\W*:\s*\W*(?:{known})\b", text, re.I | re.M))


def _announces(text: str) -> bool:
    text = _QUOTED.sub('""', text)
    sentences = [part.strip() for part in _SENTENCE.split(text.strip()) if part.strip()]
    steps = [found for part in text.strip().splitlines() if (found := _STEP.match(part))]
    last = text.strip().splitlines()[-1:] or [""]
    if len(steps) >= 2 and _STEP.match(last[0]):
        head = text[: text.find(steps[0][0])]
        doing = sum(bool(_DOES.match(step["does"])) for step in steps)
        asked = bool(_OURS.search(head)) and not head.lstrip().lower().startswith("you ")
        asked = asked or any(_ANNOUNCES.search(step["does"]) for step in steps)
        return asked and doing * 2 > len(steps) and not any(map(_RESULT.search, sentences))
    for sentence in reversed(sentences[-4:]):
        if _RESULT.search(sentence):
            return False
        if _ANNOUNCES.search(sentence):
            return True
        if not _GOES_ON.match(sentence):
            return False
    return False


def _is_call(data: Any, tools: Collection[str]) -> bool:
    if isinstance(data, list):
        return bool(data) and all(_is_call(entry, tools) for entry in data)
    if not isinstance(data, dict):
        return False
    inner = data.get("function")
    entry = inner if isinstance(inner, dict) else data
    names = [entry[field] for field in _NAMES if isinstance(entry.get(field), str)]
    if any(name in tools for name in names):
        return True
    return bool(names) and any(isinstance(entry.get(field), dict) for field in _ARGUMENTS)


def _json_at_the_end(text: str) -> str:
    found = re.search(r"^[ \t]*[\[{]", text, re.MULTILINE)
    return text[found.start() :] if found else ""


def _json(text: str) -> Any:
    try:
        return orjson.loads(text.encode("utf-8", "replace"))
    except orjson.JSONDecodeError:
        return None
