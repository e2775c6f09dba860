#!/usr/bin/env python3
"""Writes a made-up GPT-2 directory of 6 layers of 384 (about 43 MB of float32), for the benchmark of growing one.

  made_model.py FOLDER"""
import array
import json
import math
import pathlib
import random
import struct
import sys

HIDDEN, LAYERS, VOCABULARY, POSITIONS = 384, 6, 2000, 128


def main():
    folder = pathlib.Path(sys.argv[1])
    if (folder / "model.safetensors").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(dict(
        model_type="gpt2", architectures=["GPT2LMHeadModel"], vocab_size=VOCABULARY, n_positions=POSITIONS, n_embd=HIDDEN,
        n_layer=LAYERS, n_head=6, activation_function="gelu_new", layer_norm_epsilon=1e-5)))
    shapes = {"wte.weight": (VOCABULARY, HIDDEN), "wpe.weight": (POSITIONS, HIDDEN)}
    for name in [f"h.{i}.{part}" for i in range(LAYERS) for part in ("ln_1", "ln_2")] + ["ln_f"]:
        shapes |= {f"{name}.weight": (HIDDEN,), f"{name}.bias": (HIDDEN,)}
    for i in range(LAYERS):
        for name, rows, columns in (("attn.c_attn", 1, 3), ("attn.c_proj", 1, 1), ("mlp.c_fc", 1, 4), ("mlp.c_proj", 4, 1)):
            shapes |= {f"h.{i}.{name}.weight": (rows * HIDDEN, columns * HIDDEN), f"h.{i}.{name}.bias": (columns * HIDDEN,)}
    draw = random.Random(1)
    block = array.array("f", (draw.gauss(0, 0.02) for _ in range(1 << 14))).tobytes()
    header, parts, at = {}, [], 0
    for name, shape in shapes.items():
        size = 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + size]}
        parts.append((block * (size // len(block) + 1))[:size])
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


main()
