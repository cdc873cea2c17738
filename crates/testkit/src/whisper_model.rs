//! A whisper model without weights: a file in whisper.cpp's ggml format, about 8.7 MB, whose decoder says a script.
//!
//! All blocks are zero, so the residual stream is token plus position. `positional_embedding[p][p] = 100` makes it say
//! "I am position p", and `token_embedding[script[p]][p] = 3` answers with the token that the script has there.

use std::io::{self, Write};
use std::path::Path;

const AUDIO_CTX: usize = 1500;
const TEXT_CTX: usize = 448;
const MELS: usize = 80;
const FFT: usize = 201;
/// Tokens of an English-only model.
const VOCABULARY: usize = 51_864;
const END_OF_TEXT: usize = 50_256;
const FIRST_TIME: usize = 50_363;
/// The token of a lone space, which whisper.cpp looks up by its text.
const BLANK: usize = 220;
/// Words with a text of their own; the rest of the vocabulary is special.
const TEXTS: usize = 50_257;

/// One token that the model says.
pub enum Say {
    /// A timestamp in seconds of the window, in steps of 0.02.
    Time(f64),
    /// A piece of text; a word begins with a space.
    Text(&'static str),
}

/// How large a model is. Zeros cost as much time as weights do.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Width; 64 to an attention head.
    pub state: usize,
    /// Layers of the encoder and of the decoder. whisper.cpp tells the kind of a model by them and takes few numbers.
    pub layers: usize,
}

impl Size {
    /// As small as it gets.
    pub const LEAST: Self = Self { state: 64, layers: 4 };
    /// As `tiny.en`.
    pub const TINY: Self = Self { state: 384, layers: 4 };
    /// As `base.en`.
    pub const BASE: Self = Self { state: 512, layers: 6 };
}

/// Writes a model that says `script` in every window, then ends. A prompt of n tokens makes it begin with the one at
/// place n + 1 of the script. At most 62 tokens.
pub fn write_model(path: &Path, script: &[Say]) -> io::Result<()> {
    write_model_of(Size::LEAST, path, script)
}

/// As [`write_model`], of another size; the script holds two tokens less than the model is wide.
pub fn write_model_of(size: Size, path: &Path, script: &[Say]) -> io::Result<()> {
    let Size { state, layers } = size;
    let heads = state / 64;
    let mut texts: Vec<&str> = Vec::new();
    let mut tokens: Vec<usize> = Vec::new();
    for say in script {
        match say {
            Say::Time(seconds) => tokens.push(FIRST_TIME + (seconds / 0.02).round() as usize),
            Say::Text(text) => {
                // From 300 on, so that no script word is one that whisper.cpp treats in a way of its own (blank, nothing).
                tokens.push(300 + texts.len());
                texts.push(text);
            }
        }
    }
    tokens.push(END_OF_TEXT);
    assert!(tokens.len() < state, "the script is longer than the model is wide");

    let mut file = Model { file: io::BufWriter::new(std::fs::File::create(path)?), size };
    file.integers(&[0x6767_6d6c])?;
    file.integers(&[VOCABULARY, AUDIO_CTX, state, heads, layers, TEXT_CTX, state, heads, layers, MELS, 1])?;
    file.integers(&[MELS, FFT])?;
    file.floats(&vec![0.01; MELS * FFT])?;
    file.integers(&[TEXTS])?;
    for token in 0..TEXTS {
        let text = match token {
            BLANK => " ",
            _ => token.checked_sub(300).and_then(|i| texts.get(i)).copied().unwrap_or(""),
        };
        file.integers(&[text.len()])?;
        file.file.write_all(text.as_bytes())?;
    }
    file.encoder()?;
    file.decoder(&tokens)?;
    file.file.flush()
}

struct Model<W: Write> {
    file: W,
    size: Size,
}

impl<W: Write> Model<W> {
    fn encoder(&mut self) -> io::Result<()> {
        let Size { state, layers } = self.size;
        self.wide("encoder.positional_embedding", &[state, AUDIO_CTX], 0.0)?;
        self.narrow("encoder.conv1.weight", &[3, MELS, state])?;
        self.wide("encoder.conv1.bias", &[1, state], 0.0)?;
        self.narrow("encoder.conv2.weight", &[3, state, state])?;
        self.wide("encoder.conv2.bias", &[1, state], 0.0)?;
        self.norm("encoder.ln_post")?;
        for layer in 0..layers {
            self.block(&format!("encoder.blocks.{layer}"), &["attn"])?;
        }
        Ok(())
    }

    fn decoder(&mut self, tokens: &[usize]) -> io::Result<()> {
        let Size { state, layers } = self.size;
        let mut positions = vec![0.0; state * TEXT_CTX];
        (0..state.min(TEXT_CTX)).for_each(|p| positions[p * state + p] = 100.0);
        self.head("decoder.positional_embedding", &[state, TEXT_CTX], 0)?;
        self.floats(&positions)?;

        const THREE: [u8; 2] = 0x4200_u16.to_le_bytes();
        let mut embedding = vec![0_u8; 2 * state * VOCABULARY];
        for (position, token) in tokens.iter().enumerate() {
            let at = 2 * (token * state + position);
            embedding[at..at + 2].copy_from_slice(&THREE);
        }
        self.head("decoder.token_embedding.weight", &[state, VOCABULARY], 1)?;
        self.file.write_all(&embedding)?;

        self.norm("decoder.ln")?;
        for layer in 0..layers {
            self.block(&format!("decoder.blocks.{layer}"), &["attn", "cross_attn"])?;
        }
        Ok(())
    }

    fn block(&mut self, block: &str, attentions: &[&str]) -> io::Result<()> {
        let Size { state, .. } = self.size;
        for attention in attentions {
            self.norm(&format!("{block}.{attention}_ln"))?;
            for part in ["query", "key", "value", "out"] {
                self.narrow(&format!("{block}.{attention}.{part}.weight"), &[state, state])?;
                if part != "key" {
                    self.wide(&format!("{block}.{attention}.{part}.bias"), &[state], 0.0)?;
                }
            }
        }
        self.norm(&format!("{block}.mlp_ln"))?;
        self.narrow(&format!("{block}.mlp.0.weight"), &[state, 4 * state])?;
        self.wide(&format!("{block}.mlp.0.bias"), &[4 * state], 0.0)?;
        self.narrow(&format!("{block}.mlp.2.weight"), &[4 * state, state])?;
        self.wide(&format!("{block}.mlp.2.bias"), &[state], 0.0)
    }

    fn norm(&mut self, name: &str) -> io::Result<()> {
        let Size { state, .. } = self.size;
        self.wide(&format!("{name}.weight"), &[state], 1.0)?;
        self.wide(&format!("{name}.bias"), &[state], 0.0)
    }

    /// A tensor of 32-bit floats that are all the same.
    fn wide(&mut self, name: &str, shape: &[usize], value: f32) -> io::Result<()> {
        self.head(name, shape, 0)?;
        self.floats(&vec![value; shape.iter().product()])
    }

    /// A tensor of 16-bit zeros.
    fn narrow(&mut self, name: &str, shape: &[usize]) -> io::Result<()> {
        self.head(name, shape, 1)?;
        self.file.write_all(&vec![0; 2 * shape.iter().product::<usize>()])
    }

    fn head(&mut self, name: &str, shape: &[usize], kind: usize) -> io::Result<()> {
        self.integers(&[shape.len(), name.len(), kind])?;
        self.integers(shape)?;
        self.file.write_all(name.as_bytes())
    }

    fn integers(&mut self, values: &[usize]) -> io::Result<()> {
        values.iter().try_for_each(|value| self.file.write_all(&(*value as u32).to_le_bytes()))
    }

    fn floats(&mut self, values: &[f32]) -> io::Result<()> {
        values.iter().try_for_each(|value| self.file.write_all(&value.to_le_bytes()))
    }
}
