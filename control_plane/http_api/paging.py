"""What requests for a page say in their queries."""

from typing import Annotated, Any

from fastapi import Query

__all__ = ["PageSize", "PageToken", "paged"]

PageSize = Annotated[
    int, Query(alias="pageSize", ge=0, le=1000, description="At most so many; 0: 100.")
]
PageToken = Annotated[
    str, Query(alias="pageToken", description="`nextPageToken` of the page before.")
]


def paged(size: int, token: str, **others: object) -> dict[str, Any]:
    """A request for a page in proto3 JSON; what is None or empty is left out."""
    found = {"page_size": size, "page_token": token, **others}
    return {name: value for name, value in found.items() if value not in (None, "")}
