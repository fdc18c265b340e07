"""Tocsin's model: text in, scores, spans and voices out. Pure: no network, no environment, no printing.

>>> from tocsin_model import load
>>> classifier = load()
>>> [result] = classifier.score(["see you at the match on Sunday"])
"""

from tocsin_model.artifact import load
from tocsin_model.classifier import Classifier, ModelInfo
from tocsin_model.errors import ArtifactError, ArtifactIncompatible, ArtifactMissing, ArtifactTampered, InputError, TocsinError
from tocsin_model.types import Band, Evidence, Label, Language, Result, Sentence, Span, Voice

__all__ = [
    "ArtifactError",
    "ArtifactIncompatible",
    "ArtifactMissing",
    "ArtifactTampered",
    "Band",
    "Classifier",
    "Evidence",
    "InputError",
    "Label",
    "Language",
    "ModelInfo",
    "Result",
    "Sentence",
    "Span",
    "TocsinError",
    "Voice",
    "load",
]
