//! A sentence model of two small layers with arbitrary weights: it understands nothing, but it is computed like a real one.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// Sizes of the model.
pub const WIDTH: usize = 32;
/// Heads of its attention.
pub const HEADS: usize = 4;
/// Width between the two halves of a layer.
pub const INNER: usize = 48;
/// Layers.
pub const LAYERS: usize = 2;
/// Tokens of the longest text.
pub const POSITIONS: usize = 40;
/// What its layer normalisation adds to the variance.
pub const EPSILON: f32 = 1e-6;

/// Its words; a token is the place of its word here.
pub const WORDS: [&str; 24] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "open", "close", "the", "panel", "valve", "pump", "filter", "clean", "replace",
    "now", "next", "we", "a", "bleed", "radiator", "boiler", "test", "##s", "##ing", ".",
];

/// Tensors by name: shape and numbers, row by row.
pub type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The weights that go with `seed`.
pub fn tensors(seed: u64) -> Tensors {
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("embeddings.word_embeddings.weight".into(), vec![WORDS.len(), WIDTH]),
        ("embeddings.position_embeddings.weight".into(), vec![POSITIONS, WIDTH]),
        ("embeddings.token_type_embeddings.weight".into(), vec![2, WIDTH]),
        ("embeddings.LayerNorm.weight".into(), vec![WIDTH]),
        ("embeddings.LayerNorm.bias".into(), vec![WIDTH]),
    ];
    for layer in 0..LAYERS {
        for (part, from, to) in [
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", WIDTH, INNER),
            ("output.dense", INNER, WIDTH),
        ] {
            shapes.push((format!("encoder.layer.{layer}.{part}.weight"), vec![to, from]));
            shapes.push((format!("encoder.layer.{layer}.{part}.bias"), vec![to]));
        }
        for norm in ["attention.output.LayerNorm", "output.LayerNorm"] {
            shapes.push((format!("encoder.layer.{layer}.{norm}.weight"), vec![WIDTH]));
            shapes.push((format!("encoder.layer.{layer}.{norm}.bias"), vec![WIDTH]));
        }
    }
    // Knuth's linear congruential generator: the same numbers everywhere, between -0.5 and 0.5.
    let mut state = seed;
    let mut number = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let filled = |(name, shape): (String, Vec<usize>)| {
        let numbers = (0..shape.iter().product()).map(|_| number()).collect();
        (name, (shape, numbers))
    };
    shapes.into_iter().map(filled).collect()
}

/// Writes the model into a new folder `name` in `parent`, which is returned.
pub fn write(parent: &Path, name: &str, seed: u64) -> io::Result<PathBuf> {
    let folder = parent.join(name);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("config.json"), config())?;
    fs::write(folder.join("tokenizer.json"), tokenizer())?;
    fs::write(folder.join("model.safetensors"), safetensors(&tensors(seed)))?;
    Ok(folder)
}

/// The bytes of a safetensors file: length of the header, header, numbers.
pub fn safetensors(tensors: &Tensors) -> Vec<u8> {
    let (mut header, mut numbers) = (String::new(), Vec::new());
    for (name, (shape, values)) in tensors {
        let from = numbers.len();
        numbers.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        let comma = if header.is_empty() { "" } else { "," };
        let to = numbers.len();
        write!(header, r#"{comma}"{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{from},{to}]}}"#).unwrap();
    }
    let header = format!("{{{header}}}");
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &numbers].concat()
}

fn config() -> String {
    format!(
        r#"{{"model_type": "bert", "hidden_act": "gelu", "hidden_size": {WIDTH}, "num_hidden_layers": {LAYERS},
        "num_attention_heads": {HEADS}, "intermediate_size": {INNER}, "max_position_embeddings": {POSITIONS},
        "vocab_size": {}, "layer_norm_eps": {EPSILON:?}, "position_embedding_type": "absolute"}}"#,
        WORDS.len()
    )
}

/// Word pieces in lower case, between `[CLS]` and `[SEP]`.
fn tokenizer() -> String {
    let words: Vec<String> = WORDS.iter().enumerate().map(|(id, word)| format!("{word:?}: {id}")).collect();
    let special = |name: &str, id: usize| {
        format!(
            r#"{{"id": {id}, "content": "{name}", "special": true, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false}}"#
        )
    };
    let added: Vec<String> = WORDS[..4].iter().enumerate().map(|(id, name)| special(name, id)).collect();
    format!(
        r#"{{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [{}],
        "normalizer": {{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
          "strip_accents": null, "lowercase": true}},
        "pre_tokenizer": {{"type": "BertPreTokenizer"}},
        "post_processor": {{"type": "TemplateProcessing",
          "single": [{{"SpecialToken": {{"id": "[CLS]", "type_id": 0}}}}, {{"Sequence": {{"id": "A", "type_id": 0}}}},
            {{"SpecialToken": {{"id": "[SEP]", "type_id": 0}}}}],
          "pair": [{{"Sequence": {{"id": "A", "type_id": 0}}}}, {{"Sequence": {{"id": "B", "type_id": 1}}}}],
          "special_tokens": {{"[CLS]": {{"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}},
            "[SEP]": {{"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}}}}},
        "decoder": {{"type": "WordPiece", "prefix": "\u0023\u0023", "cleanup": true}},
        "model": {{"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "\u0023\u0023",
          "max_input_chars_per_word": 100, "vocab": {{{}}}}}}}"#,
        added.join(", "),
        words.join(", ")
    )
}
