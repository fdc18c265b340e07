"""Who speaks: the speaker of a quotation, and indirect speech ("warned that …", "according to …") with its speaker.

Rules over the folded text, looked up only for units that matter to a score. What no rule finds stays unknown: a speaker is None and a
unit outside quotation marks is its author's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin_model import speakers
from tocsin_model.passages import Passage
from tocsin_model.quotations import Quotation
from tocsin_model.speakers import SAY, Word

_SELF = re.compile(r"(?i)^(?:i|we|i've|i'd|i'll|we've|myself|me|my|our|us)\b")
_LABEL = re.compile(r"(?:^|\n)[ \t>*-]*(?P<who>[\w@][\w .'’@()/-]{0,60}?)\s*(?::|\bwrote:?|\bsaid:?)\s*\**$")
_FROM = re.compile(r"^(?:.*\b)?(?:from|by)\s+(?=\S)", re.IGNORECASE)
_ACCORDING = re.compile(r"\b(?:[Aa]ccording to|[Ii]n the words of)\s+(?=\S)")
_PLAIN_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_ENDS = re.compile(r"[.!?…]+[”\"’')]*(?=\s)|\n")
_NOT_FIRST = frozenset("and but while as when after before because so then which if though although in at on since until with".split())
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Gen|Col|Lt|Sgt|Capt|Maj|Rev|Sen|Rep|Gov|[A-Z])$")

_CLAUSE = re.compile(
    r"(?i)(?:he|she|they|it|i|we|you|his|her|their|its|any|every|all|the|those|these|anyone|anybody|everyone|everybody|no|nobody|if|when|whoever|once|unless|there|what)\b"
)
_FINITE = re.compile(
    r"(?i)^(?:[\w'’-]+\s+){1,9}?(?:would|will|should|must|shall|was|were|is|are|had|has|have|could|can|might|may|deserved?s?|needed|needs|ought|got|'d)\b|^[\w]+['’](?:d|ll|re|s|m)\b"
)
_TO = re.compile(
    r"(?i)(?:threaten|vow|promis|pledg|swear|swor|offer|plot|plann|plan|want|wish|hop|pray|urg|order|exhort|encourag|incit|instruct|command|call|appeal|demand|ask|told|tell|invit|begg)\w*$"
)
_OBJECT = re.compile(
    r"(?i)(?:threaten(?:s|ed|ing)?|call(?:s|ed|ing)|urg(?:es|ed|ing)|demand(?:s|ed|ing)|declar(?:ed|ing)|describ(?:es|ed|ing)|brand(?:s|ed)|label(?:l?ed|s)"
    r"|prais(?:es|ed|ing)|hail(?:s|ed|ing)|celebrat(?:ed|ing)|applaud(?:s|ed|ing)|justif(?:ies|ied|ying)|glorif(?:ies|ied|ying)|laud(?:s|ed|ing)|saluted"
    r"|wish(?:es|ed|ing)|hop(?:es|ed|ing)|boast(?:s|ed|ing)|gloat(?:s|ed|ing)|rejoic(?:es|ed|ing)|express(?:ed|ing)|thanked|welcomed|incit(?:es|ed|ing)|pray(?:s|ed|ing)|brag(?:s|ged|ging)|promis(?:es|ed|ing)"
    r"|defend(?:ed|ing)|congratulat(?:ed|ing)|cheer(?:ed|ing)|regretted|commemorat(?:ed|ing)|hono(?:u)?r(?:ed|ing)|offered)$"
)
_HEADLINE = re.compile(
    r"^\s*(?P<who>[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+){0,4})(?P<does>\s+(?:to\s+[A-Z][\w'’ -]{2,40}|(?:warns?|vows?|threatens?|says?)\b[\w'’ -]{0,40}))?\s*:\s+(?=\S)"
)
_NO_HEADLINE = frozenset("to the about best update breaking warning note reminder edit dear if when for from why how what".split())
_TAIL = re.compile(r"(?:[,:–—]|\?|!)\s*(?=[^,:–—]{2,160}$|[^,:–—]+,[^,]+,[^,]+$)")

_FEELS = ("hop", "wish", "pray", "celebrat", "thank", "welcom", "salut", "rejoic")

_REACH = 300  # characters looked at on either side of a quotation
_MOST_CONTINUED = 12  # quotations that one is followed back through to its speaker


@dataclass(frozen=True, slots=True)
class Attribution:
    """``content`` is where, in the folded text, the attributed words begin; ``end`` where they end; ``own`` if the speaker is the author."""

    speaker: str | None
    content: int
    end: int
    own: bool


def of_quotation(passage: Passage, index: int) -> Attribution:
    """Who says a quotation: looked for right after it, right before it, then beside the quotations it goes on from."""
    text, quotation = passage.text, passage.quotations[index]
    speaker = _beside(text, quotation)
    for earlier in range(index - 1, max(-1, index - 1 - _MOST_CONTINUED), -1):
        if speaker is not None or not _goes_on(text, passage.quotations[earlier], passage.quotations[earlier + 1]):
            break
        speaker = _beside(text, passage.quotations[earlier])
    own = speaker is not None and bool(_SELF.match(speaker)) and " " not in speaker
    return Attribution(None if own else speakers.fullest(text, speaker, quotation.outer_start), quotation.start, quotation.end, own)


def _goes_on(text: str, before: Quotation, after: Quotation) -> bool:
    """Whether a quotation is the next paragraph, or the next sentence, of what the speaker of the one before it says."""
    gap = text[before.outer_end : after.outer_start]
    return after.continues or not gap.strip() or ("\n" not in gap.strip() and len(gap) < 200 and len(_ENDS.findall(gap)) <= 1)


def _beside(text: str, quotation: Quotation) -> str | None:
    # A quotation that ends in a full stop has had its attribution, or will get none.
    after = _after(text, quotation.outer_end) if text[quotation.end - 1] != "." else None
    return after or _before(text, quotation.outer_start)


def _after(text: str, end: int) -> str | None:
    """`…,” said NAME` or `…,” NAME, of the committee, said`."""
    if re.match(r"\s*(?:\n|[;:.?!]|$)", text[end : end + 40]):
        return None
    stop = _sentence_end(text, end, end + _REACH)
    line = speakers.words(text, end, stop)
    while line and line[0].text in (",", "—", "–"):
        line = line[1:]
    if not line or line[0].low in _NOT_FIRST or line[0].text in '“"(':
        return None
    place = 0
    while place < len(line) and (line[place].low.endswith("ly") or line[place].low in ("was", "were", "is", "had", "has", "then", "also")):
        place += 1
    if place < len(line) and line[place].low in SAY and not line[place].is_name:
        return speakers.follower(text, line[place + 1 :])
    for at, word in enumerate(line):
        if at > 0 and word.low in SAY:
            found = speakers.subject(text, line[:at])
            if found is not None:
                return found
        if word.text in '“"':
            break
    return None


def _before(text: str, start: int) -> str | None:
    """`NAME told reporters: “…`, `NAME: “…`, `according to NAME, “…`."""
    lowest = max(0, start - _REACH)
    begin = lowest
    for match in _ENDS.finditer(text, lowest, max(lowest, start - 1)):
        if (text[match.start()] != "\n" or text[match.end() : start].strip()) and not _abbreviated(text, match.start()):
            begin = match.end()
    line = speakers.words(text, begin, start)
    for at in range(len(line) - 1, -1, -1):
        if line[at].low in SAY and not (line[at].is_name and at > 0):
            found = speakers.subject(text, line[:at]) or speakers.leading(text, line[:at])
            if found is not None:
                return found
    according = _ACCORDING.search(text, begin, start)
    if according:
        return speakers.follower(text, speakers.words(text, according.end(), start))
    label = _LABEL.search(text, max(0, begin - 1), start)
    if label is None:
        return None
    return _FROM.sub("", label["who"]).strip() or None


def _sentence_end(text: str, start: int, limit: int) -> int:
    for match in _ENDS.finditer(text, start, min(limit, len(text))):
        if not _abbreviated(text, match.start()):
            return match.start()
    return min(limit, len(text))


def _abbreviated(text: str, mark: int) -> bool:
    """Whether the full stop at ``mark`` belongs to a title or an initial."""
    return text[mark] == "." and _ABBREVIATION.search(text, max(0, mark - 5), mark) is not None


def of_sentence(text: str, start: int, end: int) -> Attribution | None:
    """Indirect speech in a sentence outside quotation marks; None where the author speaks."""
    sentence = text[start:end]
    if SAY.isdisjoint(_PLAIN_WORD.findall(sentence.lower())):
        return _named(text, start, end)
    line = speakers.words(text, start, end)
    main: str | None = None
    for at, word in enumerate(line):
        if word.low not in SAY or (word.is_name and at > 0):
            continue
        passive = at > 0 and line[at - 1].low in ("was", "were", "been", "got", "being", "is", "are")
        who = speakers.subject(text, line[:at])
        if who is not None and not passive:
            main = who
        content = _content(text, line, at, end)
        if content is None:
            continue
        if passive and _OBJECT.search(word.low) and not word.low.startswith(("threaten", "call", "urg", "order", "told")):
            continue
        if who is None and not passive and word.low.startswith(_FEELS):  # "hope she …": whoever writes it hopes
            continue
        speaker = None if passive else who or main or speakers.leading(text, line[:at])
        if who is None and not passive and at > 0 and line[at - 1].low not in (",", "and", "—", "–", "by", "for", "of", "to"):
            continue
        if speaker is None and not passive:
            continue
        if speaker is not None and _SELF.match(speaker) and " " not in speaker:
            return None
        return Attribution(speakers.fullest(text, speaker, start), content, end, False)
    return _trailing(text, start, end) or _named(text, start, end)


def _content(text: str, line: list[Word], at: int, end: int) -> int | None:
    """Where the words begin that a verb of saying introduces; None if it introduces none."""
    rest = line[at + 1 :]
    verb = line[at]
    if len(rest) < 2:
        return None
    for place, word in enumerate(rest[:9]):
        if word.low == "that" and place + 2 < len(rest) and verb.low not in ("call", "called"):
            return rest[place + 1].start
        if word.text in ",;—–":
            break
    if _TO.match(verb.low) and any(word.low == "to" for word in rest[:6]):
        return verb.start
    if _OBJECT.match(verb.low) and rest[0].text not in ",;:":
        return verb.start
    for word in rest[:5]:  # "told me he would …", with or without an object
        if word.text in ",;:—–" and word is not rest[0]:
            break
        if word.text in ",:":
            continue
        if _CLAUSE.match(word.text) and _FINITE.match(text[word.start : min(end, word.start + 90)]):
            return word.start
        if word.low in ("and", "but", "so", "then", "because"):
            break
    return None


def _trailing(text: str, start: int, end: int) -> Attribution | None:
    """`His men would burn the town, Marek Oduya said.`"""
    match = None
    for match in _TAIL.finditer(text, start, end):  # noqa: B007 the last one counts
        pass
    if match is None or match.start() - start < 8:
        return None
    line = speakers.words(text, match.end(), end)
    for at, word in enumerate(line):
        if at > 0 and word.low in SAY and (at == len(line) - 1 or _content(text, line, at, end) is None):
            who = speakers.subject(text, line[:at])
            if who is not None and speakers.is_somebody(who) and text.find(who, match.end()) - match.end() < 40:
                return Attribution(speakers.fullest(text, who, start), start, match.start(), False)
    if line and line[0].low in SAY and not line[0].is_name:
        who = speakers.follower(text, line[1:])
        if who is not None:
            return Attribution(speakers.fullest(text, who, start), start, match.start(), False)
    return None


def _named(text: str, start: int, end: int) -> Attribution | None:
    """`According to the Front, …` and headlines (`Red Quay to ministers: …`)."""
    according = re.search(r"\b[Aa]ccording to\s+(?=\S)", text[start:end])
    if according:
        who = speakers.follower(text, speakers.words(text, start + according.end(), end))
        return Attribution(speakers.fullest(text, who, start), start, end, False)
    headline = _HEADLINE.match(text[start:end])
    if headline and (headline["does"] or " " in headline["who"]) and headline["who"].split()[0].lower() not in _NO_HEADLINE:
        return Attribution(headline["who"], start + headline.end(), end, False)
    return None
