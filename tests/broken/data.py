"""Broken embedders, datasets and suites."""

from __future__ import annotations

from broken.sources import Example, broken, hook, whole

EXAMPLES: list[Example] = []

GENERATE = "def generate(self):\n    {}"
EXAMPLES += [
    broken(
        "overlap",
        "dataset",
        "disjoint splits",
        "20 rows of validation",
        GENERATE.format("return {split: rows(np.random.default_rng(5), 20) for split in ('train', 'validation', 'test')}"),
    ),
    broken(
        "other-rows",
        "dataset",
        "deterministic",
        "differ",
        GENERATE.format(
            "rng = np.random.default_rng()\n    return {split: rows(rng, 20) for split in ('train', 'validation', 'test')}"
        ),
    ),
    broken(
        "two-splits",
        "dataset",
        "generates",
        "'test'",
        GENERATE.format("return {split: rows(np.random.default_rng(5), 20) for split in ('train', 'validation')}"),
    ),
    broken(
        "one-class-only",
        "dataset",
        "classes",
        "no row of class 1",
        GENERATE.format(
            "rng = np.random.default_rng(5)\n"
            "    return {split: rows(rng, 20 if split == 'train' else 1) for split in ('train', 'validation', 'test')}"
        ),
    ),
    whole(
        "no-suite",
        "readable",
        "cannot be read",
        'class Mine(Suite):\n    """A suite."""\n    name = "no-suite"\n    file = Path("nowhere.toml")\n' + hook("suite"),
        "suite",
    ),
    broken("unlicensed", "dataset", "origin", "licence is ''", "licence: ClassVar[str] = ''"),
]

SUITE = """
FILE = Path(__file__).with_suffix(".toml")
FILE.write_text('''
name = "{named}"
version = 1
title = "One workload"
[[workload]]
name = "one"
dataset = "digits"
digest = "{digest}"
embedder = "raw"
architecture = "{architecture}"
loss = "cross-entropy"
why = "an example"
{more}
''')

class Mine(Suite):
    \"\"\"A suite.\"\"\"
    name = "{name}"
    file = FILE
"""
DIGITS = "9f64311715b5f4cda0d28d4baf1247e07413dffecc96a2b02060c84db52047e9"


def suite(name: str, check: str, word: str, **changes: str) -> Example:
    parts = {"named": name, "digest": DIGITS, "architecture": "two-layer-mlp", "more": ""} | changes
    return whole(name, check, word, SUITE.format(name=name, **parts) + hook("suite"), "suite")


EXAMPLES += [
    suite("suite-key", "keys", "unknown key 'epoch'; did you mean 'epochs'", more="epoch = 3"),
    suite("suite-name", "name", "that in the file 'other'", named="other"),
    suite("suite-digest", "workloads", "with digest 000000000000", digest="0" * 64),
    suite("suite-part", "workloads", "did you mean 'two-layer-mlp'", architecture="two-layer-mpl"),
]

ENCODE = "def encode(self, texts, role, fitted):\n    vectors = Lengths.encode(self, texts, role, fitted)\n    {}"
TABLE = "def encode_table(self, features, fitted):\n    {}"
EXAMPLES += [
    broken("double-vectors", "embedder", "shapes and types", "float64", ENCODE.format("return vectors.astype(float)")),
    broken("lists", "embedder", "shapes and types", "returns list", ENCODE.format("return vectors.tolist()")),
    broken("as-many", "embedder", "shapes and types", "depending on", ENCODE.format("return np.eye(len(texts), dtype='f4')")),
    broken("by-spaces", "embedder", "finite", "'zyxwv' is not finite", ENCODE.format("return vectors / vectors[:, 1:]")),
    broken("questions-only", "embedder", "roles", "KeyError: 'answer'", ENCODE.format("return {'question': vectors}[role]")),
    broken("centred", "embedder", "one text, one vector", "other vectors alone", ENCODE.format("return vectors - vectors[:1]")),
    broken(
        "extends",
        "embedder",
        "fitted on training texts only",
        "encoding other texts changes",
        "def fit(self, texts):\n    return []\n"
        + ENCODE.format("fitted += texts if len(texts) == 6 else []\n    return vectors + np.float32(len(fitted))"),
    ),
    broken(
        "global-fit",
        "embedder",
        "fitted on training texts only",
        "another fit changes",
        "def fit(self, texts):\n    MEMORY['n'] = len(texts)\n"
        + ENCODE.format("return vectors / np.float32(MEMORY['n'])\nglobals()['MEMORY'] = {}"),
    ),
    broken(
        "whole-numbers",
        "embedder",
        "shapes and types",
        "int64",
        TABLE.format("return (features / fitted).astype(int)"),
        base="table",
    ),
    broken("by-deviation", "embedder", "finite", "not finite", TABLE.format("return features / (fitted - 7.0)"), base="table"),
    broken(
        "by-first", "embedder", "one row, one vector", "alone", TABLE.format("return features - features[:1]"), base="table"
    ),
    broken(
        "refits",
        "embedder",
        "fitted on training rows only",
        "changes the vectors",
        TABLE.format("fitted[:] = np.maximum(fitted, np.abs(features).max(axis=0))\n    return features / fitted[4]"),
        base="table",
    ),
]
