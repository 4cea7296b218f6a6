import polars as pl
import pytest

from dq.standardize import linkedin

JANE = "https://www.linkedin.com/in/jane-doe"
SALES = "https://www.linkedin.com/sales/lead/ACwAAB1x,NAME_SEARCH,aBcD"
ID = "https://www.linkedin.com/in/ACoAAB1xYz0123456789aBcDeF"
CASES = [
    (JANE, JANE, None),
    ("https://www.linkedin.com/in/jane-doe/", JANE, None),
    ("http://linkedin.com/in/jane-doe/", JANE, None),
    ("linkedin.com/in/Jane-Doe", JANE, None),
    ("www.linkedin.com/in/jane-doe", JANE, None),
    ("//www.linkedin.com/in/jane-doe", JANE, None),
    ("https://www.LinkedIn.com/in/JANE-DOE", JANE, None),
    ("HTTPS://WWW.LINKEDIN.COM/IN/JANE-DOE/", JANE, None),
    ("https://de.linkedin.com/in/jane-doe", JANE, None),
    ("https://uk.linkedin.com/in/jane-doe/", JANE, None),
    ("https://m.linkedin.com/mwlite/in/jane-doe", JANE, None),
    ("https://www.linkedin.com/mwlite/in/jane-doe?x=1", JANE, None),
    ("https://touch.www.linkedin.com/in/jane-doe", JANE, None),
    ("https://www.linkedin.com/in/jane-doe/de", JANE, None),
    ("https://www.linkedin.com/in/jane-doe/en-us?trk=a", JANE, None),
    ("https://www.linkedin.com/in/jane-doe/detail/recent-activity/", JANE, None),
    ("https://www.linkedin.com/in/jane-doe?trk=public_profile", JANE, None),
    ("https://www.linkedin.com/in/jane-doe/?originalSubdomain=de#x", JANE, None),
    ("https://www.linkedin.com//in//jane-doe", JANE, None),
    ("<https://www.linkedin.com/in/jane-doe>", JANE, None),
    (" https://www.linkedin.com/in/jane-doe,", JANE, None),
    ("/in/jane-doe", JANE, None),
    ("in/Jane-Doe/", JANE, None),
    ("https://www.linkedin.com/in/jos%C3%A9-garc%C3%ADa", "https://www.linkedin.com/in/josé-garcía", None),
    ("https://www.linkedin.com/in/jos%c3%a9-garc%c3%ada/", "https://www.linkedin.com/in/josé-garcía", None),
    ("https://www.linkedin.com/in/JOSÉ-garcía", "https://www.linkedin.com/in/josé-garcía", None),
    ("https://www.linkedin.com/in/jose%CC%81", "https://www.linkedin.com/in/josé", None),
    ("https://www.linkedin.com/in/%E7%94%B0%E4%B8%AD", "https://www.linkedin.com/in/田中", None),
    ("https://ru.linkedin.com/in/%D0%98%D0%B2%D0%B0%D0%BD", "https://www.linkedin.com/in/иван", None),
    ("https://www.linkedin.com/in/jane-%F0%9F%9A%80", "https://www.linkedin.com/in/jane-🚀", None),
    ("https://www.linkedin.com/in/a%26b", "https://www.linkedin.com/in/a%26b", None),
    ("https://www.linkedin.com/in/%FF", "https://www.linkedin.com/in/%FF", None),
    (ID + "/", ID, None),
    ("http://de.linkedin.com/pub/jane-doe/1/2b/3c/", "https://www.linkedin.com/pub/jane-doe/1/2b/3c", None),
    ("https://www.linkedin.com/company/ACME/", "https://www.linkedin.com/company/acme", "linkedin.company"),
    ("linkedin.com/company/acme/about/", "https://www.linkedin.com/company/acme", "linkedin.company"),
    ("https://www.linkedin.com/company/12345", "https://www.linkedin.com/company/12345", "linkedin.company"),
    ("https://www.linkedin.com/showcase/x/", "https://www.linkedin.com/showcase/x", "linkedin.company"),
    ("https://www.linkedin.com/school/MIT/", "https://www.linkedin.com/school/mit", "linkedin.school"),
    (SALES, SALES, "linkedin.sales"),
    ("linkedin.com/talent/profile/AEM", "linkedin.com/talent/profile/AEM", "linkedin.sales"),
    ("https://www.linkedin.com/pub/dir/Jane/Doe/x", "https://www.linkedin.com/pub/dir/Jane/Doe/x", "linkedin.invalid"),
    ("https://www.linkedin.com/in/me", "https://www.linkedin.com/in/me", "linkedin.invalid"),
    ("https://www.linkedin.com/in/", "https://www.linkedin.com/in/", "linkedin.invalid"),
    ("https://www.linkedin.com/in/jane doe", "https://www.linkedin.com/in/jane doe", "linkedin.invalid"),
    ("https://www.linkedin.com/", "https://www.linkedin.com/", "linkedin.invalid"),
    ("https://www.linkedin.com/feed/update/1", "https://www.linkedin.com/feed/update/1", "linkedin.post"),
    ("https://notlinkedin.com/in/jane", "https://notlinkedin.com/in/jane", "linkedin.invalid"),
    ("https://linkedin.com.evil.com/in/x", "https://linkedin.com.evil.com/in/x", "linkedin.invalid"),
    ("https://lnkd.in/abc", "https://lnkd.in/abc", "linkedin.short"),
    ("linkedin://profile/1", "linkedin://profile/1", "linkedin.number"),
    ("Jane Doe", "Jane Doe", "linkedin.invalid"),
]


@pytest.mark.parametrize(("value", "form", "finding"), CASES)
def test_edge_case_30_linkedin_forms(run, value, form, finding):
    assert run("linkedin", [value]) == [(form, finding)]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("linkedin.com/in/Jane-Doe/de", JANE),
        (ID, ID),
        (SALES, None),
        ("linkedin.com/company/acme", None),
        ("x", None),
        (None, None),
    ],
)
def test_only_a_person_has_a_key(value, key):
    frame = pl.DataFrame({"v": [value]}, schema={"v": pl.String})
    assert frame.select(linkedin.match_form(pl.col("v"))).item() == key
