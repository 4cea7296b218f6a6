"""Scripted people: edits, deletions and additions by somebody else, between any two requests.

A script is a value; a running sandbox takes it at `/_sandbox/people`. What is done is done as a person in Airtable
would: times of modification move, and webhooks name the source `client`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, ClassVar, Literal, TypeAlias

from dq.sandbox import remote
from dq.sandbox.parsing import STRICT_KEYS

PEOPLE_PATH = "/_sandbox/people"

Act: TypeAlias = Literal["edit", "delete", "add"]


@dataclass(frozen=True)
class Deed:
    """One thing that a person does.

    Args:
        act: Edit or delete a record, or add one.
        base: The base's id.
        table: The table's id or name.
        record: The record's id; empty for `add`.
        fields: The new cells by field name or id, as in a request.
        before: Before which request, counted from 1 since the script was set.
    """

    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    act: Act
    base: str
    table: str
    record: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    before: int = 1

    def __post_init__(self) -> None:
        if bool(self.record) == (self.act == "add"):
            raise ValueError("an edit or a deletion names a record, an addition does not")


@dataclass(frozen=True)
class Crowd:
    """People who do something before any request with some probability, to any record of a table.

    Args:
        base: The base's id.
        table: The table's id or name.
        rate: How likely somebody acts before a request.
        acts: What they do; one named twice is twice as likely.
        fields: Values to draw from, by field name or id; `{n}` in a text becomes the number of the request.
        records: The records to draw from; empty is all of the table.
        times: At most so many deeds; None is no limit.
    """

    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    base: str
    table: str
    rate: float
    acts: tuple[Act, ...] = ("edit",)
    fields: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    records: tuple[str, ...] = ()
    times: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError("rate lies from 0 to 1")
        if not self.acts or any(not values for values in self.fields.values()):
            raise ValueError("acts and the values of each field must not be empty")


@dataclass(frozen=True)
class Script:
    """What people do.

    Args:
        deeds: Deeds at set times.
        crowds: Deeds by chance.
        seed: Decides every draw.
    """

    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    deeds: tuple[Deed, ...] = ()
    crowds: tuple[Crowd, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Done:
    """One deed as it went.

    Args:
        number: Before which request.
        time: When, ISO text in UTC.
        act: What was done.
        base: The base's id.
        table: The table's id or name.
        record: The record's id.
        old: Its cells before, by field id; empty for an addition.
        new: Its cells afterwards, by field id; empty for a deletion.
        refused: The type of the error, where the sandbox refused the deed.
    """

    number: int
    time: str
    act: Act
    base: str
    table: str
    record: str
    old: dict[str, Any] = field(default_factory=dict)
    new: dict[str, Any] = field(default_factory=dict)
    refused: str | None = None


@dataclass
class People:
    """The script of a running sandbox and what came of it.

    Args:
        script: The script in force.
        number: Requests since it was set.
        acted: How many deeds each crowd has done.
        done: All deeds, in order.
    """

    script: Script = field(default_factory=Script)
    number: int = 0
    acted: list[int] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)


def set_script(people: People, script: Script) -> None:
    """Put another script in force and begin to count.

    Args:
        people: The running sandbox's people.
        script: What they are to do.
    """
    people.script, people.number, people.done = script, 0, []
    people.acted = [0] * len(script.crowds)


def drawn(people: People, place: int, ids: Sequence[str]) -> Deed | None:
    """What a crowd does before the present request, if it does anything.

    Args:
        people: The running sandbox's people.
        place: Which crowd.
        ids: The records of its table, in a fixed order.
    """
    crowd = people.script.crowds[place]
    random = _chance(people, place)
    random.random()  # the draw that `acts` made
    act = random.choice(crowd.acts)
    known = set(ids)
    possible = [record for record in crowd.records if record in known] if crowd.records else ids
    if act != "add" and not possible:
        return None
    cells = {name: _numbered(random.choice(values), people.number) for name, values in crowd.fields.items()}
    if act == "edit" and cells:
        name = random.choice(sorted(cells))
        cells = {name: cells[name]}
    record = "" if act == "add" else random.choice(possible)
    return Deed(act, crowd.base, crowd.table, record, {} if act == "delete" else cells)


def acts(people: People, place: int) -> bool:
    """Whether a crowd does something before the present request.

    Args:
        people: The running sandbox's people.
        place: Which crowd.
    """
    crowd = people.script.crowds[place]
    spent = crowd.times is not None and people.acted[place] >= crowd.times
    return not spent and _chance(people, place).random() < crowd.rate


def _chance(people: People, place: int) -> Random:
    return Random(f"{people.script.seed}/{place}/{people.number}")  # noqa: S311 - chance, not secrecy


def _numbered(value: Any, number: int) -> Any:
    return value.replace("{n}", str(number)) if isinstance(value, str) else value


def put(address: str, script: Script) -> None:
    """Set what people do in a running sandbox.

    Args:
        address: Where it answers.
        script: The script, in place of the one in force.
    """
    remote.ask(address, "POST", PEOPLE_PATH, asdict(script))


def done(address: str) -> list[dict[str, Any]]:
    """What people have done in a running sandbox, each deed as `Done` has it.

    Args:
        address: Where it answers.
    """
    found: list[dict[str, Any]] = remote.ask(address, "GET", PEOPLE_PATH)["done"]
    return found


def clear(address: str) -> None:
    """Let people leave a running sandbox alone.

    Args:
        address: Where it answers.
    """
    remote.ask(address, "DELETE", PEOPLE_PATH)
