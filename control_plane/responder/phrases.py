"""What the rules look for, and what they say."""

from control_plane.responder.grave import GRAVE, LOSS
from control_plane.responder.rule import Rule
from control_plane.responder.rule import rule as _rule
from control_plane.responder.small_talk import SMALL_TALK

__all__ = ["FEELINGS", "RULES", "Rule"]

_NEVER = r"(?!)"

# Asked in this order; the first that fits answers.
RULES: tuple[Rule, ...] = (
    *GRAVE,
    _rule(
        "nature",
        r"\bare you (?:a |an )?(?:real|human|person|bot|robot|ai|machine|program|alive|conscious)"
        r"|\b(?:who|what) are you\W*$|\bwho (?:made|built|created) you\b"
        r"|\bhow old are you\b|\btell me about yourself\b|\bwhat(?:'s| is) your name\b"
        r"|\bdo you have feelings\b",
        (
            "I'm no person: I'm a drawn avatar, and I answer by a few simple rules. "
            "What brings you here?",
            "I'm an avatar with a face, two hands and a handful of rules. I show feelings, "
            "I don't have them.",
            "A program with a drawn face, to be honest. But I do listen, in my simple way.",
        ),
        ("explaining", "amusement"),
    ),
    _rule(
        "abilities",
        r"\bwhat can you do\b|\bhow do you work\b|\bwhat do you know\b|\bcan you help\b",
        (
            "I can listen, show that I do, and ask a little. Facts I don't have.",
            "I react to what you say with face, hands and voice. What I answer comes from a few "
            "simple rules.",
            "Not much more than listening, honestly. Tell me what is on your mind.",
        ),
        ("explaining",),
    ),
    *SMALL_TALK,
    _rule(
        "laughter",
        r"^\W*(?:(?:ha|he){2,}\w*|lo+l|lmao|rofl)\b|[\U0001f602\U0001f923]",
        (
            "Ha, that one got me too! What set it off?",
            "I like it when you laugh. Tell me more!",
            "That sounds like fun. What happened?",
        ),
        ("laughter", "amusement"),
    ),
    _rule(
        "farewell",
        r"^\W*(?:ok(?:ay)?,? )?(?:(?:good)?bye|see (?:you|ya)|good ?night|cya|take care|farewell"
        r"|i (?:have|need|gotta|got) to go|gotta go)\b",
        (
            "Goodbye, and take care!",
            "It was good to have you here. See you!",
            "Bye for now. Come back whenever you like!",
        ),
        ("farewell",),
    ),
    _rule(
        "gratitude",
        r"\b(?:thanks|thank you|thx|much appreciated|i appreciate)\b",
        (
            "You're very welcome!",
            "My pleasure. Is there anything else on your mind?",
            "Glad to. Thank you for saying so!",
        ),
        ("thanks", "happiness"),
    ),
    _rule(
        "how_are_you",
        r"\bhow(?: are|'re) (?:you|things)\b|\bhow(?:'s| is) it going\b|\bwhat'?s up\b",
        (
            "All my rules are in order, thank you. And how are you?",
            "Awake and listening. How about you?",
            "I'm doing what I was drawn to do: listening. How is your day?",
        ),
        ("warm_greeting", "greeting"),
    ),
    _rule(
        "greeting",
        r"^\W*(?:hi|hello|hey|hiya|howdy|greetings|yo|sup|(?:good )?(?:morning|afternoon|evening))"
        r"\b\W*\w*\W*$",
        (
            "Hello! Nice to see you. What is on your mind?",
            "Hi there! How is your day going?",
            "Hey, welcome! What shall we talk about?",
        ),
        ("greeting", "warm_greeting"),
    ),
    _rule(
        "apology",
        r"^\W*(?:oh,? )?(?:i'?m |i am )?(?:so |very |really )?sorry\W*$|\bi apologi[sz]e\b"
        r"|\bmy bad\b|\bforgive me\b",
        (
            "No harm done, really.",
            "It's all right. Shall we go on?",
            "Thank you for saying so. It's fine.",
        ),
        ("gentle_agreement", "tenderness"),
    ),
    _rule(
        "insult",
        r"\b(?:you(?:'re| are)?|u)\b.{0,20}\b(?:stupid|useless|dumb|idiot|terrible|awful|annoying"
        r"|ugly|worthless|pathetic|suck|moron|bitch|asshole|shit)|\b(?:shut up|fuck (?:you|off|u)"
        r"|screw you|go to hell|get lost|piss off|i (?:hate|hope) you(?: die\b|\W*$)"
        r"|i (?:don't|do not) like you)\b|^\W*(?:idiot|moron|loser|bitch|asshole)\W*$",
        (
            "I'm sorry that I'm no better help. What did you hope for?",
            "That's fair: I only follow a few rules. What went wrong?",
            "I hear that you're annoyed. What would help?",
        ),
        ("apologetic", "sympathy"),
    ),
    _rule(
        "praise",
        r"\byou(?:'re| are) (?:so |very |really )?(?:great|nice|sweet|cute|funny|beautiful|kind"
        r"|awesome|amazing|lovely|clever|wonderful)|\bi (?:love|like) you\b",
        (
            "That's kind of you, thank you!",
            "Oh, thank you! My rules have no answer to that, only a smile.",
            "You've just made this face smile. Thank you!",
        ),
        ("embarrassment", "happiness"),
    ),
    *LOSS,
    _rule(
        "fear",
        r"\b(?<!not )(?:scared|afraid|terrified|frightened|worried|anxious|nervous|panicking)\b"
        r"(?! (?:not|so|it's|(?:that )?(?:i|we) (?:have to|must|can't|need to|don't|will)))",
        (
            "That sounds frightening. What is the worst part of it?",
            "I see that it weighs on you. What would make it a little easier?",
            "It makes sense to be uneasy. What are you most unsure of?",
        ),
        ("sympathy", "calming"),
    ),
    _rule(
        "feeling",
        r"\bi(?:'m| am) (?:feeling |so |very |really |a bit )?(?P<echo>(?:happy|glad|excited|proud"
        r"|grateful|relieved|sad|lonely|tired|angry|upset|bored|stressed|depressed|confused"
        r"|frustrated|disappointed|hurt|lost|ill|sick)\b[^.!?]*)",
        (
            "So you're {echo}. What brought that on?",
            "You're {echo}: I hear you. How long has it been so?",
            "Thank you for telling me that you're {echo}. What happened?",
        ),
    ),
    _rule(
        "request",
        r"\bi (?:want|need|would like|'d like) you to\b|^\W*(?:please )?(?:can|could|would) you\b",
        (
            "I'd like to, but listening and asking is all my rules can do. What is it for?",
            "That's beyond me, I'm afraid: I only listen and ask. What would it change for you?",
            "I can't do that, honestly. But tell me more about it.",
        ),
        ("not_my_call", "apologetic"),
    ),
    _rule(
        "wish",
        r"\bi (?:want|need|would like|'d like) to (?P<echo>[^.!?]+)",
        (
            "What would it be like to {echo}?",
            "You would like to {echo}. What stands in the way?",
            "What makes you want to {echo}?",
        ),
        ("question", "listening"),
    ),
    _rule(
        "need",
        r"\bi (?:want|need|would like|'d like) (?P<echo>(?:a|an|the|my|our|some|more|less|another"
        r"|new)\b[^.!?]+)",
        (
            "What would change if you got {echo}?",
            "You would like {echo}. What stands in the way?",
            "What makes {echo} matter to you just now?",
        ),
        ("question", "listening"),
    ),
    _rule(
        "opinion",
        r"\bi (?:think|believe|guess|suppose) (?:that )?"
        r"(?!(?:you|so|not|it|me|him|her|them|that)\W*$|in )(?P<echo>[^.!?]+)",
        (
            "So you think {echo}. What makes you think so?",
            "You think {echo}. What if it were not so?",
            "You think {echo}. How sure are you?",
        ),
        ("thinking_it_over", "question"),
    ),
    _rule(
        "yes",
        r"^\W*(?:yes|yeah|yep|sure|of course|exactly|right|ok(?:ay)?)\W*$",
        ("I see. Tell me more.", "Good. And then?", "All right. What comes next?"),
        ("agreement", "listening"),
    ),
    _rule(
        "no",
        r"^\W*(?:no|nope|nah|not really)\W*$",
        ("All right. What is it, then?", "Fair enough. Why not?", "No? What would you rather?"),
        ("question", "gentle_disagreement"),
    ),
)

# Where no rule fits, what the text feels like decides.
FEELINGS: dict[str, Rule] = {
    "foreign": _rule(
        "foreign",
        _NEVER,
        (
            "I'm sorry, my rules only read English so far. Could you say it in English?",
            "I can see that you're talking to me, but I only follow English. Would you try that?",
        ),
        ("apologetic", "confusion"),
    ),
    "question": _rule(
        "question",
        _NEVER,
        (
            "I can't look that up: I answer by a few simple rules. What makes you ask?",
            "Good question, and I have no facts to answer it with. What do you think yourself?",
            "I don't know, honestly. What would you like the answer to be?",
        ),
        ("not_my_call", "thinking_it_over"),
    ),
    "bad_news": _rule(
        "bad_news",
        _NEVER,
        (
            "I'm sorry to hear that. Do you want to tell me more?",
            "That sounds hard. What weighs on you most?",
            "Oh no. How are you coping with it?",
        ),
        ("sympathy", "sadness"),
    ),
    "good_news": _rule(
        "good_news",
        _NEVER,
        (
            "That's lovely to hear! What do you like best about it?",
            "How nice! Tell me more.",
            "I'm glad! What happens next?",
        ),
        ("delight", "happiness"),
    ),
    "statement": _rule(
        "statement",
        _NEVER,
        (
            "I see. What does that mean for you?",
            "Go on, I'm listening.",
            "Mm-hm. And how do you feel about it?",
            "Tell me a little more about that.",
        ),
        ("listening", "question"),
    ),
}
