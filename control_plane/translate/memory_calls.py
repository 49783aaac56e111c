"""Each call of MemoryService: a request in, its answer out, for both doors."""

from typing import Any

from google.protobuf.struct_pb2 import Struct
from sqlalchemy import ColumnElement

from capsulecast.v1 import memory_service_pb2 as pb
from control_plane.errors import InvalidArgumentError
from control_plane.ranges import text
from control_plane.remembering.remembered import Page, Remembered
from control_plane.translate.memory_rows import (
    conversation_to_message,
    fault_to_message,
    figure_to_message,
    judgement_from_message,
    judgement_to_message,
    memory_from_message,
    memory_to_message,
    message_to_message,
    tier_from_message,
    user_from_message,
    user_to_message,
)
from control_plane.translate.storing import identity, rated
from storage.models import Conversation, Fault, Judgement, Memory, Message, Performance, User
from storage.ratings import update_message
from storage.search import said_in

__all__ = ["MemoryCalls"]

_MAX_SEARCH = 200

Conditions = list[ColumnElement[bool]]


class MemoryCalls:
    """The calls, under their names in snake case; see `memory_service.proto`.

    Each raises InvalidArgumentError where a value of the request cannot be taken, and errors of
    the storage.

    Args:
        remembered: What answers them.
    """

    def __init__(self, remembered: Remembered) -> None:
        self._remembered = remembered

    async def list_conversations(
        self, request: pb.ListConversationsRequest
    ) -> pb.ListConversationsResponse:
        """Lists conversations."""
        where: Conditions = []
        if request.user_id:
            where.append(Conversation.user_id == identity("user_id", request.user_id))
        if request.min_quality:
            least = rated("min_quality", request.min_quality, 0, 1)
            where.append(Conversation.conversation_quality >= least)
        if request.search:
            words = text("search", request.search, _MAX_SEARCH, InvalidArgumentError)
            where.append(said_in(words, self._remembered.database.engine.dialect))
        rows, token = await self._remembered.page(Conversation, _page(request), *where)
        return pb.ListConversationsResponse(
            conversations=map(conversation_to_message, rows), next_page_token=token
        )

    async def get_conversation(
        self, request: pb.GetConversationRequest
    ) -> pb.GetConversationResponse:
        """Returns one conversation."""
        key = identity("id", request.id)
        row = await self._remembered.run_settled(self._remembered.archive.get, Conversation, key)
        return pb.GetConversationResponse(conversation=conversation_to_message(row))

    async def list_messages(self, request: pb.ListMessagesRequest) -> pb.ListMessagesResponse:
        """Lists what was said in a conversation."""
        key = identity("conversation_id", request.conversation_id)
        rows, token = await self._remembered.page(
            Message, _page(request), Message.conversation_id == key, newest_first=False
        )
        if not rows:
            await self._remembered.run_settled(self._remembered.archive.get, Conversation, key)
        return pb.ListMessagesResponse(
            messages=map(message_to_message, rows), next_page_token=token
        )

    async def update_message(self, request: pb.UpdateMessageRequest) -> pb.UpdateMessageResponse:
        """Keeps a rating, and whether training may use a message."""
        feedback = request.user_feedback if request.HasField("user_feedback") else None
        if feedback is not None:
            rated("user_feedback", feedback, 1, 5)
        row = await self._remembered.run_settled(
            update_message,
            self._remembered.database,
            identity("id", request.id),
            feedback=feedback,
            training_flag=request.training_flag if request.HasField("training_flag") else None,
        )
        return pb.UpdateMessageResponse(message=message_to_message(row))

    async def list_memories(self, request: pb.ListMemoriesRequest) -> pb.ListMemoriesResponse:
        """Lists memories."""
        where: Conditions = []
        if request.user_id:
            where.append(Memory.user_id == identity("user_id", request.user_id))
        tier = tier_from_message("tier", request.tier)
        if tier is not None:
            where.append(Memory.tier == tier)
        rows, token = await self._remembered.page(Memory, _page(request), *where)
        return pb.ListMemoriesResponse(memories=map(memory_to_message, rows), next_page_token=token)

    async def create_memory(self, request: pb.CreateMemoryRequest) -> pb.CreateMemoryResponse:
        """Keeps a memory."""
        row = memory_from_message(request.memory)
        archive = self._remembered.archive
        user = identity("memory.user_id", request.memory.user_id)
        await self._remembered.run(archive.get, User, user)
        if row.conversation_id is not None:
            await self._remembered.run(archive.get, Conversation, row.conversation_id)
        await self._remembered.run(archive.add, row)
        return pb.CreateMemoryResponse(memory=memory_to_message(row))

    async def delete_memory(self, request: pb.DeleteMemoryRequest) -> pb.DeleteMemoryResponse:
        """Forgets a memory."""
        key = identity("id", request.id)
        await self._remembered.forget_memory(key)
        return pb.DeleteMemoryResponse()

    async def recall_memories(self, request: pb.RecallMemoriesRequest) -> pb.RecallMemoriesResponse:
        """What to have in mind of a user now."""
        key = identity("user_id", request.user_id)
        rows = await self._remembered.run(self._remembered.memories.recall, key)
        if request.count_use:
            used = [row.id for row in rows]
            await self._remembered.run(self._remembered.memories.used, used)
        return pb.RecallMemoriesResponse(memories=map(memory_to_message, rows))

    async def create_judgement(
        self, request: pb.CreateJudgementRequest
    ) -> pb.CreateJudgementResponse:
        """Keeps what somebody thinks."""
        given = request.judgement
        row = judgement_from_message(given)
        key = identity("judgement.target_id", given.target_id)
        row, kind, target = await self._remembered.judge(given.target_kind, key, row)
        return pb.CreateJudgementResponse(judgement=judgement_to_message(row, kind, target))

    async def list_judgements(self, request: pb.ListJudgementsRequest) -> pb.ListJudgementsResponse:
        """Lists what people think of something."""
        key = identity("target_id", request.target_id)
        rows = await self._remembered.judgements(
            request.target_kind, key, active=not request.inactive_too
        )
        shown = [judgement_to_message(row, request.target_kind, key) for row in rows]
        return pb.ListJudgementsResponse(judgements=shown)

    async def update_judgement(
        self, request: pb.UpdateJudgementRequest
    ) -> pb.UpdateJudgementResponse:
        """Takes a judgement out of what counts, or back in."""
        key = identity("id", request.id)
        row = await self._remembered.run(
            self._remembered.archive.change, Judgement, key, active=request.active
        )
        kind, target = await self._remembered.judged(key)
        return pb.UpdateJudgementResponse(judgement=judgement_to_message(row, kind, target))

    async def list_performance(
        self, request: pb.ListPerformanceRequest
    ) -> pb.ListPerformanceResponse:
        """Lists measured figures."""
        where: Conditions = []
        if request.session_id:
            where.append(Performance.session_id == identity("session_id", request.session_id))
        if request.measure:
            where.append(Performance.measure == request.measure)
        rows, token = await self._remembered.page(Performance, _page(request), *where)
        return pb.ListPerformanceResponse(
            figures=map(figure_to_message, rows), next_page_token=token
        )

    async def list_faults(self, request: pb.ListFaultsRequest) -> pb.ListFaultsResponse:
        """Lists faults."""
        where: Conditions = []
        if request.session_id:
            where.append(Fault.session_id == identity("session_id", request.session_id))
        if request.mode:
            where.append(Fault.mode == request.mode)
        rows, token = await self._remembered.page(Fault, _page(request), *where)
        return pb.ListFaultsResponse(faults=map(fault_to_message, rows), next_page_token=token)

    async def list_users(self, request: pb.ListUsersRequest) -> pb.ListUsersResponse:
        """Lists users."""
        where: Conditions = []
        if request.username:
            where.append(User.username == request.username)
        if request.external_identifier:
            where.append(User.external_identifier == request.external_identifier)
        rows, token = await self._remembered.page(User, _page(request), *where)
        return pb.ListUsersResponse(users=map(user_to_message, rows), next_page_token=token)

    async def put_user(self, request: pb.PutUserRequest) -> pb.PutUserResponse:
        """Makes a user known, or changes one."""
        key, columns = user_from_message(request.user)
        row = await self._remembered.put_user(key, **columns)
        return pb.PutUserResponse(user=user_to_message(row))

    async def export_user(self, request: pb.ExportUserRequest) -> pb.ExportUserResponse:
        """Everything that is stored of a user."""
        found = await self._remembered.export_user(identity("user_id", request.user_id))
        tables = Struct()
        tables.update(found)
        return pb.ExportUserResponse(tables=tables)

    async def export_user_as_json(self, user_id: str) -> dict[str, Any]:
        """The same as JSON, in which large numbers stay as they are: a Struct has floats alone."""
        return {"tables": await self._remembered.export_user(identity("user_id", user_id))}

    async def erase_user(self, request: pb.EraseUserRequest) -> pb.EraseUserResponse:
        """Takes everything out that tells who a user is."""
        erased = await self._remembered.erase_user(identity("user_id", request.user_id))
        return pb.EraseUserResponse(sessions=erased.sessions, messages=erased.messages)


def _page(request: Any) -> Page:  # noqa: ANN401 - any request for a page
    return Page(request.page_size, request.page_token)
