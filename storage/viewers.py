"""Who a session is with, as the live path writes it: its user and what they come through."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session as OrmSession

from storage.keys import new_key
from storage.postgres_text import holdable
from storage.records import SessionStarted
from storage.tables.people import ClientSystem, User

__all__ = ["client_of", "user_of"]


def user_of(orm: OrmSession, record: SessionStarted) -> UUID | None:
    """The key of a session's user, who is made at their first session; None: nobody is named.

    Consent that was given is noted with its time; one that is not given now takes none back.
    """
    if record.user_id is not None or not record.user:
        return record.user_id
    name = holdable(record.user)[:200]
    key = orm.scalar(select(User.id).where(User.external_identifier == name))
    if key is None:
        key = new_key()
        # Names are for people, and one may be an external identifier's namesake.
        user = User(id=key, username=f"{name[:160]} ({key.hex[-12:]})", external_identifier=name)
        orm.add(user)
        orm.flush()
    if record.consent:
        unnoted = (User.id == key, User.consent_at.is_(None))
        orm.execute(update(User).where(*unnoted).values(consent_at=record.created_at))
    return key


def client_of(orm: OrmSession, record: SessionStarted) -> UUID | None:
    """The key of what the client says of its machine, noted anew; None: it says nothing."""
    if not record.client:
        return None
    values: dict[str, Any] = dict(record.client)
    browser = {"name": holdable(str(values.pop("browser", "")))}
    limits = {"camera": 200, "microphone": 200, "speakers": 200, "resolution": 40}
    named = {name: holdable(str(values.get(name, "")))[:most] for name, most in limits.items()}
    row = ClientSystem(id=new_key(), created_at=record.created_at, browser=browser, **named)
    orm.add(row)
    orm.flush()
    return row.id
