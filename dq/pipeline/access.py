"""Access: who may open which brake. Names, not proofs: see docs/plans.md."""

from collections.abc import Collection

from dq.errors import BrakeError
from dq.pipeline.auditing import actor
from dq.settings import Settings


def demand_owned(settings: Settings, brakes: Collection[str]) -> None:
    """Refuse to open a brake that belongs to others, whether it holds or not.

    Args:
        settings: The settings.
        brakes: The brakes that flags are to open.

    Raises:
        BrakeError: It belongs to others.
    """
    owners = settings.approval.brake_owners
    foreign = sorted(brake for brake in brakes if brake in owners and actor() not in owners[brake])
    if foreign:
        whose = "; ".join(f"--{name.replace('_', '-')}: {', '.join(owners[name])}" for name in foreign)
        raise BrakeError(
            f"{actor()} may not open {' and '.join(foreign)}.",
            where="approval.brake_owners",
            why="Nothing was written. These brakes are opened by those who own them.",
            fix=f"ask one of the owners to run the command ({whose}), or run it without the flag",
        )
