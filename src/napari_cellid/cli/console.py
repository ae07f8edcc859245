"""Output of the commands: progress bars and a summary, or lines of JSON."""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

from napari_cellid.naming import visible
from napari_cellid.progress import ProgressEvent
from napari_cellid.report.table import plain_text
from napari_cellid.report.training import epoch_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tqdm import tqdm

    from napari_cellid.progress import Progress

#: seconds between two updates of a bar: in a terminal, and in a log file
_TERMINAL_S, _LOG_S = 0.1, 5.0


class Console(ABC):
    """The output of a command."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def progress(self, progress: Progress) -> None:
        """Show the progress of a step, and its message once."""
        if not self._quiet:
            self._draw(progress)
        if progress.message and progress.message not in self._said:
            self._said.add(progress.message)
            self._say("message", progress.message)

    def notes(self, notes: Sequence[str]) -> None:
        """Print notes, such as assumptions; each note once."""
        for note in notes:
            if note not in self._said:
                self._said.add(note)
                self._say("note", note)

    def error(self, message: str) -> None:
        """Print the error that ends the program: one line on stderr."""
        self.close()
        print(f"napari-cellid: {visible(' '.join(message.split()))}", file=sys.stderr)

    @abstractmethod
    def result(self, values: Mapping[str, Any], summary: Sequence[str]) -> None:
        """Print the result: values for programs, lines for people."""

    @abstractmethod
    def close(self) -> None:
        """Finish the current bar."""

    @abstractmethod
    def _draw(self, progress: Progress) -> None: ...

    @abstractmethod
    def _say(self, event: str, text: str) -> None: ...


class TextConsole(Console):
    """For people: bars on stderr, the rest on stdout."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        self._stage = ""
        self._bar: tqdm[Any] | None = None

    def result(self, values: Mapping[str, Any], summary: Sequence[str]) -> None:
        """Print the summary."""
        self.close()
        if not self._quiet:
            print(visible(plain_text("\n".join(summary))))

    def close(self) -> None:
        """Finish the current bar."""
        if self._bar is not None:
            self._bar.close()
        self._bar, self._stage = None, ""

    def _draw(self, progress: Progress) -> None:
        if isinstance(progress, ProgressEvent):
            if progress.event == "epoch":
                self.close()
                print(visible(epoch_line(progress.values)), file=sys.stderr)
            return
        if progress.stage != self._stage or self._bar is None:
            self.close()
            self._stage, self._bar = progress.stage, _new_bar(progress)
        bar = self._bar
        if progress.done < bar.n:
            # the next plane
            bar.reset(progress.total)
        # tqdm counts steps, but progress is what is done in all
        bar.update(progress.done - bar.n)

    def _say(self, event: str, text: str) -> None:
        if self._quiet:
            return
        self.close()
        print(f"{event.capitalize()}: {visible(text)}", file=sys.stderr)


class JsonConsole(Console):
    """For programs: one JSON object per line on stdout."""

    def error(self, message: str) -> None:
        """Print the error that ends the program, on both streams."""
        super().error(message)
        _write("error", {"message": message})

    def result(self, values: Mapping[str, Any], summary: Sequence[str]) -> None:
        """Print the values."""
        _write("result", values)

    def close(self) -> None:
        """Do nothing: there are no bars."""

    def _draw(self, progress: Progress) -> None:
        if isinstance(progress, ProgressEvent):
            _write(progress.event, progress.values)
            return
        values = {
            "stage": progress.stage,
            "done": progress.done,
            "total": progress.total,
        }
        if progress.whole is not None:
            values["whole"] = round(progress.whole, 4)
        _write("progress", values)

    def _say(self, event: str, text: str) -> None:
        _write(event, {"message": text})


def make_console(*, as_json: bool, quiet: bool) -> Console:
    """Create the console for the output style."""
    return JsonConsole(quiet=quiet) if as_json else TextConsole(quiet=quiet)


def _write(event: str, values: Mapping[str, Any]) -> None:
    # flushed, as a window reads the events while the program runs; in ASCII, as a pipe
    # on Windows has the encoding of the system
    print(json.dumps({"event": event, **values}), flush=True)


def _new_bar(progress: Progress) -> tqdm[Any]:
    from tqdm import tqdm

    return tqdm(
        desc=progress.stage,
        total=progress.total or None,
        file=sys.stderr,
        mininterval=_TERMINAL_S if sys.stderr.isatty() else _LOG_S,
        bar_format="{desc}: {percentage:3.0f}%|{bar:30}| {n_fmt}/{total_fmt} "
        "[{elapsed}<{remaining}]",
    )
