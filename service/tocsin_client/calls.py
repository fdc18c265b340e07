"""The calls of the API as conversations: what to ask, and what the answers mean. The same for both clients."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from tocsin_client import reading
from tocsin_client.batches import Batcher, Entry, encode, join
from tocsin_client.retries import Conversation, Request, Retry, exchange, never_fits
from tocsin_client.types import Id, ItemError, Label, ModelCard, Offsets, Score


@dataclass(frozen=True, slots=True)
class Options:
    """What to answer with; the service's own defaults."""

    labels: Sequence[Label] | None
    spans: bool
    sentences: bool
    offsets: Offsets

    def fields(self) -> dict[str, object]:
        """The fields of a request, without those that say the default."""
        chosen: dict[str, object] = {} if self.labels is None else {"labels": list(self.labels)}
        if not self.spans:
            chosen["spans"] = False
        if self.sentences:
            chosen["sentences"] = True
        return chosen if self.offsets == "codepoint" else {**chosen, "offsets": self.offsets}


class Calls:
    """The calls with what they share: when to try again, when to pack, and the model card that was answered last."""

    def __init__(self, retry: Retry, gzip_from: int | None) -> None:
        self._retry = retry
        self._gzip_from = gzip_from
        self._card: tuple[str, ModelCard] | None = None  # its ETag and what it says; replaced as a whole, so threads may share it

    def score(self, text: str, id: Id, options: Options) -> Conversation[Score]:
        """One passage."""
        fields = {"text": text, **({} if id is None else {"id": id}), **options.fields()}
        return reading.score((yield from self._post("/v1/score", encode(fields), passages=1)))

    def score_batch(self, batch: list[Entry], batcher: Batcher) -> Conversation[list[Score | ItemError]]:
        """A batch; none of it if the service takes none so large, then the batcher has it back in halves."""
        response = yield from self._post("/v1/score/batch", join(batch), passages=len(batch))
        if not never_fits(response, len(batch)):
            return reading.results(response, [(entry.index, entry.item) for entry in batch])
        if len(batch) == 1:
            return [reading.item_error(batch[0].index, batch[0].item, reading.failure(response))]
        batcher.split(batch)
        return []

    def model(self) -> Conversation[ModelCard]:
        """The model card: asked for every time, sent only when it has changed."""
        known = self._card
        headers = {"If-None-Match": known[0]} if known else {}
        response = yield from exchange(Request("GET", "/v1/model", headers=headers), self._retry)
        if known and response.status_code == 304:
            return known[1]
        card = reading.card(response)
        if tag := response.headers.get("ETag"):
            self._card = (tag, card)
        return card

    def feedback(self, text: str, labels: Mapping[Label, bool], comment: str | None, do_not_store: bool) -> Conversation[bool]:
        """One correction. It is not sent again where it may have arrived: it would be kept twice."""
        fields = {"text": text, "labels": dict(labels), **({} if comment is None else {"comment": comment}), "doNotStore": do_not_store}
        return reading.stored((yield from self._post("/v1/feedback", encode(fields), repeatable=False)))

    def _post(self, path: str, body: bytes, *, passages: int = 0, repeatable: bool = True) -> Conversation[httpx.Response]:
        headers = {"Content-Type": "application/json"}
        if self._gzip_from is not None and len(body) >= self._gzip_from:
            body, headers["Content-Encoding"] = gzip.compress(body, 6, mtime=0), "gzip"
        return (yield from exchange(Request("POST", path, body, headers, repeatable, passages), self._retry))
