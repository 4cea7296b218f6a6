"""Lists: parameters in both forms, order, pages that freeze membership and not values."""

import pytest
from pyairtable import Api
from sandbox_world import ACME, ADA, BASE, BOB, CYD, DAY, PEOPLE, rows

from dq import sandbox


def names(records):
    return [record["fields"].get("Name") for record in records]


def test_order_is_by_record_id_not_by_arrival(steady_people):
    assert [record["id"] for record in steady_people.all()] == [ADA, BOB, CYD]


def test_record_as_the_api_returns_it(steady_people):
    cyd = steady_people.get(CYD)
    fields = {"Name": "Cyd", "Age": 0, "Created": DAY, "Modified": DAY}
    assert cyd == {"id": CYD, "createdTime": DAY, "fields": fields}


def test_fields_are_chosen_by_name_or_id_and_returned_by_id(steady_people):
    found = steady_people.first(fields=["Name", "fldAge00000000001"], use_field_ids=True)
    assert found["fields"] == {"fldName0000000001": "Ada", "fldAge00000000001": 36}


def test_table_is_found_by_its_name_even_with_a_slash(steady):
    table = Api("t", endpoint_url=steady.url, retry_strategy=None).table(BASE, "People / all")
    assert len(table.all()) == 3
    assert table.get(ADA)["id"] == ADA


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (["Name"], ["Ada", "bob", "Cyd"]),
        (["-Name"], ["Cyd", "bob", "Ada"]),
        (["Age"], ["Cyd", "bob", "Ada"]),
        (["Status", "-Age"], ["Cyd", "Ada", "bob"]),
        (["-Active", "Name"], ["Ada", "bob", "Cyd"]),
        (["Tags", "Name"], ["bob", "Cyd", "Ada"]),
        (["Novel", "Name"], ["bob", "Cyd", "Ada"]),
    ],
)
def test_sort(steady_people, sort, expected):
    assert names(steady_people.all(sort=sort)) == expected


@pytest.mark.parametrize("view", ["Grid", "viwGrid0000000001"])
def test_view_by_name_or_id(steady_people, view):
    assert len(steady_people.all(view=view)) == 3


def test_max_records_and_page_size(steady_people):
    assert names(steady_people.all(max_records=2, page_size=1)) == ["Ada", "bob"]


def test_comment_count_is_given_when_asked_for(steady_people):
    assert steady_people.first(count_comments=True)["commentCount"] == 0


@pytest.mark.parametrize("value", ["1", "true"])
def test_both_forms_of_true_in_a_query(steady, value):
    found = steady.people("GET", params={"returnFieldsByFieldId": value, "fields[]": "Name"}).json()
    assert found["records"][0]["fields"] == {"fldName0000000001": "Ada"}


def test_arrays_of_a_query_may_be_numbered(steady):
    found = steady.people("GET", params={"fields[0]": "Name", "fields[1]": "Age", "sort[0][field]": "Age"}).json()
    assert found["records"][0]["fields"] == {"Name": "Cyd", "Age": 0}


def test_parameters_in_a_body_and_the_rest_in_the_query(steady):
    body = {"fields": ["Name"], "sort": [{"field": "Name", "direction": "desc"}], "pageSize": 1, "offset": ""}
    found = steady.people("POST", body, "/listRecords", params={"timeZone": "utc", "userLocale": "en"}).json()
    assert names(found["records"]) == ["Cyd"]
    again = steady.people("POST", {**body, "offset": found["offset"]}, "/listRecords").json()
    assert names(again["records"]) == ["bob"]


def test_a_long_filter_goes_by_post(steady_people):
    formula = "OR(" + ",".join([f"RECORD_ID()='{ADA}'"] * 600) + ")"
    assert names(steady_people.all(formula=formula)) == ["Ada"]


def test_offset_ends_in_the_last_record_of_the_page(steady):
    found = steady.people("GET", params={"pageSize": 2}).json()
    prefix, last = found["offset"].split("/")
    assert prefix.startswith("itr")
    assert len(prefix) == 17
    assert last == BOB


def test_membership_and_order_freeze_at_page_one_and_values_do_not(people):
    pages = people.iterate(page_size=1, sort=["Name"])
    first = next(pages)
    people.batch_update([{"id": CYD, "fields": {"Name": "Zed"}}, {"id": BOB, "fields": {"Name": "0"}}])
    people.create({"Name": "Aaa"})
    assert names(first + [record for page in pages for record in page]) == ["Ada", "0", "Zed"]


def test_a_record_deleted_while_paging_is_missing(people):
    pages = people.iterate(page_size=1)
    seen = next(pages)
    people.delete(BOB)
    assert names(seen + [record for page in pages for record in page]) == ["Ada", "Cyd"]


def test_a_page_can_be_fetched_again(steady):
    first = steady.people("GET", params={"pageSize": 2}).json()
    again = [steady.people("GET", params={"pageSize": 2, "offset": first["offset"]}).json() for _ in range(2)]
    assert again[0] == again[1]
    assert names(again[0]["records"]) == ["Cyd"]


GONE = {"error": {"type": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}}


def test_an_iterator_dies_of_ten_idle_minutes(server, clock):
    offset = server.people("GET", params={"pageSize": 1}).json()["offset"]
    clock.sleep(599)
    offset = server.people("GET", params={"pageSize": 1, "offset": offset}).json()["offset"]
    clock.sleep(601)
    late = server.people("GET", params={"pageSize": 1, "offset": offset})
    assert (late.status_code, late.json()) == (422, GONE)


@pytest.mark.parametrize("change", [{"pageSize": 2}, {"fields[]": "Name"}, {"sort[0][field]": "Name"}])
def test_an_offset_belongs_to_its_parameters(steady, change):
    offset = steady.people("GET", params={"pageSize": 1}).json()["offset"]
    assert steady.people("GET", params={"pageSize": 1, "offset": offset, **change}).json() == GONE


def test_an_iterator_does_not_outlive_its_server(data, serve_with):
    one, two = (serve_with(data, rps=0) for _ in range(2))
    offset = one.people("GET", params={"pageSize": 1}).json()["offset"]
    assert two.people("GET", params={"pageSize": 1, "offset": offset}).json() == GONE


def test_meta(steady):
    api = Api("t", endpoint_url=steady.url, retry_strategy=None)
    assert [(base.id, base.name) for base in api.bases()] == [(BASE, "World")]
    table = api.base(BASE).schema().table(PEOPLE)
    assert (table.name, len(table.fields), table.views[0].name) == ("People / all", 18, "Grid")
    assert api.whoami() == {"id": "usrSandboxOwner00"}


def test_deleting_a_firm_takes_it_out_of_links(server, people):
    assert people.all(formula="{Firms}='Acme'") == [people.get(ADA)]
    server.ask("DELETE", f"/v0/{BASE}/Firms/{ACME}")
    assert "Firms" not in people.get(ADA)["fields"]
    assert people.get(ADA)["fields"]["Modified"] == "2026-06-01T00:00:00.000Z"


def test_listing_fifty_thousand_records_is_linear(tmp_path, serve_with):
    path = tmp_path / "big.db"
    sandbox.load(rows(50_000), path)
    server = serve_with(path, rps=0)
    table = Api("t", endpoint_url=server.url, retry_strategy=None).table(BASE, PEOPLE)
    ids = [record["id"] for page in table.iterate(fields=["F0"]) for record in page]
    assert ids == [f"rec{n:014d}" for n in range(50_000)]
