"""Mira, the built-in avatar, drawn by code.

This package is needed only to draw her again (`python -m capsules.mira OUT.avatar`); what runs
reads the packed result through `capsules.pack`. It needs skia-python, NumPy and SciPy, which are
build-time dependencies (the `mira` dependency group).
"""
