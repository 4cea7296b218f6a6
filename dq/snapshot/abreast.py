"""Two reads at the same time; when one fails the other ends at its next progress."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import Any, ParamSpec, TypeVar

A = TypeVar("A")
B = TypeVar("B")
P = ParamSpec("P")


class _EndedError(Exception):
    """The other read failed, and its error is the one to tell."""


def abreast(
    first: Callable[[Callable[P, None]], A],
    second: Callable[[Callable[P, None]], B],
    progress: Callable[P, None],
) -> tuple[A, B]:
    """Do both, the second in a thread of its own.

    Args:
        first: Is handed the progress to tell, from time to time.
        second: Likewise.
        progress: Told by both, never by two at once.
    """
    ended, turn = Event(), Lock()

    def told(*arguments: P.args, **named: P.kwargs) -> None:
        if ended.is_set():
            raise _EndedError
        with turn:
            progress(*arguments, **named)

    def ending(read: Callable[[Callable[P, None]], Any]) -> Any:
        try:
            return read(told)
        except BaseException:
            ended.set()
            raise

    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(ending, second)
        try:
            mine = ending(first)
        except _EndedError:
            beside.result()
            raise
        return mine, beside.result()
