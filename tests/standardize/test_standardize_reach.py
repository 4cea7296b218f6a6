"""A standard form reaches what the written value reached: hosts, ports, paths and parameters, mailboxes and domains."""

from urllib.parse import parse_qsl, urlsplit

import email_validator
import httpx
import idna
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from dq.standardize import STANDARDIZERS, email, website
from dq.standardize.hosts import registrable

TRACKING = {"utm_source", "utm_medium", "gclid", "fbclid", "msclkid", "mc_cid", "_hsenc"}
HOSTS = [
    "x.com",
    "WWW.X.co.uk",
    "a-b.Example.org",
    "müller.de",
    "пример.рф",
    "xn--strae-oqa.de",
    "a_b.x.com",
    "10.0.0.1",
]
SEGMENT = st.text("aZ09-_.~!$&'*+,;=:@%é/路", max_size=6).map(lambda text: text.replace("%", "%2F"))
NAME = st.one_of(
    st.text("aZ09-_.é%", min_size=1, max_size=5).map(lambda t: t.replace("%", "%26")), st.sampled_from(sorted(TRACKING))
)
many = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def urls(draw):
    scheme = draw(st.sampled_from(["http", "https", "HTTP", "hTTps"]))
    port = draw(st.sampled_from(["", "", ":", ":80", ":443", ":8080"]))
    path = draw(st.one_of(st.just(""), st.lists(SEGMENT, max_size=3).map(lambda parts: "/" + "/".join(parts))))
    pairs = draw(st.lists(st.tuples(NAME, st.one_of(st.none(), SEGMENT)), max_size=4))
    query = "&".join(name if value is None else f"{name}={value}" for name, value in pairs)
    fragment = draw(st.one_of(st.just(""), SEGMENT))
    url = f"{scheme}://{draw(st.sampled_from(HOSTS))}{port}{path}"
    return url + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def forms_of(name, values, **options):
    answer = STANDARDIZERS[name](pl.col("v"), options)
    rows = pl.DataFrame({"v": values}, schema={"v": pl.String}).select(value=answer.value, finding=answer.finding)
    return rows["value"].to_list(), rows["finding"].to_list()


def reached(url, upgraded):
    """Where a URL leads, as the standard library takes it apart: what `website` may change is left out."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    secure = upgraded and parts.scheme == "http" and port == 80 and not parts.hostname.replace(".", "").isdigit()
    scheme, port = ("https", 443) if secure else (parts.scheme, port)
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in TRACKING]
    return (
        scheme,
        idna.encode(parts.hostname, uts46=True) if "_" not in parts.hostname else parts.hostname,
        port,
        parts.path or "/",
        pairs,
        parts.fragment,
    )


@given(values=st.lists(urls(), min_size=1, max_size=8), policy=st.sampled_from(["https", "http", "keep"]))
@many
def test_a_url_reaches_what_it_reached(values, policy):
    forms, found = forms_of("website", values, preferred_protocol=policy)
    for before, after, code in zip(values, forms, found, strict=True):
        assert code is None, before
        assert reached(after, upgraded=False) == reached(before, upgraded=policy == "https"), (before, after)


@given(values=st.lists(urls(), min_size=1, max_size=8))
@many
def test_another_library_requests_the_same(values):
    forms, _ = forms_of("website", values, preferred_protocol="keep", remove_tracking=False)
    for before, after in zip(values, forms, strict=True):
        if "_" not in urlsplit(before).hostname:
            assert requested(after) == requested(before)


def requested(url):
    """What the library would ask of whom; it drops a default port only where the scheme is in lower case."""
    parts = httpx.URL(url)
    return parts.scheme, parts.raw_host, parts.port or {"http": 80, "https": 443}[parts.scheme], parts.raw_path


@given(values=st.lists(urls(), min_size=1, max_size=8), www=st.sampled_from(["remove", "add"]))
@many
def test_the_policy_for_www_touches_nothing_but_www(values, www):
    plain, _ = forms_of("website", values)
    forms, _ = forms_of("website", values, www=www)
    for kept, after in zip(plain, forms, strict=True):
        assert after.replace("://www.", "://", 1) == kept.replace("://www.", "://", 1)


@given(values=st.lists(urls(), min_size=1, max_size=8))
@many
def test_without_its_path_a_url_is_the_site(values):
    forms, _ = forms_of("website", values, path="drop")
    for before, after in zip(values, forms, strict=True):
        kept = reached(before, upgraded=True)
        assert reached(after, upgraded=False) == (*kept[:3], "/", [], "")


LABEL = st.sampled_from(["www", "a", "acme", "co", "com", "city", "kobe", "github", "xn--55qx5d", "10"])
TOP = st.sampled_from(
    ["com", "co.uk", "uk", "jp", "ck", "np", "github.io", "io", "cn", "blogspot.com", "kawasaki.jp", "nowhere"]
)
SUFFIXES = PublicSuffixList()


@given(st.lists(st.builds(lambda labels, top: ".".join([*labels, top]), st.lists(LABEL, max_size=4), TOP), min_size=1))
@many
def test_the_registered_domain_is_the_public_suffix_lists(hosts):
    found = pl.DataFrame({"h": hosts}).select(registrable(pl.col("h"))).to_series().to_list()
    assert found == [SUFFIXES.privatesuffix(host) for host in hosts]


@given(values=st.lists(urls(), min_size=1, max_size=8))
@many
def test_the_match_form_of_a_website_is_that_of_its_standard_form(values):
    forms, _ = forms_of("website", values)
    frame = pl.DataFrame({"v": values, "s": forms}).select(
        v=website.match_form(pl.col("v")), s=website.match_form(pl.col("s"))
    )
    assert frame["v"].to_list() == frame["s"].to_list()


@given(values=st.lists(urls(), min_size=1, max_size=8))
@many
def test_a_host_that_is_read_at_a_glance_is_the_parsed_one(values):
    frame = pl.DataFrame({"value": values}, schema={"value": pl.String}).lazy()
    host = pl.when("valid").then("host")
    parsed = website._parsed(frame).select(host=host.str.strip_prefix("www.")).collect()["host"]
    plain = pl.Series(["!" if value is None else value for value in values]).str.contains(website._PLAIN)
    found = frame.select(website.host_form(pl.col("value"))).collect().to_series()
    assert found.filter(plain).to_list() == parsed.filter(plain).to_list()


LOCAL = st.text("abZ09.+-_!#'é用%", min_size=1, max_size=8)
DOMAIN = st.one_of(
    st.sampled_from(
        ["acme.com", "Acme.CO.UK", "müller.de", "例子.广告", "xn--strae-oqa.de", "x.test", "acme", "a..b", "-a.com"]
    ),
    st.text("aZ0-.é_", min_size=1, max_size=12),
)


def library_says_valid(address):
    try:
        email_validator.validate_email(address, check_deliverability=False)
    except email_validator.EmailNotValidError:
        return False
    return True


@given(values=st.lists(st.builds(lambda local, domain: f"{local}@{domain}", LOCAL, DOMAIN), min_size=1, max_size=15))
@many
def test_what_is_valid_is_what_the_library_says(values):
    forms, found = forms_of("email", values)
    for form, code in zip(forms, found, strict=True):
        assert (code in (None, "email.lookalike")) == library_says_valid(form), form


@pytest.mark.parametrize(
    "wrapped",
    [
        "{}",
        " {} ",
        "<{}>",
        "Jane <{}>",
        "mailto:{}",
        "({})",
        "“{}”",
        "{}.",
        "{};",
        "Jane ({})",
        "{} (Jane)",
        "{}, {}",
        "Email: {}",
    ],
)
@given(
    local=st.text("abZ09+-_", min_size=1, max_size=8),
    domain=st.sampled_from(["Acme.com", "a-b.co.uk", "Müller.de", "例子.广告"]),
)
@settings(max_examples=25, deadline=None)
def test_an_address_reaches_the_mailbox_that_was_written(wrapped, local, domain):
    address = f"{local}@{domain}"
    ((form,), (code,)) = forms_of("email", [wrapped.replace("{}", address)])
    assert (form, code) == (f"{local}@{domain.lower()}", None)


@given(local=st.text("abZ09+-_.é", min_size=1, max_size=8), domain=DOMAIN)
@many
def test_addresses_that_match_differ_in_nothing_but_tag_case_dots_and_accents(local, domain):
    (form,), _ = forms_of("email", [f"{local}@{domain}"])
    key = pl.DataFrame({"v": [form]}).select(email.match_form(pl.col("v"))).item()
    if key is not None:
        assert key.partition("@")[0].isascii() or not local.isascii()
        assert key == key.lower()
