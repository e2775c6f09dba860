#!/usr/bin/env python3
"""ligo-grow grow as a process: killed, stopped, NaN weights, folders that must not be overwritten, the same bytes.

usage: grow_process.py BIN_DIR CASE
Every case grows a made-up LLaMA-type directory of some MB in bf16, written here without any library.
"""
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from cases import at_terminal

TOOL = pathlib.Path(sys.argv[1]) / "ligo-grow"


def write_model(folder, layers=4, nan_in=None, more=None):
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
    shapes.update(more or {})
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
    """Stopped while it writes: nothing at the target; run again, it is as a clean run."""
    write_model(work / "small")
    process = subprocess.Popen(grow(work / "small", work / "large"), stdout=subprocess.DEVNULL)
    end = time.time() + 60
    while time.time() < end and process.poll() is None and not list((work / "large.part").glob("*.part")):
        time.sleep(0.001)
    process.send_signal(number)
    code = process.wait()
    if code == 0:
        print("the growth was done before the signal")
    else:
        assert code == -number if number == signal.SIGKILL else code == 128 + number, code
        assert not (work / "large").exists()
        if number != signal.SIGKILL:
            assert not (work / "large.part").exists(), "a part was left behind"
    assert run(grow(work / "small", work / "large")).returncode == 0
    assert not (work / "large.part").exists(), "what the killed one left is not cleared"
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
    assert not (work / "large").exists() and not (work / "large.part").exists()
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
    # What we did not write stays: in a folder without a model, and beside an earlier growth.
    (work / "notes").mkdir()
    (work / "notes/model-of-my-thesis.safetensors").write_text("precious")
    done = run(grow(work / "small", work / "notes"))
    assert done.returncode == 2 and "model-of-my-thesis.safetensors" in done.stderr, done.stderr
    assert (work / "notes/model-of-my-thesis.safetensors").read_text() == "precious"
    assert run(grow(work / "small", work / "large")).returncode == 0
    assert run(grow(work / "small", work / "large", "seed=1", "shard_gb=0.004")).returncode == 0  # ours is exchanged
    assert not (work / "large/model.safetensors").exists()
    (work / "large/mine.txt").write_text("precious")
    assert run(grow(work / "small", work / "large")).returncode == 2
    assert (work / "large/mine.txt").read_text() == "precious"


def case_killed_over_an_older_one(work):
    """Whenever it is killed, the folder is the older growth or the new one, whole."""
    write_model(work / "small", layers=2)
    old, new = grow(work / "small", work / "large"), grow(work / "small", work / "large", "seed=7")
    assert run(old).returncode == 0
    whole = [weights(work / "large")]
    assert run(new).returncode == 0
    whole.append(weights(work / "large"))
    seen = set()
    for number in range(8):
        assert run(old).returncode == 0
        start = time.time()
        process = subprocess.Popen(new, stdout=subprocess.DEVNULL)
        if number >= 4:  # near the end: when the new one is about to be put in place
            end = time.time() + 60
            while time.time() < end and process.poll() is None and not (work / "large.part/growth.json").exists():
                time.sleep(0.0002)
        else:
            time.sleep(0.03 * number)
        process.kill()
        process.wait()
        now = weights(work / "large")
        assert now in whole, f"a mixture after {time.time() - start:.3f} s"
        seen.add(whole.index(now))
    assert 0 in seen


def case_two_at_once(work):
    """Two growths into one folder: one of them is refused, and what is there is one growth whole."""
    write_model(work / "small")
    for _ in range(3):
        first = subprocess.Popen(grow(work / "small", work / "large"), stdout=subprocess.DEVNULL)
        end = time.time() + 60
        while time.time() < end and first.poll() is None and not list((work / "large.part").glob("*.part")):
            time.sleep(0.001)
        first.send_signal(signal.SIGSTOP)  # it may be done before the second one has started
        second = run(grow(work / "small", work / "large", "seed=7"))
        first.send_signal(signal.SIGCONT)
        assert second.returncode == 2 and "is being written by another process" in second.stderr, second.stderr
        assert first.wait() == 0
        done = run([str(TOOL), "inspect", str(work / "large")])
        assert done.returncode == 0, done.stderr


def case_hostile_folders(work):
    """Pipes, devices, links out of the folder, deep JSON: refused with the file, and nothing hangs."""
    write_model(work / "good", layers=1)

    def refused(name, make, text):
        folder = work / "bad"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(work / "good", folder)
        (folder / name).unlink(missing_ok=True)
        make(folder / name)
        for command in ([str(TOOL), "inspect", str(folder)], grow(folder, work / "out")):
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert done.returncode == 2 and text in done.stderr and name in done.stderr, (name, done)
        assert not (work / "out").exists() and not (work / "out.part").exists()

    (work / "elsewhere").write_text("{}")
    for name in ("config.json", "model.safetensors"):
        refused(name, os.mkfifo, "is a pipe, not a file")
        refused(name, lambda path: path.symlink_to("/dev/zero"), "is a device, not a file")
        refused(name, lambda path: path.symlink_to("../elsewhere"), "leads out of the folder")
        refused(name, lambda path: path.symlink_to("nothing"), "is a link to nothing")
        refused(name, lambda path: path.mkdir(), "is a folder, not a file")
    deep = "[" * 100_000 + "]" * 100_000
    refused("config.json", lambda path: path.write_text('{"model_type": "llama", "x": ' + deep + "}"), "nested deeper")
    refused("model.safetensors.index.json", lambda path: (path.write_text('{"weight_map": ' + deep + "}"),
                                                          (path.parent / "model.safetensors").unlink()), "nested deeper")
    header = ('{"x": ' + deep + "}").encode()
    refused("model.safetensors", lambda path: path.write_bytes(struct.pack("<Q", len(header)) + header), "nested deeper")
    # Files that are only carried along are passed over.
    shutil.rmtree(work / "bad")
    shutil.copytree(work / "good", work / "bad")
    os.mkfifo(work / "bad/merges.txt")
    (work / "bad/vocab.json").symlink_to("../elsewhere")
    (work / "bad/special_tokens_map.json").symlink_to("tokenizer.json")
    assert run(grow(work / "bad", work / "out")).returncode == 0
    assert not (work / "out/vocab.json").exists() and (work / "out/special_tokens_map.json").read_text() == "{}"
    # A folder of a module that is a link: nothing of where it leads is carried along.
    (work / "secrets").mkdir()
    (work / "secrets/key.txt").write_text("secret")
    (work / "bad/1_Pooling").symlink_to("../secrets")
    modules = lambda path: (work / "bad/modules.json").write_text(json.dumps([{"path": "", "type": "Transformer"},
                                                                              {"path": path, "type": "Pooling"}]))
    modules("1_Pooling")
    assert run(grow(work / "bad", work / "out")).returncode == 0
    assert not list((work / "out/1_Pooling").iterdir()), list((work / "out/1_Pooling").iterdir())
    for path in (".", "..", "/etc", "../secrets"):
        modules(path)
        done = run(grow(work / "bad", work / "out"))
        assert done.returncode == 2 and "is no folder of this directory" in done.stderr, (path, done.stderr)


def case_absurd_targets(work):
    """Sizes that no model has, or that no disk here holds, are refused before memory is taken."""
    write_model(work / "small", layers=1)
    for setting, text in (("target.hidden_size=1000000000", "target/hidden_size"), ("target.layers=1000000000", "target/layers"),
                          ("target.ffn_size=1000000000", "target/ffn_size"), ("target.hidden_size=1048576", "GB left")):
        command = ["bash", "-c", 'ulimit -v 4000000; exec "$@"', "-", *grow(work / "small", work / "large", setting)]
        done = run(command)
        assert done.returncode == 2 and text in done.stderr, (setting, done.returncode, done.stderr)
    assert not (work / "large").exists() and not (work / "large.part").exists()


def case_tensors_without_a_role(work):
    """A tensor that would be lost stops the growth, unless it is named."""
    write_model(work / "small", layers=1, more={"score.weight": (3, 256), "model.layers.0.self_attn.q_proj.bias": (256,)})
    done = run(grow(work / "small", work / "large"))
    assert done.returncode == 2 and "model.layers.0.self_attn.q_proj.bias and 1 others" in done.stderr, done.stderr
    assert "it would be lost" in done.stderr and not (work / "large").exists()
    assert run(grow(work / "small", work / "large", 'drop=["score"]')).returncode == 2
    done = run(grow(work / "small", work / "large", 'drop=["score", "model.layers.0.self_attn.q_proj.bias"]'))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dropped"] == ["model.layers.0.self_attn.q_proj.bias", "score.weight"]


def case_said_after_measuring(work):
    """That the function is kept is said of what was measured, in the type that is written."""
    write_model(work / "small", layers=3)
    text = lambda *settings: json.loads(run(grow(work / "small", work / "large", *settings)).stdout)
    assert text()["keeps"] == "not measured" and text()["promised"] == "the function"
    kept = text("measure=yes")
    assert kept["dtype"] == "BF16" and kept["keeps"] == "the function", kept
    assert kept["difference_at_start"]["largest"] <= kept["difference_at_start"]["rounding"] / 1000, kept
    slices = ("measure=yes", "target.hidden_size=256", "target.layers=3", "operator.depth=slices")
    turned = text(*slices, "operator.slices=2-3,0-2")
    assert turned["keeps"] == "nothing exactly", turned
    assert text(*slices, "operator.slices=0-1,1-3")["keeps"] == "the function"



def case_check_in_little_memory(work):
    """The check at the end reads both models layer by layer: beside a growth without it, it takes a part of the weights."""
    write_model(work / "small", layers=6)
    peaks = {}
    for check in ("no", "yes"):
        command = grow(work / "small", work / check, "target.layers=24", "dtype=float32", f"measure={check}")
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0
        peaks[check] = usage.ru_maxrss * 1024
    assert json.loads(text)["keeps"] == "the function", text
    size = (work / "yes/model.safetensors").stat().st_size
    assert size > 250e6 and peaks["yes"] - peaks["no"] < size / 4, (peaks, size)


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


def case_sentence_transformers(work):
    """Folders that modules.json names are carried, with the new size; a layer that reads the old one stops the growth."""
    write_model(work / "small", layers=1)
    modules = [dict(idx=0, name="0", path="", type="sentence_transformers.models.Transformer"),
               dict(idx=1, name="1", path="1_Pooling", type="sentence_transformers.models.Pooling"),
               dict(idx=2, name="2", path="2_Normalize", type="sentence_transformers.models.Normalize")]
    (work / "small/modules.json").write_text(json.dumps(modules))
    (work / "small/1_Pooling").mkdir()
    (work / "small/1_Pooling/config.json").write_text(json.dumps(dict(word_embedding_dimension=256,
                                                                      pooling_mode_mean_tokens=True)))
    (work / "small/checkpoints").mkdir()
    (work / "small/checkpoints/notes.txt").write_text("not named, not carried")
    assert run(grow(work / "small", work / "large")).returncode == 0
    pooling = json.loads((work / "large/1_Pooling/config.json").read_text())
    assert pooling == dict(word_embedding_dimension=512, pooling_mode_mean_tokens=True), pooling
    assert (work / "large/2_Normalize").is_dir() and not (work / "large/checkpoints").exists()
    assert run(grow(work / "small", work / "large")).returncode == 0, "its own folder is exchanged"
    modules.append(dict(idx=3, name="3", path="3_Dense", type="sentence_transformers.models.Dense"))
    (work / "small/modules.json").write_text(json.dumps(modules))
    done = run(grow(work / "small", work / "other"))
    assert done.returncode == 2 and "3_Dense: reads a hidden size of 256" in done.stderr, done.stderr
    modules[3]["path"] = "../elsewhere"
    (work / "small/modules.json").write_text(json.dumps(modules))
    done = run(grow(work / "small", work / "other"))
    assert done.returncode == 2 and "is no folder of this directory" in done.stderr, done.stderr


def case_terminal(work):
    """At a terminal some lines for people, with --json and through a pipe JSON."""
    write_model(work / "small", layers=1)

    def shown(command):
        text, code = at_terminal(command)
        assert code == 0
        return text.decode().replace("\r", "")

    command = grow(work / "small", work / "large", "measure=yes")
    lines = shown(command).splitlines()
    assert len(lines) <= 6 and lines[0].startswith("grew  llama: 256 wide, 1 layers"), lines
    assert any(one.startswith("kept  the function") for one in lines), lines
    assert lines[-1].startswith("next  ligo-grow train"), lines
    assert json.loads(shown([*command, "--json"]))["keeps"] == "the function"
    assert json.loads(run(command).stdout)["keeps"] == "the function"
    lines = shown([str(TOOL), "inspect", str(work / "large")]).splitlines()
    assert lines[0].startswith("is    llama: 512 wide") and lines[-1].startswith("next  ligo-grow grow"), lines


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        globals()["case_" + sys.argv[2]](pathlib.Path(folder))
    print("ok")
