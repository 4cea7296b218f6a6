# ruff: noqa: RUF001 (letters that look like others are what this is about)
from urllib.parse import parse_qsl, urlsplit

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.standardize import STANDARDIZERS, website

CASES = [
    ("https://x.com", "https://x.com", None),
    ("HTTP://WWW.LEDUCANDRHINE.COM/", "https://www.leducandrhine.com", None),
    ("x.com", "https://x.com", None),
    ("www.x.com", "https://www.x.com", None),
    ("WWW.X.COM/", "https://www.x.com", None),
    ("//x.com/a", "https://x.com/a", None),
    (" https://x.com ", "https://x.com", None),
    ("<https://x.com>", "https://x.com", None),
    ("x.com.", "https://x.com", None),
    ("x.com,", "https://x.com", None),
    ("https://x.com.", "https://x.com", None),
    ("https://x.com/About/", "https://x.com/About/", None),
    ("https://x.com/About", "https://x.com/About", None),
    ("https://x.com//", "https://x.com//", None),
    ("https://x.com?b=2", "https://x.com/?b=2", None),
    ("https://x.com/#team", "https://x.com/#team", None),
    ("https://x.com/#/", "https://x.com/#/", None),
    ("https://x.com/about?utm_source=list", "https://x.com/about", None),
    ("https://x.com/?utm_source=list", "https://x.com", None),
    ("https://x.com/?utm_source=list#a", "https://x.com/#a", None),
    ("https://x.com/?a=1&utm_medium=x&b=2&gclid=z", "https://x.com/?a=1&b=2", None),
    ("https://x.com/?FBCLID=1&a=2", "https://x.com/?a=2", None),
    ("https://x.com/?mc_cid=1&mc_eid=2", "https://x.com", None),
    ("https://x.com/?gclidx=1", "https://x.com/?gclidx=1", None),
    ("https://x.com/?a=utm_source", "https://x.com/?a=utm_source", None),
    ("https://x.com/?a=1&&b=2", "https://x.com/?a=1&&b=2", None),
    ("https://x.com/p?ref=abc", "https://x.com/p?ref=abc", None),
    ("http://x.com:80/a", "https://x.com/a", None),
    ("https://x.com:443/", "https://x.com", None),
    ("https://x.com:", "https://x.com", None),
    ("http://x.com:8080/", "http://x.com:8080", None),
    ("https://x.com:80", "https://x.com:80", None),
    ("http://x.com:443", "http://x.com:443", None),
    ("x.com:8080", "http://x.com:8080", None),
    ("x.com:443", "https://x.com", None),
    ("http://192.168.0.1/", "http://192.168.0.1", None),
    ("https://[2001:DB8::1]/a", "https://[2001:db8::1]/a", None),
    ("https://x.com/a%2Fb", "https://x.com/a%2Fb", None),
    ("https://x.com/Ünï", "https://x.com/Ünï", None),
    ("https://пример.рф", "https://пример.рф", None),
    ("https://例子.广告/路", "https://例子.广告/路", None),
    ("https://my_shop.x.com", "https://my_shop.x.com", None),
    ("N/A", "N/A", "website.invalid"),
    ("none", "none", "website.invalid"),
    ("coming soon", "coming soon", "website.invalid"),
    ("x.com y.com", "x.com y.com", "website.invalid"),
    ("x.com;y.com", "x.com;y.com", "website.invalid"),
    ("http://", "http://", "website.invalid"),
    ("http:x.com", "https://x.com", None),
    ("https://localhost", "https://localhost", "website.invalid"),
    ("https://x", "https://x", "website.invalid"),
    ("1.2", "1.2", "website.invalid"),
    ("jane@x.com", "jane@x.com", "website.invalid"),
    ("ftp://X.com/", "ftp://X.com/", "website.scheme"),
    ("javascript:alert(1)", "javascript:alert(1)", "website.scheme"),
    ("mailto:jane@x.com", "mailto:jane@x.com", "website.scheme"),
    ("http://user:secret@X.com/", "http://user:secret@X.com/", "website.credentials"),
    ("https://user@x.com", "https://user@x.com", "website.credentials"),
]


@pytest.mark.parametrize(("value", "form", "finding"), CASES)
def test_edge_case_30_website_forms(run, value, form, finding):
    assert run("website", [value]) == [(form, finding)]


@pytest.mark.parametrize(
    ("value", "form", "finding"),
    [
        ("https://Straße.de/", "https://straße.de", None),
        ("https://STRASSE.de/", "https://strasse.de", None),
        ("https://XN--STRAE-OQA.de", "https://xn--strae-oqa.de", None),
        ("https://mu\u0308ller.de", "https://müller.de", None),
        ("https://pаypal.com", "https://pаypal.com", "website.lookalike"),
    ],
)
def test_edge_case_29_hosts_stay_the_host_they_were(run, value, form, finding):
    assert run("website", [value]) == [(form, finding)]


@pytest.mark.parametrize(
    ("options", "value", "form", "finding"),
    [
        ({"preferred_protocol": "keep"}, "HTTP://X.com/", "http://x.com", None),
        ({"preferred_protocol": "keep"}, "x.com", "https://x.com", None),
        ({"preferred_protocol": "http"}, "x.com", "http://x.com", None),
        ({"preferred_protocol": "http"}, "https://x.com", "https://x.com", None),
        ({"ensure_protocol": False}, "X.com/", "x.com", None),
        ({"ensure_protocol": False}, "x.com:8080", "x.com:8080", None),
        ({"ensure_protocol": False}, "http://x.com", "https://x.com", None),
        ({"remove_trailing_slash": False}, "https://X.com/", "https://x.com/", None),
        ({"remove_trailing_slash": False}, "https://x.com?a", "https://x.com?a", None),
        ({"remove_tracking": False}, "x.com/?utm_source=a", "https://x.com/?utm_source=a", None),
    ],
)
def test_website_options(run, options, value, form, finding):
    assert run("website", [value], options) == [(form, finding)]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("https://www.x.com/about", "x.com"),
        ("HTTP://X.COM:8080", "x.com"),
        ("x.com", "x.com"),
        ("https://straße.de", "xn--strae-oqa.de"),
        ("https://xn--strae-oqa.de/", "xn--strae-oqa.de"),
        ("n/a", None),
        ("http://user@x.com", None),
        (None, None),
    ],
)
def test_the_key_of_a_registered_host_is_the_host_without_www(value, key):
    frame = pl.DataFrame({"v": [value]}, schema={"v": pl.String})
    forms = frame.select(match=website.match_form(pl.col("v")), host=website.host_form(pl.col("v")))
    assert forms.row(0) == (key, key)


WORD = st.text("abcXYZ012-_.~%2F", min_size=1, max_size=6).filter(lambda word: "%" not in word)
PARAMETERS = st.lists(st.tuples(st.one_of(WORD, st.sampled_from(["utm_source", "gclid", "ref"])), WORD), max_size=4)


@given(
    st.sampled_from(["http", "https", "HTTP", "hTTps"]),
    st.sampled_from(["x.com", "WWW.X.co.uk", "a-b.Example.org", "müller.de"]),
    st.sampled_from(["", ":", ":80", ":443", ":8080"]),
    st.lists(WORD, max_size=3),
    st.booleans(),
    PARAMETERS,
    st.one_of(st.just(""), WORD),
)
@settings(max_examples=400, deadline=None)
def test_a_url_reaches_what_it_reached(scheme, host, port, path, slash, parameters, fragment):
    query = "&".join(f"{name}={value}" for name, value in parameters)
    url = f"{scheme}://{host}{port}/{'/'.join(path)}{'/' if slash and path else ''}"
    url += (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")
    answer = STANDARDIZERS["website"](pl.col("v"), {"preferred_protocol": "keep"})
    before, after = urlsplit(url), urlsplit(pl.DataFrame({"v": [url]}).select(answer.value).item())
    default = {"http": 80, "https": 443}[before.scheme]
    assert (after.scheme, after.hostname, after.fragment) == (before.scheme, before.hostname, before.fragment)
    assert (after.port or default) == (before.port or default)
    assert (after.path or "/") == (before.path or "/")
    tracking = {"utm_source", "gclid"}
    assert parse_qsl(after.query) == [pair for pair in parse_qsl(before.query) if pair[0] not in tracking]
