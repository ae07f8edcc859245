"""Signals that end the program: each is handled as Ctrl-C, with its own exit code."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: requests to end: of a terminal, of `kill` and shutdown, of a terminal that closes,
#: and of a console that closes (Windows); a system has only some of them
ENDING = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
)
#: seconds until a lost signal is sent again
_AGAIN_S = 0.02
_TEXTS = {"SIGINT": "Ctrl-C"}


class Terminated(KeyboardInterrupt):
    """A signal has asked the program to end.

    Parameters
    ----------
    number
        Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def ending_signals() -> Iterator[None]:
    """Raise `Terminated` in the block when a signal asks the program to end.

    A signal that the program was started to ignore, as by `nohup`, stays ignored.
    """
    before: dict[int, Any] = {}
    unraisable = sys.unraisablehook
    sys.unraisablehook = partial(_again_if_lost, otherwise=unraisable)
    for one in ENDING:
        try:
            # Python's own handler, or the end of the process
            if signal.getsignal(one) in (signal.SIG_DFL, signal.default_int_handler):
                before[one] = signal.signal(one, _terminate)
        except ValueError:
            # signals exist only in the main thread
            break
    try:
        yield
    finally:
        sys.unraisablehook = unraisable
        for one, handler in before.items():
            signal.signal(one, handler)


def restore_default_signals() -> None:
    """Let signals end the process at once, as where a window runs the program."""
    for one in ENDING:
        if signal.getsignal(one) is _terminate:
            default = one == signal.SIGINT
            signal.signal(
                one, signal.default_int_handler if default else signal.SIG_DFL
            )


def ending_text(error: KeyboardInterrupt) -> tuple[str, int]:
    """What ended the program, for a message, and the exit code of a shell for it."""
    number = error.number if isinstance(error, Terminated) else signal.SIGINT
    name = signal.Signals(number).name
    return _TEXTS.get(name, name), 128 + int(number)


def _again_if_lost(
    lost: sys.UnraisableHookArgs, otherwise: Callable[[sys.UnraisableHookArgs], object]
) -> None:
    """Send a signal again that Python lost, because it came while an object was freed.

    Parameters
    ----------
    lost
        An exception that nobody can catch.
    otherwise
        Called with every exception but that of a signal.
    """
    if not isinstance(lost.exc_value, Terminated):
        otherwise(lost)
        return
    # a moment later: now it would be lost in the same place
    again = threading.Timer(_AGAIN_S, signal.raise_signal, [lost.exc_value.number])
    again.daemon = True
    again.start()


def _terminate(number: int, _: object) -> None:
    raise Terminated(number)
