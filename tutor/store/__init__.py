"""What people did: conversations, interviews, attempts, review cards, feedback; who they are; one database, many users.

Knows SQL and users, nothing of corpora, models or pages: a question is a number, an interview's state a JSON object.
"""

from tutor.store.rows import Account, Attempt, Conversation, Feedback, InterviewRow, Key, Message
from tutor.store.store import LOCAL_USER, Store, open_store

__all__ = [
    "LOCAL_USER",
    "Account",
    "Attempt",
    "Conversation",
    "Feedback",
    "InterviewRow",
    "Key",
    "Message",
    "Store",
    "open_store",
]
