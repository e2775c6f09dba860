#!/usr/bin/env python3
"""ligo-grow grow as a process: killed, stopped, NaN weights, folders that must not be overwritten, the same bytes.

usage: grow_process.py BIN_DIR CASE
Every case grows a made-up LLaMA-type directory of some MB in bf16, written here without any library.
"""
import json
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time

TOOL = pathlib.Path(sys.argv[1]) / "ligo-grow"


def write_model(folder, layers=4, nan_in=None):
    hidden, ffn, vocab, heads, kv = 256, 704, 2000, 8, 4
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(dict(
        model_type="llama", architectures=["LlamaForCausalLM"], vocab_size=vocab, hidden_size=hidden,
        intermediate_size=ffn, num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=kv,
        max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=False)))
    (folder / "tokenizer.json").write_text("{}")
    width = hidden // heads * kv
    shapes = {"model.embed_tokens.weight": (vocab, hidden), "lm_head.weight": (vocab, hidden),
              "model.norm.weight": (hidden,)}
    for i in range(layers):
        for name, shape in (("self_attn.q_proj", (hidden, hidden)), ("self_attn.k_proj", (width, hidden)),
                            ("self_attn.v_proj", (width, hidden)), ("self_attn.o_proj", (hidden, hidden)),
                            ("mlp.gate_proj", (ffn, hidden)), ("mlp.up_proj", (ffn, hidden)),
                            ("mlp.down_proj", (hidden, ffn)), ("input_layernorm", (hidden,)),
                            ("post_attention_layernorm", (hidden,))):
            shapes[f"model.layers.{i}.{name}.weight"] = shape
    header, data, at, state = {}, [], 0, 12345
    block = bytearray()
    for _ in range(1 << 15):  # bf16 of about +-0.02, from a small generator
        state = (state * 1103515245 + 12345) % 2**31
        block += struct.pack("<H", (0x3C00 | (state >> 16) & 0xFF) | (state >> 15 & 0x8000))
    for name, shape in shapes.items():
        size = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = dict(dtype="BF16", shape=list(shape), data_offsets=[at, at + size])
        at += size
        values = bytearray((block * (size // len(block) + 1))[:size])
        if name == nan_in:
            values[100:102] = b"\xc0\x7f"
        data.append(values)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))


def grow(source, out, *settings):
    command = [str(TOOL), "grow", str(source), "--out", str(out), "--threads", "1", "--quiet"]
    for one in ("target.hidden_size=512", "target.layers=8", "measure=no", *settings):
        command += ["--set", one]
    return command


def run(command):
    return subprocess.run(command, capture_output=True, text=True)


def weights(folder):
    return {one.name: one.read_bytes() for one in sorted(folder.glob("*")) if one.suffix in (".safetensors", ".json")}


def interrupted(work, number):
    """Stopped while it writes: no weights and no config.json at the target; run again, it is as a clean run."""
    write_model(work / "small")
    process = subprocess.Popen(grow(work / "small", work / "large"), stdout=subprocess.DEVNULL)
    end = time.time() + 60
    while time.time() < end and process.poll() is None and not list((work / "large").glob("*.part")):
        time.sleep(0.001)
    process.send_signal(number)
    code = process.wait()
    if code == 0:
        print("the growth was done before the signal")
    else:
        assert code == -number if number == signal.SIGKILL else code == 128 + number, code
        assert not (work / "large/config.json").exists()
        assert not list((work / "large").glob("*.safetensors"))
        if number != signal.SIGKILL:
            assert not list((work / "large").glob("*.part")), "a part was left behind"
    assert run(grow(work / "small", work / "large")).returncode == 0
    assert run(grow(work / "small", work / "clean")).returncode == 0
    assert weights(work / "large") == weights(work / "clean")


def case_killed(work):
    interrupted(work, signal.SIGKILL)


def case_stopped(work):
    interrupted(work, signal.SIGTERM)


def case_nan(work):
    write_model(work / "small", nan_in="model.layers.2.mlp.up_proj.weight")
    done = run(grow(work / "small", work / "large"))
    assert done.returncode == 2, done
    assert "model.layers.2.mlp.up_proj.weight: holds NaN or infinity" in done.stderr, done.stderr
    assert not list((work / "large").glob("*.safetensors*"))
    done = run([str(TOOL), "inspect", str(work / "small")])
    assert done.returncode == 2 and "up_proj.weight: holds NaN" in done.stderr, done.stderr


def case_kept_folders(work):
    write_model(work / "small")
    write_model(work / "other")
    before = weights(work / "other")
    done = run(grow(work / "small", work / "other"))
    assert done.returncode == 2 and "holds a model that was not grown here" in done.stderr, done.stderr
    done = run(grow(work / "small", work / "small"))
    assert done.returncode == 2 and "the source's own folder" in done.stderr, done.stderr
    assert weights(work / "other") == before == weights(work / "small")


def case_shards(work):
    """Shards and threads change how the weights are written, not what they are; tokenizers are carried along."""
    write_model(work / "small")
    assert run(grow(work / "small", work / "one")).returncode == 0
    assert (work / "one/tokenizer.json").read_text() == "{}"
    assert run(grow(work / "small", work / "many", "shard_gb=0.004", "threads=2")).returncode == 0
    assert len(list((work / "many").glob("model-*.safetensors"))) > 2
    read = {}
    for name in ("one", "many"):
        tensors = read[name] = {}
        for path in (work / name).glob("*.safetensors"):
            text = path.read_bytes()
            length = struct.unpack("<Q", text[:8])[0]
            for key, entry in json.loads(text[8:8 + length]).items():
                if key != "__metadata__":
                    begin, end = entry["data_offsets"]
                    tensors[key] = text[8 + length + begin:8 + length + end]
    assert read["one"] == read["many"]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        globals()["case_" + sys.argv[2]](pathlib.Path(folder))
    print("ok")
