"""Several columns of one kind: any value of one row with any of the other."""

import numpy as np
import pytest
from matching_tables import known_lists, texts

from dq.dedupe.matcher import matched
from dq.engine.respects import respects
from dq.leads import flat

PHONES = {"name": "name", "phone": "phone", "mobile": "phone"}


def table(left, right):
    """Two rows and a third that has neither number."""
    sides = (left, right, (None, "203 777 8888"))
    return texts(
        name=["Anna Berg", "Eva Frank", "Ida Holm"], phone=[one for one, _ in sides], mobile=[two for _, two in sides]
    )


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (("914 555 1234", None), ("914 555 1234", None), "equal"),
        (("914 555 1234", None), (None, "914 555 1234"), "equal"),
        (("914 555 1234", "212 555 9999"), ("646 555 4321", "914 555 1234"), "equal"),
        (("914 555 1234", "212 555 9999"), ("646 555 4321", "914 555 1235"), "one slip"),
        (("914 555 1234", "212 555 9999"), ("646 555 4321", None), "differs"),
        (("914 555 1234", "212 555 9999"), (None, None), None),
    ],
)
def test_any_number_of_one_row_with_any_of_the_other(left, right, level):
    for one, other in ((left, right), (right, left)):
        seen, _ = respects(table(one, other), PHONES, known_lists(), once=False)
        (phones,) = [found for found in seen.comparisons if found.name == "phone or mobile"]
        (found,) = phones.compare(np.array([0]), np.array([1])).level.tolist()
        assert (None if found < 0 else phones.levels[found]) == level


def test_addresses_in_two_columns_are_one_identifying_respect():
    frame = texts(
        name=["Anna Berg", "A. Berg", "Eva Frank"],
        work_email=["anna@acme.com", None, "eva@acme.com"],
        private_email=["tiger@gmail.com", "anna@acme.com", None],
        company=["Acme", "Acme", "Acme"],
    )
    roles = {"name": "name", "work_email": "email", "private_email": "email", "company": "organization"}
    seen, _ = respects(frame, roles, known_lists(), once=False)
    (at,) = seen.identifying
    mail = seen.comparisons[at]
    assert mail.name == "work_email or private_email"
    assert mail.compare(np.array([0, 0]), np.array([1, 2])).level.tolist() == [4, 1]
    assert 0 < mail.chance()[4] < 1
    assert mail.chance()[1] == 1


def test_numbers_in_changed_columns_find_people_again():
    made = flat(2, 600)
    leads = made.leads.drop("linkedin_url", "email").with_row_index("row")
    odd = leads["row"] % 2 == 1
    empty = leads["phone"].clear(len(leads))
    swapped = leads.with_columns(phone=leads["phone"].zip_with(~odd, empty), mobile=leads["phone"].zip_with(odd, empty))
    roles = {"name": "name", "company": "organization", "phone": "phone"}
    once, number = respects(leads, roles, known_lists())
    both, other = respects(swapped, {**roles, "mobile": "phone"}, known_lists())
    first, second = matched(once).grown.label[number], matched(both).grown.label[other]
    assert len(np.unique(second)) == pytest.approx(len(np.unique(first)), rel=0.02)
