"""What a classifier gets right on passages it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tocsin_model import Classifier, Label, Result
from tocsin_training import corpora, metrics
from tocsin_training.seeds import Passage


def on_passages(classifier: Classifier, passages: Sequence[Passage]) -> dict[str, Any]:
    """Every figure of the model card for one set of gold passages."""
    results = classifier.score([passage.text for passage in passages])
    elevated = classifier.thresholds.elevated
    truth = np.array([bool(passage.labels) for passage in passages], np.int8)
    asserted = np.array([passage.asserted for passage in passages], np.int8)
    risk = np.array([result.risk for result in results])
    own = np.array([result.asserted_risk for result in results])
    groups = [passage.group for passage in passages]
    figures: dict[str, Any] = {
        "passages": len(passages),
        "dangerous": int(truth.sum()),
        "auroc": metrics.auroc(truth, risk),
        "auroc_interval": metrics.interval(groups, lambda drawn: metrics.auroc(truth[drawn], risk[drawn])),
        "auprc": metrics.auprc(truth, risk),
        "benign_flagged": metrics.share(risk[truth == 0] >= elevated),
        "benign_marked": metrics.share([bool(result.spans) for result, bad in zip(results, truth, strict=True) if not bad]),
        "found": metrics.share(risk[truth == 1] >= elevated),
        "ece": metrics.ece(truth, risk),
        "asserted_auroc": metrics.auroc(asserted, own),
        "asserted_when_quoted": _mean([own[i] for i, one in enumerate(passages) if one.labels and not one.asserted]),
        "asserted_when_author": _mean([own[i] for i, one in enumerate(passages) if one.asserted]),
        "labels": {},
    }
    for label in Label:
        gold = np.array([label in passage.labels for passage in passages], np.int8)
        score = np.array([result.labels[label] for result in results])
        figures["labels"][label.value] = {
            "auroc": metrics.auroc(gold, score),
            "auprc": metrics.auprc(gold, score),
            "ece": metrics.ece(gold, score),
        }
    return {**figures, **spans(classifier, passages, results), "by_kind": _by_kind(passages, results, elevated)}


def spans(classifier: Classifier, passages: Sequence[Passage], results: Sequence[Result]) -> dict[str, Any]:
    """How well the marked words fit: against gold, and by taking them away or leaving only them."""
    gold = [{place for span in passage.spans for place in range(span.start, span.end)} for passage in passages]
    marked = [{place for span in result.spans for place in range(span.start, span.end)} for result in results]
    voices, speakers = [], []
    for passage, result in zip(passages, results, strict=True):
        for truth in passage.spans:
            over = [span for span in result.spans if span.start < truth.end and span.end > truth.start]
            if over:
                best = max(over, key=lambda span: min(span.end, truth.end) - max(span.start, truth.start))
                voices.append(best.voice is truth.voice)
                if truth.speaker and truth.speaker.lower() not in _PRONOUNS:  # a pronoun doesn't say who
                    speakers.append(_same_speaker(best.speaker, truth.speaker))
    flagged = [(passage.text, result) for passage, result in zip(passages, results, strict=True) if result.spans]
    return {
        "character_f1": metrics.character_f1(gold, marked),
        "voice_right": metrics.share(voices),
        "speaker_right": metrics.share(speakers),
        "comprehensiveness": metrics.share(_after(classifier, flagged, keep=False)),
        "sufficiency": metrics.share(_after(classifier, flagged, keep=True)),
    }


def _after(classifier: Classifier, flagged: Sequence[tuple[str, Result]], *, keep: bool) -> list[bool]:
    """For each label marked in each passage: does it fall below its threshold without the marked words, or stay with only them?"""
    cases, texts = [], []
    for text, result in flagged:
        for label in {span.label for span in result.spans}:
            inside = {place for span in result.spans if span.label is label for place in range(span.start, span.end)}
            texts.append("".join(char if (place in inside) is keep else " " for place, char in enumerate(text)))
            cases.append(label)
    again = classifier.score(texts, spans=False)
    limits = dict(zip(Label, classifier.thresholds.labels, strict=True))
    return [(result.labels[label] >= limits[label]) is keep for label, result in zip(cases, again, strict=True)]


def on_public(classifier: Classifier, folder: Path) -> dict[str, Any]:
    """ETHOS (never trained on) and sentences that only name an identity."""
    comments = corpora.ethos(folder)
    truth = np.array([violent for _, violent in comments], np.int8)
    scored = classifier.score([comment for comment, _ in comments], spans=False)
    risk = np.array([result.risk for result in scored])
    threat = np.array([result.labels[Label.THREAT] for result in scored])
    named = [result.risk for result in classifier.score(corpora.madlibs(folder), spans=False)]
    return {
        "ethos_violence": {
            "comments": len(comments),
            "violent": int(truth.sum()),
            "auroc": metrics.auroc(truth, risk),
            "auprc": metrics.auprc(truth, risk),
        },
        "ethos_quantiles": {
            str(share): {"threat": float(np.quantile(threat, share)), "risk": float(np.quantile(risk, share))} for share in _QUANTILES
        },
        "identity_sentences": {
            "sentences": len(named),
            "highest_risk": max(named),
            "identity_over_elevated": metrics.share([value >= classifier.thresholds.elevated for value in named]),
        },
    }


def distribution(classifier: Classifier, passages: Sequence[Passage]) -> dict[str, list[int]]:
    """How many passages have each score, counted by hundredth: what later scores are compared with to see whether they drift."""
    results = classifier.score([passage.text for passage in passages], spans=False)
    scores = {"risk": [result.risk for result in results], "asserted_risk": [result.asserted_risk for result in results]}
    scores |= {label.value: [result.labels[label] for result in results] for label in Label}
    return {name: np.histogram(values, _HUNDREDTHS)[0].tolist() for name, values in scores.items()}


def _by_kind(passages: Sequence[Passage], results: Sequence[Result], elevated: float) -> dict[str, Any]:
    kinds: dict[str, list[bool]] = {}
    for passage, result in zip(passages, results, strict=True):
        name = ("dangerous, " + passage.spans[0].voice if passage.spans else passage.kind) or passage.kind
        kinds.setdefault(name, []).append(result.risk >= elevated)
    return {name: {"passages": len(flags), "flagged": metrics.share(flags)} for name, flags in sorted(kinds.items())}


_HUNDREDTHS = np.arange(101) / 100
_QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99)
_PRONOUNS = {"he", "she", "they", "him", "her", "them", "it", "one"}


def _same_speaker(found: str | None, gold: str) -> bool:
    if found is None:
        return False
    one, other = (set(name.lower().replace("’", "'").split()) - {"the", "a", "an"} for name in (found, gold))
    return bool(one & other)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
