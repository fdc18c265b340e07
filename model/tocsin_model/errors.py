"""The exceptions of the model package.

::

    TocsinError
    ├── InputError        the caller's texts are not a list of strings     (also a TypeError)
    └── ArtifactError     a model folder cannot be used
        ├── ArtifactMissing        a file is not there
        ├── ArtifactTampered       a file's digest or size is not the manifest's
        └── ArtifactIncompatible   made for another format, or arrays of the wrong shape
"""

from __future__ import annotations


class TocsinError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(TocsinError, TypeError):
    """The texts to score are not a list of strings."""


class ArtifactError(TocsinError):
    """A model artifact cannot be used."""


class ArtifactMissing(ArtifactError):
    """The folder, the manifest or a file the manifest names is not there."""


class ArtifactTampered(ArtifactError):
    """A file's bytes are not those the manifest describes."""


class ArtifactIncompatible(ArtifactError):
    """The artifact is of a format or shape this version cannot read."""
