"""Logging: structured lines on standard error, from our code and from the libraries' alike.

Messages carry ids and figures, never what a person said: chat text belongs to the database.
"""

import logging
import sys

import structlog

__all__ = ["set_up_logs"]

_QUIET = ("aioice", "aiortc", "alembic", "asyncio", "numba", "sqlalchemy", "uvicorn", "wgpu")


def set_up_logs(level: str) -> None:
    """Sends everything of at least this level to standard error; called once, by the CLI.

    Args:
        level: "debug", "info", "warning" or "error".
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    if sys.stderr.isatty():
        rendering: list[structlog.typing.Processor] = [structlog.dev.ConsoleRenderer()]
    else:
        order = ["timestamp", "level", "logger", "event"]
        rendering = [
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=order),
        ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *rendering,
            ],
        )
    )
    handler.addFilter(_worth_logging)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def _worth_logging(record: logging.LogRecord) -> bool:
    """Whether it is ours, or a warning of a library that says much.

    The libraries' loggers are not touched: wgpu insists on making its own.
    """
    return record.levelno >= logging.WARNING or record.name.split(".", 1)[0] not in _QUIET
