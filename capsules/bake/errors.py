"""What can go wrong on the way from a photo to an avatar.

BakeError
├── AvatarExistsError        the name is taken in the folder; replace it or choose another
├── AvatarFolderError        the folder of avatars cannot be written; mend it or name another
├── AvatarNameError          the name cannot be used; choose another
├── BakeUnavailableError     the extra `capsulecast[bake]` is not installed; install it
├── CancelledBakeError       somebody ended it; nothing was written
├── ConsentError             nobody is named who agreed; say who and when
├── FaceShapeError           the face's points lie so that no rig can be made; correct them
├── ModelError               a model file cannot be used
│   ├── ModelMissingError    it is not there, or not what it should be; fetch it
│   └── ModelFetchError      it could not be fetched; a retry helps where the network failed
├── LandmarksError           a file of landmarks cannot be used; mend it
├── PhotoError               the file is no photo that can be read; give another file
│   ├── PhotoFormatError     unknown, damaged or unsupported format
│   └── PhotoSizeError       too large, too small, or too many pixels to decode
└── PhotoRefusedError        a photo, but no face in it that can be baked; give another photo
    ├── NoFaceError          nobody there
    ├── SeveralFacesError    more than one; choose one
    ├── FaceNumberError      the chosen number is not among them
    ├── SmallFaceError       too few pixels
    ├── TurnedFaceError      looks too far to the side, up or down
    ├── TiltedFaceError      not upright in the picture; straighten or turn the photo
    ├── ClosedEyesError      an eye is closed
    ├── BlurredFaceError     out of focus or moved
    ├── ExposureError        too dark or too bright
    └── HiddenFaceError      something covers it
"""

from capsules.errors import CapsuleError

__all__ = [
    "AvatarExistsError",
    "AvatarFolderError",
    "AvatarNameError",
    "BakeError",
    "BakeUnavailableError",
    "BlurredFaceError",
    "CancelledBakeError",
    "ClosedEyesError",
    "ConsentError",
    "ExposureError",
    "FaceNumberError",
    "FaceShapeError",
    "HiddenFaceError",
    "LandmarksError",
    "ModelError",
    "ModelFetchError",
    "ModelMissingError",
    "NoFaceError",
    "PhotoError",
    "PhotoFormatError",
    "PhotoRefusedError",
    "PhotoSizeError",
    "SeveralFacesError",
    "SmallFaceError",
    "TiltedFaceError",
    "TurnedFaceError",
]


class BakeError(CapsuleError):
    """Root of what can go wrong while baking."""


class AvatarExistsError(BakeError):
    """There is an avatar of that name, and it is not to be replaced."""


class AvatarFolderError(BakeError):
    """The folder of avatars cannot be written."""


class AvatarNameError(BakeError, ValueError):
    """The name is not one that a baked avatar may have."""


class CancelledBakeError(BakeError):
    """Somebody ended the baking; nothing was written."""


class ConsentError(BakeError, ValueError):
    """It is not said who agreed to be baked."""


class BakeUnavailableError(BakeError):
    """A package that baking needs is not installed."""


class FaceShapeError(BakeError):
    """The points of the face lie so that no rig can be made from them."""


class ModelError(BakeError):
    """A model file cannot be used."""


class ModelMissingError(ModelError):
    """A model file is not there, or has other content than it should."""


class ModelFetchError(ModelError):
    """The model files could not be fetched."""


class LandmarksError(BakeError, ValueError):
    """A file of landmarks cannot be read, or its points are no face in the photo."""


class PhotoError(BakeError):
    """The file cannot be read as a photo."""


class PhotoFormatError(PhotoError):
    """The file is damaged, or of no format that is read."""


class PhotoSizeError(PhotoError):
    """The file or the picture is too large or too small."""


class PhotoRefusedError(BakeError):
    """The photo has no face that can be baked; the message says what would do."""


class NoFaceError(PhotoRefusedError):
    """No face was found."""


class SeveralFacesError(PhotoRefusedError):
    """More than one face was found and none was chosen."""


class FaceNumberError(PhotoRefusedError, ValueError):
    """The chosen face is not among those found."""


class SmallFaceError(PhotoRefusedError):
    """The face has too few pixels."""


class TurnedFaceError(PhotoRefusedError):
    """The face is turned too far from the camera."""


class TiltedFaceError(PhotoRefusedError):
    """It is not upright: the head is tilted, or the photo lies on its side."""


class ClosedEyesError(PhotoRefusedError):
    """An eye is closed."""


class BlurredFaceError(PhotoRefusedError):
    """The face is blurred."""


class ExposureError(PhotoRefusedError):
    """The face is too dark or too bright."""


class HiddenFaceError(PhotoRefusedError):
    """Part of the face is covered, or the landmarks cannot be trusted for another reason."""
