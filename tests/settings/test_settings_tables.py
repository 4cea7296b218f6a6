"""How configuration and rule files become the rules of a table."""

import pytest

from dq.rules import Child, Limit, MatchKey

MAPPING = "mapping: {name: Name, email: Email, linkedin_url: LinkedIn, company: Company, status: Status}"


def table(project, extra="", top=""):
    return project.load(f"tables:\n- {MAPPING}\n{extra}{top}").tables[0]


def test_field_rules_override_the_tables(project):
    rules = table(
        project,
        "  fields:\n    email: {owner: airtable, direction: to_airtable, conflict: manual, default: 7, survivorship: longest}\n"
        "    name: {survivorship: [union, longest]}\n",
        "sync: {conflict: [most_recent, database_wins]}\n",
    )
    email = rules.field("email")
    assert (email.owner, email.direction, email.conflict) == ("airtable", "to_airtable", ("manual",))
    assert (email.default, email.survivorship) == ("7", ("longest",))
    assert rules.field("name").survivorship == ("union", "longest")
    assert rules.field("name").conflict == ("most_recent", "database_wins")


def test_a_default_can_be_taken_away(project):
    assert table(project).field("status").default == "auto_send"
    assert table(project, "  fields: {status: {default: null}}\n").field("status").default is None


def test_table_rules_override_the_files(project):
    rules = table(
        project,
        "  sync: {deletes: ignore}\n  duplicates: {resolve: none, max_surnames: 5}\n  brakes: {max_deletes: {rows: null}}\n",
        "sync: {direction: to_database, deletes: propagate}\nduplicates: {matching_threshold: 0.9}\n"
        "brakes: {max_deletes: {share: 0.5}, max_merges: {share: 0.2}}\n",
    )
    assert (rules.sync.direction, rules.sync.deletes) == ("to_database", "ignore")
    assert (rules.dedupe.resolve, rules.dedupe.max_surnames, rules.dedupe.threshold) == ("none", 5, 0.9)
    assert (rules.brakes.max_deletes, rules.brakes.max_merges) == (Limit(share=0.5, rows=None), Limit(share=0.2))


def test_brakes_keep_what_is_not_said(project):
    assert table(project, top="brakes: {max_deletes: {share: 0.2}}\n").brakes.max_deletes == Limit(share=0.2, rows=100)


def test_names_times_links_children_defaults(project):
    rules = table(
        project,
        "  database: people\n  key: uid\n  airtable: tblX\n  modified: {database: changed, airtable: null}\n"
        "  created: {database: null}\n  link: {airtable: Lead}\n  children: [{table: notes, column: person}]\n"
        "  defaults: {tenant: 4, region: eu}\n",
    )
    assert (rules.table, rules.key, rules.airtable) == ("people", "uid", "tblX")
    assert (rules.modified_database, rules.modified_airtable, rules.created_database) == ("changed", None, None)
    assert (rules.link_database, rules.link_airtable) == (None, "Lead")
    assert rules.children == (Child(table="notes", column="person"),)
    assert rules.insert_defaults == {"tenant": 4, "region": "eu"}


def test_rule_files_of_the_project_win_one_by_one(project):
    project.write("rules/standardize.yaml", "fields: {email: [text]}\ndefaults: {name: unknown}\n")
    project.write(
        "rules/survivorship.yaml", "default: longest\nfields: {name: [union]}\nsource_priority: [airtable, database]\n"
    )
    rules = table(project)
    assert [s.name for s in rules.field("email").standardize] == ["text"]
    assert (rules.field("name").default, rules.field("status").default) == ("unknown", None)
    assert rules.field("email").survivorship == ("longest",)
    assert rules.field("name").survivorship == ("union",)
    assert rules.dedupe.survivorship_priority == ("airtable", "database")
    assert rules.dedupe.placeholders != ()


def test_keys_without_a_word_identify_by_their_kind(project):
    project.write(
        "rules/dedupe.yaml", "keys: [email, linkedin_url, company, {field: name, identifying: true}, no_such_field]\n"
    )
    assert table(project).dedupe.keys == (
        MatchKey(field="email", identifying=True),
        MatchKey(field="linkedin_url", identifying=True),
        MatchKey(field="company", identifying=False),
        MatchKey(field="name", identifying=True),
    )
    assert table(project).dedupe.name_field is None


def test_a_field_without_entry_gets_text(project):
    field = project.load("tables: [{mapping: {notes: Notes}}]\n").tables[0].field("notes")
    assert [(s.name, s.options) for s in field.standardize] == [("text", {"multiline": False})]


def test_legal_forms_come_from_the_list(project):
    project.write("rules/lists/legal_forms.csv", 'form,canonical\nInc,Inc.\n"Co., Ltd.",Co. Ltd.\n')
    assert table(project).field("company").standardize[-1].options["legal_forms"] == {
        "Inc": "Inc.",
        "Co., Ltd.": "Co. Ltd.",
    }


def test_checks_of_unmapped_fields_are_left_out(project):
    assert {check.field for check in table(project).quality} == {"name", "email", "linkedin_url", "company", "status"}


@pytest.mark.parametrize("word", ["local_wins", "database_wins"])
def test_words_for_the_same_policy(project, word):
    assert table(project, top=f"sync: {{conflict: {word}}}\n").field("name").conflict == ("database_wins",)
