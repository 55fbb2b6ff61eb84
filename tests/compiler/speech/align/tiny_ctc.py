"""Tiny CTC models with random weights, in folders as transformers writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

LATIN = {"<blank>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3} | {
    letter: 4 + number for number, letter in enumerate("aienourtsdkmlhgybpcwvzfjqx'")
}
"""As in MMS' aligner: romanised text, no label between words."""
TINY: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": (8, 8),
    "conv_kernel": (40, 16),
    "conv_stride": (20, 16),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}


def build(folder: Path, vocabulary: dict[str, Any], **settings: Any) -> Path:
    """Write a model with random weights, as save_pretrained does."""
    torch.manual_seed(1904)
    tables = [entry for entry in vocabulary.values() if isinstance(entry, dict)] or [vocabulary]
    config = Wav2Vec2Config(**TINY, vocab_size=len(tables[0]), pad_token_id=0, **settings)
    model = Wav2Vec2ForCTC(config)
    model.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    if settings.get("adapter_attn_dim"):
        for number, (language, table) in enumerate(vocabulary.items()):
            weights = {name: value.clone() for name, value in model._get_adapters().items()}
            weights["lm_head.weight"] = torch.zeros(len(table), TINY["hidden_size"])
            weights["lm_head.bias"] = torch.zeros(len(table))
            weights["lm_head.bias"][1 + number % 2] = 20.0
            save_file(weights, folder / f"adapter.{language}.safetensors", {"format": "pt"})
    return folder
