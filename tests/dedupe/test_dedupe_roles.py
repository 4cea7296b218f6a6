"""What columns are, by their names and by what stands in them."""

from typing import get_args

import polars as pl
import pytest
from matching_tables import people, texts

from dq.dedupe.roles import roles
from dq.rules import Role

MANY = 30
NUMBERED = [f"{number:05d}" for number in range(MANY)]
PLACES = [f"Stadt{number}" for number in range(MANY)]
WORDS = [f"some words of text number {number}" for number in range(MANY)]
DAYS = [f"19{60 + number}-0{1 + number % 9}-11" for number in range(MANY)]


def role(name, values):
    """The role of one column that stands beside an address: its table is one of people."""
    mail = [f"x{number}@y{number}.de" for number in range(len(values))]
    return roles(texts(**{name: values, "mail of row": mail}), people(), {}).get(name)


@pytest.mark.parametrize(
    ("expected", "names"),
    [
        ("given", ["first_name", "First Name", "firstName", "given_name", "givenname", "fname", "NAME_FIRST", "Vorname", "Prénom", "nombre", "forename"]),
        ("family", ["last_name", "LastName", "surname", "family_name", "lname", "NAME_LAST", "Nachname", "apellido", "Apellidos", "Familienname", "nom de famille"]),
        ("middle", ["middle_name", "NAME_MIDDLE", "Middle Initial"]),
        ("name", ["name", "full_name", "Contact", "contact person", "Lead", "customer_name", "NAME_FULL"]),
        ("organization", ["company", "Company Name", "organisation", "organization", "NAME_ORG", "employer", "Firma", "account_name", "business_name", "Unternehmen", "Société", "empresa"]),
        ("email", ["email", "E-Mail", "email_address", "Mail", "work e-mail", "correo", "EMAIL_ADDRESS"]),
        ("profile", ["linkedin_url", "LinkedIn", "profile"]),
        ("url", ["website", "company_website", "url", "Homepage", "domain"]),
        ("phone", ["phone", "Phone 2", "phone_number", "PHONE_NUMBER", "tel", "Mobile", "fax", "Handy", "telephone", "Telefon", "Teléfono", "Téléphone", "company_phone"]),
        ("date", ["dob", "DATE_OF_BIRTH", "birthday", "birth_date", "Geburtsdatum"]),
        ("code", ["zip", "postcode", "ADDR_POSTAL_CODE", "PLZ", "street_number", "record_key"]),
        ("identifier", ["soc_sec_id", "SSN_NUMBER", "passport_number", "Driver's Licence", "TAX_ID_NUMBER", "NATIONAL_ID_NUMBER", "LEI_NUMBER", "isbn", "VAT"]),
        ("category", ["record type", "ENTITY_TYPE", "gender", "Sex"]),
        (None, ["amount", "Annual Revenue", "account balance"]),
        ("address", ["address", "address_1", "address1", "ADDR_LINE1", "street", "Straße", "street_address", "company_address", "contact address", "Dirección"]),
        (None, ["phone_type", "ADDR_TYPE", "Email Label", "name kind"]),
        ("place", ["passport_country", "DRIVERS_LICENSE_STATE", "city", "ADDR_CITY", "suburb", "state", "country", "Town", "company_city", "country_name", "Stadt", "Ville"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_columns_by_their_names(expected, names):
    values = DAYS if expected == "date" else PLACES
    assert {name: role(name, values) for name in names} == dict.fromkeys(names, expected)


@pytest.mark.parametrize(
    "name",
    ["created_at", "updated_at", "createdAt", "Modified On", "created", "Last Updated", "deleted_at", "synced_at", "timestamp"],
)  # fmt: skip
def test_times_of_the_row_itself_have_no_role(name):
    assert role(name, DAYS) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([f"p{number}@q.de" for number in range(MANY)], "email"),
        (DAYS, "date"),
        (NUMBERED, "code"),
        (WORDS, "text"),
        (PLACES, "place"),
        (["Yes", "No", None] * 10, "category"),
        (["always"] * MANY, None),
        (["once", *[None] * 9], None),
        ([None] * MANY, None),
    ],
)
def test_columns_of_any_name_by_their_values(values, expected):
    assert role("x", values) == expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("contact", [f"p{number}@q.de" for number in range(MANY)], "email"),
        ("company", ["A", "B"] * 20, "category"),
        ("title", ["CEO", "CTO"] * 20, "category"),
        ("date", PLACES, "place"),
        ("date", [f"{1 + number % 28:02d}.03.19{60 + number}" for number in range(MANY)], "date"),
        ("valid", NUMBERED, "code"),
        ("lead_source", ["web", "fair"] * 20, "category"),
        ("Contact Type", ["a", "b", "c"] * 80, "category"),
        ("Stichwort", PLACES, "place"),
        ("paid", ["yes", "no"] * 9, "category"),
    ],
)
def test_what_stands_in_a_column_may_tell_more_than_its_name(name, values, expected):
    assert role(name, values) == expected


RESTAURANTS = ["Arnie Morton's of Chicago", "Art's Delicatessen", "Hotel Bel-Air", "Cafe Bizou", "Campanile", "Citrus"]
STREETS = [f"{number} La Cienega Blvd." for number in range(6)]


def test_a_things_name_is_text():
    table = texts(name=RESTAURANTS, addr=STREETS, city=[f"Los Angeles {n}" for n in range(6)], phone=NUMBERED[:6])
    assert roles(table, people(), {}) == {"name": "text", "addr": "address", "city": "place", "phone": "phone"}


def test_a_persons_name_is_a_name():
    names = ["Mary Stone", "John Fog", "Robert Okonkwo", "Linda Q. Wu", "Zyx Abc", "patricia lee"]
    assert roles(texts(name=names, addr=STREETS), people(), {}) == {"name": "name", "addr": "address"}
    assert roles(texts(name=RESTAURANTS, email=[f"{n}@x.de" for n in range(6)]), people(), {})["name"] == "name"


def test_tables_for_record_linkage():
    columns = {
        "given_name": ("given", PLACES), "surname": ("family", PLACES), "street_number": ("code", NUMBERED), "address_1": ("address", WORDS),
        "suburb": ("place", PLACES), "postcode": ("code", NUMBERED), "state": ("category", ["nsw", "vic"] * 15),
        "date_of_birth": ("date", [f"19{number + 40}0312" for number in range(MANY)]), "soc_sec_id": ("identifier", NUMBERED),
    }  # fmt: skip
    table = texts(**{name: values for name, (_, values) in columns.items()})
    assert roles(table, people(), {}) == {name: expected for name, (expected, _) in columns.items()}


def test_roles_that_are_stated_stand():
    table = texts(a=PLACES, b=PLACES, name=RESTAURANTS * 5, c=["x"] * MANY)
    stated = {"a": "organization", "b": None, "name": "name", "c": "category"}
    assert roles(table, people(), stated) == {"a": "organization", "name": "name", "c": "category"}
    assert set(roles(table, people(), {}).values()) <= set(get_args(Role))


def test_a_table_without_rows_has_no_roles():
    assert roles(texts(name=[], email=[]), people(), {}) == {}
    assert roles(pl.DataFrame(), people(), {}) == {}
