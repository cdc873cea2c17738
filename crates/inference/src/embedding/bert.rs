//! The forward pass of BERT (Devlin et al. 2019, arXiv 1810.04805) with the pooling of Sentence-BERT (Reimers and
//! Gurevych 2019, arXiv 1908.10084). The tokens of several texts stand below each other in one table, without padding:
//! only attention looks at one text at a time.

use super::{
    EmbeddingError,
    config::{Config, Pooling},
    weights::Weights,
};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, concatenate, linalg::general_mat_mul, s};
use std::ops::Range;

/// The weights of a model.
pub struct Bert {
    /// `[words, width]`
    words: Array2<f32>,
    /// `[positions, width]`, the type of the first sentence already added.
    positions: Array2<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    heads: usize,
    pooling: Pooling,
}

struct Layer {
    /// Query, key and value side by side: `[width, 3 × width]`.
    attention: Linear,
    attended: Linear,
    attended_norm: Norm,
    inner: Linear,
    outer: Linear,
    outer_norm: Norm,
}

impl Bert {
    pub fn read(weights: &mut Weights, config: &Config) -> Result<Self, EmbeddingError> {
        let Config { width, inner, epsilon, .. } = *config;
        // The same model is stored with and without the head that it was trained with.
        let root = if weights.has("bert.embeddings.word_embeddings.weight") { "bert." } else { "" };
        let name = |rest: &str| format!("{root}embeddings.{rest}");
        let words = weights.table(&name("word_embeddings.weight"), [config.words, width])?;
        let types = weights.table(&name("token_type_embeddings.weight"), [2, width])?;
        let positions = weights.table(&name("position_embeddings.weight"), [config.positions, width])? + types.row(0);
        let norm = Norm::read(weights, &name("LayerNorm"), width, epsilon)?;
        let mut layers = Vec::new();
        for n in 0..config.layers {
            let name = |rest: &str| format!("{root}encoder.layer.{n}.{rest}");
            let mut part = |part: &str, from, to| Linear::read(weights, &name(part), from, to);
            let attention = Linear::beside([
                part("attention.self.query", width, width)?,
                part("attention.self.key", width, width)?,
                part("attention.self.value", width, width)?,
            ]);
            layers.push(Layer {
                attention,
                attended: part("attention.output.dense", width, width)?,
                inner: part("intermediate.dense", width, inner)?,
                outer: part("output.dense", inner, width)?,
                attended_norm: Norm::read(weights, &name("attention.output.LayerNorm"), width, epsilon)?,
                outer_norm: Norm::read(weights, &name("output.LayerNorm"), width, epsilon)?,
            });
        }
        Ok(Self { words, positions, norm, layers, heads: config.heads, pooling: config.pooling })
    }

    pub fn width(&self) -> usize {
        self.words.ncols()
    }

    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// A vector of length 1 for every text, which is given as its tokens: at least one, at most as many as there are
    /// positions, each below the number of words.
    pub fn forward(&self, texts: &[&[usize]]) -> Vec<Vec<f32>> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        for text in texts {
            let from = spans.last().map_or(0, |s| s.end);
            spans.push(from..from + text.len());
        }
        let mut x = Array2::zeros((spans.last().map_or(0, |s| s.end), self.width()));
        for (token, mut row) in texts.iter().flat_map(|t| t.iter().enumerate()).zip(x.rows_mut()) {
            row.assign(&self.words.row(*token.1));
            row += &self.positions.row(token.0);
        }
        self.norm.apply(&mut x);
        for layer in &self.layers {
            layer.apply(&mut x, &spans, self.heads);
        }
        spans.into_iter().map(|span| self.pool(x.slice(s![span, ..]))).collect()
    }

    /// `[tokens, width]` to one vector; zeros where the numbers overflow.
    fn pool(&self, tokens: ArrayView2<f32>) -> Vec<f32> {
        let sum = match self.pooling {
            Pooling::Mean => tokens.sum_axis(Axis(0)),
            Pooling::First => tokens.row(0).to_owned(),
        };
        let length = sum.dot(&sum).sqrt();
        if !length.is_normal() {
            return vec![0.0; sum.len()];
        }
        (sum / length).to_vec()
    }
}

impl Layer {
    fn apply(&self, x: &mut Array2<f32>, spans: &[Range<usize>], heads: usize) {
        let asked = self.attention.apply(x.view());
        let mut seen = Array2::zeros(x.dim());
        for span in spans {
            attend(asked.slice(s![span.clone(), ..]), seen.slice_mut(s![span.clone(), ..]), heads);
        }
        *x += &self.attended.apply(seen.view());
        self.attended_norm.apply(x);
        let mut inner = self.inner.apply(x.view());
        inner.mapv_inplace(gelu);
        *x += &self.outer.apply(inner.view());
        self.outer_norm.apply(x);
    }
}

/// Scaled dot-product attention within one text. `asked` is `[tokens, 3 × width]`, `seen` is `[tokens, width]`.
fn attend(asked: ArrayView2<f32>, mut seen: ArrayViewMut2<f32>, heads: usize) {
    let width = seen.ncols();
    let size = width / heads;
    let scale = 1.0 / (size as f32).sqrt();
    let mut scores = Array2::zeros((seen.nrows(), seen.nrows()));
    for from in (0..width).step_by(size) {
        let part = |kind: usize| asked.slice(s![.., kind * width + from..kind * width + from + size]);
        general_mat_mul(scale, &part(0), &part(1).t(), 0.0, &mut scores);
        for mut row in scores.rows_mut() {
            let most = row.fold(f32::NEG_INFINITY, |a, b| a.max(*b));
            row.mapv_inplace(|score| (score - most).exp());
            row /= row.sum();
        }
        general_mat_mul(1.0, &scores, &part(2), 0.0, &mut seen.slice_mut(s![.., from..from + size]));
    }
}

/// `x · weightᵀ + bias`
struct Linear {
    /// `[to, from]`
    weight: Array2<f32>,
    bias: Array1<f32>,
}

impl Linear {
    fn read(weights: &mut Weights, name: &str, from: usize, to: usize) -> Result<Self, EmbeddingError> {
        let weight = weights.table(&format!("{name}.weight"), [to, from])?;
        Ok(Self { weight, bias: weights.row(&format!("{name}.bias"), to)? })
    }

    fn beside(parts: [Self; 3]) -> Self {
        let [a, b, c] = parts;
        // All three were read with the same shape.
        let weight = concatenate![Axis(0), a.weight, b.weight, c.weight];
        Self { weight, bias: concatenate![Axis(0), a.bias, b.bias, c.bias] }
    }

    fn apply(&self, x: ArrayView2<f32>) -> Array2<f32> {
        let mut y = Array2::zeros((x.nrows(), self.bias.len()));
        y.rows_mut().into_iter().for_each(|mut row| row.assign(&self.bias));
        general_mat_mul(1.0, &x, &self.weight.t(), 1.0, &mut y);
        y
    }
}

/// Layer normalisation (Ba et al. 2016, arXiv 1607.06450).
struct Norm {
    gain: Array1<f32>,
    bias: Array1<f32>,
    epsilon: f32,
}

impl Norm {
    fn read(weights: &mut Weights, name: &str, width: usize, epsilon: f32) -> Result<Self, EmbeddingError> {
        let gain = weights.row(&format!("{name}.weight"), width)?;
        Ok(Self { gain, bias: weights.row(&format!("{name}.bias"), width)?, epsilon })
    }

    fn apply(&self, x: &mut Array2<f32>) {
        let width = x.ncols() as f32;
        for mut row in x.rows_mut() {
            let mean = row.sum() / width;
            row -= mean;
            let variance = row.dot(&row) / width;
            row /= (variance + self.epsilon).sqrt();
            row *= &self.gain;
            row += &self.bias;
        }
    }
}

/// x · Φ(x), exact to the precision of `f32`.
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function as a quotient of polynomials that compilers turn into vector instructions; its largest error is
/// 7e-8. The same coefficients are used by Eigen and XLA.
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let z = x * x;
    let above = [
        -2.726_142_3e-10,
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_5e-5,
        -7.349_906_4e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ];
    let below = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];
    let polynomial = |factors: &[f32]| factors.iter().fold(0.0, |sum, factor| sum * z + factor);
    x * polynomial(&above) / polynomial(&below)
}
