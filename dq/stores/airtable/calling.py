"""Calls to Airtable: paced, counted, and tried again where that can do no harm."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import ceil
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import requests
from pyairtable import Api

from dq.stores.airtable.failures import LOST, UNSENT, Action, Failure, Verb, failure_in
from dq.stores.airtable.ledger import Ledger
from dq.stores.airtable.pacing import Pace

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_LANES = 12
"""Calls in flight at most, however slow the answers are."""
LONGEST = 120.0
"""Seconds between two tries at most, and that a `Retry-After` is believed."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call is tried.

    Attributes:
        tries: Tries of a call that did not reach the server or may be repeated.
        pauses: Seconds before the second, the third … try.
        penalty: Seconds to wait after a 429, as Airtable asks.
        max_waits: How often one call waits for that.
        restarts: How often a list is read again from its first page.
        settling: Seconds to wait after a lost answer to a write, before anything is read: it may still be carried out.
    """

    tries: int = 3
    pauses: tuple[float, ...] = (1.5, 3.0)
    penalty: float = 30.0
    max_waits: int = 3
    restarts: int = 3
    settling: float = 3.0


class Calls:
    """The calls of one base, from any thread; sends nothing until `send`.

    Args:
        connect: Makes a client; it must not retry on its own.
        pace: The pace of all calls.
        ledger: Counts calls by month.
        patience: How long a call is tried.
        clock: Monotonic seconds.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        connect: Callable[[], Api],
        pace: Pace,
        ledger: Ledger,
        patience: Patience,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self.patience, self.made, self.repeated = patience, 0, 0
        self._connect, self._pace, self._ledger = connect, pace, ledger
        self._clock, self._sleep = clock, sleep
        self._idle: list[Api] = []
        self._lock = threading.Lock()
        self._took: deque[float] = deque(maxlen=15)
        self._server_time: tuple[datetime, float] | None = None

    @property
    def latency(self) -> float:
        """Seconds that answers took lately; 0 before the first."""
        with self._lock:
            return median(self._took) if self._took else 0.0

    @property
    def load(self) -> float:
        """Calls that are under way at once when the pace is kept and each waits for its answer."""
        return self._pace.rate * self.latency

    @property
    def lanes(self) -> int:
        """Calls that must be in flight so that the pace, and not the latency, is the limit; 1 without a pace."""
        return min(ceil(self.load) + 1, _LANES) if self._pace.rate else 1

    def server_time(self) -> str | None:
        """The server's clock now, to the second, as creation times have it; None before the first answer."""
        with self._lock:
            known = self._server_time
        if known is None:
            return None
        now = known[0] + timedelta(seconds=max(0.0, self._clock() - known[1]))
        return now.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def send(
        self,
        verb: Verb,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Any:
        """Make one call, again where that is harmless.

        Args:
            verb: What the call does, for judging its failure.
            method: The HTTP method.
            path: The path behind the API's version, already encoded.
            params: The query.
            body: The JSON body.

        Raises:
            Failure: The call failed for good.
        """
        tries = waits = 0
        while True:
            try:
                return self._once(verb, method, path, params, body, is_first=tries + waits == 0)
            except Failure as failure:
                if failure.action is Action.WAIT and waits < self.patience.max_waits:
                    waits += 1
                elif failure.action is Action.RETRY and tries + 1 < self.patience.tries:
                    pause = self.patience.pauses[min(tries, len(self.patience.pauses) - 1)]
                    self._sleep(max(pause, min(failure.retry_after, LONGEST)))
                    tries += 1
                else:
                    if failure.action is Action.UNKNOWN:
                        self._sleep(self.patience.settling)
                    raise

    def close(self) -> None:
        """Give back the connections."""
        self._ledger.flush()
        with self._lock:
            for api in self._idle:
                api.session.close()

    def _once(
        self,
        verb: Verb,
        method: str,
        path: str,
        params: dict[str, Any] | None,
        body: dict[str, Any] | None,
        *,
        is_first: bool,
    ) -> Any:
        call = self._pace.take(verb)
        with self._lock:
            self.made += 1
            self.repeated += not is_first
        self._ledger.note()
        well = False
        try:
            with self._api() as api:
                answer = _answer(api, verb, method, path, params, body)
            well = True
        except Failure as failure:
            if failure.action is Action.WAIT:
                self._pace.rest(call, max(self.patience.penalty, min(failure.retry_after, LONGEST)))
            raise
        finally:  # after an interrupt, too
            self._pace.ended(call, well=well)
        with self._lock:
            self._took.append(self._clock() - call.moment)
        return answer

    @contextmanager
    def _api(self) -> Iterator[Api]:
        """A client that no other thread uses meanwhile: sessions are not made for two, and connections are kept."""
        with self._lock:
            api = self._idle.pop() if self._idle else None
        if api is None:
            api = self._connect()
            api.session.hooks["response"].append(self._remember_time)
        try:
            yield api
        finally:
            with self._lock:
                self._idle.append(api)

    def _remember_time(self, response: requests.Response, *_args: Any, **_options: Any) -> None:
        """Keep the server's clock, which stands in every answer."""
        date = response.headers.get("Date")
        if date:
            with self._lock:
                self._server_time = parsedate_to_datetime(date).astimezone(UTC), self._clock()


def _answer(
    api: Api, verb: Verb, method: str, path: str, params: dict[str, Any] | None, body: dict[str, Any] | None
) -> Any:
    try:
        answer = api.request(method, f"{api.endpoint_url}/{api.VERSION}/{path}", params=params, json=body)
    except requests.HTTPError as error:
        response = error.response
        raise failure_in(response.status_code, _json(response), verb, _retry_after(response)) from error
    except (requests.ConnectTimeout, requests.exceptions.ProxyError) as error:
        raise Failure(UNSENT, None, "", verb) from error
    except requests.ConnectionError as error:
        raise Failure(UNSENT if _is_unsent(error) else LOST, None, "", verb) from error
    except (requests.RequestException, ValueError) as error:  # read timeout, cut-off or garbled answer
        raise Failure(LOST, None, "", verb) from error
    if not isinstance(answer, dict):  # whoever answered, it was not Airtable
        raise Failure(LOST, None, "", verb)
    return answer


def client(token: str, endpoint_url: str, timeout: tuple[int, int]) -> Api:
    """A client that neither retries nor waits on its own."""
    api = Api(token, timeout=timeout, retry_strategy=None, endpoint_url=endpoint_url.rstrip("/"))
    api.session.auth = _keep_authorization
    api.session.hooks["response"] = [_demand_success]
    if urlsplit(endpoint_url).hostname in _LOOPBACK:
        api.session.trust_env = False  # no proxy stands between this machine and itself
    return api


def _demand_success(response: requests.Response, **_: Any) -> None:
    """Tells a failure by its status: pyairtable looks into the body first, and trips over one that is no object."""
    if not response.ok:
        raise requests.HTTPError(response=response)


def _keep_authorization(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps a .netrc entry from replacing the token."""
    return request


def _is_unsent(error: requests.ConnectionError) -> bool:
    """Whether the connection was never made: urllib3 says so by the reason inside."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ in {"NewConnectionError", "ConnectTimeoutError", "NameResolutionError"}


def _retry_after(response: requests.Response) -> float:
    said = response.headers.get("Retry-After", "")
    return float(said) if said.replace(".", "", 1).isdecimal() else 0.0


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
