"""Avatars without a clock: capsules rendered to files, and recordings turned into capsules.

`render` draws capsules in virtual time, `export` writes them as WebM, GIF or PNG files. `tracks`
reads a recording and finds the face in it, `response` measures how an avatar answers to its bases,
`fit` finds the curves that the recording moves by, `refine` compares them with the picture, and
`importing` makes a capsule of them. Exporting needs nothing beyond the package itself; importing
needs the extra `capsulecast[bake]`.
"""
