"""Tries to make `fetch` read what is not on the public internet. None may get through."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from outlay.tools.web import fetch

PUBLIC = "93.184.215.14"
NAMES = {
    "private.example": ["10.0.0.7"],
    "metadata.google.internal": ["169.254.169.254"],
    "localhost": ["127.0.0.1", "::1"],
    "mixed.example": [PUBLIC, "127.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "ula.example": ["fd12::1"],
    "zoned.example": ["fe80::1%lo"],
    "public.example": [PUBLIC],
    "nonsense.example": ["not an address"],
    "silent.example": [],
}
ESCAPES = [
    ("http://127.0.0.1:{port}/secret", "loopback"),
    ("http://127.1:{port}/secret", "no plain IPv4"),
    ("http://2130706433:{port}/secret", "no plain IPv4"),
    ("http://0x7f000001:{port}/secret", "no plain IPv4"),
    ("http://0x7f.0.0.1:{port}/secret", "loopback|plain IPv4"),
    ("http://0177.0.0.1:{port}/secret", "Invalid IPv4"),
    ("http://017700000001:{port}/secret", "no plain IPv4"),
    ("http://127.0.0.0x1:{port}/secret", "no plain IPv4"),
    ("http://127.0.0.1.:{port}/secret", "loopback"),
    ("http://0.0.0.0:{port}/secret", "this machine"),
    ("http://0:{port}/secret", "no plain IPv4"),
    ("http://localhost:{port}/secret", "loopback"),
    ("http://LOCALHOST.:{port}/secret", "loopback"),
    ("http://[::1]:{port}/secret", "loopback"),
    ("http://[::]:{port}/secret", "this machine"),
    ("http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/secret", "loopback"),
    ("http://[::ffff:7f00:1]:{port}/secret", "loopback"),
    ("http://[::127.0.0.1]:{port}/secret", "loopback"),
    ("http://[64:ff9b::127.0.0.1]:{port}/secret", "loopback"),
    ("http://[64:ff9b:1::7f00:1]/", "reserved"),
    ("http://[2002:7f00:1::]:{port}/secret", "6to4"),
    ("http://[2001:0:7f00:1::]/", "Teredo"),
    ("http://[fe80::1%25lo]:{port}/secret", "percent|no web address"),
    ("http://[fe80::1%lo]:{port}/secret", "percent|no web address"),
    ("http://[fec0::1]/", "site-local"),
    ("http://[ff02::1]/", "multicast"),
    ("http://[fd00:ec2::254]/latest/meta-data/", "private"),
    ("http://169.254.169.254/latest/meta-data/", "link-local"),
    ("http://metadata.google.internal/computeMetadata/v1/", "link-local"),
    ("http://168.63.129.16/", "metadata"),
    ("http://100.100.100.200/", "NAT"),
    ("http://192.168.0.1/", "private"),
    ("http://172.31.255.255/", "private"),
    ("http://224.0.0.251/", "multicast"),
    ("http://255.255.255.255/", "broadcast"),
    ("http://198.18.0.1/", "benchmarking"),
    ("http://private.example/", "private"),
    ("http://mixed.example/", "loopback"),
    ("http://mapped.example:{port}/secret", "loopback"),
    ("http://nat64.example/", "loopback"),
    ("http://ula.example/", "private"),
    ("http://zoned.example/", "link-local|cannot be found"),
    ("http://nonsense.example/", "cannot be found"),
    ("http://silent.example/", "no address"),
    ("http://missing.example/", "cannot be found"),
    ("http://public.example@127.0.0.1:{port}/secret", "before the @"),
    ("http://127.0.0.1:{port}@public.example/", "before the @"),
    ("http://@127.0.0.1:{port}/secret", "loopback"),
    ("http://public.example\\@127.0.0.1:{port}/secret", "backslash"),
    ("http:\\\\127.0.0.1:{port}/secret", "backslash"),
    ("http://127.0.0.1:{port}/secret\r\nHost: public.example", "control"),
    ("http://127.0.0.1\t:{port}/secret", "control"),
    ("http://127。0。0。1:{port}/secret", "loopback|no web address|no host"),
    ("http://①②⑦.⓪.⓪.①:{port}/secret", "loopback|no web address|no host"),
    ("http://ⓛocalhost:{port}/secret", "loopback|no web address|no host"),
    ("http://%6c%6fcalhost:{port}/secret", "percent|no web address"),
    ("http://127.0.0.1%00.public.example/", "percent|no web address"),
    ("http:///127.0.0.1:{port}/secret", "no host"),
    ("http://public.example:22/", "port 22"),
    ("http://public.example:6379/", "port 6379"),
    ("http://public.example:0/", "no port"),
    ("http://public.example:99999/", "no web address|no port"),
    ("file:///etc/passwd", "only http"),
    ("ftp://public.example/", "only http"),
    ("gopher://127.0.0.1:{port}/_secret", "only http"),
    ("data:text/html,hello", "only http"),
    ("unix:///var/run/docker.sock", "only http"),
    ("//127.0.0.1:{port}/secret", "only http"),
    ("/secret", "only http"),
    ("", "only http"),
    ("http://" + "a" * 5_000, "characters"),
]


async def names(host: str, port: int) -> Sequence[str]:
    if host not in NAMES:
        raise OSError("no such name")
    return NAMES[host]


@pytest.mark.parametrize(("url", "why"), ESCAPES, ids=[f"{n:02}" for n in range(len(ESCAPES))])
async def test_no_address_escapes(url: str, why: str, site, ask) -> None:
    site.say("/secret", "<p>SECRET</p>")
    seen = await ask(fetch(resolver=names, timeout=0.5), url=url.format(port=site.port))
    assert seen.error
    assert "SECRET" not in seen.text
    assert any(part in seen.text for part in why.split("|")), seen.text
    assert site.requests == []


INSIDE = [
    "http://10.0.0.1/secret",
    "http://169.254.169.254/latest/meta-data/",
    "//10.0.0.1/secret",
    "http://0x7f000001/secret",
    "http://[::ffff:10.0.0.1]/",
    "http://private.example/",
    "http://user:pass@127.0.0.1/secret",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http://10.0.0.1\\@127.0.0.1/",
    "http://[bad",
    "https://public.example:22/",
]


@pytest.mark.parametrize("inside", INSIDE)
async def test_no_redirect_escapes(inside: str, site, ask) -> None:
    reader = fetch(allow=["127.0.0.1"], resolver=names)
    seen = await ask(reader, url=site.redirect("/start", inside))
    assert seen.error
    assert "not read" in seen.text
    assert [request.path for request in site.requests] == ["/start"]


async def test_a_name_that_changes_its_answer_is_looked_up_once(site, ask) -> None:
    asked = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) > 1 else ["192.88.99.300", PUBLIC][1:]

    seen = await ask(
        fetch(resolver=rebinding, timeout=0.5), url=f"http://rebind.example:{site.port}/secret"
    )
    assert seen.error
    assert site.requests == []
    assert asked == ["rebind.example"]


async def test_each_redirect_is_looked_up_and_checked_anew(site, ask) -> None:
    asked = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    site.redirect("/start", "http://rebind.example/again")
    reader = fetch(resolver=rebinding, allow=["127.0.0.1"])
    seen = await ask(reader, url=f"http://rebind.example:{site.port}/start")
    assert "rebind.example is 10.0.0.1, which is a private address" in seen.text
    assert asked == ["rebind.example"] * 2


async def test_the_connection_goes_to_the_address_that_was_checked(site, ask) -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    site.say("/page", "<p>hello</p>")
    reader = fetch(resolver=rebinding, allow=["127.0.0.1"])
    seen = await ask(reader, url=f"http://site.example:{site.port}/page")
    assert "hello" in seen.text
    assert site.requests[0].headers["host"] == f"site.example:{site.port}"
    assert answers == [["10.0.0.1"]]


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
async def test_a_proxy_of_the_environment_is_not_used(
    variable: str, site, ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, site.url)
    seen = await ask(fetch(resolver=names), url="http://private.example/")
    assert "private address" in seen.text
    assert site.requests == []
