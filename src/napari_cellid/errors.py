"""The one kind of error that is the user's to mend."""


class InputError(ValueError):
    """Something given to the program cannot be used.

    The message is one sentence: what was found, what was wanted, what to do. The
    command line prints it and ends with exit code 2; napari shows it as a
    notification.
    """
