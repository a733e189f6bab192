"""What tiny parents are made with."""

NAMES = {
    "attn_norm": "attn_norm",
    "ff_norm": "ffn_norm",
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "attn_out": "attn_output",
    "ff_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "ff_out": "ffn_down",
}
HEADS, KV_HEADS = 6, 2


def interleaved(rows, heads):
    """What llama.cpp's converter does to query and key matrices."""
    return (
        rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
        .swapaxes(1, 2)
        .reshape(rows.shape)
    )


def gguf_name(name):
    top = {
        "wte.weight": "token_embd.weight",
        "ln_f.weight": "output_norm.weight",
        "ff_out.weight": "output.weight",
    }
    short = name.removeprefix("model.transformer.")
    if short in top:
        return top[short]
    _, layer, part, kind = short.split(".")
    return f"blk.{layer}.{NAMES[part]}.{kind}"
