"""Mistakes in rule files and lists are named like those of the configuration."""

import pytest

from dq.errors import ConfigurationError

CSV = "kind,match,value\n"


@pytest.mark.parametrize(
    ("file", "text", "line", "expected"),
    [
        ("standardize.yaml", "fields:\n  email: [text, emial]\n", 2, "unknown standardizer `emial`; did you mean `email`?"),
        ("standardize.yaml", "fields:\n  x:\n  - website:\n      ensure_protcol: true\n", 4, "unknown key `ensure_protcol`; did you mean `ensure_protocol`?"),
        ("standardize.yaml", "fields:\n  x:\n  - website: {preferred_protocol: htps}\n", 3, "did you mean `https`?"),
        ("standardize.yaml", "fields:\n  x:\n  - email: {validate_format: 1}\n", 3, "expected true or false, found a whole number"),
        ("standardize.yaml", "fields:\n  x:\n  - enum\n", 3, "values: is missing"),
        ("standardize.yaml", "fields:\n  x:\n  - enum: {values: [a], synonyms: {b: c}}\n", 3, "synonyms lead to c, which is not among the values"),
        ("standardize.yaml", "fields:\n  x:\n  - enum: {values: [a b, A-b]}\n", 3, "differ only in case"),
        ("standardize.yaml", "fields:\n  x:\n  - {text: {}, email: {}}\n", 3, "expected one standardizer"),
        ("standardize.yaml", "fields:\n  x:\n  - linkedin: {case: lower}\n", 3, "unknown key `case`"),
        ("standardize.yaml", "field: {}\n", 1, "did you mean `fields`?"),
        ("standardize.yaml", "fields: {x: text}\n", 1, "fields.x: expected a list, found a text"),
        ("dedupe.yaml", "keys:\n- {field: email, identfying: true}\n", 2, "did you mean `identifying`?"),
        ("dedupe.yaml", "threshold: 2\n", 1, "must be at most 1"),
        ("dedupe.yaml", "keys:\n- identifying: true\n", 2, "keys[0].field: is missing"),
        ("dedupe.yaml", "matcher:\n  alway: [email]\n", 2, "unknown key `alway`; did you mean `always`?"),
        ("dedupe.yaml", "matcher:\n  always: [[]]\n", 2, "always[0]: must be a list of at least 1"),
        ("dedupe.yaml", "matcher:\n  always: email\n", 2, "always: expected a list, found a text"),
        ("dedupe.yaml", "matcher:\n  always: [{field: email}]\n", 2, "always[0]: expected a list, found keys"),
        ("survivorship.yaml", "default: [longst]\n", 1, "did you mean `longest`?"),
        ("survivorship.yaml", "fields:\n  a: []\n", 2, "a list of at least 1"),
        ("quality.yaml", "checks:\n- {name: a, check: unique, field: email}\n", 2, "did you mean `uniqueness`?"),
        ("quality.yaml", "checks:\n- {name: a, check: pattern, field: email}\n", 2, "a pattern check needs `pattern`"),
        ("quality.yaml", "checks:\n- {name: a, check: membership, field: email}\n", 2, "needs `values`"),
        ("quality.yaml", "checks:\n- {name: a, check: max_length, field: email}\n", 2, "needs `length`"),
        ("quality.yaml", "checks:\n- {name: a, check: pattern, field: email, pattern: '('}\n", 2, "not a regular expression"),
        ("quality.yaml", "checks:\n- {name: a, check: validity, field: x}\n- {name: a, check: validity, field: y}\n", 3, "the name `a` stands twice"),
        ("quality.yaml", "checks:\n- {name: a, chek: validity, field: x}\n", 2, "did you mean `check`?"),
        ("lists/placeholders.csv", "kind,mach,value\n", 1, "unknown column `mach`; did you mean `match`?"),
        ("lists/placeholders.csv", "kind,value\n", 1, "the columns must be kind,match,value"),
        ("lists/placeholders.csv", CSV + "emial,exact,a@b.c\n", 2, "unknown kind `emial`; did you mean `email`?"),
        ("lists/placeholders.csv", CSV + "email,exat,a@b.c\n", 2, "did you mean `exact`?"),
        ("lists/placeholders.csv", CSV + "email,exact,a,b\n", 2, "the line has 4 cells, the header 3"),
        ("lists/placeholders.csv", CSV + "email,regex,(\n", 2, "not a regular expression"),
        ("lists/placeholders.csv", CSV + "email,exact,\n", 2, "value must not be empty"),
        ("lists/placeholders.csv", CSV + 'email,exact,"a\n', 2, "this is not CSV"),
        ("lists/email_domains.csv", "domain,kind\nx.com,fre\n", 2, "unknown kind `fre`; did you mean `free`?"),
        ("lists/email_domains.csv", "domain,kind\njane@x.com,free\n", 2, "expected a domain in lower case"),
        ("lists/email_domains.csv", "domain,kind\nx.com,free\nx.com,disposable\n", 3, "the domain stands twice"),
        ("standardize.yaml", "fields:\n  x:\n  - phone: {region: UK}\n", 3, "did you mean `GB`?"),
        ("lists/countries.csv", "region,name\nUK,Britain\n", 2, "no country has telephone numbers under `UK`"),
        ("lists/countries.csv", "region,name\nGB,Britain\nFR,Britain\n", 3, "stands twice with different regions"),
        ("lists/name_words.csv", "word,kind\nDr.,titel\n", 2, "did you mean `title`?"),
        ("lists/name_words.csv", "word,kind\n.,title\n", 2, "word must be one word"),
        ("lists/nicknames.csv", "formal,nickname\nRobert,\n", 2, "must not be empty"),
        ("lists/nicknames.csv", "formal,nickname\nBob,bob\n", 2, "is the formal name itself"),
        ("lists/nicknames.csv", "formal,nickname\nRobert,Bob\nrobert,bob\n", 3, "stands twice"),
        ("lists/legal_forms.csv", "form,canonical\nInc,\n", 2, "form and canonical must not be empty"),
        ("lists/legal_forms.csv", "form,canonical\nInc,Inc.\nINC,Incorporated\n", 3, "stands twice"),
        ("dedupe.yaml", "keys: []\nkeys: []\n", 2, "the key stands twice"),
        ("quality.yaml", "checks: [\n", 2, "this is not YAML"),
    ],
)  # fmt: skip
def test_mistakes_in_rule_files(project, file, text, line, expected):
    project.write(f"rules/{file}", text)
    with pytest.raises(ConfigurationError) as error:
        project.load()
    assert expected in str(error.value)
    assert f"rules/{file}:{line}" in str(error.value)


@pytest.mark.parametrize("file", ["standardize.yaml", "lists/legal_forms.csv"])
def test_rule_files_must_be_utf8(project, file):
    project.write(f"rules/{file}", b"a: \xff\n")
    with pytest.raises(ConfigurationError, match=f"(?s)not UTF-8.*rules/{file}:1"):
        project.load()


def test_forms_must_not_rewrite_each_other(project):
    project.write("rules/lists/legal_forms.csv", "form,canonical\nLimited,Ltd\nLtd,Ltd.\n")
    with pytest.raises(ConfigurationError, match="`Ltd` is itself rewritten"):
        project.load()
