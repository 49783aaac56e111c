import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as OrmSession

from storage.archive import Archive
from storage.database import Database
from storage.errors import InvalidRecordError
from storage.models import JUDGED, Base, Judgement, LipSync, Message, PromptParameter
from tests.remembering.rows import KINDS, stored


@pytest.mark.parametrize("table", sorted(KINDS))
def test_every_field_comes_back_as_it_was_written(shared_database: Database, table: str) -> None:
    kind: type[Base] = KINDS[table]
    row = stored(shared_database, kind)
    key = tuple(getattr(row, column.key) for column in kind.__table__.primary_key)
    with OrmSession(shared_database.engine) as orm:
        found = orm.get_one(kind, key)
        for column in kind.__table__.columns:
            assert getattr(found, column.key) == getattr(row, column.key), column.key


@pytest.mark.parametrize("judged", JUDGED)
def test_every_artefact_can_be_judged(shared_database: Database, judged: str) -> None:
    target = stored(shared_database, KINDS[judged])
    archive = Archive(shared_database)
    harsh = Judgement(score=-1.0, comment="no", user_id=None)
    mild = Judgement(score=0.5, comment="", user_id=None)
    archive.judge(judged, target.id, harsh)
    archive.judge(judged, target.id, mild)
    found = archive.judgements(judged, target.id)
    assert [(item.score, item.comment) for item in found] == [(-1.0, "no"), (0.5, "")]
    archive.change(Judgement, harsh.id, active=False)
    assert [item.id for item in archive.judgements(judged, target.id)] == [mild.id]


@pytest.mark.parametrize("score", [-1.01, 1.01])
def test_a_judgement_has_a_score_from_minus_one_to_one(
    shared_database: Database, score: float
) -> None:
    with pytest.raises(InvalidRecordError):
        Archive(shared_database).add(Judgement(score=score))


@pytest.mark.parametrize("both", [True, False])
def test_lip_sync_comes_from_sound_or_from_a_message(shared_database: Database, both: bool) -> None:
    message = stored(shared_database, Message)
    changes = {"message_id": message.id} if both else {"audio_id": None}
    with pytest.raises(IntegrityError):
        stored(shared_database, LipSync, **changes)
    stored(shared_database, LipSync, audio_id=None, message_id=message.id)


def test_a_prompt_parameter_is_a_function_or_a_template(shared_database: Database) -> None:
    with pytest.raises(InvalidRecordError):
        Archive(shared_database).add(PromptParameter(unique_name="nothing"))
