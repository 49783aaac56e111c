"""Words and emoji that say more than good or bad: what the rules of the appraisal look for.

Each family has a place in the valence-arousal-dominance cube; a word stands for its family. Words
ending in `*` stand for everything that begins so.
"""

import re
from dataclasses import dataclass
from functools import cache

from engine.packet import Mood

__all__ = [
    "ASSERTIVE",
    "DAMPENERS",
    "ENGLISH",
    "FOREIGN",
    "HEDGES",
    "IMPERATIVES",
    "INTENSIFIERS",
    "NEGATIONS",
    "SWEARS",
    "Cue",
    "Cues",
    "cues",
]

_FAMILIES: dict[str, tuple[Mood, str, str]] = {
    "joy": (
        Mood(0.80, 0.45, 0.30),
        "happy happier happiest happiness joy joyful yay hooray hurray woohoo wonderful great "
        "perfect delight* celebrat* best",
        "😀😃😄😁🌞🎈🥳🎉🎊",
    ),
    "pleasure": (
        Mood(0.55, 0.08, 0.15),
        "glad good nice lovely fun enjoy* smile* sunny cheerful pleased better beautiful pretty "
        "cool sweet",
        "😊🙂☺😺😉",
    ),
    "excitement": (
        Mood(0.70, 0.85, 0.35),
        "excited exciting excitement thrill* amazing awesome incredible fantastic wow omg epic "
        "brilliant stoked hyped pumped unbelievable insane fabulous spectacular promoted",
        "🤩🔥🚀⚡💥🙌",
    ),
    "amusement": (
        Mood(0.70, 0.60, 0.15),
        "haha* hehe* lol lmao rofl hilarious funny funniest joke* joking kidding hysterical "
        "comedy comical",
        "😂🤣😆😹😜🤪😝😛",
    ),
    "love": (
        Mood(0.85, 0.20, -0.05),
        "love loved loves loving adore* darling sweetheart beloved hug hugs kiss adorable cute",
        "❤😍🥰😘💕💖💗💞💙💚💛💜🤗😻",
    ),
    "gratitude": (
        Mood(0.65, 0.05, -0.20),
        "thanks thank thankful grateful gratitude appreciat* thx ty",
        "🙏💐",
    ),
    "greeting": (
        Mood(0.40, 0.12, 0.05),
        "hello hi hey hiya howdy greetings welcome morning",
        "👋",
    ),
    "pride": (
        Mood(0.65, 0.20, 0.70),
        "proud pride achiev* accomplish* succeed* success* victory champion nailed won",
        "😎💪🏆🥇👑",
    ),
    "calm": (
        Mood(0.45, -0.60, 0.10),
        "calm* relax* peaceful* serene quiet* gentle gently soothing cozy cosy restful meditat* "
        "comfortable tranquil",
        "😌🧘🍃🕊",
    ),
    "relief": (Mood(0.50, -0.30, 0.00), "relief relieved phew finally whew", ""),
    "hope": (Mood(0.45, 0.20, 0.05), "hope hoping hopeful* wish wishing optimistic", "🤞🌈"),
    "interest": (
        Mood(0.30, 0.35, 0.10),
        "interesting interested curious fascinat* intrigu* wonder wondering",
        "🤔🧐",
    ),
    "surprise": (
        Mood(0.10, 0.85, -0.20),
        "surpris* shocked shocking unexpected* suddenly whoa astonish* astound* gosh blimey "
        "speechless",
        "😮😲😯🤯😳",
    ),
    "sadness": (
        Mood(-0.65, -0.35, -0.40),
        "sad sadly sadness unhappy cry cried crying tears miserable depress* heartbroken "
        "heartbreaking gloomy hopeless miss disappointed disappointing hurts upset lost "
        "fail failed failing",
        "😢😭😞😔☹🙁😿💔🥺",
    ),
    "grief": (
        Mood(-0.85, -0.35, -0.55),
        "died dead death dying funeral grief grieving mourn* cancer miscarriage",
        "⚰🪦",
    ),
    "loneliness": (
        Mood(-0.60, -0.45, -0.55),
        "lonely alone loneliness abandoned isolated",
        "",
    ),
    "fear": (
        Mood(-0.65, 0.65, -0.60),
        "scared scary afraid fear fears fearful terrified terrifying terror frighten* panic* "
        "horror dread nightmare* danger dangerous",
        "😨😱😰",
    ),
    "worry": (
        Mood(-0.45, 0.40, -0.40),
        "worried worry worries worrying anxious anxiety nervous stressed stress stressful uneasy "
        "concerned overwhelmed overwhelming tense",
        "😟😥😬😓",
    ),
    "anger": (
        Mood(-0.75, 0.75, 0.50),
        "angry anger furious rage mad outrag* unacceptable hate hated hates infuriat* livid "
        "ridiculous pissed fuming disgrace* scam lawsuit idiot idiots stupid moron useless liar",
        "😠😡🤬👿💢",
    ),
    "annoyance": (
        Mood(-0.45, 0.35, 0.25),
        "annoy* irritat* frustrat* ugh argh grr* bother* nonsense broken wrong waste",
        "😤🙄😒",
    ),
    "disgust": (
        Mood(-0.70, 0.35, 0.20),
        "disgust* gross ew eww yuck nasty revolting vile sickening filthy rotten",
        "🤢🤮",
    ),
    "contempt": (
        Mood(-0.45, 0.00, 0.50),
        "pathetic loser whatever lame laughable contempt* scorn mediocre",
        "😏",
    ),
    "guilt": (
        Mood(-0.40, -0.14, -0.50),
        "sorry apolog* regret* guilt guilty ashamed shame forgive",
        "🙇",
    ),
    "embarrassment": (
        Mood(-0.40, 0.35, -0.60),
        "embarrass* awkward humiliat* cringe blush* oops whoops",
        "😅🙈",
    ),
    "confusion": (
        Mood(-0.25, 0.14, -0.40),
        "confus* puzzled puzzling unclear huh baffl* perplex*",
        "😕🤷",
    ),
    "boredom": (
        Mood(-0.40, -0.70, -0.10),
        "bored boring boredom dull tedious meh monotonous yawn*",
        "😑🥱",
    ),
    "tiredness": (
        Mood(-0.25, -0.70, -0.30),
        "tired exhaust* sleepy weary drained fatigue* burnout asleep",
        "😴😪😫💤",
    ),
    "urgency": (
        Mood(-0.10, 0.70, 0.10),
        "urgent urgently emergency immediately asap hurry quick quickly deadline alarm",
        "🚨⏰",
    ),
    "approval": (
        Mood(0.50, 0.08, 0.18),
        "agree agreed exactly approve* works worked solved fixed congratulations congrats",
        "👍👏✅👌💯✨",
    ),
    "contentment": (Mood(0.50, -0.35, 0.20), "content cosy cozy snug", "☕"),
    "disappointment": (
        Mood(-0.50, -0.14, -0.20),
        "letdown underwhelm* unfortunately mediocre",
        "",
    ),
    "frustration": (Mood(-0.50, 0.45, -0.05), "", "😩"),
    "determination": (Mood(0.15, 0.45, 0.60), "determined", ""),
    # What carries on the talk; it speaks against reading a feeling into the rest.
    "plain": (Mood(0.0, 0.0, 0.0), "ok okay yes yep yeah sure hmm no brb", ""),
    "refusal": (Mood(-0.35, 0.25, 0.35), "refuse* reject* disagree* deny denied nope", "👎❌"),
}

_EMOTICONS: dict[str, str] = {
    ":)": "pleasure",
    ":-)": "pleasure",
    "=)": "pleasure",
    ";)": "amusement",
    ";-)": "amusement",
    ":d": "joy",
    ":-d": "joy",
    "xd": "amusement",
    ":p": "amusement",
    "<3": "love",
    ":(": "sadness",
    ":-(": "sadness",
    ":'(": "sadness",
    ":/": "confusion",
    ":-/": "confusion",
    ":o": "surprise",
    ">:(": "anger",
    "^^": "pleasure",
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ASSERTIVE = _words(
    "must definitely certainly absolutely obviously clearly always never demand insist will "
    "sure certain know guarantee undoubtedly decide decided need require order"
)
HEDGES = _words(
    "maybe perhaps possibly probably might could guess somehow unsure suppose wondering "
    "please hopefully apparently seems seem think kinda sorta help if"
)
INTENSIFIERS = _words(
    "very so really extremely absolutely totally completely incredibly super such insanely "
    "utterly deeply highly most too"
)
DAMPENERS = _words("slightly somewhat bit little kinda sorta fairly rather barely")
NEGATIONS = _words(
    "not no never don't dont isn't isnt wasn't wasnt can't cant cannot won't wont doesn't "
    "doesnt didn't didnt aren't arent without hardly nothing ain't couldn't wouldn't "
    "shouldn't"
)
IMPERATIVES = _words(
    "stop go do give tell show make get fix send open close start wait look listen come leave "
    "answer explain play turn run call bring take read write shut"
)
SWEARS = _words("fuck fucking fucked shit damn hell crap bloody bastard asshole wtf")

# The commonest words, to tell English from what the lexicon would only misread.
ENGLISH = _words(
    "the a an and or but is are was were am be been i you he she it we they my your his her "
    "our their this that these those to of in on at for with from by as not no yes do does "
    "did have has had will would can could should what who how why when where which there "
    "here so if then than just very really all some any me him them us about out up i'm it's "
    "you're that's don't can't what's let's i've ok okay please thanks thank hello hi hey "
    "good too more now get got go going know think like want need one people time"
)
FOREIGN = _words(
    "der die das und ist nicht ich du wir ihr ein eine mit für auf auch aber sehr wie bist "
    "sind el los las que es muy está por una con estoy pero como yo tu gracias hola qué mi te "
    "le les je est et pas très vous nous mais que pour dans avec une suis merci bonjour ce "
    "cette il lo gli che sono molto per non grazie ciao sei questo della di ho o os um uma "
    "não com você eu muito obrigado isso para meu het een niet ik jij zijn heb maar dit voor "
    "och att det jag inte är som på til jeg ikke nie jest się na to w z jak "
    "bin hast habe mich dich mir dir uns euch kein keine warum oder schon noch heute morgen danke "
    "nein kann wirklich ganz nur wird c'est j'ai n'est oui non pourquoi aujourd'hui toi moi trop "
    "tout rien bien sur sont ont elle eres estoy tengo tiene porque mucho todo nada hoy bueno "
    "siempre soy somos nos sono anche oggi bene tutto perché questa sempre tenho hoje tudo bom "
    "ben ook geen wel nog jouw mijn zo vandaag jag mycket idag bra tack jestem bardzo dzisiaj"
) - frozenset(
    {"die", "no", "o", "to", "on", "as", "bin", "ben", "nos", "non", "nada", "tout", "bra"}
)


Cue = tuple[str, Mood]


@dataclass(frozen=True, slots=True)
class Cues:
    """The families, ready for look-up; a cue is a family's name and its place.

    Attributes:
        words: Cue by whole word.
        stems: Beginnings of words with their cues, the longest first, by their first three letters.
        families: Place by family.
        marks: Cue by emoji (one code point) or lower-case emoticon.
        mark_pattern: Finds the marks in lower-case text.
        mark_blanks: For `str.translate`: puts a space for every emoji.
    """

    words: dict[str, Cue]
    stems: dict[str, tuple[tuple[str, Cue], ...]]
    families: dict[str, Mood]
    marks: dict[str, Cue]
    mark_pattern: re.Pattern[str]
    mark_blanks: dict[int, str]

    def of_word(self, word: str) -> Cue | None:
        """The cue of a lower-case word."""
        found = self.words.get(word)
        if found is not None or len(word) < 4:
            return found
        for stem, cue in self.stems.get(word[:3], ()):
            if word.startswith(stem):
                return cue
        return None


@cache
def cues() -> Cues:
    """The families; built once, in about a millisecond."""
    words: dict[str, Cue] = {}
    stems: dict[str, Cue] = {}
    emoji: dict[str, Cue] = {}
    for family, (mood, texts, pictures) in _FAMILIES.items():
        for text in texts.split():
            table = stems if text.endswith("*") else words
            table[text.rstrip("*")] = (family, mood)
        emoji |= dict.fromkeys(pictures, (family, mood))
    emoticons = {text: (family, _FAMILIES[family][0]) for text, family in _EMOTICONS.items()}
    pictures = "".join(emoji)
    faces = "|".join(re.escape(text) for text in sorted(emoticons, key=len, reverse=True))
    return Cues(
        words=words,
        stems=_by_beginning(stems),
        families={family: mood for family, (mood, _, _) in _FAMILIES.items()},
        marks=emoji | emoticons,
        # An emoticon stands alone: "http://" holds none.
        mark_pattern=re.compile(rf"[{pictures}]|(?<!\S)(?:{faces})(?=[\s.,!?]|$)"),
        mark_blanks={ord(picture): " " for picture in pictures},
    )


def _by_beginning(stems: dict[str, Cue]) -> dict[str, tuple[tuple[str, Cue], ...]]:
    grouped: dict[str, tuple[tuple[str, Cue], ...]] = {}
    for stem in sorted(stems, key=len, reverse=True):
        beginning = stem[:3]
        grouped[beginning] = (*grouped.get(beginning, ()), (stem, stems[stem]))
    return grouped
