"""What Tocsin is measured against, on the same texts in the same run."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from tocsin_model import Classifier, tokens
from tocsin_model.features import TEMPLATES
from tocsin_model.passages import segment
from tocsin_model.scoring import HEADS
from tocsin_model.text import fold

Scorer = Callable[[Sequence[str]], object]


def same_features(classifier: Classifier) -> Scorer:
    """The plain scikit-learn pipeline: our features through ``HashingVectorizer``, one logistic regression a head, no spans."""
    vocabulary, fine, pattern = classifier.vocabulary, classifier.weights.fine, classifier.weights.pattern

    def grams(unit: str) -> Iterator[str]:
        ids = [0, *(vocabulary[token] for token in tokens.find(unit, 0, len(unit))), 0]
        views = (ids, [int(fine[one]) for one in ids], [int(pattern[one]) for one in ids])
        for name, parts in TEMPLATES:
            for at in range(len(ids) - parts[-1][1]):
                yield name + " ".join(str(views[view][at + offset]) for view, offset in parts)

    vectorizer = HashingVectorizer(analyzer=grams, n_features=1 << 20, norm=None, alternate_sign=False)
    model = _heads(1 << 20)

    def score(batch: Sequence[str]) -> object:
        units, owner = [], []
        for index, text in enumerate(batch):
            folded = fold(text).text
            lowered = folded.lower()
            for unit in segment(folded).units:
                units.append(lowered[unit.start : unit.end])
                owner.append(index)
        chances = model.predict_proba(vectorizer.transform(units))
        top = np.zeros((len(batch), chances.shape[1]))
        np.maximum.at(top, owner, chances)
        return top

    return score


def tfidf(texts: Sequence[str]) -> Scorer:
    """The usual first baseline: word 1- and 2-gram TF-IDF of whole passages and one logistic regression a head."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit(texts)
    model = _heads(len(vectorizer.vocabulary_))
    return lambda batch: model.predict_proba(vectorizer.transform(batch))


def tokens_only(batch: Sequence[str]) -> object:
    """The bound of merely finding the words with a regular expression."""
    return [tokens.find(text.lower(), 0, len(text)) for text in batch]


def fasttext(texts: Sequence[str]) -> Scorer | None:
    """FastText's own supervised model, word 1- and 2-grams, no spans; None if it can't be imported."""
    try:
        import fasttext as library
    except ImportError:
        return None
    lines = [text.replace("\n", " ") for text in texts]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as rows:
        rows.writelines(f"__label__{index % 4} {line}\n" for index, line in enumerate(lines))  # speed needs no good labels
        rows.flush()
        model = library.train_supervised(rows.name, dim=100, wordNgrams=2, bucket=200_000, epoch=1, thread=1, verbose=0)
    return lambda batch: model.predict([text.replace("\n", " ") for text in batch], k=4)


def encoder(layers: int, width: int, heads: int, words_a_text: Sequence[int]) -> Scorer | None:
    """A transformer encoder of that size with random weights, as speed needs no others; None without torch.

    It reads the whole of each text, as every row of the table does: a long one in windows of 512 word pieces.
    """
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "The PyTorch API of nested tensors")
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(width, heads, 4 * width, activation="gelu", batch_first=True)
    model = torch.nn.TransformerEncoder(layer, layers).eval()
    embedding = torch.nn.Embedding(30_522, width)
    windows = [_windows(2 + int(1.3 * words)) for words in words_a_text]  # word pieces

    @torch.inference_mode()
    def score(batch: Sequence[str]) -> object:
        outputs = []
        sizes = sorted(size for index in range(len(batch)) for size in windows[index])  # sorted, so that little is padding
        for start in range(0, len(sizes), 16):
            chunk = sizes[start : start + 16]
            ids = torch.randint(30_522, (len(chunk), chunk[-1]))
            padding = torch.arange(chunk[-1]) >= torch.tensor(chunk)[:, None]
            outputs.append(model(embedding(ids), src_key_padding_mask=padding)[:, 0])
        return outputs

    return score


def _windows(pieces: int) -> list[int]:
    return [512] * (pieces // 512) + ([pieces % 512] if pieces % 512 else [])


class _Heads:
    """Four fitted logistic regressions as one sparse product; ``predict_proba`` as scikit-learn's one-vs-rest does it."""

    def __init__(self, width: int) -> None:
        random = np.random.default_rng(0)
        rows = sparse.random_array((60, width), density=min(1.0, 2_000 / width), format="csr", rng=random)
        self.models = [LogisticRegression(max_iter=5).fit(rows, random.integers(0, 2, 60)) for _ in HEADS]

    def predict_proba(self, rows: sparse.csr_matrix) -> np.ndarray:
        return np.stack([model.predict_proba(rows)[:, 1] for model in self.models], axis=1)


def _heads(width: int) -> _Heads:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # speed needs no good weights
        return _Heads(width)
