#!/usr/bin/env python3
"""Our tokenizers against Hugging Face's `tokenizers` on the King James text and odd Unicode.

usage: tokenizers_process.py BIN_DIR. Tokenizers are trained here on a little text, so that no vocabulary is shipped. Skipped, by
name, where the library is absent (.deps/hf is asked first).
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HF = ROOT / ".deps/hf/bin/python"
if HF.exists() and not os.environ.get("FRUGAL_HF"):
    os.execve(HF, [str(HF), *sys.argv], dict(os.environ, FRUGAL_HF="1"))
try:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
except ImportError:
    print("SKIPPED tokenizers: Hugging Face's tokenizers are not installed")
    sys.exit(0)

BIN = pathlib.Path(sys.argv[1]) / "ligo-grow"
VERSES = ["In the beginning God created the heaven and the earth.",
          "And the earth was without form, and void; and darkness was upon the face of the deep.",
          "Thou shalt not covet thy neighbour's house, thou'lt remember that I've said: 12 of 144,000.",
          "  And   he said\tunto them,  Why are ye troubled? [MASK] not."]
ODD = ["naïve café — “quotes” … ½ x² №5", "ÀÉÎõü ß ſ İstanbul ΑΒΓς ЖЩЪ", "中文字符 と カタカナ 한국어", "🙂👍🏽👨‍👩‍👧 e\u0301 a\u030a",
       "a\u00a0b\u2003c\u200bd\u2028e", "\u0000\u0007x\ufeff y\u00ad", "don't I'LL we've 's 't", "x" * 150 + " y", "", " ", "१२३ ٣٤٥ Ⅷ",
       "tab\tand  two spaces   at end  ", "[MASK][PAD] [MASK]", "a+b=c <x> $5 `q` ~z |", "\U0001d54f\U00020000 \u0e01\u0e33"]


def shared_lines():
    path = os.environ.get("FRUGAL_SHARED", ROOT.parent / "shared")
    tokenizer = pathlib.Path(path, "data/grow/kjv_bpe1024_tokenizer.json")
    return tokenizer if tokenizer.exists() else None


def ours(path, lines):
    done = subprocess.run([BIN, "tokenize", "-", "--tokenizer", path, "--ids"], input="\n".join(lines) + "\n", text=True,
                          capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


def compare(name, path, lines, reference=None):
    reference = reference or Tokenizer.from_file(str(path))
    wanted = [reference.encode(line, add_special_tokens=False).ids for line in lines]
    came = ours(path, lines)
    assert len(came) == len(wanted), f"{name}: {len(came)} lines, not {len(wanted)}"
    for line, a, b in zip(lines, wanted, came):
        assert a == b, f"{name}: {line!r}\n  tokenizers: {a}\n  ours:       {b}"
    print(f"{name}: {len(lines)} lines, {sum(map(len, wanted))} tokens, all equal")


def made(model, trainer, normalizer, cut, text):
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = cut
    tokenizer.train_from_iterator(text, trainer)
    return tokenizer


def main():
    text = VERSES * 3 + ODD
    lines = [line for line in VERSES + ODD if "\n" not in line]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["[PAD]", "[MASK]"]
    bpe = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    pieces = trainers.WordPieceTrainer(vocab_size=300, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
                                       show_progress=False)
    llama3 = Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
    kinds = {
        "byte-level BPE": (models.BPE(), bpe, None, pre_tokenizers.ByteLevel(add_prefix_space=False)),
        "byte-level BPE with a leading space": (models.BPE(), bpe, None, pre_tokenizers.ByteLevel(add_prefix_space=True)),
        "byte-level BPE, NFC, LLaMA 3's cut": (models.BPE(ignore_merges=True), bpe, normalizers.NFC(), pre_tokenizers.Sequence(
            [pre_tokenizers.Split(llama3, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])),
        "WordPiece, uncased": (models.WordPiece(unk_token="[UNK]"), pieces, normalizers.BertNormalizer(),
                               pre_tokenizers.BertPreTokenizer()),
        "WordPiece, cased": (models.WordPiece(unk_token="[UNK]"), pieces, normalizers.BertNormalizer(lowercase=False),
                             pre_tokenizers.BertPreTokenizer()),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in kinds.items():
            path = pathlib.Path(folder, "tokenizer.json")
            tokenizer = made(*kind, text)
            tokenizer.save(str(path))
            compare(name, path, lines)
        # The older files of the same models.
        plain = made(*kinds["byte-level BPE"], text)
        plain.model.save(folder)
        path.unlink()
        compare("vocab.json and merges.txt", folder, [line for line in lines if "[" not in line], plain)
        pathlib.Path(folder, "vocab.json").unlink()
        cut = made(*kinds["WordPiece, uncased"], text)
        cut.model.save(folder)
        compare("vocab.txt", folder, lines, cut)
    shared = shared_lines()
    if shared is None:
        print("SKIPPED the shared tokenizer: no reference data beside the checkout")
    else:
        compare("the shared tokenizer", shared, lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
