#!/usr/bin/env python3
"""By hand: a made-up LLaMA-type directory of 1 B parameters in bf16 (2 GB), grown x2 in width (8 GB).

  .deps/bench/bin/python scripts/bench.d/grow_llama.py [--folder DIR] [--layers 16]

Prints one JSON object: bytes written a second by `ligo-grow grow` and by copying the grown files with cp, in turns
(both end with what is written on the disk), their ratio (goal >= 0.8), and the peak resident memory against what
the largest tensor needs in and out (goal < 1.2). Needs 20 GB of disk; nothing of it stays."""
import argparse
import json
import multiprocessing
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def write_model(folder, layers):
    hidden, ffn, vocab, heads, kv = 2048, 5632, 32000, 32, 8
    config = dict(model_type="llama", architectures=["LlamaForCausalLM"], vocab_size=vocab, hidden_size=hidden,
                  intermediate_size=ffn, num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=kv,
                  max_position_embeddings=2048, rms_norm_eps=1e-5, tie_word_embeddings=False, dtype="bfloat16")
    (folder / "config.json").write_text(json.dumps(config))
    shapes = {"model.embed_tokens.weight": (vocab, hidden), "lm_head.weight": (vocab, hidden),
              "model.norm.weight": (hidden,)}
    for i in range(layers):
        base = f"model.layers.{i}."
        width = hidden // heads * kv
        for name, shape in (("self_attn.q_proj", (hidden, hidden)), ("self_attn.k_proj", (width, hidden)),
                            ("self_attn.v_proj", (width, hidden)), ("self_attn.o_proj", (hidden, hidden)),
                            ("mlp.gate_proj", (ffn, hidden)), ("mlp.up_proj", (ffn, hidden)),
                            ("mlp.down_proj", (hidden, ffn)), ("input_layernorm", (hidden,)),
                            ("post_attention_layernorm", (hidden,))):
            shapes[base + name + ".weight"] = shape
    header, at = {}, 0
    for name, shape in shapes.items():
        size = 2 * int(numpy.prod(shape))
        header[name] = dict(dtype="BF16", shape=list(shape), data_offsets=[at, at + size])
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    # Ever the same 8 MB of random numbers: what counts is bytes.
    values = numpy.random.default_rng(0).standard_normal(1 << 22, dtype=numpy.float32) * 0.02
    block = (values.view(numpy.uint32) >> 16).astype(numpy.uint16).tobytes()
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for shape in shapes.values():
            size = 2 * int(numpy.prod(shape))
            while size > 0:
                size -= file.write(block[: min(size, len(block))])
    return max(int(numpy.prod(shape)) for shape in shapes.values()) * 2, at // 2


def timed(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(process.stderr.read().decode())
    return time.perf_counter() - start, usage


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", default=None)
    parser.add_argument("--layers", type=int, default=20)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--width", default="exact")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        work = pathlib.Path(folder)
        (work / "small").mkdir()
        # In another process: a child's peak memory starts at what its parent has.
        with multiprocessing.Pool(1) as pool:
            largest, parameters = pool.apply(write_model, (work / "small", arguments.layers))
        subprocess.run(["sync"], check=True)
        rates, copies, peak = [], [], 0
        for _ in range(3):
            seconds, usage = timed([str(ROOT / "build/bin/ligo-grow"), "grow", str(work / "small"), "--set",
                                    "target.hidden_size=4096", "--set", f"operator.width={arguments.width}", "--set",
                                    "measure=no", "--threads", arguments.threads, "--quiet", "--out",
                                    str(work / "large")])
            written = sum(one.stat().st_size for one in (work / "large").glob("*.safetensors"))
            rates.append(written / seconds)
            peak = max(peak, usage.ru_maxrss * 1024)
            cpu = usage.ru_utime + usage.ru_stime
            start = time.perf_counter()
            subprocess.run(["cp", "-r", str(work / "large"), str(work / "copy")], check=True)
            for one in (work / "copy").glob("*"):
                with open(one, "rb") as file:
                    os.fsync(file.fileno())
            copies.append(written / (time.perf_counter() - start))
            for one in ("copy", "large"):  # neither side removes an older one
                shutil.rmtree(work / one)
        grown_largest = 2 * largest  # [vocab, 2 hidden], the largest in and out
        need = largest + grown_largest
        print(json.dumps(dict(parameters=parameters, bytes_written=written, grow_mb_s=max(rates) / 1e6,
                              copy_mb_s=max(copies) / 1e6, ratio=max(rates) / max(copies), cpu_seconds=cpu,
                              peak_mb=peak / 1e6, largest_in_and_out_mb=need / 1e6, memory_ratio=peak / need)))


if __name__ == "__main__":
    main()
