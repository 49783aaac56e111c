"""An export as a stream of blocks: what both doors and the command line send on."""

from collections.abc import Iterator

from storage.errors import NotStoredError
from storage.export import Exporter, Selection
from storage.export_formats import ExportFormat, encode, encode_one

__all__ = ["BLOCK_BYTES", "export_blocks"]

BLOCK_BYTES = 256 * 1024
"""How long a block is at most."""


def export_blocks(exporter: Exporter, selection: Selection, form: ExportFormat) -> Iterator[bytes]:
    """Writes what is chosen, block by block; memory does not grow with the export.

    One conversation alone as JSON is its object; otherwise JSON is an array.

    Raises:
        NotStoredError: One conversation is asked for and is not there, or the rest of the
            selection leaves it out.
        InvalidRecordError: Parquet is asked for and pyarrow is not installed.
        DatabaseUnavailableError: The database cannot be read now.
    """
    return _blocks(_pieces(exporter, selection, form))


def _pieces(exporter: Exporter, selection: Selection, form: ExportFormat) -> Iterator[bytes]:
    found = exporter.conversations(selection)
    if selection.conversation_id is None:
        yield from encode(found, form)
        return
    chosen = list(found)
    if not chosen:
        raise NotStoredError(
            f"no Conversation that is asked for has the id {selection.conversation_id}"
        )
    if form is ExportFormat.JSON:
        yield encode_one(chosen[0])
    else:
        yield from encode(chosen, form)


def _blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes: small pieces together, large ones apart."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= BLOCK_BYTES:
            yield bytes(waiting[:BLOCK_BYTES])
            del waiting[:BLOCK_BYTES]
    if waiting:
        yield bytes(waiting)
