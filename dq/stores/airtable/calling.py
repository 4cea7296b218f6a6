"""Calls to Airtable: paced, counted, and tried again where that can do no harm."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from pyairtable import Api

from dq.stores.airtable.failures import LOST, UNSENT, Action, Failure, Verb, failure_in

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call is tried.

    Attributes:
        tries: Tries of a call that did not reach the server or may be repeated.
        pauses: Seconds before the second, the third … try.
        penalty: Seconds to wait after a 429, as Airtable asks.
        max_waits: How often one call waits for that.
        restarts: How often a list is read again from its first page.
    """

    tries: int = 3
    pauses: tuple[float, ...] = (1.5, 3.0)
    penalty: float = 30.0
    max_waits: int = 3
    restarts: int = 3


class Pace:
    """Keeps calls apart so that no second holds more than the limit; shared by threads.

    Args:
        rate: Calls a second; 0 sets no pace.
        clock: Monotonic seconds.
        sleep: Waits for seconds.
    """

    def __init__(self, rate: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._gap = 1 / rate if rate > 0 else 0.0
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Wait for the next free moment."""
        if not self._gap:
            return
        with self._lock:
            now = self._clock()
            start = max(now, self._next)
            self._next = start + self._gap
        if start > now:
            self._sleep(start - now)

    def rest(self, seconds: float) -> None:
        """Let every call wait, and go on at half the pace."""
        with self._lock:
            self._next = self._clock() + seconds
            self._gap *= 2
        self._sleep(seconds)


class Calls:
    """The calls of one base; sends nothing until `send`.

    Args:
        api: The client; it must not retry on its own.
        pace: The pace of all calls.
        patience: How long a call is tried.
        sleep: Waits for seconds.
    """

    def __init__(self, api: Api, pace: Pace, patience: Patience, sleep: Callable[[float], None]) -> None:
        self.patience = patience
        self._api, self._pace, self._sleep = api, pace, sleep
        self.made = 0
        self.server_time: str | None = None

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
                return self._once(verb, method, path, params, body)
            except Failure as failure:
                if failure.action is Action.WAIT and waits < self.patience.max_waits:
                    waits += 1
                    self._pace.rest(self.patience.penalty)
                elif failure.action is Action.RETRY and tries + 1 < self.patience.tries:
                    self._sleep(self.patience.pauses[min(tries, len(self.patience.pauses) - 1)])
                    tries += 1
                else:
                    raise

    def close(self) -> None:
        """Give back the connections."""
        self._api.session.close()

    def _once(
        self, verb: Verb, method: str, path: str, params: dict[str, Any] | None, body: dict[str, Any] | None
    ) -> Any:
        self._pace.wait()
        self.made += 1
        try:
            return self._api.request(
                method, f"{self._api.endpoint_url}/{self._api.VERSION}/{path}", params=params, json=body
            )
        except requests.HTTPError as error:
            raise failure_in(error.response.status_code, _json(error.response), verb) from error
        except (requests.ConnectTimeout, requests.exceptions.ProxyError) as error:
            raise Failure(UNSENT, None, "", verb) from error
        except requests.ConnectionError as error:
            raise Failure(UNSENT if _is_unsent(error) else LOST, None, "", verb) from error
        except (requests.RequestException, ValueError) as error:  # read timeout, cut-off or garbled answer
            raise Failure(LOST, None, "", verb) from error

    def remember_time(self, response: requests.Response, *_args: Any, **_options: Any) -> None:
        """Keep the server's clock, which stands in every answer."""
        date = response.headers.get("Date")
        if date:
            self.server_time = parsedate_to_datetime(date).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def open_calls(
    token: str,
    endpoint_url: str,
    *,
    timeout: tuple[int, int],
    rate: float,
    patience: Patience,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Calls:
    """Calls by a client that neither retries nor waits on its own."""
    api = Api(token, timeout=timeout, retry_strategy=None, endpoint_url=endpoint_url.rstrip("/"))
    api.session.auth = _keep_authorization
    if urlsplit(endpoint_url).hostname in _LOOPBACK:
        api.session.trust_env = False  # no proxy stands between this machine and itself
    calls = Calls(api, Pace(rate, clock, sleep), patience, sleep)
    api.session.hooks["response"].append(calls.remember_time)
    return calls


def _keep_authorization(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps a .netrc entry from replacing the token."""
    return request


def _is_unsent(error: requests.ConnectionError) -> bool:
    """Whether the connection was never made: urllib3 says so by the reason inside."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ in {"NewConnectionError", "ConnectTimeoutError", "NameResolutionError"}


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
