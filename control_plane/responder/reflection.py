"""Turns a speaker's words round: "I lost my keys" becomes "you lost your keys".

After Weizenbaum's ELIZA (1966).
"""

import re

__all__ = ["reflect"]

_TURNED: dict[str, str] = {
    "i": "you",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
    "i'm": "you're",
    "i've": "you've",
    "i'd": "you'd",
    "i'll": "you'll",
    "am": "are",
    "we": "you",
    "us": "you",
    "our": "your",
    "ours": "yours",
    "ourselves": "yourselves",
    "we're": "you're",
    "we've": "you've",
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
    "you're": "I'm",
    "you've": "I've",
    "you'd": "I'd",
    "you'll": "I'll",
}
_AFTER_ME = {"are": "am", "were": "was", "aren't": "am not", "weren't": "wasn't"}
_AFTER_YOU = {"was": "were", "wasn't": "weren't", "am": "are"}

# Before these "you" does something; elsewhere something is done to it.
_VERBS_AFTER_YOU = frozenset(
    (
        *("are", "were", "have", "had", "do", "did", "can", "could", "will", "would", "should"),
        *("must", "may", "might", "know", "think", "say", "said", "look", "seem", "feel", "mean"),
        *("want", "need", "understand", "never", "always", "just", "really", "aren't", "weren't"),
        *("don't", "didn't", "can't", "won't"),
    )
)

_TOKEN = re.compile(r"[A-Za-z']+|[^A-Za-z']+")


def reflect(text: str) -> str:
    """The words from the listener's side; case other than "I" is lowered at turned words."""
    tokens = _TOKEN.findall(text.replace("\u2019", "'"))
    words = [token.lower() for token in tokens]
    turned: list[str] = []
    for index, (token, word) in enumerate(zip(tokens, words, strict=True)):
        before = words[index - 2] if index >= 2 else ""
        after = words[index + 2] if index + 2 < len(words) else ""
        if word == "you":
            turned.append("I" if after in _VERBS_AFTER_YOU else "me")
        elif before == "you" and turned[index - 2] == "I" and word in _AFTER_ME:
            turned.append(_AFTER_ME[word])
        elif before in ("i", "we") and word in _AFTER_YOU:
            turned.append(_AFTER_YOU[word])
        else:
            turned.append(_TURNED.get(word, token))
    return "".join(turned)
