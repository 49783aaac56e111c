"""The library of capsules, the avatar model and packs on disk: what brain and body share."""
