"""The word lists in ``seeds/lexicons`` as the vocabulary and its classes."""

from __future__ import annotations

import gzip
import tomllib
from pathlib import Path

import numpy as np

from tocsin_model.tokens import SHAPES, Vocabulary
from tocsin_training.matrix import Classes
from tocsin_training.seeds import SEEDS

LEXICONS = SEEDS / "lexicons"


def load(folder: Path = LEXICONS) -> tuple[Classes, list[str], dict[str, str]]:
    """The classes, the words in order and the aliases (what an artifact stores of a vocabulary)."""
    rows = [line.split("\t") for line in gzip.decompress((folder / "words.tsv.gz").read_bytes()).decode().splitlines()]
    patterns = {word: name for name, words in _lists(folder / "pattern_classes.toml").items() for word in words.split()}
    function = (folder / "function_words.txt").read_text(encoding="utf-8").split()
    groups = _lists(folder / "groups.toml")
    aliases = {word: name for name, words in groups.items() for word in words.split()}
    clustered = {word: (int(broad), int(middle), int(narrow)) for word, broad, middle, narrow in rows}
    words = list(dict.fromkeys([*groups, *function, *patterns, *(word for word in clustered if word not in aliases)]))
    vocabulary = Vocabulary(words, aliases)
    size = len(SHAPES) + len(words)
    fine = np.arange(size, dtype=np.int32)  # a word without a class is a class of its own
    pattern = np.arange(size, dtype=np.int32)
    names = {name: size + index for index, name in enumerate(dict.fromkeys(patterns.values()))}
    keeps_itself = {*function, *groups, *SHAPES}
    for word in words:
        index = vocabulary[word]
        if word in keeps_itself:
            continue
        if word in clustered:
            fine[index] = size + 1_000 + clustered[word][2]
        if word in patterns:
            pattern[index] = names[patterns[word]]
        elif word in clustered:
            pattern[index] = size + 10_000 + clustered[word][0]
    return Classes(vocabulary, fine, pattern), words, aliases


def _lists(path: Path) -> dict[str, str]:
    return {str(name): str(words) for name, words in tomllib.loads(path.read_text(encoding="utf-8")).items()}
