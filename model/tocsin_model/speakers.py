"""The noun phrase that speaks: left of a verb of saying ("a spokesman for the Front, in Kidal, said") or right of it ("said Marek Oduya").

A small walk over words, not a parser: it stops at the first word that no noun phrase goes on with. What it can't read is None.
"""

from __future__ import annotations

import re
from typing import NamedTuple

SAY = frozenset(
    """say says said saying tell tells told telling tweet tweets tweeted post posts posted posting write writes wrote written writing text
    texts texted texting message messages messaged messaging dm dmed dm'd emailed email warn warns warned warning add adds added adding
    state states stated stating declare declares declared declaring announce announces announced announcing claim claims claimed
    claiming insist insists insisted insisting promise promises promised promising pledge pledges pledged pledging swear swears swore
    swearing sworn vow vows vowed vowing threaten threatens threatened threatening shout shouts shouted shouting scream screams screamed
    screaming yell yells yelled yelling whisper whispers whispered roar roars roared chant chants chanted chanting reply replies replied
    replying answer answers answered respond responds responded responding continue continued repeat repeats repeated repeating
    reiterate reiterates reiterated stress stresses stressed stressing note notes noted noting remark remarked comment commented
    commenting boast boasts boasted boasting brag brags bragged bragging bellow bellowed thunder thundered snarl snarled hiss hissed
    growl growled mutter muttered read reads went goes urge urges urged urging call calls called calling demand demands demanded
    demanding order orders ordered ordering conclude concluded argue argues argued arguing proclaim proclaims proclaimed proclaiming
    preach preaches preached preaching scrawled sprayed hint hinted hints suggest suggests suggested imply implied explain explained
    recall recalled recount recounted testify testified allege alleged assert asserts asserted maintain maintains maintained caution
    cautioned cautions exclaimed cried cries sang sings sneered spat scoffed describe describes described describing brand branded label
    labelled labeled exhort exhorted exhorting encourage encourages encouraged encouraging incite incites incited inciting instruct
    instructs instructed command commands commanded praise praises praised praising hail hails hailed hailing celebrate celebrates
    celebrated celebrating applaud applauds applauded applauding justify justifies justified justifying wish wishes wished wishing hope
    hopes hoped hoping pray prays prayed praying gloat gloats gloated gloating rejoice rejoices rejoiced rejoicing express expresses
    expressed expressing denounce denounced denounces denouncing laud lauds lauded lauding salute salutes saluted bless blesses blessed
    thank thanked thanks welcome welcomed welcomes appeal appealed appeals invite invited glorify glorified glorifies glorifying defend
    defended defends congratulate congratulated congratulates cheer cheered cheering cheers regret regretted commemorate commemorated
    honour honoured honor honored mock mocked advise advised advises dictated bawled greeted telegraphed predicted predicts recited
    offered offers approve approved broadcast aired published issued sent left sends jeered joked jokes asked asks asking ask begged
    taunted reminded reminds informed assured assures assure quipped snapped barked confirmed confirms confessed admitted typed
    captioned""".split()
)
_SKIPPED = frozenset(
    """has have had was is were are be been being then also later once again reportedly allegedly repeatedly further even just only still
    already now today yesterday tonight afterwards earlier never always often sometimes soon heard quoted reported understood caught
    filmed recorded as who'd who which that've apparently out up back on late early last reluctantly this week month year morning
    evening afternoon night in at during monday tuesday wednesday thursday friday saturday sunday""".split()
)
_DETERMINERS = frozenset(
    "a an the one another some two three four five several his her my our their this that these those its your any no many most both each every".split()
)
_PRONOUNS = frozenset("i we he she they you it someone somebody everyone anyone nobody who them him me us".split())
_LINKS = frozenset("of for from in at with on behind outside inside near under and".split())
_STOPS = frozenset(
    """but or so then because when while after before since where how if though although as than that which who whom whose to into by against about
    is was were are be been being am has have had do does did will would can could shall should may might must not don't doesn't didn't won't what why whether
    said says told came went got took made gave here there i'm he's she's they're it's through over between until unless yet like just
    not im ive ill id youre theyre wont dont cant gonna gotta wanna lol pls please only ask asking all ok yes yeah""".split()
) | frozenset("i he she they we you it him them me us".split())
_PARTICLES = frozenset("of the de da del der den di du van von bin ibn ag el al and for ould la le y".split())
_CALENDAR = frozenset(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August September October November December".split()
)
_WORD = re.compile(r"[^\W_](?:[\w'’.@-]*[\w])?|@\w+|[,;:()—–\n“”\"]|[.!?]+")
_NAME = re.compile(r"(?:al-|el-)?[^\W\d_a-zß-öø-ÿ]")
_FULL_NAME = re.compile(
    r"(?:[A-ZÀ-Þ][\w'’-]+|al-[A-Z][\w'’-]+)(?:\s+(?:[A-ZÀ-ÞŠŽČĆĐ][\w'’.-]*|al-[A-Z][\w'’-]+|ag|bin|ibn|ould|van|von|de|da|del|el)){1,5}"
)
_MOST_WORDS = 9
_REACH = 1_500  # characters looked back for a fuller name


class Word(NamedTuple):
    """A word or mark of a stretch of text, ``[start, end)``; ``low`` in lower case with a straight apostrophe."""

    text: str
    low: str
    start: int
    end: int

    @property
    def is_name(self) -> bool:
        """Capitalised, and not a day or month."""
        return bool(_NAME.match(self.text)) and self.text not in _CALENDAR


def words(text: str, start: int = 0, end: int | None = None) -> list[Word]:
    """The words and marks of ``text[start:end]``."""
    found = _WORD.finditer(text, start, len(text) if end is None else end)
    return [Word(match[0], match[0].lower().replace("’", "'"), *match.span()) for match in found]


def subject(text: str, left: list[Word]) -> str | None:
    """The noun phrase that ends ``left``, the words before a verb; adverbs, dates and appositions between are passed over."""
    last = len(left) - 1
    while last >= 0 and (
        left[last].low in _SKIPPED or left[last].low.endswith("ly") or left[last].text in _CALENDAR or left[last].low.isdigit()
    ):
        last -= 1
    named = None
    if last >= 0 and left[last].text in (",", ")", "—", "–"):
        mark = {")": "("}.get(left[last].text, left[last].text)
        opening = last - 1
        while opening >= 0 and left[opening].text != mark:
            opening -= 1
        if opening < 0:
            return None
        inside = left[opening + 1 : last]
        if inside and inside[0].is_name and len(inside) > 1 and inside[1].is_name:
            named = follower(text, inside)
        last = opening - 1
        if last >= 0 and left[last].text == ")":
            return subject(text, left[: last + 1])
    if last < 0:
        return None
    first = _start(left, last)
    if first is None:
        return None
    while first >= 2 and left[first - 1].low in _LINKS and left[first - 1].low != "and":
        further = _start(left, first - 2)
        if further is None or (
            left[further].low not in _DETERMINERS and not left[further].is_name and further > 0 and not _boundary(left[further - 1])
        ):
            break
        first = further
    phrase = left[first : last + 1]
    if named is not None and (phrase[0].low in _DETERMINERS or not phrase[0].is_name):
        return named
    return _head(text, phrase)


def _start(left: list[Word], last: int) -> int | None:
    """Where the noun phrase that ends at ``last`` begins; None if there is none."""
    if left[last].low in _PRONOUNS:
        if left[last].low == "who" and last > 0:
            return _start(left, last - 1)
        return last
    first = last + 1
    for at in range(last, max(-1, last - _MOST_WORDS), -1):
        word = left[at]
        if _boundary(word) or (word.low in _STOPS and not word.is_name):
            break
        if word.low in _DETERMINERS:
            return at
        if word.low in _LINKS and not (word.low in _PARTICLES and at > 0 and left[at - 1].is_name and at < last and left[at + 1].is_name):
            break
        first = at
        if word.low.endswith(("'s", "s'")) and at < last:
            before = at - 1
            while before >= 0 and left[before].is_name:
                before -= 1
            return before if before >= 0 and left[before].low in _DETERMINERS else before + 1
    return first if first <= last else None


def _boundary(word: Word) -> bool:
    return not word.text[0].isalnum() and word.text[0] != "@"


def _head(text: str, phrase: list[Word]) -> str | None:
    """The phrase as it stands; of "militia leader Dragan Petrović" the name."""
    if not phrase:
        return None
    first = 0
    if phrase[0].low not in _DETERMINERS and not phrase[0].is_name:
        names = [place for place, word in enumerate(phrase) if word.is_name]
        if names and not any(word.low in _LINKS for word in phrase[: names[0]]):
            first = names[0]
    return text[phrase[first].start : phrase[-1].end]


def follower(text: str, right: list[Word]) -> str | None:
    """The noun phrase that begins ``right``, the words after a verb ("said militia leader Dragan Petrović, who …")."""
    if not right:
        return None
    if right[0].low in _PRONOUNS:
        return right[0].text
    last = -1
    for at, word in enumerate(right[:_MOST_WORDS]):
        if _boundary(word) or word.text in _CALENDAR or (word.low in SAY and not word.is_name):
            break
        if word.low in _STOPS or (word.low in _LINKS and not _goes_on(right, at)):
            break
        if word.low in _DETERMINERS and at > 0 and right[at - 1].low not in _LINKS and right[at - 1].low not in _PARTICLES:
            break
        if last >= 0 and right[last].is_name and not word.is_name and word.low not in _PARTICLES:
            break
        last = at
    while last >= 0 and right[last].low in _LINKS | _DETERMINERS:
        last -= 1
    return _head(text, right[: last + 1])


def is_somebody(phrase: str) -> bool:
    """Whether a phrase is plainly a person or group other than author and reader: a name, he, she or they, or a noun with its article."""
    first, *rest = phrase.split()
    low = first.lower()
    return (
        low in ("he", "she", "they")
        or bool(_NAME.match(first) and low not in _DETERMINERS | _PRONOUNS)
        or (low in _DETERMINERS and bool(rest))
    )


def leading(text: str, left: list[Word]) -> str | None:
    """The noun phrase a sentence begins with, after a first adverbial ("On Monday, …"), if it is plainly somebody."""
    commas = [place for place, word in enumerate(left[:14]) if word.text == ","]
    first = commas[0] + 1 if left and commas and left[0].low in _LINKS | _STOPS | {"according", "during", "speaking"} else 0
    found = follower(text, left[first:])
    return found if found is not None and is_somebody(found) else None


def _goes_on(right: list[Word], at: int) -> bool:
    following = right[at + 1] if at + 1 < len(right) else None
    if following is None or following.text in _CALENDAR or at == 0:
        return False
    return (
        following.is_name
        or (right[at].low in ("of", "for", "from") and following.low in _DETERMINERS)
        or (right[at].low == "of" and following.text.isalnum())
    )


def fullest(text: str, speaker: str | None, before: int) -> str | None:
    """A pronoun or surname as the fullest name that the passage gave before ``before``; anything else as it is."""
    if speaker is None:
        return None
    start = max(0, before - _REACH)
    if speaker.lower() in ("he", "she", "they", "him", "her", "them"):
        named = _last_speaker(text, start, before)
        return named or speaker
    bare = re.sub(r"^(?:Mr|Mrs|Ms|Dr|Gen|Col|Sen|Rep|Lt|Sgt|Capt)\.?\s+", "", speaker).removeprefix("al-")
    if " " not in bare and bare[:1].isupper():
        for match in _FULL_NAME.finditer(text, start, min(len(text), before + 400)):
            if match.group().endswith(bare):
                return match.group()
    return speaker


def _last_speaker(text: str, start: int, before: int) -> str | None:
    """The last named subject of a verb of saying, else the last full name, else the last subject with its article."""
    line = words(text, start, before)
    described = None
    for at in range(len(line) - 1, 0, -1):
        if line[at].low in SAY:
            found = subject(text, line[max(0, at - 30) : at]) or follower(text, line[at + 1 : at + 10])
            if found is None or " " not in found:
                continue
            if found.split()[0].lower() in _DETERMINERS:
                described = described or found
            elif _NAME.match(found):
                return fullest(text, found, before)
    names = [
        match.group() for match in _FULL_NAME.finditer(text, max(start, before - 400), before) if match.group().split()[0] not in _CALENDAR
    ]
    return names[-1] if names else described
