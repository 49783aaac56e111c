"""Makes control_plane/web/face_template.json: the points of Mira's face, for faces placed by hand.

They are what the models find in her picture at rest, with the corners of the eyes a unit apart and
the middle between them at the origin. Needs the extra `bake` and the models.

PYTHONPATH=. .venv/bin/python scripts/face_template.py
"""

import json
import tempfile
from pathlib import Path

import numpy as np

from capsules.bake.finder import FaceFinder
from capsules.bake.models import locate
from capsules.pack import builtin_avatar
from compositor.drawlist import DrawList, FrameSize
from control_plane.settings import cache_home
from engine.offline.render import OfflineRenderer

OUT = Path(__file__).parents[1] / "control_plane" / "web" / "face_template.json"
CORNERS = (33, 263)

with tempfile.TemporaryDirectory() as folder:
    mira = builtin_avatar("mira", Path(folder))
    with OfflineRenderer(mira) as renderer:
        picture = renderer.rgb(DrawList("mira", FrameSize(1024, 1024)))
(face,) = FaceFinder.open(locate(None, cache_home())).faces(picture)
right, left = (face.landmarks[corner, :2].astype(np.float64) for corner in CORNERS)
apart = float(np.linalg.norm(left - right))
content = {}
for name, points in (
    ("landmarks", face.landmarks),
    ("irises", face.irises),
    ("eyeContours", face.eye_contours),
):
    moved = points.astype(np.float64)
    moved[..., :2] -= (right + left) / 2
    content[name] = np.round(moved / apart, 4).ravel().tolist()
OUT.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
