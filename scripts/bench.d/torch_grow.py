#!/usr/bin/env python3
"""Growth of a small GPT-2 in plain PyTorch: 2 layers x 64 -> 4 layers x 128 on token files, one thread, float32.

usage: torch_grow.py TRAIN.bin VALID.bin [--methods scratch,pad,exact,fresh] [--schedules plain,grown] [--seeds 1,2,3]
Prints one JSON object a run: loss at start and end, first step at or below --mark, processor seconds.

It is where `fresh`, the default of ligo-grow, was found (docs/ligo-grow.md), and the other side of its check.

methods    scratch    N(0, 0.02)
           pad        old weights top left, the rest N(0, 0.02), layers stacked
           exact      the function kept: the old hidden state stands once, its new entries hold the mean and so are zero after
                      the norm; new units write nothing; new layers write nothing. What is fresh reads with N(0, 0.02).
           fresh      exact, but what is fresh reads with N(0, 1/D): at the scale of trained weights
schedules  plain      AdamW 2e-3, 50 steps of warm-up, cosine to 10 %
           grown      AdamW 4e-3, token embedding at 3 times that, 20 steps of warm-up, cosine to 3 %
Both: betas 0.9, 0.98, weight decay 0.1 on matrices, clip 1.0, 16 x 64 tokens at random offsets.
"""
import argparse
import json
import math
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import torch.nn.functional as F

VOCAB, TOKENS, BATCH, HEAD = 1024, 64, 16, 32
SCHEDULES = {"plain": dict(lr=2e-3, warm=50, final=0.1, table=1.0), "grown": dict(lr=4e-3, warm=20, final=0.03, table=3.0)}
WRITES = ("wte", "wpe", "o.w", "o.b", "proj.w", "proj.b")  # what adds to the residual stream


def axes(layers):
    """Weight name -> the space of each axis."""
    names = {"wte": ("vocab", "hidden"), "wpe": ("tokens", "hidden")}
    block = {"ln1.g": ("hidden",), "ln1.b": ("hidden",), "qkv.w": ("three", "heads", "hidden"), "qkv.b": ("three", "heads"),
             "o.w": ("hidden", "heads"), "o.b": ("hidden",), "ln2.g": ("hidden",), "ln2.b": ("hidden",),
             "fc.w": ("ffn", "hidden"), "fc.b": ("ffn",), "proj.w": ("hidden", "ffn"), "proj.b": ("hidden",)}
    for layer in range(layers):
        names |= {f"{layer}.{name}": spaces for name, spaces in block.items()}
    return names | {"lnf.g": ("hidden",), "lnf.b": ("hidden",), "head.b": ("vocab",)}


def initial(layers, width, generator, std=0.02):
    size = {"vocab": VOCAB, "tokens": TOKENS, "three": 3, "hidden": width, "heads": width, "ffn": 4 * width}
    weights = {}
    for name, spaces in axes(layers).items():
        shape = [size[space] for space in spaces]
        weights[name] = (torch.ones(shape) if name.endswith(".g") else torch.zeros(shape) if name.endswith(".b")
                         else torch.randn(shape, generator=generator) * std)
    return weights


def deepen(weights, layers, stack):
    """Layers of the source repeated; which of them are new."""
    old = depth(weights)
    source = [layer % old if stack else layer * old // layers for layer in range(layers)]
    new = [source[layer] in source[:layer] for layer in range(layers)]
    outer = {name: w for name, w in weights.items() if not name[0].isdigit()}
    inner = {f"{layer}.{name.split('.', 1)[1]}": w for layer in range(layers) for name, w in weights.items()
             if name.startswith(f"{source[layer]}.")}
    return {name: (inner | outer)[name] for name in axes(layers)}, new


def depth(weights):
    return 1 + max(int(name.split(".")[0]) for name in weights if name[0].isdigit())


def pad(weights, width, generator):
    grown = initial(depth(weights), width, generator)
    for name, old in weights.items():
        grown[name][tuple(map(slice, old.shape))] = old
    return grown


def exact(weights, new_layer, width, generator, std):
    """The same function at any width (LayerNorm; its eps must shrink by d/D as the variance does)."""
    d = weights["wte"].shape[1]
    grown = initial(depth(weights), width, generator, std)
    for name, old in weights.items():
        w, corner = grown[name], tuple(map(slice, old.shape))
        if name.endswith(".g"):
            old = old * math.sqrt(d / width)
        elif name.endswith(WRITES):
            hidden = axes(depth(weights))[name].index("hidden")
            w.zero_()  # new units write nothing …
            w[tuple(slice(None) if axis == hidden else slice(n) for axis, n in enumerate(old.shape))] = (
                old.mean(hidden, keepdim=True))  # … and new entries of the stream hold its mean
        w[corner] = old
        if name[0].isdigit() and new_layer[int(name.split(".")[0])] and name.endswith(WRITES):
            w.zero_()
    return grown


def loss_of(w, tokens, eps):
    x, y = tokens[:, :-1], tokens[:, 1:]
    (batch, time_), width = x.shape, w["wte"].shape[1]

    def norm(h, name):
        return F.layer_norm(h, (width,), w[name + ".g"], w[name + ".b"], eps)

    h = w["wte"][x] + w["wpe"][:time_]
    for layer in range(depth(w)):
        p = f"{layer}."
        qkv = F.linear(norm(h, p + "ln1"), w[p + "qkv.w"].flatten(0, 1), w[p + "qkv.b"].flatten())
        q, k, v = qkv.view(batch, time_, 3, width // HEAD, HEAD).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        h = h + F.linear(mixed, w[p + "o.w"], w[p + "o.b"])
        h = h + F.linear(F.gelu(F.linear(norm(h, p + "ln2"), w[p + "fc.w"], w[p + "fc.b"])), w[p + "proj.w"], w[p + "proj.b"])
    return F.cross_entropy(F.linear(norm(h, "lnf"), w["wte"], w["head.b"]).flatten(0, 1), y.flatten())


def evaluate(w, windows, eps):
    with torch.no_grad():
        return sum(loss_of(w, part, eps).item() for part in windows.split(32)) / len(windows.split(32))


def train(w, data, windows, steps, seed, schedule, eps=1e-5, every=0, mark=0.0):
    lr, warm, final, table = (SCHEDULES[schedule][key] for key in ("lr", "warm", "final", "table"))
    w = {name: value.clone().requires_grad_() for name, value in w.items()}
    groups = [{"params": [p], "scale": table if name == "wte" else 1.0,
               "weight_decay": 0.1 if p.dim() > 1 and not name.endswith(".b") else 0.0} for name, p in w.items()]
    adam = torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98), foreach=True)
    generator, reached, start = torch.Generator().manual_seed(1000 + seed), None, evaluate(w, windows, eps)
    for step in range(steps):
        if every and step % every == 0 and step >= steps // 2 and reached is None and evaluate(w, windows, eps) <= mark:
            reached = step
        cosine = 0.5 * (1 + math.cos(math.pi * max(0, step - warm) / max(1, steps - warm)))
        for group in adam.param_groups:
            group["lr"] = lr * group["scale"] * min(1, (step + 1) / warm) * (final + (1 - final) * cosine)
        offsets = torch.randint(0, len(data) - TOKENS - 1, (BATCH,), generator=generator)
        loss_of(w, data[offsets[:, None] + torch.arange(TOKENS + 1)], eps).backward()
        torch.nn.utils.clip_grad_norm_(w.values(), 1.0)
        adam.step()
        adam.zero_grad()
    return {name: value.detach() for name, value in w.items()}, start, evaluate(w, windows, eps), reached


def grow(method, source, layers, width, seed):
    """Weights and eps of the large model."""
    generator = torch.Generator().manual_seed(7000 + seed)
    if method == "scratch":
        return initial(layers, width, generator), 1e-5
    deep, new = deepen(source, layers, stack=method == "pad")
    if method == "pad":
        return pad(deep, width, generator), 1e-5
    ratio = source["wte"].shape[1] / width
    return exact(deep, new, width, generator, 0.02 if method == "exact" else width ** -0.5), 1e-5 * ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train")
    parser.add_argument("valid")
    parser.add_argument("--methods", default="scratch,pad,exact,fresh")
    parser.add_argument("--schedules", default="plain,grown")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--source", default="2x64", help="layers x width, trained 800 steps with the plain schedule")
    parser.add_argument("--target", default="4x128")
    parser.add_argument("--mark", type=float, default=3.60)
    parser.add_argument("--every", type=int, default=10, help="steps between looks for --mark; 0: none")
    args = parser.parse_args()
    torch.set_num_threads(1)
    data, held_out = (torch.from_numpy(np.fromfile(path, "<u2").astype(np.int64)) for path in (args.train, args.valid))
    starts = torch.arange(128) * ((len(held_out) - 1) // TOKENS * TOKENS // 128)  # 8,192 tokens, spread evenly
    windows = held_out[starts[:, None] + torch.arange(TOKENS + 1)]
    small, large = ([int(n) for n in size.split("x")] for size in (args.source, args.target))
    for seed in map(int, args.seeds.split(",")):
        fresh = initial(*small, torch.Generator().manual_seed(seed))
        source, _, source_loss, _ = train(fresh, data, windows, 800, seed, "plain")
        for schedule in args.schedules.split(","):
            for method in args.methods.split(","):
                begin = time.process_time()
                weights, eps = grow(method, source, *large, seed)
                _, start, end, reached = train(weights, data, windows, args.steps, 100 + seed, schedule, eps, args.every, args.mark)
                print(json.dumps({"method": method, "schedule": schedule, "seed": seed, "steps": args.steps,
                                  "source": round(source_loss, 4), "start": round(start, 4), "end": round(end, 4),
                                  "reached": reached, "seconds": round(time.process_time() - begin, 1)}), flush=True)


if __name__ == "__main__":
    main()
