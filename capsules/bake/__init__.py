"""From one photo to an avatar: needs the extra `capsulecast[bake]`; the live path imports none.

`extra` says whether the packages are there, `models` fetches and finds the model files, `photo`
reads the file, `finder` finds faces and the person in it, `checks` says whether it will do. Where
there are no models, `landmark_file` and `silhouette` stand in for them.
"""
