"""Signals that end the program: each is handled as Ctrl-C, with its own exit code."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
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
def ending_signals(at_once: bool = False) -> Iterator[None]:
    """Raise `Terminated` in the block when a signal asks the program to end.

    A signal that the program was started to ignore, as by `nohup`, stays ignored.

    Parameters
    ----------
    at_once
        Whether to end the program with a sentence and without an exception, for a
        block that writes nothing and runs code that makes other errors of it, as
        imports do.
    """
    handler = _end_at_once if at_once else _terminate
    before: dict[int, Any] = {}
    unraisable = sys.unraisablehook
    sys.unraisablehook = partial(_again_if_lost, otherwise=unraisable)
    for one in ENDING:
        try:
            # Python's own handler, or the end of the process
            if signal.getsignal(one) in (signal.SIG_DFL, signal.default_int_handler):
                before[one] = signal.signal(one, handler)
        except ValueError:
            # signals exist only in the main thread
            break
    try:
        yield
    except Exception as error:
        signalled = _signal_behind(error)
        if signalled is None:
            raise
        raise Terminated(signalled.number) from error
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
    left = [False]
    again = threading.Thread(
        target=_send_again, args=(lost.exc_value.number, left), daemon=True
    )
    again.start()
    # the last step: on a busy computer a signal would come here, and be lost once more
    left[0] = True


def _send_again(number: int, left: list[bool]) -> None:
    """Send a signal a moment after `_again_if_lost` was left."""
    while not left[0]:
        time.sleep(_AGAIN_S)
    time.sleep(_AGAIN_S)
    signal.raise_signal(number)


def _signal_behind(error: BaseException) -> Terminated | None:
    """The signal that code on the way has made another error of, if one has.

    Python does so itself: an exception in `__set_name__` becomes a RuntimeError.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, Terminated):
            return cause
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return None


def _terminate(number: int, _: object) -> None:
    raise Terminated(number)


def _end_at_once(number: int, _: object) -> None:
    name, code = ending_text(Terminated(number))
    text = f"napari-cellid: stopped by {name} while starting.\n"
    # not through Python's stream: the signal may have come while it is written to
    os.write(2, text.encode())
    os._exit(code)
