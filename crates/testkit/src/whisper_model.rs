//! A whisper model without weights: a file in whisper.cpp's ggml format, about 8.7 MB, whose decoder says a script.
//!
//! All blocks are zero, so the residual stream is token plus position. `positional_embedding[p][p] = 100` makes it say
//! "I am position p", and `token_embedding[script[p]][p] = 3` answers with the token that the script has there.

use std::io::{self, Write};
use std::path::Path;

const AUDIO_CTX: usize = 1500;
const STATE: usize = 64;
const LAYERS: usize = 4;
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

/// Writes a model that says `script` in every window, then ends. At most 62 tokens.
pub fn write_model(path: &Path, script: &[Say]) -> io::Result<()> {
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
    assert!(tokens.len() < STATE, "the script is longer than the model is wide");

    let mut file = Model(io::BufWriter::new(std::fs::File::create(path)?));
    file.integers(&[0x6767_6d6c])?;
    file.integers(&[VOCABULARY, AUDIO_CTX, STATE, 1, LAYERS, TEXT_CTX, STATE, 1, LAYERS, MELS, 1])?;
    file.integers(&[MELS, FFT])?;
    file.floats(&vec![0.01; MELS * FFT])?;
    file.integers(&[TEXTS])?;
    for token in 0..TEXTS {
        let text = match token {
            BLANK => " ",
            _ => token.checked_sub(300).and_then(|i| texts.get(i)).copied().unwrap_or(""),
        };
        file.integers(&[text.len()])?;
        file.0.write_all(text.as_bytes())?;
    }
    file.encoder()?;
    file.decoder(&tokens)?;
    file.0.flush()
}

struct Model<W: Write>(W);

impl<W: Write> Model<W> {
    fn encoder(&mut self) -> io::Result<()> {
        self.wide("encoder.positional_embedding", &[STATE, AUDIO_CTX], 0.0)?;
        self.narrow("encoder.conv1.weight", &[3, MELS, STATE])?;
        self.wide("encoder.conv1.bias", &[1, STATE], 0.0)?;
        self.narrow("encoder.conv2.weight", &[3, STATE, STATE])?;
        self.wide("encoder.conv2.bias", &[1, STATE], 0.0)?;
        self.norm("encoder.ln_post")?;
        for layer in 0..LAYERS {
            self.block(&format!("encoder.blocks.{layer}"), &["attn"])?;
        }
        Ok(())
    }

    fn decoder(&mut self, tokens: &[usize]) -> io::Result<()> {
        let mut positions = vec![0.0; STATE * TEXT_CTX];
        (0..STATE).for_each(|p| positions[p * STATE + p] = 100.0);
        self.head("decoder.positional_embedding", &[STATE, TEXT_CTX], 0)?;
        self.floats(&positions)?;

        const THREE: [u8; 2] = 0x4200_u16.to_le_bytes();
        let mut embedding = vec![0_u8; 2 * STATE * VOCABULARY];
        for (position, token) in tokens.iter().enumerate() {
            let at = 2 * (token * STATE + position);
            embedding[at..at + 2].copy_from_slice(&THREE);
        }
        self.head("decoder.token_embedding.weight", &[STATE, VOCABULARY], 1)?;
        self.0.write_all(&embedding)?;

        self.norm("decoder.ln")?;
        for layer in 0..LAYERS {
            self.block(&format!("decoder.blocks.{layer}"), &["attn", "cross_attn"])?;
        }
        Ok(())
    }

    fn block(&mut self, block: &str, attentions: &[&str]) -> io::Result<()> {
        for attention in attentions {
            self.norm(&format!("{block}.{attention}_ln"))?;
            for part in ["query", "key", "value", "out"] {
                self.narrow(&format!("{block}.{attention}.{part}.weight"), &[STATE, STATE])?;
                if part != "key" {
                    self.wide(&format!("{block}.{attention}.{part}.bias"), &[STATE], 0.0)?;
                }
            }
        }
        self.norm(&format!("{block}.mlp_ln"))?;
        self.narrow(&format!("{block}.mlp.0.weight"), &[STATE, 4 * STATE])?;
        self.wide(&format!("{block}.mlp.0.bias"), &[4 * STATE], 0.0)?;
        self.narrow(&format!("{block}.mlp.2.weight"), &[4 * STATE, STATE])?;
        self.wide(&format!("{block}.mlp.2.bias"), &[STATE], 0.0)
    }

    fn norm(&mut self, name: &str) -> io::Result<()> {
        self.wide(&format!("{name}.weight"), &[STATE], 1.0)?;
        self.wide(&format!("{name}.bias"), &[STATE], 0.0)
    }

    /// A tensor of 32-bit floats that are all the same.
    fn wide(&mut self, name: &str, shape: &[usize], value: f32) -> io::Result<()> {
        self.head(name, shape, 0)?;
        self.floats(&vec![value; shape.iter().product()])
    }

    /// A tensor of 16-bit zeros.
    fn narrow(&mut self, name: &str, shape: &[usize]) -> io::Result<()> {
        self.head(name, shape, 1)?;
        self.0.write_all(&vec![0; 2 * shape.iter().product::<usize>()])
    }

    fn head(&mut self, name: &str, shape: &[usize], kind: usize) -> io::Result<()> {
        self.integers(&[shape.len(), name.len(), kind])?;
        self.integers(shape)?;
        self.0.write_all(name.as_bytes())
    }

    fn integers(&mut self, values: &[usize]) -> io::Result<()> {
        values.iter().try_for_each(|value| self.0.write_all(&(*value as u32).to_le_bytes()))
    }

    fn floats(&mut self, values: &[f32]) -> io::Result<()> {
        values.iter().try_for_each(|value| self.0.write_all(&value.to_le_bytes()))
    }
}
