from .session import StudySession as StudySession
from .session import session_of as session_of

__all__ = ["StudySession", "session_of"]
