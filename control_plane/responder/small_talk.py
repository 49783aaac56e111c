"""Words about the conversation itself, and those too short to feel like anything."""

from control_plane.responder.rule import Rule, rule

__all__ = ["SMALL_TALK"]

# Asked in this order.
SMALL_TALK: tuple[Rule, ...] = (
    rule(
        "no_thanks",
        r"^\W*no,? (?:thanks|thank you|thx)\b",
        ("All right. What else, then?", "That's fine. Is there anything else on your mind?"),
        ("gentle_agreement", "agreement"),
    ),
    rule(
        "advance",
        r"\b(?:sleep|have sex|make love|go to bed) with (?:you|u)\b|\b(?:kiss|marry|date|touch"
        r"|fuck) (?:you|u)\W*$(?<!fuck you)|\b(?:be my (?:girl|boy)friend|(?:show|send)(?: me)? "
        r"(?:your )?nudes?|are you single|you(?:'re| are) (?:so |very )?(?:sexy|hot)\b)",
        (
            "Not with me: I'm a drawing with a few rules. What else shall we talk about?",
            "I'm only a drawn face, so let's leave that. What else is on your mind?",
        ),
        ("not_my_call", "embarrassment"),
    ),
    rule(
        "confused",
        r"^\W*(?:why|what|huh|how so|pardon|really|what do you mean(?: by that)?|what does that "
        r"mean|i don't (?:get|understand)(?: it| that| you)?"
        r"|that (?:makes no|doesn't make any|doesn't make) sense)\W*$",
        (
            "I only follow a few rules, so that may have missed the point. Say it another way?",
            "That was not very clear of me, sorry. Shall we go on with what you were saying?",
            "I'm a simple listener and sometimes off the mark. What did you mean to tell me?",
        ),
        ("confusion", "apologetic"),
    ),
    rule(
        "complaint",
        r"\byou(?:'re| are) (?:not|no) (?:help|listening|making)|\byou (?:don't|do not|never) "
        r"(?:understand|listen|help|get it)\b|\b(?:already (?:said|asked)|repeat(?:ing)? yourself"
        r"|stop (?:asking|repeating|talking|saying)|said that already)\b|^\W*(?:that's|that is) "
        r"(?:wrong|not (?:true|right|what i))|\bthanks? (?:you )?for nothing\b",
        (
            "You're right, my few rules only go so far. What would you rather talk about?",
            "Sorry, that was clumsy of me. I'm listening.",
            "Fair enough: I'm a simple program. Tell me in your own way.",
        ),
        ("apologetic", "gentle_agreement"),
    ),
    rule(
        "listening",
        r"\b(?:are you (?:there|listening|here|awake|still there)|(?:can|do) you (?:hear|see) me)\b"
        r"|^\W*(?:test|testing|hello\?+|anybody there)\W*$",
        (
            "I'm here. I read what you type, and I listen.",
            "Yes, here I am. What is on your mind?",
        ),
        ("agreement", "listening"),
    ),
    rule(
        "unsure",
        r"^\W*(?:i (?:don't|do not|dont) know|idk|dunno|no idea|not sure|i'm not sure|maybe"
        r"|perhaps|i guess(?: so| not)?|i think (?:so|not)|hmm+|hm|mm+|er+m*|uh+m*|well|whatever"
        r"|who cares|so what)\W*$",
        (
            "That's all right. There is no hurry.",
            "You don't have to know. What comes to mind first?",
            "Take your time, I'm listening.",
        ),
        ("gentle_agreement", "listening"),
    ),
    rule(
        "fine",
        r"^\W*(?:i'?m |i am |it's |it was |all |pretty |quite |very |doing )*(?:not (?:too |so )?"
        r"bad|fine|good|great|well|(?<= )(?:ok|okay|all right|alright))"
        r"(?: thanks| thank you| today)?(?:,? (?:and |how about )?(?:you|u|yourself))?\W*$",
        (
            "Good to hear. What has the day brought so far?",
            "That's good. Is there anything you would like to talk about?",
            "I'm glad. What are you up to?",
        ),
        ("happiness", "gentle_agreement"),
    ),
    rule(
        "courtesy",
        r"^\W*(?:you(?:'re| are) (?:very )?welcome|no (?:problem|worries)|(?:it's )?(?:nice|good"
        r"|pleased|great) to (?:meet|see) you(?: too)?|likewise)\W*$",
        ("The same to you. What shall we talk about?", "How kind. What is on your mind?"),
        ("happiness", "warm_greeting"),
    ),
    rule(
        "wishes",
        r"\b(?:merry christmas|happy (?:birthday|new year|easter|holidays|halloween|thanksgiving"
        r"|hanukkah|diwali|eid)|have a (?:nice|good|great|lovely) (?:day|one|evening|weekend))\b",
        ("Thank you, and the same to you!", "How nice of you. All the best to you, too!"),
        ("happiness", "thanks"),
    ),
    rule(
        "birthday",
        r"\b(?:it's|it is|today(?:'s| is)) my birthday\b|\bmy birthday(?:'s| is) today\b",
        ("Happy birthday! How are you spending the day?", "All the best to you! Is there cake?"),
        ("delight", "happiness"),
    ),
    rule(
        "performing",
        r"^\W*(?:please |can you |could you |would you )*(?:tell|sing|show|write|read|play)"
        r" (?:me )?(?:a|an|another|the|some)\b|^\W*repeat after me\b|^\W*(?:please )?say "
        r"(?:something|hello|hi)\b",
        (
            "I have none to offer: listening and asking is all my rules can do. Have you got one?",
            "That's beyond my few rules, I'm afraid. You go first?",
        ),
        ("not_my_call", "amusement"),
    ),
    rule(
        "advice",
        r"\b(?:what|how|which|where) (?:should|can|could|do|shall) i\b(?! (?:live|work|like|love"
        r"|hate|enjoy|study|call|do for (?:a living|you)"
        r"|come from|help(?: you)?)\b)|^\W*(?:and |so )?should i\b"
        r"|\bshould i (?:quit|stay|go|leave|tell|try)\b",
        (
            "That one is yours to decide, but I'll listen. What speaks for it, and what against?",
            "What would you tell a friend who asked you that?",
            "I can't weigh that for you. Which way do you lean?",
        ),
        ("thinking_it_over", "listening"),
    ),
    rule(
        "about_it",
        r"^\W*(?:and |so |but )*do you (?:really |ever |even )?(?:love|like|hate|want|feel|sleep"
        r"|eat|drink|dream|enjoy|care|miss|have|live)\b"
        r"(?! (?:feelings|to know|to hear|to see|any idea))"
        r"|\bwhat do you (?:like|love|enjoy|want|do)\b|\bwhat(?:'s| is) your favou?rite\b"
        r"|\bwhere (?:are you|do you (?:live|come from))\b",
        (
            "I'm a drawn face with a few rules, so not really. How is it for you?",
            "A drawing like me doesn't. I would rather hear about you.",
        ),
        ("explaining", "amusement"),
    ),
    rule(
        "and_you",
        r"^\W*(?:and |how about |what about )(?:you|yourself|u)\W*$|\bhow was your (?:day|night"
        r"|weekend)\b|^\W*what(?:'s| is) new\W*$|\bwhat (?:are|have) you (?:doing|been|up to)\b",
        (
            "Not much happens to a drawn face. I'd rather hear of you.",
            "I've been here, listening. What about your day?",
        ),
        ("amusement", "listening"),
    ),
    rule(
        "looks",
        r"\byou (?:look|seem|sound) (?:so |very |really |a (?:bit|little) )?(?:sad|happy|angry"
        r"|tired|upset|bored|worried|scared|surprised|annoyed|cheerful|nervous|concerned)\b"
        r"|^\W*are you (?:ok|okay|all right|alright|happy|sad|angry|mad|tired|upset|bored)\W*$",
        (
            "My face follows what you tell me, and a little of my own mood. How do you feel?",
            "That is how what you say reads to me. Is it like that?",
        ),
        ("explaining", "listening"),
    ),
    rule(
        "help",
        r"^\W*(?:please )?(?:help(?: me)?|i need (?:some |your )?help|i need (?:someone|somebody)"
        r" to talk to)(?: please)?\W*$",
        (
            "I'm listening. What is the matter? If it's urgent, please call somebody near you.",
            "Tell me what is wrong. In an emergency, please call for help where you are.",
        ),
        ("sympathy", "listening"),
    ),
)
