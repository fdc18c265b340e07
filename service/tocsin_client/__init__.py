"""A client of Tocsin's HTTP API, for programs that don't hold the model themselves. Needs httpx and nothing else of Tocsin.

>>> from tocsin_client import Client
>>> with Client("http://127.0.0.1:8080") as client:
...     score = client.score("See you at the match on Sunday.")
"""

from tocsin_client.clients import AsyncClient, Client
from tocsin_client.errors import ProblemError, RateLimited, TocsinError, TransportError, Unavailable
from tocsin_client.retries import Retry
from tocsin_client.types import (
    Band,
    Evidence,
    Item,
    ItemError,
    Label,
    Language,
    Model,
    ModelCard,
    Offsets,
    Score,
    Sentence,
    Span,
    Voice,
)

__all__ = [
    "AsyncClient",
    "Band",
    "Client",
    "Evidence",
    "Item",
    "ItemError",
    "Label",
    "Language",
    "Model",
    "ModelCard",
    "Offsets",
    "ProblemError",
    "RateLimited",
    "Retry",
    "Score",
    "Sentence",
    "Span",
    "TocsinError",
    "TransportError",
    "Unavailable",
    "Voice",
]
