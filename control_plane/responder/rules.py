"""Answers by a few simple rules: acknowledge, reflect, ask.

It claims neither to be a person nor to know anything; every reply is labelled "rules".
"""

import re
from collections.abc import Iterable

from control_plane.emotion.appraisal import Appraisal, Appraiser, default_appraiser, is_english
from control_plane.responder.phrases import FEELINGS, RULES, Rule
from control_plane.responder.port import Reply, Turn
from control_plane.responder.recalling import recall_reply
from control_plane.responder.reflection import reflect
from engine.motion.chance import text_counter, uniform

__all__ = ["RulesResponder"]

_MAX_ECHO_CHARS = 60
_MAX_READ_CHARS = 600
_BREAK = re.compile(r"[.!?;\n,]| but | because | and then ", re.IGNORECASE)


class RulesResponder:
    """A `Responder`. Stateless: the same turn always gets the same reply; shared by all sessions.

    Args:
        expressions: Names of the library's expressions; a reply names no other.
        appraiser: Tells good news from bad; None: the process's own appraiser.
    """

    def __init__(self, expressions: Iterable[str] = (), appraiser: Appraiser | None = None) -> None:
        self._expressions = frozenset(expressions)
        self._appraiser = appraiser

    @property
    def name(self) -> str:
        """See `Responder.name`."""
        return "rules"

    async def reply(self, turn: Turn) -> Reply:
        """See `Responder.reply`; it is immediate."""
        text = " ".join(turn.text[:_MAX_READ_CHARS].replace("\u2019", "'").split())
        if not text:
            return Reply("", None, self.name)
        rule, echo = self._rule(text)
        recalled = recall_reply(rule.name, text, turn)
        if recalled is None:
            return Reply(
                _choice(rule, echo, turn), self._expression(rule.expressions), self.name, ()
            )
        if recalled.goes_on:
            said = f"{recalled.text} {_choice(rule, echo, turn)}"
            return Reply(said, self._expression(rule.expressions), self.name, recalled.used)
        expression = self._expression(recalled.expressions)
        return Reply(recalled.text, expression, self.name, recalled.used)

    def _rule(self, text: str) -> tuple[Rule, str]:
        """The first rule that fits, and the user's words turned round where it echoes them."""
        if not is_english(text):
            return FEELINGS["foreign"], ""
        for rule in RULES:
            match = rule.pattern.search(text)
            if match is None:
                continue
            echo = _echo(match.group("echo")) if rule.echoes else ""
            if echo or not rule.echoes:
                return rule, echo
        appraiser = default_appraiser() if self._appraiser is None else self._appraiser
        return FEELINGS[_feeling(text, appraiser.appraise(text))], ""

    def _expression(self, names: Iterable[str]) -> str | None:
        return next((name for name in names if name in self._expressions), None)


def _feeling(text: str, appraisal: Appraisal) -> str:
    if text.rstrip().endswith("?"):
        return "question"
    if appraisal.vad.valence < -0.25:
        return "bad_news"
    if appraisal.vad.valence > 0.3:
        return "good_news"
    return "statement"


def _echo(words: str) -> str:
    """The user's words from the listener's side; empty where they are too long to repeat."""
    phrase = reflect(_BREAK.split(words.strip(), maxsplit=1)[0].strip(" '\""))
    return phrase if 0 < len(phrase) <= _MAX_ECHO_CHARS else ""


def _choice(rule: Rule, echo: str, turn: Turn) -> str:
    """One of the rule's replies by chance, but not the avatar's last one."""
    replies = [reply.replace("{echo}", echo) for reply in rule.replies]
    fresh = [reply for reply in replies if reply != turn.previous] or replies
    draw = uniform(turn.seed, turn.number, text_counter(turn.text))
    return fresh[int(draw * len(fresh))]
