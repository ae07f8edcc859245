"""The error that a user can correct."""


class InputError(ValueError):
    """An input of the program cannot be used.

    The message is one sentence that says what was found, what was expected and what
    to do. The command line prints it and ends with exit code 2; napari shows it as a
    notification.
    """
