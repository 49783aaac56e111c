"""What comes before all small talk: distress, harm, death, illness."""

from control_plane.responder.rule import Rule, rule

__all__ = ["GRAVE", "LOSS"]

_MACHINES = (
    r"phone|mobile|laptop|computer|pc|mac|tablet|ipad|iphone|console|router|wi-?fi|internet"
    r"|connection|server|battery|batteries|car|bike|engine|tv|screen|camera|charger|printer"
    r"|line|call|conversation|party|plants?|character|app|game"
)

# Asked in this order, before any other rule.
GRAVE: tuple[Rule, ...] = (
    rule(
        "crisis",
        r"\b(?:kill(?:ing)? myself|suicid|end my life|(?:to|just|wanna|will|'ll) end it all"
        r"|want(?:ed)? to die|wanna die"
        r"|(?:hurt|cut|harm|burn)(?:ing)? myself(?! (?:shaving|cooking|accidentally|by accident"
        r"|chopping|on|with paper|some slack))|self[- ]harm"
        r"|(?:don't|do not|didn't|no longer) want to (?:live|be alive|exist|wake up|be here any"
        r"|go on living)|wish i (?:was|were) (?:dead|never born)|better off (?:dead|without me)"
        r"|no(?:body| one) would (?:miss me|care if i)|no reason to live)",
        (
            "I'm glad you said that. I'm only a simple program, so please talk to somebody you "
            "trust, or to a crisis line or emergency service where you are, right now.",
            "That sounds very hard, and I can't help the way a person can. Please reach out to "
            "somebody close to you, or to a local crisis line, right away.",
        ),
        ("sympathy", "tenderness"),
    ),
    rule(
        "harmed",
        r"\bi(?: was|'ve been| have been| got| am being|'m being) (?:\w+ )?(?:raped|abused"
        r"|assaulted|molested|beaten|stalked)\b(?! (?:at|in)\b)"
        r"|\b(?:raped|abuses?|abused|molested|beats?) me\b"
        r"(?! (?:at|in|to|by|on|with)\b)|\b(?:he|she|husband|wife|boyfriend|girlfriend|father|dad"
        r"|mother|mom|mum|brother|partner) (?:hits?|punche[sd]|kicks|kicked|chokes|choked) me\b",
        (
            "I'm so sorry. That should not happen to anybody. I'm only a program: please tell "
            "somebody you trust, or a helpline where you are.",
            "Thank you for telling me, and I'm sorry. A person can help where I can't: somebody "
            "you trust, a helpline, or in danger the emergency number.",
        ),
        ("sympathy", "tenderness"),
    ),
    rule(
        "threat",
        r"\bi(?:'m going to| am going to|'m gonna|'ll| will| want to| wanna|'d like to)"
        r" (?:kill|murder|stab|shoot|strangle|hurt|beat up) (?:him|her|them|you|(?:some|every)"
        r"(?:body|one)|people|an? (?:man|woman|person|child|kid|cop)|(?:my|the|that) (?:\w+ )?"
        r"(?:boss|wife|husband|girlfriend|boyfriend|ex|mother|mom|mum|father|dad|brother|sister"
        r"|neighbou?rs?|teacher|colleagues?|guy|man|woman|kids?|children|parents|family|bastard"
        r"|bitch))\b"
        r"|\bi(?:'ve| have)? (?:killed|murdered|stabbed) (?:a (?:man|woman|person|child)|him|her"
        r"|somebody|someone)\b",
        (
            "That sounds serious. If anybody may get hurt, please call the emergency number, or "
            "somebody you trust, before anything else.",
            "I take that seriously, and I'm only a program. If anybody is in danger, please talk "
            "to a person who can help, right now.",
        ),
        ("sympathy", "explaining"),
    ),
)

LOSS: tuple[Rule, ...] = (
    rule(
        "loss",
        rf"^(?!.*\b(?:{_MACHINES})(?: (?:just|has|have|had|almost|nearly))? (?:died|passed away))"
        r"(?!.*\bi(?: \w+)? died\b)"
        r".*\b(?:died|passed away|funeral|death of|lost my (?:mother|father|mum|mom|dad|grand\w+"
        r"|wife|husband|son|daughter|brother|sister|friend|dog|cat|baby))\b",
        (
            "I'm so sorry for your loss. Would you like to tell me about it?",
            "That must hurt very much. I'm here to listen, if you want to talk.",
            "I'm sorry. Would it help to talk about it?",
        ),
        ("sympathy", "sadness"),
    ),
    rule(
        "illness",
        r"\b(?:is|'s|was|are|am|'m|been|went|rushed|taken|brought) (?:back )?(?:in|to) (?:the "
        r"|a )?(?:hospital|icu|intensive care)\b|\b(?:has|have|got|with) (?:\w+ )?cancer\b"
        r"|\b(?:had|has had) an? (?:heart attack|stroke|miscarriage)\b|\bin a coma\b",
        (
            "I'm sorry to hear that. How are you holding up?",
            "That's a lot to carry. Is somebody there for you?",
            "I'm sorry, that must be a worry. What do the days look like now?",
        ),
        ("sympathy", "sadness"),
    ),
)
