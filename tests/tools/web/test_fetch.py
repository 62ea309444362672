from __future__ import annotations

import asyncio
import gzip
import shutil
import ssl
import subprocess
import zlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from reading import cost

from outlay.ledger.errors import UsageError
from outlay.tools.web import fetch

ARTICLE = """<html><head><title>The river  Sul</title><style>p{}</style></head><body>
<nav><a href="/">Home</a> <a href="#top">Top</a></nav><article><h1>The Sul</h1>
<p>The Sul rises in <a href="torvane?x=1#y">Torvane</a>, and flows past a great many towns.</p>
<p>Its water is cold, and its fish are said to be the best of the whole country by far.</p>
<a href="javascript:alert(1)">no</a> <a href="https://other.example/">Other</a></article>
<script>alert("no")</script></body></html>"""


@pytest.fixture
def reader():
    return fetch(allow=["127.0.0.1"], timeout=10)


async def test_a_page_is_read_with_title_address_and_links(site, ask, reader) -> None:
    seen = await ask(reader, url=site.say("/rivers/sul", ARTICLE))
    assert not seen.error
    assert seen.text.startswith(f"The river Sul\n{site.url}/rivers/sul\n\n")
    assert "The Sul rises in Torvane, and flows past a great many towns." in seen.text
    assert "alert" not in seen.text
    assert seen.text.split("Links:\n")[1].split("\n") == [
        f"- Home: {site.url}/",
        f"- Torvane: {site.url}/rivers/torvane?x=1",
        "- Other: https://other.example/",
    ]
    assert "Links:" not in (await ask(reader, url=f"{site.url}/rivers/sul", links=False)).text


async def test_a_short_page_and_text_and_json_are_read_whole(site, ask, reader) -> None:
    site.say("/short", "<p>Only <b>this</b></p><p>and that")
    site.say("/text", "a < b\n", kind="text/plain")
    site.say("/json", "[" * 50_000, kind="application/ld+json")
    site.say("/bare", "<!doctype html><p>bare</p>", kind=None)
    site.say("/empty", "")
    text = [(await ask(reader, url=f"{site.url}/{p}")).text for p in ("short", "text", "bare")]
    assert [each.split("\n\n", 1)[1] for each in text] == [
        "Only **this**\n\nand that", "a < b\n", "bare",
    ]  # fmt: skip
    assert "[[[" in (await ask(reader, url=f"{site.url}/json")).text
    assert "holds no text" in (await ask(reader, url=f"{site.url}/empty")).text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("né".encode("latin-1"), "text/plain; charset=ISO-8859-1"),
        ("né".encode("utf-16"), "text/plain"),
        ("né".encode(), "text/plain; charset=no-such"),
        ("né".encode(), "text/plain; charset=punycode"),
        ("né".encode(), "text/plain; charset=zlib_codec"),
        ("<meta charset=windows-1252><p>né".encode("cp1252"), "text/html"),
        ("né".encode("euc_kr", "replace").replace(b"?", "é".encode()), "text/plain"),
    ],
)
async def test_character_sets(body: bytes, kind: str, site, ask, reader) -> None:
    assert (await ask(reader, url=site.say("/", body, kind=kind))).text.endswith("né")


async def test_invalid_text_does_no_harm(site, ask, reader) -> None:
    seen = await ask(reader, url=site.say("/", b"ok \xff\xfe\x80 \xed\xa0\x80", kind="text/plain"))
    assert not seen.error
    assert "ok \N{REPLACEMENT CHARACTER}" in seen.text


@pytest.mark.parametrize(
    ("body", "kind", "why"),
    [
        (b"%PDF-1.7", "application/pdf", "application/pdf"),
        (b"\x89PNG", "image/png", "image/png"),
        (b"PK\0\0", None, "application/octet-stream"),
        (b"\x7fELF\0\0", "text/plain", "binary"),
        (b"x", "nonsense/\"'; charset", "only web pages"),
    ],
)
async def test_other_kinds_are_refused_with_a_sentence(
    body: bytes, kind: str | None, why: str, site, ask, reader
) -> None:
    seen = await ask(reader, url=site.say("/file", body, kind=kind))
    assert seen.error
    assert why in seen.text


async def test_redirects_are_followed_and_counted(site, ask, reader) -> None:
    site.say("/a/end", "<p>arrived")
    site.redirect("/a/two", "end")
    seen = await ask(reader, url=site.redirect("/one", "/a/two"))
    assert seen.text == f"{site.url}/a/end\n\narrived"
    site.redirect("/x", "/y")
    site.redirect("/y", "/x")
    assert "in a circle" in (await ask(reader, url=f"{site.url}/x")).text
    for step in range(9):
        site.redirect(f"/{step}", f"/{step + 1}")
    assert "more than the 5 allowed" in (await ask(reader, url=f"{site.url}/0")).text
    none = fetch(allow=["127.0.0.1"], max_redirects=0)
    assert "more than the 0 allowed" in (await ask(none, url=f"{site.url}/one")).text


async def test_a_failure_of_the_server_is_told(site, ask, reader) -> None:
    assert "answered 404 Not Found" in (await ask(reader, url=f"{site.url}/none")).text
    site.say("/odd", status="799 Odd")
    assert "answered 799" in (await ask(reader, url=f"{site.url}/odd")).text
    site.answers["/junk"] = b"SSH-2.0-OpenSSH_9.9\r\n"
    assert "does not speak HTTP" in (await ask(reader, url=f"{site.url}/junk")).text
    site.answers["/cut"] = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"
    assert (await ask(reader, url=f"{site.url}/cut")).error
    site.answers["/heads"] = b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 2_000_000
    assert "does not speak HTTP" in (await ask(reader, url=f"{site.url}/heads")).text
    dead = "http://127.0.0.1:1/"
    assert "127.0.0.1 cannot be reached" in (await ask(reader, url=dead)).text


def bomb(wbits: int, size: int = 400_000_000) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    chunk = bytes(1_000_000)
    return b"".join([*(packer.compress(chunk) for _ in range(size // len(chunk))), packer.flush()])


GZIP, RAW = zlib.MAX_WBITS | 16, -zlib.MAX_WBITS


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", bomb(GZIP)),
        ("deflate", bomb(zlib.MAX_WBITS)),
        ("deflate", bomb(RAW)),
        ("x-gzip", gzip.compress(bytes(3_000_000), mtime=0) * 5),
    ],
)
async def test_a_bomb_is_refused_unexploded(encoding: str, body: bytes, site, ask, reader) -> None:
    seen = await ask(reader, url=site.say("/", body, Content_Encoding=encoding))
    assert "more than 5,000,000 bytes" in seen.text


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
async def test_a_packing_that_was_not_asked_for_is_refused(
    encoding: str, site, ask, reader
) -> None:
    seen = await ask(reader, url=site.say("/", b"\x1b", Content_Encoding=encoding))
    assert seen.error
    assert "packed" in seen.text
    assert site.requests[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"hel", mtime=0) + gzip.compress(b"lo", mtime=0) + b"\0\0"),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello", wbits=RAW)),
        ("identity", b"hello"),
    ],
)
async def test_packed_pages_are_read(encoding: str, body: bytes, site, ask, reader) -> None:
    url = site.say("/", body, kind="text/plain", Content_Encoding=encoding)
    assert (await ask(reader, url=url)).text.endswith("\n\nhello")


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(b"hello" * 99, mtime=0)[:20]])
async def test_broken_packing_is_told(body: bytes, site, ask, reader) -> None:
    seen = await ask(reader, url=site.say("/", body, Content_Encoding="gzip"))
    assert seen.error
    assert "packed" in seen.text


async def test_endless_streams_end(site, ask) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            writer.write(b"x" * 100_000)
            await writer.drain()

    site.answers["/"] = endless
    seen = await ask(fetch(allow=["127.0.0.1"]), url=site.url)
    assert "more than 5,000,000 bytes" in seen.text


async def test_slow_streams_end(site, ask) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    site.answers["/"] = slow
    seen = await ask(fetch(allow=["127.0.0.1"], timeout=0.3), url=site.url)
    assert "gave no result within 0.3 seconds" in seen.text


async def test_endless_interim_answers_end(site, ask) -> None:
    async def interim(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)
            await writer.drain()
            await asyncio.sleep(0)

    site.answers["/"] = interim
    seen = await ask(fetch(allow=["127.0.0.1"], timeout=0.3), url=site.url)
    assert seen.error


async def test_a_line_of_50_mb_is_refused_and_one_below_the_limit_is_cut(
    site, ask, reader, context
) -> None:
    assert "bytes" in (await ask(reader, url=site.say("/", b"x" * 50_000_000))).text
    seen = await ask(reader, url=site.say("/", b"x" * 4_900_000, kind="text/plain"))
    assert not seen.error
    assert len(seen.text) < 20_001
    assert seen.ref is not None
    assert len(context.outputs.get(seen.ref, length=None)) > 4_900_000


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 200_000 + "deep",
        "<a " * 300_000,
        "<!--" * 200_000,
        "<" * 1_000_000,
        "&#" * 300_000,
        "<p>x</p>" * 200_000,
        "<a href=x>y</a>" * 50_000,
        "\0" * 100_000,
        "<table><tr><td>" * 50_000,
        "<?xml version='1.0' encoding='utf-16'?><p>hi",
    ],
    ids=lambda page: page[:12],
)
async def test_pages_made_to_break_parsers_end(page: str, site, ask, reader) -> None:
    assert (await ask(reader, url=site.say("/", page))).text


async def test_robots_are_heeded_when_asked(site, ask, reader) -> None:
    polite = fetch(allow=["127.0.0.1"], robots=True, user_agent="outlay/1.0 (test)")
    site.say("/robots.txt", "User-agent: outlay\nDisallow: /private", kind="text/plain")
    url = site.say("/private/x", "<p>hidden")
    assert "robots.txt asks that /private/x is not read" in (await ask(polite, url=url)).text
    assert "hidden" in (await ask(reader, url=url)).text
    site.redirect("/way", "/private/x")
    assert "robots.txt" in (await ask(polite, url=f"{site.url}/way")).text
    assert "open" in (await ask(polite, url=site.say("/open", "<p>open"))).text
    assert [request.path for request in site.requests].count("/robots.txt") == 1


@pytest.mark.parametrize(("status", "refused"), [("404 Not Found", False), ("503 Busy", True)])
async def test_a_site_without_robots_is_open_and_a_broken_one_closed(
    status: str, refused: bool, site, ask
) -> None:
    site.say("/robots.txt", status=status)
    seen = await ask(fetch(allow=["127.0.0.1"], robots=True), url=site.say("/", "<p>page"))
    assert seen.error is refused


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    made = tmp_path / "site.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=site.example", "-addext",
         "subjectAltName=DNS:site.example", "-keyout", str(made), "-out", f"{made}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    made.write_text(made.read_text() + Path(f"{made}.crt").read_text())
    return made


async def test_tls_is_checked_against_the_name_at_the_pinned_address(
    certificate: Path, secure_site, ask
) -> None:
    async def names(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    server, client = (
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
        ssl.create_default_context(),
    )
    server.load_cert_chain(certificate)
    client.load_verify_locations(f"{certificate}.crt")
    async with secure_site(server) as site:
        site.say("/", "<p>hello")
        reader = fetch(allow=["127.0.0.1"], resolver=names, tls=client)
        seen = await ask(reader, url=f"https://site.example:{site.port}/")
        assert "hello" in seen.text
        assert (site.requests[0].sni, site.sni) == ("site.example", "site.example")
        wrong = await ask(reader, url=f"https://other.example:{site.port}/")
        assert "certificate" in wrong.text.lower()
        stranger = fetch(allow=["127.0.0.1"], resolver=names)
        assert (await ask(stranger, url=f"https://site.example:{site.port}/")).error
        assert len(site.requests) == 1


async def test_what_a_request_tells(site, ask) -> None:
    await ask(
        fetch(allow=["127.0.0.1"], user_agent="reader"), url=site.say("/", "x", Set_Cookie="a")
    )
    assert set(site.requests[0].headers) == {"host", "user-agent", "accept", "accept-encoding"}
    assert site.requests[0].headers["user-agent"] == "reader"


def test_price_and_side_effects_are_declared() -> None:
    assert fetch().spec.read_only
    assert fetch().least_cost == Decimal(0)
    assert cost(fetch(price="0.002"), '{"url": "http://a.example"}') == Decimal("0.002")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"allow": "10.0.0.1"}, "collection"),
        ({"allow": ["a b"]}, "allow="),
        ({"max_bytes": 0}, "max_bytes"),
        ({"max_redirects": -1}, "max_redirects"),
        ({"user_agent": "a\r\nb"}, "user_agent"),
        ({"user_agent": " "}, "user_agent"),
        ({"timeout": 0}, "timeout"),
        ({"price": "much"}, "price"),
    ],
)
def test_wrong_options_are_usage_errors(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        fetch(**options)
