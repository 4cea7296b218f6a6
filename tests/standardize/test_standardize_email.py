# ruff: noqa: RUF001 (letters that look like others are what this is about)
import email_validator
import polars as pl
import pytest

from dq.standardize import email

LOWER = {"normalize_case": "lower"}
CASES = [
    ("jane@x.com", "jane@x.com", None),
    ("Jane.Doe@X.COM", "jane.doe@x.com", None),
    ("  jane@x.com ", "jane@x.com", None),
    ("creilly @phoenix.com", "creilly@phoenix.com", None),
    ("creilly@ phoenix.com", "creilly@phoenix.com", None),
    ("mailto:jane@x.com", "jane@x.com", None),
    ("MAILTO:Jane@x.com?subject=Hi%20you", "jane@x.com", None),
    ("Email: jane@x.com", "jane@x.com", None),
    ("Jane Doe <jane@x.com>", "jane@x.com", None),
    ('"Doe, Jane" <Jane@x.com>', "jane@x.com", None),
    ("<jane@x.com>", "jane@x.com", None),
    ("<mailto:jane@x.com>", "jane@x.com", None),
    ("jane@x.com <jane@x.com>", "jane@x.com", None),
    ("Jane <jane@x.com>,", "jane@x.com", None),
    ("(jane@x.com)", "jane@x.com", None),
    ("[jane@x.com]", "jane@x.com", None),
    ('"jane@x.com"', "jane@x.com", None),
    ("'jane@x.com'", "jane@x.com", None),
    ("«jane@x.com»", "jane@x.com", None),
    ("jane@x.com.", "jane@x.com", None),
    ("jane@x.com,", "jane@x.com", None),
    ("jane@x.com;", "jane@x.com", None),
    ("jane@x.com\u200b", "jane@x.com", None),
    ("jane+leads@x.com", "jane+leads@x.com", None),
    ("j.a.n.e@gmail.com", "j.a.n.e@gmail.com", None),
    ("o'neil@x.ie", "o'neil@x.ie", None),
    ("'oneil@x.ie", "'oneil@x.ie", None),
    ("用户@例子.广告", "用户@例子.广告", None),
    ("josé@x.com", "josé@x.com", None),
    ("n/a", "n/a", "email.invalid"),
    ("jane", "jane", "email.invalid"),
    ("jane@", "jane@", "email.invalid"),
    ("@x.com", "@x.com", "email.invalid"),
    ("Jane@Localhost", "jane@localhost", "email.invalid"),
    ("Jane Doe@X.com", "Jane Doe@X.com", "email.invalid"),
    ("jane@@x.com", "jane@@x.com", "email.invalid"),
    ("jane..doe@x.com", "jane..doe@x.com", "email.invalid"),
    ("jane@x..com", "jane@x..com", "email.invalid"),
    ("jane@x.test", "jane@x.test", "email.invalid"),
    ("A@x.com, B@y.com", "A@x.com, B@y.com", "email.several"),
    ("a@x.com;b@y.com", "a@x.com;b@y.com", "email.several"),
    ("a@x.com / b@y.com", "a@x.com / b@y.com", "email.several"),
    ("Jane <a@x.com> Joe <b@y.com>", "Jane <a@x.com> Joe <b@y.com>", "email.several"),
    ("a@x.com <b@y.com>", "a@x.com <b@y.com>", "email.several"),
]


@pytest.mark.parametrize(("value", "form", "finding"), CASES)
def test_edge_case_28_email_forms(run, value, form, finding):
    assert run("email", [value], LOWER) == [(form, finding)]


@pytest.mark.parametrize(
    ("value", "form"), [("Jane.D@X.COM", "Jane.D@x.com"), ("Jane <J.D@Ä.DE>", "J.D@ä.de"), ("ÉVA@X.fr", "ÉVA@x.fr")]
)
def test_the_local_part_keeps_its_case_unless_told(run, value, form):
    assert run("email", [value]) == [(form, None)]


def test_edge_case_28_smart_quotes_go(run):
    assert run("email", ["“jane@x.com”", "‘jane@x.com’"]) == [("jane@x.com", None)] * 2


@pytest.mark.parametrize(
    ("value", "form", "finding"),
    [
        ("info@Straße.de", "info@straße.de", None),
        ("info@strasse.de", "info@strasse.de", None),
        ("info@XN--STRAE-OQA.de", "info@xn--strae-oqa.de", None),
        ("info@mu\u0308ller.de", "info@müller.de", None),
        ("info@pаypal.com", "info@pаypal.com", "email.lookalike"),
    ],
)
def test_edge_case_29_domains_stay_the_domain_they_were(run, value, form, finding):
    assert run("email", [value]) == [(form, finding)]


def test_without_validation_nothing_is_found(run):
    assert run("email", ["n/a", "a@x.com,b@x.com"], {"validate_format": False}) == [
        ("n/a", None),
        ("a@x.com,b@x.com", None),
    ]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("Jane+Leads@X.com", "jane@x.com"),
        ("j.a.n.e+x@googlemail.com", "jane@gmail.com"),
        ("j.a.n.e@x.com", "j.a.n.e@x.com"),
        ("info@straße.de", "info@xn--strae-oqa.de"),
        ("info@xn--strae-oqa.de", "info@xn--strae-oqa.de"),
        ("JOSÉ@x.com", "jose@x.com"),
        ("n/a", None),
        ("a@x.com, b@y.com", None),
        (None, None),
    ],
)
def test_edge_case_28_keys_fold_what_the_stored_address_keeps(value, key):
    frame = pl.DataFrame({"v": [value]}, schema={"v": pl.String})
    assert frame.select(email.match_form(pl.col("v"))).item() == key


DOMAINS = [
    "x.com",
    "sub.x.co.uk",
    "x-y.com",
    "x--y.com",
    "-x.com",
    "x-.com",
    "1.com",
    "x.1",
    "x.c",
    "x.c1",
    "xn--strae-oqa.de",
    "xn--.com",
    "xn--a.com",
    "straße.de",
    "müller.de",
    "x_y.com",
    "x.museum",
    "localhost",
    "a.localhost",
    "x.test",
    "test",
    "x.invalid",
    "x.onion",
    "x.local",
    "arpa",
    "1.2.3.4",
    "example.com",
    "x.com-y",
    "ab--c.com",
    "aéb.fr",
    "例子.广告",
    "☃.net",
    "x٣.com",
]
LOCALS = [
    "jane",
    "j.d",
    "j..d",
    ".j",
    "j.",
    "j-d",
    "j_d",
    "j+d",
    "o'n",
    "a!b#c$d%e&f*g/h=i?j^k`l{m|n}o~p",
    "j(d)",
    "j,d",
    "j;d",
    "j:d",
    "j\\d",
    "é",
    "用户",
    "ﷺ",
    "a",
]
ADDRESSES = [
    *(f"jane@{domain}" for domain in DOMAINS),
    *(f"{local}@x.com" for local in LOCALS),
    "a" * 64 + "@x.com",
    "a" * 65 + "@x.com",
    "a" * 250 + "@x.com",
    "a@" + "b" * 63 + ".com",
    "a@" + "b" * 64 + ".com",
    "a@" + ".".join(["b" * 60] * 5) + ".com",
    "jane",
    "jane@",
    "@x.com",
]


def library_says_valid(address):
    try:
        email_validator.validate_email(address, check_deliverability=False)
    except email_validator.EmailNotValidError:
        return False
    return True


@pytest.mark.parametrize("address", ADDRESSES)
def test_validity_agrees_with_the_email_validator_library(run, address):
    ((form, finding),) = run("email", [address])
    assert (finding is None) == library_says_valid(form), form
    assert len(ADDRESSES) >= 60
