"""Prompt templates: a graph of texts with holes, which values and other templates fill."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from storage.database import Database
from storage.errors import InvalidRecordError, NotStoredError
from storage.tables.talk import PromptParameter, PromptTemplate, PromptTemplateParameter
from storage.transactions import reading, writing

__all__ = ["Prompts", "Resolved"]

_HOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")

Functions = Mapping[str, Callable[[], str]]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A template with its holes filled.

    Attributes:
        text: The text.
        values: What each parameter was at the time, by name.
    """

    text: str
    values: dict[str, str]


class Prompts:
    """Keeps and resolves templates. Every call blocks and is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_template(self, name: str, text: str) -> PromptTemplate:
        """The next version of a template; its holes are linked to the parameters of their names.

        Raises:
            NotStoredError: A hole has no parameter.
            InvalidRecordError: By way of its parameters it would contain itself.
        """
        with writing(self._database) as orm:
            last = orm.scalars(
                select(PromptTemplate.version)
                .where(PromptTemplate.name == name)
                .order_by(PromptTemplate.version.desc())
                .limit(1)
            ).first()
            template = PromptTemplate(name=name, version=(last or 0) + 1, text=text)
            orm.add(template)
            orm.flush()
            for hole in dict.fromkeys(_HOLE.findall(text)):
                orm.add(
                    PromptTemplateParameter(
                        template_id=template.id, parameter_id=_parameter(orm, hole).id
                    )
                )
            orm.flush()
            _check_acyclic(orm, template)
            return template

    def point(self, parameter: str, template_id: UUID) -> None:
        """Lets a parameter stand for a template from now on.

        Raises:
            NotStoredError: There is no such parameter or template.
            InvalidRecordError: By way of it a template would contain itself.
        """
        with writing(self._database) as orm:
            row = _parameter(orm, parameter)
            row.template_id, row.function_reference = template_id, None
            orm.flush()
            _check_acyclic(orm, _template(orm, template_id))

    def resolve(self, template_id: UUID, functions: Functions) -> Resolved:
        """Fills the holes of a template, and of the templates in them.

        Args:
            template_id: The template.
            functions: What gives the values, by the parameters' `function_reference`.

        Raises:
            NotStoredError: There is no such template, or no such function.
            InvalidRecordError: It contains itself.
        """
        values: dict[str, str] = {}
        with reading(self._database) as orm:
            text = _filled(orm, _template(orm, template_id), functions, values, ())
        return Resolved(text, values)


def _filled(
    orm: OrmSession,
    template: PromptTemplate,
    functions: Functions,
    values: dict[str, str],
    within: tuple[UUID, ...],
) -> str:
    if template.id in within:
        raise InvalidRecordError(f"prompt template {template.name!r} contains itself")

    def fill(hole: re.Match[str]) -> str:
        name = hole[1]
        if name not in values:
            parameter = _parameter(orm, name)
            if parameter.template_id is not None:
                inner = _template(orm, parameter.template_id)
                values[name] = _filled(orm, inner, functions, values, (*within, template.id))
            else:
                values[name] = _value(parameter, functions)
        return values[name]

    return _HOLE.sub(fill, template.text)


def _value(parameter: PromptParameter, functions: Functions) -> str:
    reference = parameter.function_reference or ""
    if reference not in functions:
        raise NotStoredError(
            f"prompt parameter {parameter.unique_name!r} refers to {reference!r}, expected one of "
            f"{', '.join(sorted(functions))}"
        )
    return functions[reference]()


def _check_acyclic(orm: OrmSession, start: PromptTemplate) -> None:
    sound: set[UUID] = set()

    def visit(template: PromptTemplate, within: frozenset[UUID]) -> None:
        if template.id in within:
            raise InvalidRecordError(f"prompt template {template.name!r} would contain itself")
        inner = orm.scalars(
            select(PromptTemplate)
            .join(PromptParameter, PromptParameter.template_id == PromptTemplate.id)
            .join(
                PromptTemplateParameter, PromptTemplateParameter.parameter_id == PromptParameter.id
            )
            .where(PromptTemplateParameter.template_id == template.id)
        )
        for found in inner.all():
            if found.id not in sound:
                visit(found, within | {template.id})
        sound.add(template.id)

    visit(start, frozenset())


def _parameter(orm: OrmSession, name: str) -> PromptParameter:
    query = select(PromptParameter).where(PromptParameter.unique_name == name)
    found = orm.scalars(query).one_or_none()
    if found is None:
        raise NotStoredError(f"no prompt parameter is called {name!r}")
    return found


def _template(orm: OrmSession, key: UUID) -> PromptTemplate:
    found = orm.get(PromptTemplate, key)
    if found is None:
        raise NotStoredError(f"no prompt template has the id {key}")
    return found
