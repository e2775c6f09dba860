"""The other side of transformer_bench: the same models in PyTorch eager, written as its users write them (one
linear for q, k and v, F.scaled_dot_product_attention, torch.optim.AdamW). A masked model computes its logits at
every position and ignores the unmasked ones in the loss, as BertForMaskedLM does; with `bert-chosen` it takes the
masked positions alone, as our side does.

  torch_transformer.py gpt2|bert|bert-chosen [steps]"""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
kind = sys.argv[1] if len(sys.argv) > 1 else "gpt2"
steps = int(sys.argv[2]) if len(sys.argv) > 2 else 20
bert = kind.startswith("bert")
hidden, heads, layers = (256, 4, 4) if bert else (128, 4, 4)
vocab, batch, tokens = (30522, 32, 128) if bert else (1024, 16, 64)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.qkv, self.out = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)
        self.up, self.down = nn.Linear(hidden, 4 * hidden), nn.Linear(4 * hidden, hidden)

    def attend(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, heads, d // heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=not bert)
        return self.out(y.transpose(1, 2).reshape(b, t, d))

    def forward(self, x):
        if bert:
            x = self.norm1(x + self.attend(x))
            return self.norm2(x + self.down(F.gelu(self.up(x))))
        x = x + self.attend(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.position = nn.Embedding(vocab, hidden), nn.Embedding(tokens, hidden)
        self.segment = nn.Embedding(2, hidden) if bert else None
        self.blocks = nn.ModuleList(Block() for _ in range(layers))
        self.norm = nn.LayerNorm(hidden)
        self.dense = nn.Linear(hidden, hidden) if bert else None
        self.head_norm = nn.LayerNorm(hidden) if bert else None
        self.bias = nn.Parameter(torch.zeros(vocab)) if bert else None

    def forward(self, ids, chosen=None):
        x = self.embed(ids) + self.position(torch.arange(tokens))
        if bert:
            x = self.norm(x + self.segment(torch.zeros_like(ids)))
        for block in self.blocks:
            x = block(x)
        if not bert:
            return F.linear(self.norm(x), self.embed.weight)
        if chosen is not None:
            x = x.view(-1, hidden)[chosen]
        return F.linear(self.head_norm(F.gelu(self.dense(x))), self.embed.weight, self.bias)


model = Model()
for one in model.parameters():
    if one.ndim == 2:
        nn.init.normal_(one, std=0.02)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
ids = torch.randint(vocab, (batch, tokens))
targets = torch.randint(vocab, (batch * tokens,))
chosen = None
if bert:
    masked = torch.randperm(batch * tokens)[: batch * tokens * 15 // 100]
    if kind == "bert-chosen":
        chosen, targets = masked, targets[masked]
    else:
        kept = torch.full_like(targets, -100)
        kept[masked] = targets[masked]
        targets = kept


def step():
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(model(ids, chosen).view(-1, vocab), targets).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


for _ in range(3):
    step()
start = time.process_time()
for _ in range(steps):
    step()
print(json.dumps({"value": (time.process_time() - start) / steps}))
