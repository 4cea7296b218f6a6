"""How configuration and rule files become the rules of a table."""

import polars as pl
import pytest

from dq.engine.matching import match_forms
from dq.rules import Child, Limit, MatchKey
from dq.standardize.kinds import step

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
    assert [(s.name, s.options["multiline"]) for s in field.standardize] == [("text", False)]
    assert "n/a" in field.standardize[0].options["placeholders"]


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


def options_of(project, rules, name):
    project.write("rules/standardize.yaml", f"fields: {{{name}: {rules}}}\n")
    field = project.load(f"tables: [{{mapping: {{{name}: X}}}}]\n").tables[0].field(name)
    return [standardizer.options for standardizer in field.standardize]


def test_email_domains_come_from_the_list_only_where_they_are_marked(project):
    project.write("rules/lists/email_domains.csv", "domain,kind\nx.com,free\ny.com,disposable\n")
    (plain,) = options_of(project, "[email]", "email")
    assert [plain[name] for name in ("roles", "free_domains", "disposable_domains")] == [None] * 3
    assert "test@test.com" in plain["placeholders"]
    (marked,) = options_of(project, "[email: {mark: [free, role]}]", "email")
    assert (marked["free_domains"], marked["disposable_domains"]) == (["x.com"], None)
    assert "info" in marked["roles"]
    (own,) = options_of(project, "[email: {mark: [free], free_domains: [z.com], placeholders: []}]", "email")
    assert (own["free_domains"], own["placeholders"]) == (["z.com"], [])


def test_before_a_closed_set_of_values_nothing_is_a_placeholder(project):
    first, _ = options_of(project, "[text, enum: {values: [known, unknown]}]", "level")
    assert first["placeholders"] == []
    first, _ = options_of(project, "[text: {placeholders: [soon]}, enum: {values: [known, unknown]}]", "level")
    assert first["placeholders"] == ["soon"]


def test_numbers_are_no_placeholders_of_text(project):
    (text,) = options_of(project, "[text]", "employees")
    assert not [value for value in text["placeholders"] if value.isdigit()]


def test_a_companys_linkedin_page_does_not_merge_people(project):
    project.write("rules/standardize.yaml", "fields: {page: [linkedin: {page: company}], own: [linkedin]}\n")
    project.write("rules/dedupe.yaml", "keys: [page, own]\n")
    table = project.load("tables: [{mapping: {page: Page, own: Own}}]\n").tables[0]
    assert [(key.field, key.identifying) for key in table.dedupe.keys] == [("page", False), ("own", True)]
    row = pl.DataFrame({"page": ["linkedin.com/company/Acme"], "own": ["linkedin.com/company/Acme"]})
    assert row.select(match_forms(table, ["page", "own"])).row(0) == ("https://www.linkedin.com/company/acme", None)


def test_the_projects_own_legal_forms_count_for_values_findings_and_match_forms(project):
    project.write("rules/lists/legal_forms.csv", "form,canonical\nWerke,Works\n")
    ruled = table(project)
    kind, options = step(ruled.field("company").standardize[-1])
    names = pl.DataFrame({"company": ["Acme werke", "Acme, inc", "WERKE"]})
    told = names.select(
        form=kind.standard(pl.col("company"), options),
        finding=kind.finding(pl.col("company"), options),
        match=match_forms(ruled, ["company"])[0],
    )
    assert told.rows() == [
        ("Acme Works", None, "acme"),
        ("Acme, inc", None, "acme inc"),
        ("WERKE", "company.only_form", "werke"),
    ]
