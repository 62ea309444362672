"""What passes for a secret in any writing is found, in time that grows with the text alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.secrets import MARK, cleaner

SECRET = 'kQ7/Zx+Lm&92 vT"p<é'

WAYS = (
    lambda c: c,
    lambda c: c.swapcase(),
    lambda c: f"\\{c}",
    lambda c: f"\\\\\\{c}",
    lambda c: f"\\u{ord(c):04X}",
    lambda c: f"\\\\u{ord(c):04x}",
    lambda c: f"&#{ord(c)};",
    lambda c: f"&#x{ord(c):X};",
    lambda c: f"&amp;#{ord(c)};",
    lambda c: "".join(f"%{byte:02X}" for byte in c.encode()),
    lambda c: "".join(f"%25{byte:02x}" for byte in c.encode()),
    lambda c: "".join(f"\\x{byte:02x}" for byte in c.encode()),
)


@given(st.lists(st.sampled_from(WAYS), min_size=len(SECRET), max_size=len(SECRET)))
def test_every_character_may_be_written_in_a_way_of_its_own(ways) -> None:
    written = "".join(way(char) for way, char in zip(ways, SECRET, strict=True))
    assert cleaner([SECRET])(f"key: {written}.") == f"key: {MARK}."


@given(st.sampled_from(WAYS), st.integers(10, len(SECRET)))
def test_the_first_half_goes_wherever_it_stands(way, length: int) -> None:
    written = "".join(map(way, SECRET[:length]))
    assert cleaner([SECRET])(f"it was {written}| and more") == f"it was {MARK}| and more"


@given(st.integers(6, len(SECRET)))
def test_a_cut_through_a_secret_leaves_no_piece(length: int) -> None:
    clean = cleaner([SECRET])
    assert clean(f"the key is {SECRET[:length]}") == f"the key is {MARK}"
    assert clean(f"{SECRET[-length:]} was it") == f"{MARK} was it"


@pytest.mark.parametrize("flood", ["\\", "&amp;", "%25", "\\u0"])
def test_floods_of_escapes_stay(flood: str) -> None:
    assert cleaner([SECRET])(20_000 * flood) == 20_000 * flood
