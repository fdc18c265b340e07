"""Who speaks: the speaker of a quotation, and indirect speech ("warned that …", "according to …") with its speaker.

Rules over the folded text, looked up only for units that matter to a score. What no rule finds stays unknown: a speaker is None and a
unit outside quotation marks is its author's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin_model.passages import Passage

_SAY = (
    r"(?:says?|said|tells?|told|tweet(?:s|ed)|wr(?:ites|ote|itten)|posts?|posted|texts?|texted|messaged|dm(?:ed|'d|s)|emailed|warn(?:s|ed|ing)?|vow(?:s|ed|ing)?"
    r"|add(?:s|ed)|stat(?:es|ed)|declar(?:es|ed|ing)|announc(?:es|ed)|claim(?:s|ed)|insist(?:s|ed)|promis(?:es|ed|ing)|pledg(?:es|ed)|sw(?:ears|ore)|threaten(?:s|ed|ing)?"
    r"|shout(?:s|ed|ing)?|scream(?:s|ed|ing)?|yell(?:s|ed|ing)?|whisper(?:s|ed)|roar(?:s|ed)|chant(?:s|ed|ing)|repl(?:ies|ied)|answer(?:s|ed)|respond(?:s|ed)|continued|repeated"
    r"|reiterated|stress(?:es|ed)|not(?:es|ed)|remark(?:s|ed)|comment(?:s|ed)|boast(?:s|ed|ing)|brag(?:s|ged|ging)|bellow(?:s|ed)|thunder(?:s|ed)|snarl(?:s|ed)|hiss(?:es|ed)|growl(?:s|ed)"
    r"|mutter(?:s|ed)|read(?:s)?|went|goes|urg(?:es|ed|ing)|call(?:s|ed|ing)?|demand(?:s|ed|ing)|order(?:s|ed)|concluded|argu(?:es|ed)|proclaim(?:s|ed)|preach(?:es|ed)|sa(?:ys|id)|scrawled"
    r"|sprayed|hinted|suggest(?:s|ed)|implied|explained|recalled|recounted|testified|alleged|asserted|maintained|cautioned|exclaimed|cried|sang|sneered|spat|scoffed|described|branded|labelled|labeled|asked|begged)"
)
_ADVERB = r"(?:(?:has|have|had|was|is|were|are|then|also|later|once|again|reportedly|allegedly|repeatedly|further|even|just|only|openly|publicly|\w+ly)\s+){0,3}"
_NAME = r"(?:[A-Z][\w'’.-]*|al-[A-Z][\w'’-]*)(?:\s+(?:[A-Z][\w'’.-]*|al-[A-Z][\w'’-]*|(?:of|the|de|da|del|der|den|van|von|bin|ibn|ag|el|al|and|for)(?=\s+(?:the\s+)?[A-Z]))){0,7}"
_NOUN = r"(?:(?:an?|the|one|another|some|two|three|several|his|her|my|our|their|this|that|its|your)\s+(?:[\w'’-]+\s+){0,5}?[\w'’-]+)"
_PHRASE = rf"(?:{_NAME}|{_NOUN}|[Hh]e|[Ss]he|[Tt]hey|[Ii]|[Ww]e|[Yy]ou|[Ss]omeone|[Ss]omebody|[\w'’-]+)"

# … ," said NAME  |  … ," NAME[, the secretary general,] said
_AFTER_VERB = re.compile(rf"^[\s,–—-]*{_ADVERB}{_SAY}\s+(?P<who>{_NAME}|{_NOUN})")
_AFTER_NAME = re.compile(rf"^[\s,–—-]*(?P<who>{_PHRASE})(?P<more>[^.!?\n\"“”]{{0,160}}?)\s+{_ADVERB}{_SAY}\b")
# NAME[, …] said[ on Monday][:,] "  |  NAME: "  |  according to NAME, "
_BEFORE = re.compile(rf"(?:^|[.!?…”\"'’\n;:,]\s*|\s)(?P<who>{_PHRASE})(?P<more>[^.!?\n\"“”]{{0,140}}?)\s+{_ADVERB}{_SAY}\b[^.!?\n\"“”]{{0,90}}$")
_LABEL = re.compile(r"(?:^|\n)\s*(?P<who>[A-Z@][\w .'’@-]{0,50}?)\s*(?:\([^)\n]{0,20}\))?\s*(?::|wrote:)\s*$")
_ACCORDING = re.compile(rf"\b[Aa]ccording to\s+(?P<who>{_NAME}|{_NOUN})|\bin the words of\s+(?P<also>{_NAME}|{_NOUN})")

_CLAUSE = r"(?:^|[\n;:—–]\s*|,\s+(?:and|but|while|as|when|after|before|where)\s+|,\s*|\b(?:and|but|because|after|when|since|that|as|where|while|if|how|who|which)\s+)"
_THAT = (
    rf"(?:{_SAY}\s+(?:(?:him|her|me|us|them|you|[\w'’ -]{{1,50}}?)\s+)?(?:that\b|(?=(?:he|she|they|it|his|her|their|i|we|any|every|all|the|those|anyone|no|if|when|whoever|once)(?:'\w+)?\s)))"
)
_TO = r"(?:threaten(?:s|ed|ing)?|vow(?:s|ed|ing)?|promis(?:es|ed|ing)|pledg(?:es|ed|ing)|sw(?:ears|ore|earing)|offer(?:s|ed)|plot(?:s|ted)|plann(?:ed|ing)|want(?:s|ed))\s+(?:\w+ly\s+)?to\b|threaten(?:s|ed|ing)\b"
_CALL = (
    r"(?:call(?:s|ed|ing)\s+(?:on|for|upon)\b|urg(?:es|ed|ing)\b|demand(?:s|ed|ing)\b|order(?:s|ed|ing)\b|exhort(?:s|ed)\b|encourag(?:es|ed|ing)\b|incit(?:es|ed|ing)\b|told\s+(?:\w+\s+){1,4}to\b"
    r"|(?:declar|describ)(?:es|ed|ing)\b|brand(?:s|ed)\b|label(?:s|led|ed)\b|prais(?:es|ed|ing)\b|hail(?:s|ed|ing)\b|celebrat(?:es|ed)\b|applaud(?:s|ed)\b|justif(?:ies|ied)\b|warn(?:s|ed|ing)\b|(?:is|was|were|are)\s+quoted\s+as\b"
    r"|(?:wish(?:es|ed)|hop(?:es|ed)|pray(?:s|ed))\b|boast(?:s|ed|ing)\b|gloat(?:s|ed|ing)\b|said\b)"
)
_REPORTED = re.compile(rf"{_CLAUSE}(?P<who>{_PHRASE})(?P<more>[^.!?\n\"“”;:]{{0,140}}?)\s+{_ADVERB}(?:(?P<that>{_THAT})|(?P<to>{_TO})|(?P<call>{_CALL}))")
_TRAILING = re.compile(rf"(?:,|:|–|—)\s*(?P<who>{_NAME}|{_NOUN}|he|she|they|[A-Z][\w'’ -]+?)\s+(?:[^,.!?\n]{{0,80}}?\s)?{_ADVERB}{_SAY}\b[^.!?]{{0,80}}[.!?]?\s*$")
_HEADLINE = re.compile(r"^\s*(?P<who>[A-Z][\w'’& -]{2,60}?)(?:\s+to\s+[\w'’ -]{2,40}|\s+(?:warns?|vows?|threatens?|says?)[\w'’ -]{0,40})?:\s+(?=\S)")
_NOT_A_SPEAKER = re.compile(r"(?i)^(?:if|when|unless|whoever|anyone|everyone|nobody|no|it|there|this|that|what|which|who|and|but|so|then|after|before|as|update|breaking|warning|note|ps|re|edit|tl|dr|reminder)$")
_SELF = re.compile(r"(?i)^(?:i|we|i've|i'd|i'll|we've|myself|me|my|our)\b")
_PRONOUN = re.compile(r"(?i)^(?:he|she|they|him|her|them)$")
_PROPER = re.compile(r"(?:[A-Z][\w'’-]+|al-[A-Z][\w'’-]+)(?:\s+(?:[A-Z][\w'’.-]+|al-[A-Z][\w'’-]+|ag|bin|ibn|van|von|de|el)){1,4}")
_CALENDAR = re.compile(r"\b(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|June|July|August|September|October|November|December)\b")
_ROLE_TAIL = re.compile(r"\s+(?:on|in|at|during|after|before|from|to|while|when|late|early|as|by|through|via)\b.*$", re.DOTALL)

_REACH = 260  # characters looked at on either side of a quotation


@dataclass(frozen=True, slots=True)
class Attribution:
    """``content`` is where, in the folded text, the attributed words begin; ``end`` where they end; ``own`` if the speaker is the author."""

    speaker: str | None
    content: int
    end: int
    own: bool


def of_quotation(passage: Passage, index: int) -> Attribution:
    """Who says a quotation: looked for right after it, right before it, then in the quotation it continues."""
    text, quotation = passage.text, passage.quotations[index]
    speaker = _beside(text, quotation.outer_start, quotation.outer_end)
    if speaker is None and index > 0:
        before = passage.quotations[index - 1]
        gap = text[before.outer_end : quotation.outer_start]
        if quotation.continues or (not gap.strip() or len(gap) < 3):
            return of_quotation(passage, index - 1) if index < 40 else Attribution(None, quotation.start, quotation.end, False)
    own = speaker is not None and bool(_SELF.match(speaker))
    return Attribution(None if own else _fullest(text, speaker, quotation.outer_start), quotation.start, quotation.end, own)


def _beside(text: str, start: int, end: int) -> str | None:
    after = text[end : end + _REACH]
    if not re.match(r"\s*\n", after):
        for pattern in (_AFTER_VERB, _AFTER_NAME):
            match = pattern.match(after)
            if match and not _NOT_A_SPEAKER.match(match["who"]):
                return _trim(match["who"])
    line = max(text.rfind("\n\n", 0, start) + 2 if text.rfind("\n\n", 0, start) >= 0 else 0, start - _REACH)
    before = text[line:start]
    match = _LABEL.search(before)
    if match:
        return _trim(match["who"])
    match = _last(_BEFORE, re.sub(r"\s+$", " ", before).rstrip())
    if match and not _NOT_A_SPEAKER.match(match["who"]):
        return _trim(match["who"])
    match = _ACCORDING.search(before) or _ACCORDING.match(after.lstrip(" ,"))
    return _trim(match["who"] or match["also"]) if match else None


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    sentence = max(text.rfind(mark) for mark in (". ", "! ", "? ", "\n"))
    return pattern.search(text, max(0, sentence))


def of_sentence(text: str, start: int, end: int) -> Attribution | None:
    """Indirect speech in a sentence outside quotation marks; None where the author speaks."""
    sentence = text[start:end]
    for match in _REPORTED.finditer(sentence):
        who = match["who"]
        if _NOT_A_SPEAKER.match(who) or len(sentence) - match.end() < 6:
            continue
        if _SELF.match(who):
            return None
        content = match.end() if match["that"] else match.start("to") if match["to"] else match.start("call")
        return Attribution(_fullest(text, _trim(who), start), start + content, end, False)
    trailing = _TRAILING.search(sentence)
    if trailing and trailing.start() > 8 and not _SELF.match(trailing["who"]):
        return Attribution(_fullest(text, _trim(trailing["who"]), start), start, start + trailing.start(), False)
    according = _ACCORDING.search(sentence)
    if according:
        return Attribution(_fullest(text, _trim(according["who"] or according["also"]), start), start, end, False)
    headline = _HEADLINE.match(sentence)
    if headline and not _SELF.match(headline["who"]) and not _NOT_A_SPEAKER.match(headline["who"]):
        return Attribution(_trim(headline["who"]), start + headline.end(), end, False)
    return None


def _trim(who: str) -> str:
    who = who.strip(" ,'’\"“”")
    if not who[:1].isupper() or " " not in who:
        who = _ROLE_TAIL.sub("", who)
    return who


def _fullest(text: str, speaker: str | None, before: int) -> str | None:
    """A pronoun or surname as the fullest name the passage gave before it."""
    if speaker is None:
        return None
    window = text[max(0, before - 1_500) : before + 400]
    if _PRONOUN.match(speaker):
        names = [match.group() for match in _PROPER.finditer(text, max(0, before - 400), before) if not _CALENDAR.search(match.group())]
        return names[-1] if names else speaker
    if " " not in speaker and speaker[:1].isupper():
        for match in _PROPER.finditer(window):
            name = match.group()
            if name.endswith(speaker) or name.endswith(speaker.removeprefix("al-")):
                return name
    return speaker
