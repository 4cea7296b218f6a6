"""The token bucket of one base as a value: when the next call may go, and what a call, an answer or a 429 does to it.

Airtable counts the calls that *arrive* within a second. A call arrives some time between its sending and its answer; if
the answer takes longer than answers of its kind usually do, the call itself may have been late by as much. So the next
call waits until at most four others can still arrive, or have arrived, within the second before it.

All moments are seconds of the monotonic clock, which every process of the machine shares until it is started anew.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

LIMIT, WINDOW = 5, 1.0
"""Airtable's limit: calls of one base that arrive within so many seconds."""
MARGIN = 0.05
"""Seconds added to the window, for what takes time before a call is on the wire."""
CATCH_UP = 0.5
"""Seconds of its pace that busy callers may make up for when they are held up; the window holds in any case."""
GRACE = 5.0
"""Seconds after which a call without an answer is no longer waited for: its process died, or it hangs."""
RECOVERY = 60.0
"""Seconds in which half of what a 429 took from the pace comes back."""
MOST_SLOW = 3.0
"""Gaps that repeated 429s add to a gap at most."""
BELIEVED = 600.0
"""Seconds: what lies further ahead was noted before the machine was started anew."""
_LEARNING = 0.005
"""How fast the usual time follows slower answers; faster ones it follows at once, so that it stays close to the least."""
_KEPT = 24


@dataclass(frozen=True, slots=True)
class Sent:
    """One call.

    Attributes:
        number: Its number, over all processes.
        moment: When it was sent.
        verb: Its kind.
        late: Seconds that its answer took beyond the usual; None as long as there is none.
    """

    number: int
    moment: float
    verb: str
    late: float | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """What all callers of a base know together.

    Attributes:
        next: When the next call may go by the pace.
        rest: Nothing goes before, after a 429.
        since: When the last 429 was told.
        slow: Gaps that a 429 adds to each gap, as of `rest`.
        count: Calls so far.
        sent: The last calls.
        usual: Seconds that an answer usually takes, by kind.
    """

    next: float = 0.0
    rest: float = 0.0
    since: float = -math.inf
    slow: float = 0.0
    count: int = 0
    sent: tuple[Sent, ...] = ()
    usual: Mapping[str, float] = field(default_factory=dict)


def due(bucket: Bucket, now: float, *, guarded: bool) -> float:
    """The earliest moment of the next call, as far as is known now.

    Args:
        bucket: The bucket.
        now: The time.
        guarded: Whether Airtable's limit holds; not for a pace above it, which somebody asked for.
    """
    earliest = max(bucket.next, bucket.rest)
    latest = sorted((_latest_arrival(sent, bucket, now) for sent in bucket.sent), reverse=True)
    if guarded and len(latest) >= LIMIT:
        earliest = max(earliest, latest[LIMIT - 1] + WINDOW + MARGIN)
    return earliest


def awaits(bucket: Bucket, now: float) -> bool:
    """Whether an answer is late, so that what is due may change with it."""
    return any(sent.late is None and _latest_arrival(sent, bucket, now) > sent.moment for sent in bucket.sent)


def _latest_arrival(sent: Sent, bucket: Bucket, now: float) -> float:
    if sent.late is not None:
        return sent.moment + sent.late
    late = now - sent.moment - bucket.usual.get(sent.verb, 0.0)
    return sent.moment + late if 0 < late < GRACE else sent.moment


def taken(bucket: Bucket, gap: float, verb: str, now: float) -> Bucket:
    """The bucket once a call is sent.

    Args:
        bucket: The bucket.
        gap: Seconds between two calls at the full pace.
        verb: The call's kind.
        now: The time.
    """
    slow = bucket.slow * 0.5 ** (max(0.0, now - bucket.rest) / RECOVERY)
    is_busy = now - bucket.next < GRACE
    start = max(bucket.next, now - CATCH_UP) if is_busy else now
    call = Sent(bucket.count + 1, now, verb)
    sent = (*bucket.sent[-_KEPT:], call)
    return replace(bucket, next=start + gap * (1 + slow), count=call.number, sent=sent)


def answered(bucket: Bucket, call: Sent, now: float, *, well: bool) -> Bucket:
    """The bucket once a call has ended.

    Args:
        bucket: The bucket.
        call: The call.
        now: The time.
        well: Whether it did its work: only then does it tell how long answers of its kind take.
    """
    took = now - call.moment
    late = max(0.0, took - bucket.usual.get(call.verb, 0.0))
    usual = bucket.usual.get(call.verb, took)
    sent = tuple(replace(one, late=late) if one.number == call.number else one for one in bucket.sent)
    learned = {call.verb: min(took, usual + _LEARNING * (took - usual))} if well else {}
    return replace(bucket, sent=sent, usual={**bucket.usual, **learned})


def rested(bucket: Bucket, call: Sent, seconds: float, now: float) -> Bucket:
    """The bucket once a call was told that it came too fast: a rest, then half the pace, which recovers by and by.

    Calls that were under way at that time belong to the same mistake.
    """
    rest = max(bucket.rest, now + seconds)
    if call.moment <= bucket.since:
        return replace(bucket, rest=rest)
    slow = bucket.slow * 0.5 ** (max(0.0, now - bucket.rest) / RECOVERY)
    return replace(bucket, rest=rest, since=now, slow=min(slow + 1, MOST_SLOW))


def believed(bucket: Bucket, now: float) -> Bucket:
    """The bucket, or a fresh one that waits a window, if it speaks of a time that this clock has not reached."""
    moments = [sent.moment for sent in bucket.sent]
    is_ahead = max(bucket.next, bucket.rest) > now + BELIEVED or max(moments, default=now) > now
    return Bucket(next=now + WINDOW) if is_ahead else bucket


def as_text(bucket: Bucket) -> str:
    """The bucket as JSON."""
    calls = [[sent.number, sent.moment, sent.verb, sent.late] for sent in bucket.sent]
    since = None if math.isinf(bucket.since) else bucket.since
    held = [bucket.next, bucket.rest, since, bucket.slow, bucket.count, calls, dict(bucket.usual)]
    return json.dumps(held, separators=(",", ":"))


def from_text(text: str, now: float) -> Bucket:
    """The bucket that `as_text` wrote; one that cannot be read waits a window."""
    if not text:
        return Bucket()
    try:
        following, rest, since, slow, count, calls, usual = json.loads(text)
        sent = tuple(Sent(int(n), float(at), str(verb), late) for n, at, verb, late in calls)
        known = {str(verb): float(took) for verb, took in usual.items()}
        began = -math.inf if since is None else float(since)
        return believed(Bucket(float(following), float(rest), began, float(slow), int(count), sent, known), now)
    except (ValueError, TypeError, AttributeError):
        return Bucket(next=now + WINDOW)
