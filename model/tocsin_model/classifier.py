"""The classifier: a list of texts in, a list of :class:`~tocsin_model.types.Result` out, in order. One text is a batch of one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from tocsin_model import attribution, language, quotations, scoring, spans
from tocsin_model.encode import Batch, encode
from tocsin_model.errors import InputError
from tocsin_model.policy import Thresholds
from tocsin_model.scoring import Hits, Weights
from tocsin_model.tokens import SHAPES, Vocabulary
from tocsin_model.types import Evidence, Label, Language, Result, Sentence, Span, Voice

LABELS = tuple(Label)
_CHUNK_CHARACTERS = 200_000  # scored at a time; bounds memory, changes nothing else
_WORTH_ATTRIBUTING = 0.1  # below this probability who says a unit changes no decision, and its author is assumed


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a caller may know of a loaded model; ``card`` is its manifest."""

    name: str
    version: str
    digest: str
    card: dict[str, object]


@dataclass(frozen=True, slots=True)
class _Speech:
    voice: Voice
    speaker: str | None
    start: int
    end: int


class Classifier:
    """Scores English passages for threats, incitement and glorification of violence.

    Parameters
    ----------
    vocabulary, weights : the trained parts; see :func:`tocsin_model.artifact.load`.
    calibration : float64, shape (4, 2), slope and intercept by head from log-odds to probability.
    thresholds : where bands begin and which spans are marked.
    info : identity of the model.
    """

    def __init__(
        self, vocabulary: Vocabulary, weights: Weights, calibration: NDArray[np.float64], thresholds: Thresholds, info: ModelInfo
    ) -> None:
        self.vocabulary = vocabulary
        self.weights = weights
        self.calibration = calibration
        self.thresholds = thresholds
        self.info = info

    def score(self, texts: Sequence[str], *, spans: bool = True, sentences: bool = False) -> list[Result]:
        """Score passages.

        Parameters
        ----------
        texts : passages; any string, also an empty one.
        spans, sentences : whether to fill ``Result.spans`` and ``Result.sentences``; the scores are the same either way.

        Raises
        ------
        InputError : ``texts`` is one string, or holds something that is not a string (its index is named).
        """
        if isinstance(texts, str):
            raise InputError("texts must be a list of strings, not one string; write score([text])")
        for index, text in enumerate(texts):
            if not isinstance(text, str):
                raise InputError(f"texts[{index}] must be a string, not {type(text).__name__}")
        results: list[Result] = []
        start, size = 0, 0
        for index, text in enumerate(texts):
            size += len(text)
            if size >= _CHUNK_CHARACTERS or index == len(texts) - 1:
                results.extend(self._score(texts[start : index + 1], spans, sentences))
                start, size = index + 1, 0
        return results

    def unit_probabilities(self, batch: Batch) -> tuple[NDArray[np.float64], list[Hits]]:
        """Probability by unit and head, shape (units, 4), head 0 at least as high as the others; and the grams behind it."""
        raw, found = scoring.logits(batch, self.weights)
        probabilities = 1 / (1 + np.exp(-(raw * self.calibration[:, 0] + self.calibration[:, 1])))
        probabilities[:, 0] = probabilities.max(axis=1, initial=0.0)
        return probabilities, found

    def _score(self, texts: Sequence[str], with_spans: bool, with_sentences: bool) -> list[Result]:
        batch = encode(texts, self.vocabulary)
        probabilities, found = self.unit_probabilities(batch)
        languages = self._languages(batch, texts)
        marked_units = self._marked_units(probabilities) if with_spans else np.zeros(len(probabilities), bool)
        shares = scoring.token_shares(found, batch.starts, np.flatnonzero(marked_units)) if marked_units.any() else None
        results = []
        for index in range(len(texts)):
            first, last = int(batch.first[index]), int(batch.first[index + 1])
            block = probabilities[first:last]
            top = block.max(axis=0) if last > first else np.zeros(len(scoring.HEADS))
            speeches = [self._speech(batch, index, unit, block[unit, 0]) for unit in range(last - first)]
            said = [block[unit, 0] for unit, speech in enumerate(speeches) if speech.voice is Voice.AUTHOR]
            marked: list[Span] = []
            if shares is not None:
                for unit in np.flatnonzero(marked_units[first:last]):
                    marked.extend(self._mark(batch, shares, texts[index], index, int(unit), block[unit], speeches[unit]))
            results.append(
                Result(
                    risk=float(top[0]),
                    asserted_risk=float(max(said, default=0.0)),
                    band=self.thresholds.band(float(top[0])),
                    labels=_by_label(top),
                    spans=tuple(sorted(marked, key=lambda span: (span.start, LABELS.index(span.label)))),
                    sentences=self._sentences(batch, index, block, speeches) if with_sentences else (),
                    language=languages[index],
                )
            )
        return results

    def _marked_units(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Units with a label at or above its threshold, or a risk that is elevated whichever label it is."""
        labelled = (probabilities[:, 1:] >= np.array(self.thresholds.labels)).any(axis=1)
        return np.asarray(labelled | (probabilities[:, 0] >= self.thresholds.elevated))

    def _speech(self, batch: Batch, index: int, unit: int, risk: float) -> _Speech:
        """Who says a unit, and which stretch of it is theirs (folded offsets)."""
        passage = batch.passages[index]
        piece = passage.units[unit]
        if piece.quotation >= 0:
            if risk < _WORTH_ATTRIBUTING:
                return _Speech(Voice.QUOTED, None, piece.start, piece.end)
            said = attribution.of_quotation(passage, piece.quotation)
            return _Speech(Voice.AUTHOR if said.own else Voice.QUOTED, said.speaker, piece.start, piece.end)
        if risk < _WORTH_ATTRIBUTING:
            return _Speech(Voice.AUTHOR, None, piece.start, piece.end)
        indirect = attribution.of_sentence(passage.text, piece.start, piece.end)
        if indirect is None:
            return _Speech(Voice.AUTHOR, None, piece.start, piece.end)
        return _Speech(Voice.REPORTED, indirect.speaker, indirect.content, indirect.end)

    def _mark(
        self, batch: Batch, shares: NDArray[np.float64], text: str, index: int, unit: int, row: NDArray[np.float64], speech: _Speech
    ) -> list[Span]:
        heads = [head for head in (1, 2, 3) if row[head] >= self.thresholds.labels[head - 1]] or [int(row[1:].argmax()) + 1]
        place = int(batch.first[index]) + unit
        own = shares[batch.starts[place] : batch.starts[place + 1]]
        piece = batch.passages[index].units[unit]
        folded = batch.folded[index]
        result = []
        for head in heads:
            unit_words = spans.words(batch.lowered[index], piece.start, piece.end, own[:, head])
            start, end = spans.extent(folded.text, unit_words, speech.start, speech.end)
            voice = speech.voice
            fragment = self._fragment(batch, index, start, end) if voice is not Voice.QUOTED else None
            if fragment is not None and speech.voice is Voice.REPORTED:
                voice, (start, end) = Voice.QUOTED, fragment
            low, high = folded.original(start, end)
            weighed = spans.evidence(unit_words, start, end)
            speaker = speech.speaker if voice is not Voice.AUTHOR else None
            words = tuple(Evidence(*folded.original(item.start, item.end), item.weight) for item in weighed)
            result.append(Span(low, high, text[low:high], LABELS[head - 1], float(row[head]), voice, speaker, words))
        return result

    def _fragment(self, batch: Batch, index: int, start: int, end: int) -> tuple[int, int] | None:
        """The quoted fragment that makes up most of a stretch of indirect speech."""
        found = batch.passages[index].quotations
        first = bisect_left(found, start - quotations.LONGEST, key=lambda quotation: quotation.start)
        for quotation in islice(found, first, None):
            if quotation.start >= end:
                break
            low, high = max(start, quotation.start), min(end, quotation.end)
            if high - low > 0.6 * (end - start) and len(batch.folded[index].text[low:high].split()) > 2:
                return spans.trim(batch.folded[index].text, low, high)
        return None

    def _sentences(self, batch: Batch, index: int, block: NDArray[np.float64], speeches: list[_Speech]) -> tuple[Sentence, ...]:
        folded = batch.folded[index]
        result = []
        for piece, row, speech in zip(batch.passages[index].units, block, speeches, strict=True):
            start, end = folded.original(*spans.trim(folded.text, piece.start, piece.end))
            result.append(Sentence(start, end, speech.voice, float(row[0]), _by_label(row)))
        return tuple(result)

    def _languages(self, batch: Batch, texts: Sequence[str]) -> list[Language]:
        edges = batch.starts[batch.first]
        function_word = self.weights.pattern == np.arange(len(self.weights.pattern))
        function_word[: len(SHAPES)] = False
        ids = batch.ids
        shape = np.array([name in ("<number>", "<symbol>", "<link>", "<handle>", "<boundary>") for name in SHAPES])
        counted = np.ones(len(ids), bool)
        small = ids < len(SHAPES)
        counted[small] = ~shape[ids[small]]

        def per_text(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
            return np.diff(np.concatenate(([0], np.cumsum(mask)))[edges])

        counts = zip(texts, per_text(counted), per_text(~small), per_text(function_word[ids]), strict=True)
        return [language.identify(text, int(words), int(known), int(function)) for text, words, known, function in counts]


def _by_label(row: NDArray[np.float64]) -> dict[Label, float]:
    return {label: float(row[head]) for head, label in enumerate(LABELS, 1)}
