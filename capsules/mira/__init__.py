"""Mira, the built-in avatar, drawn by code and rigged as a photo is.

This package is needed only to draw her again (`python -m capsules.mira OUT.avatar`); what runs
reads the packed result through `capsules.pack`. It needs skia-python (the `mira` dependency group)
and the extra `bake`, whose rig makes her meshes and movements (`capsules.bake.rig`).
"""
