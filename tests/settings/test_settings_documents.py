"""The maintenance document's own YAML loads as written, and every key does what it says."""

import re
from pathlib import Path

import pytest

import dq.settings
from dq.errors import ConfigurationError
from dq.rules import MatchKey

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
MAINTENANCE = """\
maintenance_config:
  backup:
    enabled: true
    retention_days: 30
    backup_directory: "./backups"
    verify_integrity: true
    
  duplicate_detection:
    matching_fields:
      - "email"
      - "linkedin_url"
      - "company"
    matching_threshold: 0.85
    resolution_strategy: "most_recent"  # most_recent, highest_quality, merge
    
  field_standardization:
    engagement_status:
      default_value: "auto_send"
      valid_values: ["auto_send", "manual_review", "contacted", "responded"]
    
    company_name:
      normalize_case: true
      remove_suffixes: ["Inc.", "LLC", "Corp.", "Ltd."]
      add_proper_suffix: true
      
    website_url:
      ensure_protocol: true
      preferred_protocol: "https"
      remove_trailing_slash: true
      
    email:
      normalize_case: "lower"
      validate_format: true
      
  synchronization:
    conflict_resolution: "most_recent"  # most_recent, local_wins, airtable_wins
    batch_size: 50
    max_retries: 3
    retry_delay_seconds: 2
    
  performance:
    max_memory_usage_mb: 512
    progress_update_interval: 100
    enable_parallel_processing: false
"""  # noqa: W293 - verbatim
MAPPING = """\
field_mapping:
  database_to_airtable:
    name: "Full Name"
    email: "Email"
    company: "Company"
    title: "Title"
    linkedin_url: "LinkedIn URL"
    company_website: "Website"
    phone: "Phone"
    status: "Engagement Status"
    
  airtable_to_database:
    "Full Name": "name"
    "Email": "email"
    "Company": "company"
    "Title": "title"
    "LinkedIn URL": "linkedin_url"
    "Website": "company_website"
    "Phone": "phone"
    "Engagement Status": "status"
"""  # noqa: W293 - verbatim
NAMES = ["name", "email", "company", "title", "linkedin_url", "company_website", "phone", "status"]


def options(settings, field):
    return settings.tables[0].field(field).standardize[-1].options


def fields(settings, field):
    return settings.tables[0].field(field)


def test_the_copy_here_is_the_documents_own():
    page = SHARED / "seeds" / "001_44b14e73d2556452.txt"
    if not page.is_file():
        pytest.skip("the shared documents are not here")
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
    assert blocks == [MAINTENANCE, MAPPING]


@pytest.mark.parametrize("text", [MAINTENANCE + MAPPING, MAPPING + MAINTENANCE])
def test_verbatim_documents_alone(project, text):
    settings = project.load(text)
    table = settings.tables[0]
    assert (table.table, table.airtable, table.names) == ("leads", "Leads", NAMES)
    assert settings.backups.model_dump() == {
        "directory": project.root / "backups",
        "retention_days": 30,
        "enabled": True,
        "verify_integrity": True,
        "keep_last": 1,
        "keep_tags": (),
        "trash_days": 7,
        "encryption": None,
    }
    assert table.dedupe.keys == (
        MatchKey(field="email", identifying=True),
        MatchKey(field="linkedin_url", identifying=True),
        MatchKey(field="company", identifying=False),
    )
    assert (table.dedupe.threshold, table.dedupe.resolve) == (0.85, "most_recent")
    assert all(field.conflict == ("most_recent",) for field in table.fields)
    assert fields(settings, "status").default == "auto_send"
    assert options(settings, "company")["remove_suffixes"] == ["Inc.", "LLC", "Corp.", "Ltd."]
    assert options(settings, "company_website")["preferred_protocol"] == "https"
    assert settings.limits.batch_size == 50
    assert settings.config_digest != ""


def test_verbatim_documents_beside_native_keys(project):
    native = "stores: {airtable: {sandbox: data/a.db}}\ntables: [{link: {database: airtable_id}}]\nlimits: {batch_size: 50}\n"
    settings = project.load(native + MAINTENANCE + MAPPING)
    assert settings.airtable.sandbox == project.root / "data/a.db"
    assert settings.tables[0].names == NAMES
    assert settings.tables[0].link_database == "airtable_id"


@pytest.mark.parametrize(
    ("key", "value", "read", "expected"),
    [
        ("backup.enabled", "false", lambda s: s.backups.enabled, False),
        ("backup.retention_days", "7", lambda s: s.backups.retention_days, 7),
        ("backup.backup_directory", "./kept", lambda s: s.backups.directory.name, "kept"),
        ("backup.verify_integrity", "false", lambda s: s.backups.verify_integrity, False),
        ("duplicate_detection.matching_fields", "[company]", lambda s: s.tables[0].dedupe.keys, (MatchKey(field="company", identifying=False),)),
        ("duplicate_detection.matching_threshold", "0.5", lambda s: s.tables[0].dedupe.threshold, 0.5),
        ("duplicate_detection.resolution_strategy", "highest_quality", lambda s: s.tables[0].dedupe.resolve, "highest_quality"),
        ("field_standardization.engagement_status.default_value", "contacted", lambda s: fields(s, "status").default, "contacted"),
        ("field_standardization.engagement_status.valid_values", "[auto_send, a]", lambda s: options(s, "status")["values"], ["auto_send", "a"]),
        ("field_standardization.company_name.normalize_case", "false", lambda s: options(s, "company")["normalize_case"], False),
        ("field_standardization.company_name.remove_suffixes", "[AG]", lambda s: options(s, "company")["remove_suffixes"], ["AG"]),
        ("field_standardization.company_name.add_proper_suffix", "false", lambda s: options(s, "company")["add_proper_suffix"], False),
        ("field_standardization.website_url.ensure_protocol", "false", lambda s: options(s, "company_website")["ensure_protocol"], False),
        ("field_standardization.website_url.preferred_protocol", "keep", lambda s: options(s, "company_website")["preferred_protocol"], "keep"),
        ("field_standardization.website_url.remove_trailing_slash", "false", lambda s: options(s, "company_website")["remove_trailing_slash"], False),
        ("field_standardization.email.normalize_case", "keep", lambda s: options(s, "email")["normalize_case"], "keep"),
        ("field_standardization.email.validate_format", "false", lambda s: options(s, "email")["validate_format"], False),
        ("synchronization.conflict_resolution", "local_wins", lambda s: fields(s, "email").conflict, ("database_wins",)),
        ("synchronization.batch_size", "20", lambda s: s.limits.batch_size, 20),
        ("synchronization.max_retries", "5", lambda s: s.limits.max_retries, 5),
        ("synchronization.retry_delay_seconds", "0.5", lambda s: s.limits.retry_delay_seconds, 0.5),
        ("performance.max_memory_usage_mb", "256", lambda s: s.limits.max_memory_usage_mb, 256),
        ("performance.progress_update_interval", "7", lambda s: s.limits.progress_update_interval, 7),
        ("performance.enable_parallel_processing", "true", lambda s: s.limits.enable_parallel_processing, True),
    ],
)  # fmt: skip
def test_every_key_does_what_it_says(project, key, value, read, expected):
    *path, last = f"maintenance_config.{key}".split(".")
    text = (
        "".join(f"{'  ' * depth}{step}:\n" for depth, step in enumerate(path)) + f"{'  ' * len(path)}{last}: {value}\n"
    )
    assert read(project.load(text)) == expected


@pytest.mark.parametrize(
    ("text", "read", "expected"),
    [
        ("backup_before_operation: false", lambda s: s.backups.enabled, False),
        ("remove_duplicates: false", lambda s: s.options.remove_duplicates, False),
        ("standardize_fields: false", lambda s: s.options.standardize_fields, False),
        ("sync_data: false", lambda s: s.options.sync_data, False),
        ("dry_run: true", lambda s: s.options.dry_run, True),
        ("engagement_status_default: responded", lambda s: fields(s, "status").default, "responded"),
        ("duplicate_matching_fields: [email]", lambda s: [k.field for k in s.tables[0].dedupe.keys], ["email"]),
        ("conflict_resolution_strategy: manual", lambda s: fields(s, "phone").conflict, ("manual",)),
        ("batch_size: 9", lambda s: s.limits.batch_size, 9),
    ],
)
def test_run_options(project, text, read, expected):
    assert read(project.load(f"maintenance_options: {{{text}}}\n")) == expected


def test_run_options_default_to_everything(project):
    assert project.load().options.model_dump() == {
        "remove_duplicates": True,
        "standardize_fields": True,
        "sync_data": True,
        "dry_run": False,
    }


@pytest.mark.parametrize("direction", ["database_to_airtable", "airtable_to_database"])
def test_one_direction_is_enough(project, direction):
    pair = "email: Mail" if direction.startswith("database") else "Mail: email"
    settings = project.load(f"field_mapping: {{{direction}: {{{pair}}}}}\n")
    assert [(f.name, f.airtable) for f in settings.tables[0].fields] == [("email", "Mail")]


@pytest.mark.parametrize(
    ("forward", "backward", "expected"),
    [
        ("email: Email", "Email: mail", "`email` → `Email`, but airtable_to_database has `Email` → `mail`"),
        ("email: Email, name: Name", "Email: email", "`name` → `Name`, but airtable_to_database has nothing for `Name`"),
        ("email: Email", "Email: email, Name: name", "`Name` → `name`, but database_to_airtable has nothing for `name`"),
    ],
)  # fmt: skip
def test_the_two_directions_must_be_inverse(project, forward, backward, expected):
    text = f"field_mapping:\n  database_to_airtable:\n    {{{forward}}}\n  airtable_to_database:\n    {{{backward}}}\n"
    with pytest.raises(ConfigurationError, match="must be inverse") as error:
        project.load(text)
    assert error.value.exit_code == 2
    assert expected in str(error.value)
    assert re.search(r"config/dq\.yaml:[35]", str(error.value))


def test_a_native_key_that_says_something_else_is_a_mistake(project):
    text = "limits: {batch_size: 20}\nmaintenance_config:\n  synchronization:\n    batch_size: 50\n"
    with pytest.raises(ConfigurationError) as error:
        project.load(text)
    assert error.value.where == "config/dq.yaml:4"
    assert "limits.batch_size (config/dq.yaml:1)" in str(error.value)


def test_equal_words_are_no_clash(project):
    settings = project.load(
        "sync: {conflict: [database_wins]}\nmaintenance_config: {synchronization: {conflict_resolution: local_wins}}\n"
    )
    assert fields(settings, "email").conflict == ("database_wins",)


def test_the_environment_wins_over_the_document(project):
    settings = project.load(MAINTENANCE, {"DQ_LIMITS__BATCH_SIZE": "5"})
    assert settings.limits.batch_size == 5


def test_fields_are_told_by_their_standardizers(project):
    project.write(
        "rules/standardize.yaml",
        "fields: {site: [website], state: [enum: {values: [auto_send, b]}], firm: [company]}\n",
    )
    settings = project.load(
        "tables: [{mapping: {site: Site, state: State, firm: Firm, name: Name}}]\n"
        + MAINTENANCE.replace('"email"\n', '"site"\n')
        .replace('"linkedin_url"', '"name"')
        .replace('"company"\n', '"firm"\n')
    )
    assert options(settings, "site")["preferred_protocol"] == "https"
    assert options(settings, "firm")["remove_suffixes"] == ["Inc.", "LLC", "Corp.", "Ltd."]
    assert options(settings, "state")["values"][2:] == ["contacted", "responded"]
    assert (fields(settings, "state").default, fields(settings, "name").default) == ("auto_send", None)


def test_synonyms_of_values_that_are_gone_go_too(project):
    settings = project.load(
        "maintenance_config: {field_standardization: {engagement_status: {valid_values: [auto_send, contacted]}}}\n"
    )
    assert set(options(settings, "status")["synonyms"].values()) == {"auto_send", "contacted"}


def test_a_default_outside_the_values_is_a_mistake(project):
    text = "maintenance_config: {field_standardization: {engagement_status: {default_value: auto_sent}}}\n"
    with pytest.raises(ConfigurationError, match="did you mean `auto_send`") as error:
        project.load(text)
    assert error.value.where == "config/dq.yaml:1"


def test_values_without_the_shipped_default_are_a_mistake(project):
    text = "maintenance_config: {field_standardization: {engagement_status: {valid_values: [new, old]}}}\n"
    with pytest.raises(ConfigurationError, match=r"default `auto_send` is none of the values of `status`") as error:
        project.load(text)
    assert error.value.where == "rules/standardize.yaml"


def test_mapping_twice_must_agree(project):
    with pytest.raises(ConfigurationError, match="about `phone` than field_mapping"):
        project.load("tables: [{mapping: {phone: Mobile}}]\nfield_mapping: {database_to_airtable: {phone: Phone}}\n")


def test_field_mapping_fits_one_table(project):
    tables = "tables: [{database: a, mapping: {x: X}}, {database: b, mapping: {x: X}}]\n"
    with pytest.raises(ConfigurationError, match="fits one table only"):
        project.load(tables + "field_mapping: {database_to_airtable: {x: X}}\n")


def test_check_loads_the_documents_too(project):
    path = project.write("config/dq.yaml", MAINTENANCE + MAPPING)
    assert any("no Airtable token" in line for line in dq.settings.check(path, {}))
