from __future__ import annotations

from pathlib import Path

import pytest

WORDS = ("ağ", "nedir", "?", "soru", "cevap", ":", "elma", "bir", "meyvedir", ".")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; nothing is looked for on a network."""
    monkeypatch.setenv("OPTBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "embeddings"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers and eight dimensions with random weights, with mean pooling and a default prompt of its own."""
    import torch  # seconds to import
    from sentence_transformers import SentenceTransformer as Encoder
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(1)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS)), encoding="utf-8")
    config = BertConfig(
        vocab_size=5 + len(WORDS),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
    )
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizerFast(str(vocabulary)).save_pretrained(folder / "bert")
    encoder = Encoder(
        modules=[Transformer(str(folder / "bert"), max_seq_length=32), Pooling(8)],
        prompts={"own": "elma"},
        default_prompt_name="own",
        device="cpu",
    )
    encoder.save(str(folder / "model"), create_model_card=False)
    return folder / "model"
