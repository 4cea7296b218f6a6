"""The CSV lists beside the rule files: legal forms, placeholders, email domains."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from dq.expressions import regex_problem
from dq.rules import Placeholder
from dq.settings.document import Document, read_text
from dq.settings.mistakes import Mistake, nearest

DOMAIN_KINDS: tuple[str, ...] = ("free", "disposable")
MATCHES: tuple[str, ...] = ("exact", "local_part", "regex")
KINDS: tuple[str, ...] = ("text", "email", "website", "linkedin", "company", "enum", "phone", "name")


def read_legal_forms(path: Path, name: str) -> tuple[dict[str, str], list[Mistake]]:
    """Legal form → how it is written, from the columns form and canonical; jurisdictions may follow."""
    rows, document = rows_of(path, name, ("form", "canonical"), ("jurisdictions",))
    forms: dict[str, str] = {}
    seen: dict[str, str] = {}
    for line, (form, canonical, *_) in rows:
        if not form or not canonical:
            document.mistakes.append(Mistake(f"{name}:{line}", "", "form and canonical must not be empty"))
        elif seen.setdefault(form.casefold(), canonical) != canonical:
            document.mistakes.append(
                Mistake(f"{name}:{line}", "form", "the form stands twice with different canonical forms")
            )
        else:
            forms[form] = canonical
    unstable = sorted(
        {canonical for canonical in forms.values() if seen.get(canonical.casefold(), canonical) != canonical}
    )
    document.mistakes += [
        Mistake(name, "canonical", f"`{form}` is itself rewritten as another form") for form in unstable
    ]
    return forms, document.mistakes


def read_map(path: Path, name: str) -> tuple[dict[str, str], list[Mistake]]:
    """Value → what is written instead, from the columns from and to."""
    rows, document = rows_of(path, name, ("from", "to"))
    words: dict[str, str] = {}
    for line, (word, told) in rows:
        if not word:
            document.mistakes.append(Mistake(f"{name}:{line}", "", "from must not be empty"))
        elif words.setdefault(word, told) != told:
            document.mistakes.append(Mistake(f"{name}:{line}", "from", "the value stands twice with different targets"))
    return words, document.mistakes


def read_placeholders(path: Path, name: str) -> tuple[tuple[Placeholder, ...], list[Mistake]]:
    """Values that are nobody's own, from the columns kind, match and value."""
    rows, document = rows_of(path, name, ("kind", "match", "value"))
    found: list[Placeholder] = []
    for line, (kind, match, value) in rows:
        texts = [
            f"unknown {column} `{word}`{nearest(word, known)}"
            for column, word, known in (("kind", kind, KINDS), ("match", match, MATCHES))
            if word not in known
        ]
        texts += ["value must not be empty"] if not value else []
        texts += (
            ["not a regular expression that Rust's regex reads"] if match == "regex" and regex_problem(value) else []
        )
        document.mistakes += [Mistake(f"{name}:{line}", "", text) for text in texts]
        if not texts:
            found.append(Placeholder.model_validate({"kind": kind, "match": match, "value": value}))
    return tuple(found), document.mistakes


def read_email_domains(path: Path, name: str) -> tuple[dict[str, tuple[str, ...]], list[Mistake]]:
    """Domains of free-mail providers and of throw-away addresses by kind, from the columns domain and kind."""
    rows, document = rows_of(path, name, ("domain", "kind"))
    found: dict[str, list[str]] = {kind: [] for kind in DOMAIN_KINDS}
    seen: set[str] = set()
    for line, (domain, kind) in rows:
        texts = [] if kind in DOMAIN_KINDS else [f"unknown kind `{kind}`{nearest(kind, DOMAIN_KINDS)}"]
        if domain != domain.lower() or "." not in domain.strip(".") or "@" in domain:
            texts.append("expected a domain in lower case, such as example.com")
        if domain in seen:
            texts.append("the domain stands twice")
        seen.add(domain)
        document.mistakes += [Mistake(f"{name}:{line}", "", text) for text in texts]
        if not texts:
            found[kind].append(domain)
    return {kind: tuple(domains) for kind, domains in found.items()}, document.mistakes


def rows_of(
    path: Path, name: str, columns: Sequence[str], more: Sequence[str] = ()
) -> tuple[list[tuple[int, list[str]]], Document]:
    """A list's rows with their lines; empty when the header is not the expected one."""
    document = Document(name)
    text = read_text(path, document)
    if text is None:
        return [], document
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        header = next(reader, [])
        if header == [*columns, *more]:
            columns = header
        if header != list(columns):
            wrong = next((word for word in header if word not in columns), None)
            hint = f"; unknown column `{wrong}`{nearest(wrong, columns)}" if wrong is not None else ""
            document.mistakes.append(Mistake(f"{name}:1", "", f"the columns must be {','.join(columns)}{hint}"))
            return [], document
        for row in reader:
            if len(row) == len(columns):
                rows.append((reader.line_num, [cell.strip() for cell in row]))
            elif any(row):
                text = f"the line has {len(row)} cells, the header {len(columns)}; quote a cell that holds a comma"
                document.mistakes.append(Mistake(f"{name}:{reader.line_num}", "", text))
    except csv.Error as error:
        document.mistakes.append(Mistake(f"{name}:{reader.line_num}", "", f"this is not CSV: {error}"))
    return rows, document
