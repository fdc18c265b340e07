"""Perspective's two answers, from Results. Like Google's JSON writer, they leave out what is empty."""

from __future__ import annotations

from typing import Any

from tocsin_model.types import Label, Language, Result, Sentence, Voice
from tocsin_service.compat import perspective_errors as errors
from tocsin_service.compat.perspective_requests import Analyze, Attribute, Suggest, reads
from tocsin_service.responses import converter


def render_analyze(asked: Analyze, result: Result) -> dict[str, Any]:
    """``AnalyzeCommentResponse``; raises the Refusal of a text whose language was not given and is not English."""
    detected = result.language.code
    if not asked.languages:
        _check_detected(asked, result.language)
    thresholds = asked.thresholds if asked.languages or reads(detected) else {}
    place = converter(asked.sent, asked.passage.offsets)
    # Without spanAnnotations Perspective gives one span, the whole comment: clients read spanScores[0] as the comment's score.
    units = result.sentences if asked.passage.sentences else ()
    stretches = [(place(low), place(high), unit) for unit in units for low, high in [asked.place(unit.start, unit.end)]]
    whole = (0, place(len(asked.sent)))
    answers = {}
    for attribute, least in thresholds.items():
        summary = _of_comment(attribute, result)
        spans = [(begin, end, _of_sentence(attribute, unit)) for begin, end, unit in stretches] or [(*whole, summary)]
        answers[attribute.value] = _full(
            spanScores=[
                {"begin": begin, "end": end, "score": _score(value)} for begin, end, value in spans if least is None or value >= least
            ],
            summaryScore=_score(summary) if least is None or summary >= least else None,
        )
    return _full(
        attributeScores=_full(**answers),
        languages=list(asked.languages) or [detected],
        clientToken=asked.token,
        detectedLanguages=[detected],
    )


def render_suggest(asked: Suggest, language: Language) -> dict[str, Any]:
    """``SuggestCommentScoreResponse``."""
    return _full(clientToken=asked.token, requestedLanguages=list(asked.languages), detectedLanguages=[language.code])


def _check_detected(asked: Analyze, language: Language) -> None:
    if language.code == "und":
        advice = 'There is too little text to tell its language. Send "languages": ["en"].'
        raise errors.refused("Unable to detect language", "LANGUAGE_DETECTION_FAILED", "languages", advice)
    if not reads(language.code) and asked.thresholds and not asked.drop:
        raise errors.language(next(iter(asked.thresholds)), [language.code], detected=True)


def _of_comment(attribute: Attribute, result: Result) -> float:
    if attribute is Attribute.VIOLENCE_RISK:
        return result.risk
    if attribute is Attribute.VIOLENCE_RISK_ASSERTED:
        return result.asserted_risk
    return result.labels[Label(attribute.lower())]


def _of_sentence(attribute: Attribute, sentence: Sentence) -> float:
    if attribute is Attribute.VIOLENCE_RISK:
        return sentence.risk
    if attribute is Attribute.VIOLENCE_RISK_ASSERTED:
        return sentence.risk if sentence.voice is Voice.AUTHOR else 0.0
    return sentence.labels[Label(attribute.lower())]


def _score(value: float) -> dict[str, object]:
    return {"value": value, "type": "PROBABILITY"}


def _full(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
