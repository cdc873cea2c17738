//! `model.safetensors`: tensors by name, each of the shape that is expected.

use super::{EmbeddingError, check_size};
use aws_lc_rs::digest::{Context, SHA256};
use ndarray::{Array1, Array2};
use safetensors::{Dtype, tensor::Metadata};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

const MOST_BYTES: u64 = 2 << 30;
const MOST_HEADER_BYTES: u64 = 16 << 20;

/// The open file. Only the tensor that is asked for is in memory.
pub struct Weights {
    path: PathBuf,
    file: File,
    /// Where the first tensor begins, in bytes from the start of the file.
    begin: u64,
    tensors: Metadata,
    digest: Context,
}

impl Weights {
    pub fn open(folder: &Path) -> Result<Self, EmbeddingError> {
        let path = folder.join("model.safetensors");
        let bytes = check_size(&path, MOST_BYTES)?;
        let failed = |source| EmbeddingError::Read { path: path.clone(), source };
        let damaged = |why: String| EmbeddingError::Damaged { path: path.clone(), why };
        let mut file = File::open(&path).map_err(failed)?;
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(|_| damaged("it is too short".into()))?;
        let length = u64::from_le_bytes(length);
        if length > MOST_HEADER_BYTES || length + 8 > bytes {
            return Err(damaged("it does not begin like a safetensors file".into()));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(failed)?;
        let tensors: Metadata = serde_json::from_slice(&header).map_err(|e| damaged(e.to_string()))?;
        let (begin, expected) = (length + 8, tensors.data_len() as u64);
        if begin + expected != bytes {
            return Err(damaged(format!("it has {bytes} bytes, its header promises {}", begin + expected)));
        }
        Ok(Self { path, file, begin, tensors, digest: Context::new(&SHA256) })
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.info(name).is_some()
    }

    /// A table of numbers.
    pub fn table(&mut self, name: &str, shape: [usize; 2]) -> Result<Array2<f32>, EmbeddingError> {
        let numbers = self.numbers(name, &shape)?;
        Array2::from_shape_vec(shape, numbers).map_err(|e| self.damaged(format!("{name}: {e}")))
    }

    /// A row of numbers.
    pub fn row(&mut self, name: &str, length: usize) -> Result<Array1<f32>, EmbeddingError> {
        Ok(self.numbers(name, &[length])?.into())
    }

    /// SHA-256 (hex) over the tensors that were read and these other `parts`.
    pub fn digest(mut self, parts: &[&[u8]]) -> String {
        parts.iter().for_each(|part| self.digest.update(part));
        self.digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn numbers(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EmbeddingError> {
        let Some(info) = self.tensors.info(name) else {
            return Err(self.damaged(format!("it has no tensor {name}")));
        };
        if info.shape != shape {
            return Err(self.damaged(format!("tensor {name} has the shape {:?} instead of {shape:?}", info.shape)));
        }
        if info.dtype != Dtype::F32 {
            let what = format!("numbers of the type {:?} in tensor {name} (F32 is read)", info.dtype);
            return Err(EmbeddingError::Unsupported { path: self.path.clone(), what });
        }
        let (from, to) = info.data_offsets;
        let bytes = self.bytes(from as u64, to - from);
        let bytes = bytes.map_err(|source| EmbeddingError::Read { path: self.path.clone(), source })?;
        self.digest.update(&bytes);
        Ok(bytes.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect())
    }

    fn bytes(&mut self, from: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file.seek(SeekFrom::Start(self.begin + from))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn damaged(&self, why: String) -> EmbeddingError {
        EmbeddingError::Damaged { path: self.path.clone(), why }
    }
}
