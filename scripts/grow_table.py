#!/usr/bin/env python3
"""The table of docs/grow-architectures.md: every architecture that ligo-grow grows x (width that is no multiple, width x 2,
depth, heads) x (float32, bf16), each grown directory loaded in Hugging Face's transformers and its logits compared there
with the source's.

usage: scripts/grow_table.py [TOOL] [--only NAME ...] [--seed N] [--table FILE] [--model DIRECTORY ...]

Models are made here with random weights everywhere; --model takes directories of your own instead. A number is the
largest difference of logits over the largest logit. Goals: float32 at most 1e-5, bf16 at most one unit in the last place
of the largest logit (two at a width that is no multiple), wherever the growth is exact by its definition; the others (post-norm models at no whole multiple, or
with more layers) are measured without a goal and stand in brackets. Exit 1 on a miss. Needs scripts/setup --hf.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

from hugging_face import torch, transformers

ROOT = pathlib.Path(__file__).resolve().parent.parent
T = transformers

VOCAB, TOKENS = 99, 24
BASE = dict(vocab_size=VOCAB, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=96,
            max_position_embeddings=64)
GROUPED = dict(BASE, num_key_value_heads=2, pad_token_id=None, bos_token_id=1, eos_token_id=2)
HEAD = dict(GROUPED, head_dim=16)
GEMMA = dict(HEAD, query_pre_attn_scalar=24, sliding_window=8)
IMAGE = dict(hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=96, image_size=16, patch_size=4,
             num_channels=3, num_labels=5)
DINO = {key: value for key, value in IMAGE.items() if key != "intermediate_size"}
MARKS = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2)
ENDS = dict(bos_token_id=VOCAB - 2, eos_token_id=VOCAB - 1)
T5 = dict(vocab_size=VOCAB, d_model=64, d_kv=16, d_ff=96, num_layers=3, num_heads=4)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16)
LONG = dict(rope_type="longrope", rope_theta=10000.0, short_factor=[1.0 + 0.1 * i for i in range(8)],
            long_factor=[1.0 + 0.4 * i for i in range(8)], original_max_position_embeddings=16)

COPIES = "copies"  # the norm is before, but one on the embeddings lets whole copies alone through
# name, class, config, are heads free of the hidden size, is the norm before (or COPIES)
MODELS = [
    ("gpt2", T.GPT2LMHeadModel, T.GPT2Config(vocab_size=VOCAB, n_positions=64, n_embd=64, n_layer=3, n_head=4), False, True),
    ("opt", T.OPTForCausalLM, T.OPTConfig(vocab_size=VOCAB, hidden_size=64, num_hidden_layers=3, num_attention_heads=4,
                                          ffn_dim=96, max_position_embeddings=64, pad_token_id=1), False, True),
    ("gpt_neox", T.GPTNeoXForCausalLM, T.GPTNeoXConfig(**BASE), False, True),
    ("gpt_neox one after the other", T.GPTNeoXForCausalLM, T.GPTNeoXConfig(**BASE, use_parallel_residual=False), False, True),
    ("llama", T.LlamaForCausalLM, T.LlamaConfig(**GROUPED), True, True),
    ("llama yarn", T.LlamaForCausalLM, T.LlamaConfig(**GROUPED, rope_parameters=YARN), True, True),
    ("llama dynamic", T.LlamaForCausalLM,
     T.LlamaConfig(**GROUPED, rope_parameters=dict(rope_type="dynamic", rope_theta=10000.0, factor=2.0)), True, True),
    ("mistral", T.MistralForCausalLM, T.MistralConfig(**GROUPED, sliding_window=8), True, True),
    ("mixtral", T.MixtralForCausalLM, T.MixtralConfig(**GROUPED, num_local_experts=4), True, True),
    ("qwen2", T.Qwen2ForCausalLM, T.Qwen2Config(**GROUPED), True, True),
    ("qwen2 windows, tied", T.Qwen2ForCausalLM, T.Qwen2Config(**GROUPED, use_sliding_window=True, sliding_window=8,
                                                              max_window_layers=1, tie_word_embeddings=True), True, True),
    ("qwen3", T.Qwen3ForCausalLM, T.Qwen3Config(**HEAD), True, True),
    ("gemma", T.GemmaForCausalLM, T.GemmaConfig(**HEAD), True, True),
    ("gemma2", T.Gemma2ForCausalLM, T.Gemma2Config(**GEMMA, attn_logit_softcapping=20.0, final_logit_softcapping=15.0), True, True),
    ("gemma3_text", T.Gemma3ForCausalLM, T.Gemma3TextConfig(**GEMMA, layer_types=["sliding_attention", "full_attention",
                                                                                 "sliding_attention"]), True, True),
    ("phi3", T.Phi3ForCausalLM, T.Phi3Config(**GROUPED), False, True),
    ("phi3 longrope", T.Phi3ForCausalLM, T.Phi3Config(**GROUPED, rope_parameters=LONG,
                                                      original_max_position_embeddings=16), False, True),
    ("smollm3", T.SmolLM3ForCausalLM, T.SmolLM3Config(**GROUPED, no_rope_layers=[1, 0, 1]), True, True),
    ("bert", T.BertForMaskedLM, T.BertConfig(**BASE), False, False),
    ("bert decoder", T.BertLMHeadModel, T.BertConfig(**BASE, is_decoder=True), False, False),
    ("roberta", T.RobertaForMaskedLM, T.RobertaConfig(**BASE), False, False),
    ("xlm-roberta", T.XLMRobertaForMaskedLM, T.XLMRobertaConfig(**BASE, pad_token_id=1), False, False),
    ("camembert", T.CamembertForMaskedLM, T.CamembertConfig(**BASE, pad_token_id=1), False, False),
    ("distilbert", T.DistilBertForMaskedLM, T.DistilBertConfig(vocab_size=VOCAB, dim=64, hidden_dim=96, n_layers=3, n_heads=4,
                                                               max_position_embeddings=64), False, False),
    ("electra discriminator", T.ElectraForPreTraining, T.ElectraConfig(**BASE, embedding_size=32), False, False),
    ("electra generator", T.ElectraForMaskedLM, T.ElectraConfig(**BASE, embedding_size=32), False, False),
    ("modernbert", T.ModernBertForMaskedLM, T.ModernBertConfig(**BASE, **MARKS, local_attention=8), False, COPIES),
    ("t5", T.T5ForConditionalGeneration, T.T5Config(**T5), True, True),
    ("t5 gated", T.T5ForConditionalGeneration, T.T5Config(**T5, feed_forward_proj="gated-gelu"), True, True),
    ("clip text", T.CLIPTextModelWithProjection, T.CLIPTextConfig(**BASE, **ENDS, projection_dim=24), False, True),
    ("clip image", T.CLIPVisionModelWithProjection,
     T.CLIPVisionConfig(**{key: value for key, value in IMAGE.items() if key != "num_labels"}, projection_dim=24), False, COPIES),
    ("vit", T.ViTForImageClassification, T.ViTConfig(**IMAGE), False, True),
    ("vit bare, pooler", T.ViTModel, T.ViTConfig(**IMAGE), False, True),
    ("deit", T.DeiTForImageClassification, T.DeiTConfig(**IMAGE), False, True),
    ("deit bare, pooler", T.DeiTModel, T.DeiTConfig(**IMAGE), False, True),
    ("dinov2", T.Dinov2ForImageClassification, T.Dinov2Config(**DINO), False, True),
    ("dinov2 bare, SwiGLU", T.Dinov2Model, T.Dinov2Config(**DINO, use_swiglu_ffn=True), False, True),
]
GROWTHS = ("width x 1.5", "width x 2", "depth", "heads")


def shake(model, seed):
    """Random values everywhere, so that a bias or norm that goes astray shows."""
    torch.manual_seed(seed)
    plus_one = "Gemma" in type(model).__name__
    with torch.no_grad():
        for name, value in model.named_parameters():
            scale = value.ndim == 1 and "weight" in name and ("norm" in name.lower() or "ln_" in name)
            value.copy_(torch.randn_like(value) * 0.15 + (1.0 if scale and not plus_one else 0.0))
    if "T5" in type(model).__name__:  # it does not scale its scores: its initial queries are small instead
        with torch.no_grad():
            for name, value in model.named_parameters():
                if name.endswith(".q.weight"):
                    value.mul_(model.config.d_kv ** -0.5)
    return model.eval()


def settings_of(config, growth, free_heads):
    """--set for a growth, or None where the architecture has not got it."""
    hidden = config.get("hidden_size") or config.get("n_embd") or config.get("d_model") or config["dim"]
    layers = config.get("num_hidden_layers") or config.get("n_layer") or config.get("num_layers") or config["n_layers"]
    heads = config.get("num_attention_heads") or config.get("n_head") or config.get("num_heads") or config["n_heads"]
    kv = config.get("num_key_value_heads") or heads
    if growth == "width x 1.5":
        return None if heads % 2 else [f"target.hidden_size={hidden * 3 // 2}"]
    if growth == "width x 2":
        return [f"target.hidden_size={hidden * 2}"]
    if growth == "depth":
        return [f"target.layers={layers + 2}"]
    return [f"target.heads={heads * 2}", f"target.kv_heads={kv * 2}", f"target.hidden_size={hidden}"] if free_heads else None


def output(model, inputs):
    with torch.no_grad():
        result = model(**inputs)
    for name in ("logits", "text_embeds", "image_embeds"):
        if name in result:
            return result[name].double()
    return result.last_hidden_state.double()


def unit_in_last_place(largest):
    return 2.0 ** (math.floor(math.log2(largest)) - 7) / largest


def compare(tool, kind, folder, work, settings, theirs, inputs):
    """The largest difference over the largest logit; or the tool's refusal as text."""
    command = [tool, "grow", str(folder), "--out", str(work / "large"), "--quiet", "--threads", "1", "--set", "measure=no"]
    for one in settings:
        command += ["--set", one]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return done.stderr.strip()
    grown, info = kind.from_pretrained(work / "large", output_loading_info=True, dtype=torch.float32)
    if info["missing_keys"] or info["unexpected_keys"] or info["mismatched_keys"]:
        return f"does not load: {info}"
    large = output(grown.eval(), inputs)
    if large.shape != theirs.shape:  # bare: the first entries of the hidden states
        large = large[..., :theirs.shape[-1]]
    return (large - theirs).abs().max().item() / theirs.abs().max().item()


def own_models(folders):
    for folder in folders:
        config = T.AutoConfig.from_pretrained(folder)
        kind = getattr(T, config.architectures[0])
        free = config.model_type in ("llama", "mistral", "mixtral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "smollm3", "t5")
        post = config.model_type in ("bert", "roberta", "xlm-roberta", "camembert", "distilbert", "electra")
        yield (folder, kind, config, free, COPIES if config.model_type in ("modernbert", "clip_vision_model") else not post)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool", nargs="?", default=str(ROOT / "build/bin/ligo-grow"))
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", help="file that gets the table as Markdown")
    parser.add_argument("--model", nargs="*", default=[])
    arguments = parser.parse_args()
    missed, rows = 0, []
    for name, kind, config, free, before in list(own_models(arguments.model)) or MODELS:
        if arguments.only and name not in arguments.only:
            continue
        row = [name]
        for dtype in ("float32", "bf16"):
            with tempfile.TemporaryDirectory() as place:
                work = pathlib.Path(place)
                folder = work / "small"
                torch_type = torch.bfloat16 if dtype == "bf16" else torch.float32
                if arguments.model:
                    kind.from_pretrained(name, dtype=torch_type).save_pretrained(folder)
                else:
                    shake(kind(config), arguments.seed).to(torch_type).save_pretrained(folder)
                small = kind.from_pretrained(folder, dtype=torch.float32).eval()
                torch.manual_seed(arguments.seed + 1)
                said = json.loads((folder / "config.json").read_text())
                if "image_size" in said:
                    side = said["image_size"]
                    inputs = {"pixel_values": torch.randn(2, said.get("num_channels", 3), side, side)}
                else:
                    inputs = {"input_ids": torch.randint(3, said["vocab_size"], (2, TOKENS))}
                    if said.get("is_encoder_decoder"):
                        inputs["decoder_input_ids"] = torch.randint(3, said["vocab_size"], (2, TOKENS))
                theirs = output(small, inputs)
                for growth in GROWTHS:
                    settings = settings_of(said, growth, free)
                    if settings is None:
                        row.append("")
                        continue
                    exact = before is True or growth == "width x 2" or (before == COPIES and growth == "depth")
                    limit = 1e-5 if dtype == "float32" else unit_in_last_place(theirs.abs().max().item())
                    if dtype == "bf16" and growth == "width x 1.5":
                        limit *= 2  # every norm's scale is rounded
                    found = compare(arguments.tool, kind, folder, work, settings, theirs, inputs)
                    subprocess.run(["rm", "-rf", str(work / "large")], check=True)
                    if isinstance(found, str):
                        print(f"FAIL {name}, {dtype}, {growth}: {found}", flush=True)
                        missed += 1
                        row.append("fails")
                        continue
                    good = found <= limit or not exact
                    missed += not good
                    print(f"{'ok  ' if good else 'MISS'} {name}, {dtype}, {growth}: {found:.2e}"
                          + (f" (goal {limit:.1e})" if exact else " (not exact by its definition)"), flush=True)
                    row.append(f"{found:.1e}" if exact else f"({found:.2g})")
        rows.append(row)
    head = ["architecture"] + [f"{growth}, {dtype}" for dtype in ("float32", "bf16") for growth in GROWTHS]
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"] + ["| " + " | ".join(row) + " |" for row in rows]
    if arguments.table:
        pathlib.Path(arguments.table).write_text("\n".join(lines) + "\n")
    print(f"{missed} missed", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
