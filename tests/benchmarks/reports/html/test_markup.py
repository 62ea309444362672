"""Whatever is not markup comes out as text."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.reports.html.markup import join, tag

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(texts, texts)
def test_text_and_attributes_come_back_as_they_were(text: str, value: str) -> None:
    reader = Reader()
    reader.feed(tag("p", text, title=value))
    reader.close()
    assert reader.tags == [("p", {"title": value})]
    assert reader.text == text


def test_markup_is_kept_and_nothing_is_left_out_but_none() -> None:
    assert tag("p", tag("b", "a & b"), None, "<i>") == "<p><b>a &amp; b</b>&lt;i&gt;</p>"
    assert join(tag("b", "x"), "<") == "<b>x</b>&lt;"


def test_attributes_are_written_as_html_has_them() -> None:
    assert tag("i", class_="x", stroke_width=1.504, x=2.0, y=None) == (
        '<i class="x" stroke-width="1.5" x="2"></i>'
    )
