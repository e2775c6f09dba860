#!/usr/bin/env python3
"""ligo-grow against Hugging Face's own library, both ways: what transformers wrote gives the same logits in our
forward pass, and what we grew loads in transformers unmodified and gives our logits and, where growth is exact,
the source's. Skipped where the library is absent (scripts/setup --hf)."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts"))
from hugging_face import torch, transformers
from safetensors.torch import load_file, save_file
T = transformers


def shake(model):
    """Random values everywhere, so that a bias or norm that goes astray shows."""
    plus_one = "Gemma" in type(model).__name__  # its files hold norms' scales less 1
    with torch.no_grad():
        for name, value in model.named_parameters():
            scale = "norm" in name.lower() and value.ndim == 1 and "weight" in name
            value.copy_(torch.randn_like(value) * 0.15 + (1.0 if scale and not plus_one else 0.0))
    return model.eval()


COMMON = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128)
BERT = dict(COMMON, vocab_size=99, max_position_embeddings=40)
IMAGE = dict(COMMON, image_size=16, patch_size=4, num_channels=3, num_labels=5)
DINO = {key: value for key, value in IMAGE.items() if key != "intermediate_size"}
MARKS = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2)
CLIP_TEXT = dict(COMMON, vocab_size=99, max_position_embeddings=40, projection_dim=24, eos_token_id=98, bos_token_id=97)
CLIP_IMAGE = dict(COMMON, image_size=16, patch_size=4, projection_dim=24, hidden_act="gelu")
CLIP = T.CLIPConfig(text_config=dict(CLIP_TEXT), vision_config=dict(CLIP_IMAGE), projection_dim=24)
T5 = dict(vocab_size=99, d_model=64, d_kv=16, d_ff=96, num_layers=2, num_heads=4)
GPT2 = dict(vocab_size=99, n_positions=40, n_embd=64, n_layer=2, n_head=2)
LLAMA = dict(COMMON, vocab_size=99, max_position_embeddings=40, num_attention_heads=4, num_key_value_heads=2,
             pad_token_id=None, bos_token_id=1, eos_token_id=2)
HEAD = dict(LLAMA, head_dim=16)
WIDER = ["target.hidden_size=96", "target.layers=3"]
# name, class, config, growth, whether the grown logits are the source's
CASES = [
    ("gpt2", T.GPT2LMHeadModel, T.GPT2Config(**GPT2), ["target.hidden_size=96", "target.layers=5"], True),
    ("gpt2 untied", T.GPT2LMHeadModel, T.GPT2Config(**GPT2, tie_word_embeddings=False, n_inner=100),
     ["target.hidden_size=160", "operator.width=lemon"], True),
    ("gpt2 bare", T.GPT2Model, T.GPT2Config(**GPT2), ["target.hidden_size=128"], False),
    ("llama", T.LlamaForCausalLM, T.LlamaConfig(**LLAMA),
     ["target.hidden_size=96", "target.heads=6", "target.kv_heads=3", "target.layers=3"], True),
    ("llama tied, biases, llama3 rope", T.LlamaForCausalLM,
     T.LlamaConfig(**LLAMA, tie_word_embeddings=True, attention_bias=True, mlp_bias=True,
                   rope_parameters=dict(rope_type="llama3", rope_theta=5000.0, factor=4.0, low_freq_factor=1.0,
                                        high_freq_factor=4.0, original_max_position_embeddings=16)),
     ["target.hidden_size=192", "target.heads=12", "target.kv_heads=6", "operator.width=lemon"], True),
    ("bert", T.BertForMaskedLM, T.BertConfig(**BERT), ["target.hidden_size=128"], True),
    ("bert untied", T.BertForMaskedLM, T.BertConfig(**BERT, tie_word_embeddings=False),
     ["target.hidden_size=128", "operator.width=fpi"], True),
    ("bert bare", T.BertModel, T.BertConfig(**BERT), ["target.hidden_size=128", "target.layers=3"], False),
    ("roberta untied", T.RobertaForMaskedLM, T.RobertaConfig(**BERT, tie_word_embeddings=False),
     ["target.hidden_size=128"], True),
    ("roberta", T.RobertaForMaskedLM, T.RobertaConfig(**BERT), ["target.hidden_size=192"], True),
    ("vit", T.ViTForImageClassification, T.ViTConfig(**IMAGE), ["target.hidden_size=96", "target.layers=3"], True),
    ("deit", T.DeiTForImageClassificationWithTeacher, T.DeiTConfig(**IMAGE), ["target.hidden_size=96"], True),
    ("mistral, a window", T.MistralForCausalLM, T.MistralConfig(**LLAMA, sliding_window=8),
     ["target.hidden_size=88", "target.heads=8", "target.kv_heads=4"], True),
    ("mixtral, a window", T.MixtralForCausalLM,
     T.MixtralConfig(**LLAMA, num_local_experts=4, num_experts_per_tok=2, sliding_window=8), WIDER, True),
    ("llama to mixtral", T.LlamaForCausalLM, T.LlamaConfig(**LLAMA), [*WIDER, "target.experts=4"], True),
    ("mistral to mixtral", T.MistralForCausalLM, T.MistralConfig(**LLAMA, sliding_window=8, tie_word_embeddings=True),
     ["target.experts=3", "target.experts_per_token=1"], True),
    ("qwen2, windows above", T.Qwen2ForCausalLM,
     T.Qwen2Config(**LLAMA, use_sliding_window=True, sliding_window=8, max_window_layers=1), WIDER, True),
    ("qwen3", T.Qwen3ForCausalLM, T.Qwen3Config(**HEAD), ["target.hidden_size=80", "target.heads=6", "target.kv_heads=3"], True),
    ("gemma", T.GemmaForCausalLM, T.GemmaConfig(**HEAD), [*WIDER, "operator.width=lemon"], True),
    ("gemma2", T.Gemma2ForCausalLM, T.Gemma2Config(**HEAD, query_pre_attn_scalar=24, sliding_window=8,
                                                   attn_logit_softcapping=20.0, final_logit_softcapping=15.0), WIDER, True),
    ("gemma3", T.Gemma3ForCausalLM, T.Gemma3TextConfig(**HEAD, query_pre_attn_scalar=24, sliding_window=8,
                                                       layer_types=["sliding_attention", "full_attention"]), WIDER, True),
    ("phi3, longrope", T.Phi3ForCausalLM,
     T.Phi3Config(**LLAMA, original_max_position_embeddings=16,
                  rope_parameters=dict(rope_type="longrope", rope_theta=10000.0, short_factor=[1.0 + 0.1 * i for i in range(8)],
                                       long_factor=[1.0 + 0.4 * i for i in range(8)],
                                       original_max_position_embeddings=16)), WIDER, True),
    ("smollm3", T.SmolLM3ForCausalLM, T.SmolLM3Config(**LLAMA, no_rope_layers=[1, 0]), WIDER, True),
    ("llama, yarn", T.LlamaForCausalLM,
     T.LlamaConfig(**LLAMA, rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0,
                                                 original_max_position_embeddings=16)), WIDER, True),
    ("llama, dynamic", T.LlamaForCausalLM,
     T.LlamaConfig(**LLAMA, rope_parameters=dict(rope_type="dynamic", rope_theta=10000.0, factor=2.0)), WIDER, True),
    ("opt", T.OPTForCausalLM, T.OPTConfig(vocab_size=99, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, ffn_dim=128,
                                          max_position_embeddings=40, pad_token_id=1), WIDER, True),
    ("pythia", T.GPTNeoXForCausalLM, T.GPTNeoXConfig(**BERT), WIDER, True),
    ("gpt_neox, one after the other", T.GPTNeoXForCausalLM, T.GPTNeoXConfig(**BERT, use_parallel_residual=False), WIDER, True),
    ("distilbert", T.DistilBertForMaskedLM, T.DistilBertConfig(vocab_size=99, dim=64, hidden_dim=128, n_layers=2, n_heads=2,
                                                               max_position_embeddings=40), ["target.hidden_size=128"], True),
    ("xlm-roberta", T.XLMRobertaForMaskedLM, T.XLMRobertaConfig(**BERT, pad_token_id=1), ["target.hidden_size=128"], True),
    ("camembert bare", T.CamembertModel, T.CamembertConfig(**BERT, pad_token_id=1), ["target.hidden_size=128"], False),
    ("bert decoder", T.BertLMHeadModel, T.BertConfig(**BERT, is_decoder=True), ["target.hidden_size=128"], True),
    ("electra discriminator", T.ElectraForPreTraining, T.ElectraConfig(**BERT, embedding_size=32), ["target.hidden_size=128"],
     True),
    ("electra generator", T.ElectraForMaskedLM, T.ElectraConfig(**BERT, embedding_size=32, hidden_act="relu"),
     ["target.hidden_size=192"], True),
    ("electra, tables of the hidden width", T.ElectraForMaskedLM, T.ElectraConfig(**BERT, embedding_size=64),
     ["target.hidden_size=128"], True),
    ("electra bare", T.ElectraModel, T.ElectraConfig(**BERT, embedding_size=32), ["target.hidden_size=128"], False),
    ("modernbert", T.ModernBertForMaskedLM, T.ModernBertConfig(**BERT, **MARKS, local_attention=8),
     ["target.hidden_size=128", "target.layers=5"], True),
    ("modernbert untied, biases", T.ModernBertForMaskedLM,
     T.ModernBertConfig(**BERT, **MARKS, local_attention=8, tie_word_embeddings=False, norm_bias=True, attention_bias=True,
                        mlp_bias=True, classifier_bias=True, layer_types=["sliding_attention", "full_attention"]),
     ["target.hidden_size=192"], True),
    ("modernbert bare", T.ModernBertModel, T.ModernBertConfig(**BERT, **MARKS, local_attention=8), ["target.layers=3"], True),
    ("dinov2", T.Dinov2ForImageClassification, T.Dinov2Config(**DINO), ["target.hidden_size=96", "target.layers=3"], True),
    ("dinov2 bare, swiglu", T.Dinov2Model, T.Dinov2Config(**DINO, use_swiglu_ffn=True, use_mask_token=False),
     ["target.hidden_size=160"], False),
    ("t5", T.T5ForConditionalGeneration, T.T5Config(**T5), ["target.hidden_size=80", "target.heads=8", "target.layers=5"], True),
    ("t5 1.1", T.T5ForConditionalGeneration,
     T.T5Config(**T5, feed_forward_proj="gated-gelu", num_decoder_layers=4, relative_attention_num_buckets=8,
                relative_attention_max_distance=12), ["target.hidden_size=96", "target.layers=3"], True),
    ("t5 bare", T.T5Model, T.T5Config(**T5), ["target.hidden_size=128"], False),
    ("t5 encoder", T.T5EncoderModel, T.T5Config(**T5), ["target.hidden_size=96"], False),
    ("clip text", T.CLIPTextModelWithProjection, T.CLIPTextConfig(**CLIP_TEXT), ["target.hidden_size=96", "target.layers=3"], True),
    ("clip text bare, first marks", T.CLIPTextModel, T.CLIPTextConfig(**dict(CLIP_TEXT, eos_token_id=2)),
     ["target.hidden_size=128"], False),
    ("clip image", T.CLIPVisionModelWithProjection, T.CLIPVisionConfig(**CLIP_IMAGE),
     ["target.hidden_size=128", "target.layers=3"], True),
    ("clip, its text tower", T.CLIPModel, CLIP, ["tower=text", "target.hidden_size=96"], True),
    ("clip, its image tower", T.CLIPModel, CLIP, ["tower=image", "target.hidden_size=128", "target.layers=3"], True),
    ("vit bare, pooler", T.ViTModel, T.ViTConfig(**IMAGE), ["target.hidden_size=96"], False),
    ("deit bare, pooler", T.DeiTModel, T.DeiTConfig(**IMAGE), ["target.hidden_size=96"], False),
    ("deit without teacher", T.DeiTForImageClassification, T.DeiTConfig(**IMAGE), ["target.hidden_size=128"], True),
]


def output(model, inputs):
    with torch.no_grad():
        if isinstance(model, T.CLIPModel):  # before they are made one long
            if "input_ids" in inputs:
                return model.text_projection(model.text_model(**inputs).pooler_output)
            return model.visual_projection(model.vision_model(**inputs).pooler_output)
        result = model(**inputs)
    for name in ("text_embeds", "image_embeds"):
        if name in result:
            return result[name].float()
    return (result.logits if "logits" in result else result.last_hidden_state).float()


def run(tool, *arguments):
    done = subprocess.run([tool, *arguments, "--quiet"], capture_output=True, text=True,
                          env=dict(os.environ, OMP_NUM_THREADS="1"))
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)}\n{done.stderr}")
    return done.stdout


def ours(tool, folder, inputs, work, tower=()):
    save_file({key: value.contiguous() for key, value in inputs.items()}, work / "input.safetensors")
    run(tool, "inspect", str(folder), "--input", str(work / "input.safetensors"), "--logits",
        str(work / "logits.safetensors"), *tower)
    return load_file(work / "logits.safetensors")["logits"].float()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--only", nargs="*", default=[""], metavar="NAME", help="cases whose names start so")
    flags = parser.parse_args()
    tool = flags.tool
    failed = 0

    def expect(name, what, a, b, limit):
        nonlocal failed
        worst = (a - b).abs().max().item() / max(1.0, b.abs().max().item() / 10)
        good = worst <= limit
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: {what}: {worst:.2e} (limit {limit:.0e})", flush=True)

    for number, (name, kind, config, growth, exact) in enumerate(CASES):
        if not any(name.startswith(start) for start in flags.only):
            continue
        torch.manual_seed(number)
        model = shake(kind(config))
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            # Every other one in shards.
            model.save_pretrained(work / "small", max_shard_size="60KB" if number % 2 else "5GB")
            settings = [part for one in growth for part in ("--set", one)]
            tower = ["--tower", growth[0][6:]] if growth[0].startswith("tower=") else []
            if any(one in kind.__name__ for one in ("ViT", "DeiT", "Dino", "Vision")) or tower[1:] == ["image"]:
                inputs = {"pixel_values": torch.randn(2, 3, 16, 16)}
            else:
                inputs = {"input_ids": torch.randint(3, 99, (2, 24))}
            if kind in (T.T5ForConditionalGeneration, T.T5Model):
                inputs["decoder_input_ids"] = torch.randint(3, 99, (2, 15))
            theirs = output(model, inputs)
            expect(name, "transformers' file in our forward", ours(tool, work / "small", inputs, work, tower), theirs, 1e-4)
            run(tool, "grow", str(work / "small"), *settings, "--out", str(work / "large"))
            grown_kind = T.MixtralForCausalLM if name.endswith(" to mixtral") else kind
            grown, info = grown_kind.from_pretrained(work / "large", output_loading_info=True)
            if info["missing_keys"] or info["unexpected_keys"] or info["mismatched_keys"]:
                print(f"FAIL {name}: loading the grown directory: {info}")
                failed += 1
            large = output(grown.eval(), inputs)
            expect(name, "our file in transformers", ours(tool, work / "large", inputs, work, tower), large, 1e-4)
            if tower:  # the one that did not grow
                carried = {"input_ids": torch.randint(3, 99, (2, 24))} if tower[1] == "image" else {"pixel_values": torch.randn(2, 3, 16, 16)}
                expect(name, "the other tower", output(grown, carried), output(model, carried), 0)
            if exact:
                expect(name, "grown against source, in transformers", large, theirs, 1e-5)
            if number == 0:  # 16-bit files
                model.to(torch.bfloat16).save_pretrained(work / "half")
                half = kind.from_pretrained(work / "half", dtype=torch.float32).eval()
                expect(name, "a bf16 file", ours(tool, work / "half", inputs, work), output(half, inputs), 1e-4)
            if number % 6 == 3:  # a file of torch.save, with the prefixes of torch.compile and data parallel training
                wrapped = {}  # under the names of files, which are not those in memory everywhere
                for part in sorted((work / "small").glob("*.safetensors")):
                    wrapped.update({"_orig_mod.module." + key: value for key, value in load_file(part).items()})
                (work / "bin").mkdir()
                torch.save(wrapped, work / "bin/pytorch_model.bin")
                (work / "bin/config.json").write_text((work / "small/config.json").read_text())
                expect(name, "a .bin file", ours(tool, work / "bin", inputs, work), theirs, 1e-4)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
