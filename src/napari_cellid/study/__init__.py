"""The folder in which a lab's work on many recordings lives."""
