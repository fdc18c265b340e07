"""What is known around an item: its decisions, other items of its author, decided ones like it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from tocsin_service.reviews import search
from tocsin_service.reviews.models import Decision, Item, Kind, Status, User

LEAST = 0.2  # of the words shared; what shares less isn't shown as similar

_LETTERS = 4
_WORDS = 8
_EVIDENCE = 4  # of the words at most: what the model goes by is common in a queue that the model fills
_PER_WORD = 1_000
_COMPARED = 50
_CHARACTERS = 20_000  # of each passage


@dataclass(frozen=True, slots=True)
class Past:
    """A decision, taken back or not, and the name of who decided."""

    decision: Decision
    name: str


def history(session: Session, item: Item, viewer: User) -> list[Past]:
    """The decisions of an item, oldest first. Those of others are hidden while the item waits for a second decision that ``viewer`` might
    give.
    """
    statement = select(Decision, User.name).join(User, User.id == Decision.user_id).where(Decision.item_id == item.id).order_by(Decision.id)
    found = [Past(decision, name) for decision, name in session.execute(statement)]
    own = [past for past in found if past.decision.user_id == viewer.id]
    seen = any(past.decision.undone is None and past.decision.kind != Kind.SKIPPED for past in own)
    return own if item.status == Status.SECOND and not seen else found


def by_author(session: Session, item: Item, most: int = 20) -> list[Item]:
    """Other items of the same author, the latest first."""
    if item.author is None:
        return []
    statement = select(Item).where(Item.author == item.author, Item.id != item.id).order_by(Item.received.desc(), Item.id.desc())
    return list(session.scalars(statement.limit(most)))


def similar(session: Session, item: Item, most: int = 5) -> list[tuple[Item, float]]:
    """Decided items that share words with this one, and the share: of the words in either, those in both. The same text counts as 1 and
    comes first. Looks at the 50 that have most of its telling words; where those are common, not at all that have them.
    """
    text = (item.text or "")[:_CHARACTERS]
    mine = set(search.words(text))
    telling = _telling(item, mine)
    if not telling:
        return []
    beginning = func.substr(Item.text, 1, _CHARACTERS)
    candidates = session.execute(select(Item.id, Item.decided, beginning).where(Item.id.in_(_candidates(session, item, telling)))).all()
    scored = []
    for found, decided, theirs in candidates:
        same = _plain(theirs) == _plain(text)
        words = set(search.words(theirs))
        share = 1.0 if same else len(mine & words) / len(mine | words)
        if share >= LEAST:
            scored.append((same, share, decided or 0.0, found))
    best = sorted(scored, reverse=True)[:most]
    by_id = {one.id: one for one in session.scalars(select(Item).where(Item.id.in_([found for *_, found in best])))}
    return [(by_id[found], share) for _, share, _, found in best]


def _telling(item: Item, words: set[str]) -> list[str]:
    """Those of an item's words that are likely rare: some the model went by, the heaviest first, then the longest."""
    weighed: Counter[str] = Counter()
    for span in item.result.get("spans") or ():
        for evidence in span.get("evidence") or ():
            for word in search.words((item.text or "")[evidence["start"] : evidence["end"]]):
                weighed[word] = max(weighed[word], evidence["weight"])
    enough = {word for word in words if len(word) >= _LETTERS} or words
    heavy = sorted(enough & weighed.keys(), key=lambda word: (-weighed[word], word))[:_EVIDENCE]
    rest = sorted(enough - set(heavy), key=lambda word: (-len(word), word))
    return [*heavy, *rest][:_WORDS]


def _candidates(session: Session, item: Item, telling: list[str]) -> list[int]:
    """The ids of the decided items with most of these words; first those with all."""
    arms = [telling, *([word] for word in telling)] if len(telling) > 1 else [telling]
    selects = []
    for place, words in enumerate(arms):
        found = search.some(session, [search.Term(word) for word in words], _PER_WORD).subquery()
        decided = (Item.status == Status.DECIDED, Item.erased.is_(None), Item.id != item.id)
        selects.append(select(literal(place), Item.id).join(found, found.c.id == Item.id).where(*decided))
    shared = Counter(found for _, found in session.execute(union_all(*selects)))
    return sorted(shared, key=lambda found: (-shared[found], -found))[:_COMPARED]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
