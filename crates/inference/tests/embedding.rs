//! Sentence embeddings through the public face: a generated model against plain arithmetic, damaged files, a real model.

#![allow(clippy::unwrap_used)]

use inference::embedding::{Embedder, EmbeddingError, locate};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use testkit::sentence_model::{EPSILON, HEADS, LAYERS, POSITIONS, Tensors, WIDTH, WORDS, safetensors, tensors, write};

fn model(seed: u64) -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let folder = write(parent.path(), "tiny", seed).unwrap();
    (parent, folder)
}

/// The same in `f64` and loops, one text at a time, from the definition of BERT.
struct Plain(BTreeMap<String, (Vec<usize>, Vec<f64>)>);

impl Plain {
    fn new(tensors: Tensors) -> Self {
        let wide = |numbers: Vec<f32>| numbers.into_iter().map(f64::from).collect();
        Self(tensors.into_iter().map(|(name, (shape, numbers))| (name, (shape, wide(numbers)))).collect())
    }

    fn linear(&self, x: &[Vec<f64>], name: &str) -> Vec<Vec<f64>> {
        let (shape, weight) = &self.0[&format!("{name}.weight")];
        let bias = &self.0[&format!("{name}.bias")].1;
        let one = |row: &Vec<f64>| -> Vec<f64> {
            (0..shape[0])
                .map(|o| bias[o] + (0..shape[1]).map(|i| weight[o * shape[1] + i] * row[i]).sum::<f64>())
                .collect()
        };
        x.iter().map(one).collect()
    }

    fn norm(&self, x: &mut [Vec<f64>], name: &str) {
        let (gain, bias) = (&self.0[&format!("{name}.weight")].1, &self.0[&format!("{name}.bias")].1);
        for row in x {
            let mean = row.iter().sum::<f64>() / WIDTH as f64;
            let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / WIDTH as f64;
            for i in 0..WIDTH {
                row[i] = (row[i] - mean) / (variance + f64::from(EPSILON)).sqrt() * gain[i] + bias[i];
            }
        }
    }

    fn attention(&self, x: &[Vec<f64>], layer: &str) -> Vec<Vec<f64>> {
        let [q, k, v] = ["query", "key", "value"].map(|part| self.linear(x, &format!("{layer}attention.self.{part}")));
        let size = WIDTH / HEADS;
        let mut seen = vec![vec![0.0; WIDTH]; x.len()];
        for head in 0..HEADS {
            for a in 0..x.len() {
                let score = |b: usize| {
                    let dot: f64 = (0..size).map(|i| q[a][head * size + i] * k[b][head * size + i]).sum();
                    (dot / (size as f64).sqrt()).exp()
                };
                let sum: f64 = (0..x.len()).map(score).sum();
                for i in head * size..(head + 1) * size {
                    seen[a][i] = (0..x.len()).map(|b| score(b) / sum * v[b][i]).sum();
                }
            }
        }
        self.linear(&seen, &format!("{layer}attention.output.dense"))
    }

    fn embed(&self, tokens: &[usize]) -> Vec<f64> {
        let of = |name: &str, row: usize, i: usize| self.0[&format!("embeddings.{name}.weight")].1[row * WIDTH + i];
        let start = |(at, token): (usize, &usize)| -> Vec<f64> {
            let sum = |i| of("word_embeddings", *token, i) + of("position_embeddings", at, i);
            (0..WIDTH).map(|i| sum(i) + of("token_type_embeddings", 0, i)).collect()
        };
        let mut x: Vec<Vec<f64>> = tokens.iter().enumerate().map(start).collect();
        self.norm(&mut x, "embeddings.LayerNorm");
        for n in 0..LAYERS {
            let layer = format!("encoder.layer.{n}.");
            let seen = self.attention(&x, &layer);
            add(&mut x, &seen);
            self.norm(&mut x, &format!("{layer}attention.output.LayerNorm"));
            let mut inner = self.linear(&x, &format!("{layer}intermediate.dense"));
            inner.iter_mut().flatten().for_each(|v| *v *= 0.5 * (1.0 + erf(*v / 2f64.sqrt())));
            let outer = self.linear(&inner, &format!("{layer}output.dense"));
            add(&mut x, &outer);
            self.norm(&mut x, &format!("{layer}output.LayerNorm"));
        }
        let sum: Vec<f64> = (0..WIDTH).map(|i| x.iter().map(|row| row[i]).sum()).collect();
        let length = sum.iter().map(|v| v * v).sum::<f64>().sqrt();
        sum.iter().map(|v| v / length).collect()
    }
}

fn add(x: &mut [Vec<f64>], y: &[Vec<f64>]) {
    x.iter_mut().zip(y).for_each(|(a, b)| a.iter_mut().zip(b).for_each(|(a, b)| *a += b));
}

/// Its Taylor series.
fn erf(x: f64) -> f64 {
    if x.abs() > 5.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

fn tokens(words: &str) -> Vec<usize> {
    let id = |word: &str| WORDS.iter().position(|w| *w == word).unwrap_or(1);
    [2].into_iter().chain(words.split(' ').map(id)).chain([3]).collect()
}

#[test]
fn vectors_are_those_of_plain_arithmetic() {
    let (_parent, folder) = model(7);
    let plain = Plain::new(tensors(7));
    let long = ["pump"; 200].join(" ");
    let cut = [vec![2], vec![9; POSITIONS - 2], vec![3]].concat();
    let cases = [
        ("Open the panel.", tokens("open the panel .")),
        ("now we replace a filter", tokens("now we replace a filter")),
        ("CLEANING VALVES", tokens("clean ##ing valve ##s")),
        ("xylophone", tokens("xylophone")),
        (long.as_str(), cut),
        ("test", tokens("test")),
    ];
    let texts: Vec<&str> = cases.iter().map(|(text, _)| *text).collect();
    for threads in [1, 3] {
        let embedder = Embedder::load(&folder).unwrap().with_threads(threads);
        for (vector, (text, tokens)) in embedder.embed(&texts).iter().zip(&cases) {
            let expected = plain.embed(tokens);
            assert_eq!(vector.len(), WIDTH);
            let far = vector.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
            assert!(far < 1e-5, "{text}: {far} between {vector:?} and {expected:?}");
        }
    }
}

#[test]
fn many_texts_keep_their_order_and_no_text_hangs_on_its_neighbours() {
    let (_parent, folder) = model(3);
    let embedder = Embedder::load(&folder).unwrap().with_threads(3);
    let texts: Vec<String> =
        (0..300).map(|n| (0..n % 37).map(|i| WORDS[4 + (n * 7 + i * 5) % 18]).collect::<Vec<_>>().join(" ")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let together = embedder.embed(&texts);
    for (text, vector) in texts.iter().zip(&together) {
        let alone = &embedder.embed(&[text])[0];
        assert!(alone.iter().zip(vector).all(|(a, b)| (a - b).abs() < 1e-5), "{text}");
        let length: f32 = vector.iter().map(|v| v * v).sum();
        assert!((length - if text.is_empty() { 0.0 } else { 1.0 }).abs() < 1e-4, "{text}: {length}");
    }
    assert_eq!(embedder.embed(&[]), Vec::<Vec<f32>>::new());
    assert_eq!(embedder.embed(&["", " \n\t "]), vec![vec![0.0; WIDTH]; 2]);
    assert_eq!(embedder.embed(&[&"a\u{0}\u{301}\u{1F6E0} ".repeat(100_000)])[0].len(), WIDTH);
}

#[test]
fn the_digest_tells_models_apart_and_not_folders() {
    let ((_a, one), (_b, same), (_c, other)) = (model(1), model(1), model(2));
    let digest = |folder: &Path| Embedder::load(folder).unwrap().digest().to_owned();
    assert_eq!(digest(&one), digest(&same));
    assert_ne!(digest(&one), digest(&other));
}

#[test]
fn a_name_is_a_folder_among_the_models_and_a_path_stays_a_path() {
    let models = Path::new("/data/models");
    assert_eq!(locate(Path::new("all-MiniLM-L6-v2"), models), Path::new("/data/models/all-MiniLM-L6-v2"));
    assert_eq!(locate(Path::new("/elsewhere/mini"), models), Path::new("/elsewhere/mini"));
    assert_eq!(locate(Path::new("./mini"), models), Path::new("./mini"));
    assert_eq!(locate(Path::new("tests"), models), Path::new("tests"), "it exists here");
}

/// Writes `bytes` as `file` of a fresh model, and tells why it cannot be loaded.
fn refused(file: &str, bytes: &[u8]) -> String {
    let (_parent, folder) = model(1);
    fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
    fs::write(folder.join(file), bytes).unwrap();
    Embedder::load(&folder).map(|_| ()).expect_err(&format!("{file} was taken")).to_string()
}

#[test]
fn what_is_missing_is_named() {
    let nowhere = Embedder::load(Path::new("/no/such/model")).map(|_| ()).unwrap_err();
    assert!(matches!(nowhere, EmbeddingError::NoFolder { .. }), "{nowhere}");
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        let (_parent, folder) = model(1);
        fs::remove_file(folder.join(file)).unwrap();
        let why = Embedder::load(&folder).map(|_| ()).unwrap_err().to_string();
        assert!(why.contains(file) && why.contains("cannot be read"), "{why}");
        fs::create_dir(folder.join(file)).unwrap();
        assert!(Embedder::load(&folder).is_err(), "{file} is a folder");
    }
}

#[test]
fn another_kind_of_model_is_refused_by_what_it_asks_for() {
    let (_parent, folder) = model(1);
    let config = fs::read_to_string(folder.join("config.json")).unwrap();
    for (from, to, what) in [
        ("\"bert\"", "\"mpnet\"", "mpnet"),
        ("\"gelu\"", "\"silu\"", "silu"),
        ("\"absolute\"", "\"relative_key\"", "not absolute"),
        ("\"hidden_size\": 32", "\"hidden_size\": 0", "hidden_size is 0"),
        ("\"hidden_size\": 32", "\"hidden_size\": 30", "num_attention_heads"),
        ("\"hidden_size\": 32", "\"hidden_size\": 64", "has the shape"),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "encoder.layer.2"),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1000000000", "num_hidden_layers"),
        ("\"vocab_size\": 24", "\"vocab_size\": 20", "token 23"),
        ("\"layer_norm_eps\": 1e-6", "\"layer_norm_eps\": -1", "layer_norm_eps"),
        ("\"max_position_embeddings\": 40", "\"max_position_embeddings\": 1", "tokenizer.json"),
    ] {
        let changed = config.replace(from, to);
        assert_ne!(changed, config, "{from}");
        let why = refused("config.json", changed.as_bytes());
        assert!(why.contains(what), "{to}: {why}");
    }
    let dense =
        br#"[{"type": "sentence_transformers.models.Transformer"}, {"type": "sentence_transformers.models.Dense"}]"#;
    assert!(refused("modules.json", dense).contains("Dense"));
    assert!(refused("1_Pooling/config.json", br#"{"pooling_mode_max_tokens": true}"#).contains("pooling"));
}

#[test]
fn pooling_by_the_first_token_gives_other_vectors() {
    let (_parent, folder) = model(1);
    let mean = Embedder::load(&folder).unwrap().embed(&["open the valve"]);
    fs::create_dir(folder.join("1_Pooling")).unwrap();
    fs::write(folder.join("1_Pooling/config.json"), r#"{"pooling_mode_cls_token": true}"#).unwrap();
    let first = Embedder::load(&folder).unwrap().embed(&["open the valve"]);
    assert_ne!(mean, first);
}

#[test]
fn numbers_that_are_none_are_found_before_they_are_used() {
    let mut tensors = tensors(1);
    tensors.get_mut("encoder.layer.1.output.dense.bias").unwrap().1[3] = f32::NAN;
    let why = refused("model.safetensors", &safetensors(&tensors));
    assert!(why.contains("no vector"), "{why}");
}

#[test]
fn a_file_that_ends_early_or_was_changed_is_an_error_and_no_panic() {
    let (_parent, folder) = model(1);
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        let whole = fs::read(folder.join(file)).unwrap();
        let step = (whole.len() / 60).max(1);
        for end in (0..whole.len()).step_by(step) {
            // Nothing but blanks may be missing.
            if whole[end..].iter().any(|b| !b.is_ascii_whitespace()) {
                fs::write(folder.join(file), &whole[..end]).unwrap();
                let why = Embedder::load(&folder).map(|_| ()).unwrap_err().to_string();
                assert!(why.contains(file), "{end} bytes of {file}: {why}");
            }
            // A changed byte may be harmless; then it loads and works.
            let mut changed = whole.clone();
            changed[end] ^= 1 << (end % 7);
            fs::write(folder.join(file), &changed).unwrap();
            if let Ok(embedder) = Embedder::load(&folder) {
                assert_eq!(embedder.embed(&["open the valve"])[0].len(), embedder.width());
            }
        }
        fs::write(folder.join(file), &whole).unwrap();
    }
    let endless = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    assert!(refused("model.safetensors", &endless).contains("does not begin like"));
}

#[test]
fn a_file_beyond_all_size_is_refused_unread() {
    let (_parent, folder) = model(1);
    for (file, bytes) in [("model.safetensors", 1 << 40), ("tokenizer.json", 1 << 40), ("config.json", 1 << 30)] {
        let whole = fs::read(folder.join(file)).unwrap();
        // It has holes and takes no room.
        fs::File::create(folder.join(file)).unwrap().set_len(bytes).unwrap();
        let refused = Embedder::load(&folder).map(|_| ()).unwrap_err();
        assert!(matches!(refused, EmbeddingError::TooLarge { .. }), "{refused}");
        fs::write(folder.join(file), whole).unwrap();
    }
}

/// Cosines by a numpy program over the same files of all-MiniLM-L6-v2; the first row is also on its model card.
#[test]
fn a_real_model_finds_what_means_the_same() {
    let Some(folder) = std::env::var_os("TRAINAR_TEST_EMBEDDING_MODEL") else {
        return testkit::skip("TRAINAR_TEST_EMBEDDING_MODEL names no folder with all-MiniLM-L6-v2");
    };
    let embedder = Embedder::load(Path::new(&folder)).unwrap();
    let cosine = |a: &str, b: &str| -> f32 {
        let vectors = embedder.embed(&[a, b]);
        vectors[0].iter().zip(&vectors[1]).map(|(a, b)| a * b).sum()
    };
    for (a, b, expected) in [
        ("That is a happy person", "That is a happy dog", 0.69458),
        ("That is a happy person", "That is a very happy person", 0.94292),
        ("That is a happy person", "Today is a sunny day", 0.25688),
        ("Remove the wheel bearing from the hub.", "Take the bearing out of the wheel hub.", 0.909),
        ("Remove the wheel bearing from the hub.", "I set up some email outreach.", -0.014),
    ] {
        let found = cosine(a, b);
        assert!((found - expected).abs() < 6e-4, "{a} / {b}: {found} instead of {expected}");
    }
}
