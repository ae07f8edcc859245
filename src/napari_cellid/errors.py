"""The error that a user can correct."""


class InputError(ValueError):
    """An input of the program cannot be used.

    The message is one sentence that says what was found, what was expected and what
    to do. The command line prints it and ends with exit code 2; napari shows it as a
    notification.
    """


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type if it has none."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
