"""One user's data: everything that is stored of them, and taking it out again.

Erasing keeps the rows that statistics and other rows refer to, without anything that tells who the
user is or what was said; what is of no use without that is deleted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, inspect, or_, select, update
from sqlalchemy.orm import Session as OrmSession

from storage.database import Database
from storage.errors import NotStoredError
from storage.media_store import MediaStore
from storage.tables.base import Base, now
from storage.tables.judging import Judgement
from storage.tables.live import Fault, Message, Session
from storage.tables.media import Audio, CachedUpload, Embedding, Image, MediaFile, Video
from storage.tables.people import Calibration, ClientSystem, User
from storage.tables.poses import Pose
from storage.tables.speech import LipSync, Stt, Tts, Vision
from storage.tables.talk import AgentLog, Chat, Conversation, Memory
from storage.tables.training import TrainingDataItem
from storage.transactions import reading, writing

__all__ = ["Erased", "Erasure"]


@dataclass(frozen=True, slots=True)
class Erased:
    """What was taken out.

    Attributes:
        sessions: How many sessions the user had.
        messages: How many messages lost their texts.
        journals: Names of journals of those sessions, whose files are to be deleted too.
    """

    sessions: int
    messages: int
    journals: tuple[str, ...]


class Erasure:
    """Exports and erases users. Every call blocks; `erase` is one transaction.

    Args:
        database: Where the rows are.
        media: Where the files are.
    """

    def __init__(self, database: Database, media: MediaStore) -> None:
        self._database = database
        self._media = media

    def export(self, user_id: UUID) -> dict[str, Any]:
        """All that is stored of a user, by table, ready for JSON.

        Raises:
            NotStoredError: There is no such user.
        """
        with reading(self._database) as orm:
            _user(orm, user_id)
            return {
                kind.__tablename__: [_plain(row) for row in orm.scalars(select(kind).where(where))]
                for kind, where in _of_user(user_id).items()
            }

    def whose(self, user_id: UUID) -> tuple[str, frozenset[UUID]]:
        """What the operator calls a user (empty: nothing), and the ids of their sessions.

        Raises:
            NotStoredError: There is no such user.
        """
        with reading(self._database) as orm:
            user = _user(orm, user_id)
            sessions = orm.scalars(select(Session.id).where(Session.user_id == user_id))
            return user.external_identifier or "", frozenset(sessions)

    def erase(self, user_id: UUID) -> Erased:
        """Takes a user out: rows first, then the files of what was recorded.

        Raises:
            NotStoredError: There is no such user.
        """
        with writing(self._database) as orm:
            user = _user(orm, user_id)
            mine = _of_user(user_id)
            sessions = orm.scalars(select(Session).where(mine[Session])).all()
            journals = tuple(session.journal for session in sessions if session.journal)
            messages = len(orm.scalars(select(Message.id).where(mine[Message])).all())
            files = self._delete_recordings(orm, mine)
            for useless in (Memory, Embedding, Calibration):
                orm.execute(delete(useless).where(mine[useless]))
            for kind, blank in _BLANKS.items():
                orm.execute(update(kind).where(mine[kind]).values(**blank))
            _blank_items(orm, mine[TrainingDataItem])
            user.username = f"erased-{user.id}"
            user.external_identifier = user.email = user.consent_at = None
            user.coordinates = {}
            user.erased_at = now()
        for file in files:
            self._media.path(file).unlink(missing_ok=True)
        return Erased(len(sessions), messages, journals)

    def _delete_recordings(
        self, orm: OrmSession, mine: Mapping[type[Base], ColumnElement[bool]]
    ) -> Sequence[MediaFile]:
        """Deletes what was seen and heard of the user, and what was made of it."""
        sounds, films, pictures = (
            select(kind.id).where(mine[kind]) for kind in (Audio, Video, Image)
        )
        owned = [
            file_id
            for kind in (Audio, Video, Image)
            for file_id in orm.scalars(select(kind.file_id).where(mine[kind]))
        ]
        for kind, where in (
            (LipSync, or_(LipSync.audio_id.in_(sounds), LipSync.gesture_reference_id.in_(films))),
            (LipSync, LipSync.video_id.in_(films)),
            (Stt, Stt.audio_id.in_(sounds)),
            (Tts, Tts.audio_id.in_(sounds)),
            (Vision, Vision.image_id.in_(pictures)),
        ):
            _delete_judged(orm, kind, where)
        orm.execute(update(Pose).where(mine[Pose]).values(video_id=None, coordinates={}))
        orm.execute(update(Pose).where(Pose.video_id.in_(films)).values(video_id=None))
        for recorded in (Audio, Video, Image):
            _delete_judged(orm, recorded, mine[recorded])
        files = orm.scalars(select(MediaFile).where(MediaFile.id.in_(owned))).all()
        orm.execute(delete(CachedUpload).where(CachedUpload.file_id.in_(owned)))
        for file in files:
            orm.delete(file)
        orm.flush()
        return files


_BLANKS: dict[type[Base], dict[str, Any]] = {
    Message: {
        "text": "",
        "packet": b"",
        "agent_outputs": None,
        "memory_context": None,
        "context_embedding": None,
        "voice_pitch": None,
        "voice_emotion": None,
        "training_flag": False,
    },
    Conversation: {"topics_discussed": [], "consent": False, "user_id": None},
    AgentLog: {"input": {}, "output": {}},
    Chat: {"system_prompt_text": "", "parameters": {}},
    Stt: {"text": "", "parameters": {}},
    Tts: {"text": "", "parameters": {}},
    ClientSystem: {"browser": {}, "external_accounts": {}},
    Judgement: {"comment": "", "user_id": None},
    Fault: {"cause": "", "parameters": None},
}
"""What takes the place of what tells who somebody is, or what was said."""


def _of_user(user_id: UUID) -> dict[type[Base], ColumnElement[bool]]:
    """Which rows of each table are a user's."""
    sessions = select(Session.id).where(Session.user_id == user_id)
    messages = select(Message.id).where(Message.session_id.in_(sessions))
    conversations: Select[*tuple[Any, ...]] = select(Conversation.id).where(
        or_(Conversation.user_id == user_id, Conversation.session_id.in_(sessions))
    )
    clients = select(Session.client_system_id).where(Session.user_id == user_id)
    return {
        User: User.id == user_id,
        Session: Session.user_id == user_id,
        Message: Message.session_id.in_(sessions),
        Conversation: Conversation.id.in_(conversations),
        Memory: or_(Memory.user_id == user_id, Memory.conversation_id.in_(conversations)),
        AgentLog: or_(
            AgentLog.conversation_id.in_(conversations), AgentLog.message_id.in_(messages)
        ),
        Chat: or_(
            Chat.conversation_id.in_(conversations),
            Chat.user_prompt_id.in_(messages),
            Chat.reply_id.in_(messages),
        ),
        Stt: Stt.message_id.in_(messages),
        Tts: Tts.message_id.in_(messages),
        Embedding: Embedding.message_id.in_(messages),
        Audio: Audio.session_id.in_(sessions),
        Video: Video.session_id.in_(sessions),
        Image: Image.session_id.in_(sessions),
        Pose: Pose.session_id.in_(sessions),
        Calibration: Calibration.session_id.in_(sessions),
        ClientSystem: ClientSystem.id.in_(clients),
        Judgement: Judgement.user_id == user_id,
        Fault: Fault.session_id.in_(sessions),
        TrainingDataItem: TrainingDataItem.message_id.in_(messages),
    }


def _user(orm: OrmSession, user_id: UUID) -> User:
    user = orm.get(User, user_id)
    if user is None:
        raise NotStoredError(f"no User has the id {user_id}")
    return user


def _blank_items(orm: OrmSession, where: ColumnElement[bool]) -> None:
    """Empties examples made of what the user said, and takes them out of their datasets."""
    for item in orm.scalars(select(TrainingDataItem).where(where)):
        item.values = [""] * len(item.values)
        item.source_document = item.source_document_start = item.source_document_end = None
        item.deleted = True


def _delete_judged(orm: OrmSession, kind: type[Base], where: ColumnElement[bool]) -> None:
    """Deletes rows, and the links of what was thought of them."""
    table = kind.__tablename__
    link = Base.metadata.tables.get(f"judgement_of_{table}")
    if link is not None:
        chosen = select(kind.__table__.c.id).where(where)
        orm.execute(delete(link).where(link.c.target_id.in_(chosen)))
    orm.execute(delete(kind).where(where))


def _plain(row: Base) -> dict[str, Any]:
    """A row's columns as JSON can hold them."""
    return {column.key: _json(getattr(row, column.key)) for column in inspect(row).mapper.columns}


def _json(value: Any) -> Any:  # noqa: ANN401 - of any column
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value.value if isinstance(value, Enum) else value
