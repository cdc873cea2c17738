//! The models that this program knows by name. Sizes and checksums are those that public listings give for the files as
//! their makers publish them on huggingface.co at the revision named here. A wrong one can only refuse a good file.

use std::path::{Path, PathBuf};

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Speech to text, by whisper.cpp.
    Speech,
    /// Sentence embedding.
    Embedding,
}

/// A model that can be fetched.
#[derive(Clone, Debug)]
pub struct Model {
    /// Such as `base.en`.
    pub name: String,
    /// What it is for.
    pub purpose: Purpose,
    /// What it is good for, in a few words.
    pub about: String,
    /// SPDX identifier.
    pub licence: String,
    /// Owner and name of the repository that publishes it.
    pub repository: String,
    /// The commit of that repository.
    pub revision: String,
    /// Its files; a model of more than one lies in a folder of its name.
    pub files: Vec<ModelFile>,
}

/// A file of a model.
#[derive(Clone, Debug)]
pub struct ModelFile {
    /// Its name, without a folder.
    pub name: String,
    /// Size; `None` where it is not known.
    pub bytes: Option<u64>,
    /// SHA-256 in lower-case hexadecimal digits.
    pub sha256: String,
}

impl Model {
    /// Where the model lies below the models folder: its file, or the folder of its files.
    pub fn path(&self, folder: &Path) -> PathBuf {
        match &self.files[..] {
            [file] => folder.join(&file.name),
            _ => folder.join(&self.name),
        }
    }

    /// Where one of its files lies, relative to the models folder.
    pub fn place(&self, file: &ModelFile) -> PathBuf {
        match self.files.len() {
            1 => PathBuf::from(&file.name),
            _ => Path::new(&self.name).join(&file.name),
        }
    }

    /// Bytes of all its files; 0 where not known.
    pub fn bytes(&self) -> u64 {
        self.files.iter().filter_map(|file| file.bytes).sum()
    }
}

/// The model of that name.
pub fn named(name: &str) -> Option<Model> {
    known().into_iter().find(|model| model.name == name)
}

/// Every known model.
pub fn known() -> Vec<Model> {
    let mut models: Vec<Model> = WHISPER.iter().map(|&(name, bytes, sha256)| whisper(name, bytes, sha256)).collect();
    models.push(Model {
        name: "all-MiniLM-L6-v2".into(),
        purpose: Purpose::Embedding,
        about: "meaning of sentences, English: better boundaries and titles".into(),
        licence: "Apache-2.0".into(),
        repository: "sentence-transformers/all-MiniLM-L6-v2".into(),
        revision: "1110a243fdf4706b3f48f1d95db1a4f5529b4d41".into(),
        files: MINILM.iter().map(|&(name, bytes, sha256)| file(name, bytes, sha256)).collect(),
    });
    models
}

fn whisper(name: &str, bytes: u64, sha256: &str) -> Model {
    let size = name.split(['.', '-']).next().unwrap_or(name);
    let quality = match size {
        "tiny" => "fastest, weak on trade words",
        "base" => "a good start",
        "small" => "better, about four times the time of base",
        _ => "the best here; for machines with many cores",
    };
    let language = if name.contains(".en") { "English" } else { "many languages" };
    let packed = if name.contains("-q5") { ", 5-bit: less memory" } else { "" };
    Model {
        name: name.into(),
        purpose: Purpose::Speech,
        about: format!("speech, {language}: {quality}{packed}"),
        licence: "MIT".into(),
        repository: "ggerganov/whisper.cpp".into(),
        revision: "5359861c739e955e79d9a303bcbc70fb988958b1".into(),
        files: vec![file(&format!("ggml-{name}.bin"), bytes, sha256)],
    }
}

fn file(name: &str, bytes: u64, sha256: &str) -> ModelFile {
    ModelFile { name: name.into(), bytes: Some(bytes), sha256: sha256.into() }
}

/// Name, bytes, SHA-256.
const WHISPER: [(&str, u64, &str); 13] = [
    ("tiny", 77_691_713, "be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21"),
    ("tiny.en", 77_704_715, "921e4cf8686fdd993dcd081a5da5b6c365bfde1162e72b08d75ac75289920b1f"),
    ("tiny-q5_1", 32_152_673, "818710568da3ca15689e31a743197b520007872ff9576237bda97bd1b469c3d7"),
    ("tiny.en-q5_1", 32_166_155, "c77c5766f1cef09b6b7d47f21b546cbddd4157886b3b5d6d4f709e91e66c7c2b"),
    ("base", 147_951_465, "60ed5bc3dd14eea856493d334349b405782ddcaf0028d4b5df4088345fba2efe"),
    ("base.en", 147_964_211, "a03779c86df3323075f5e796cb2ce5029f00ec8869eee3fdfb897afe36c6d002"),
    ("base-q5_1", 59_707_625, "422f1ae452ade6f30a004d7e5c6a43195e4433bc370bf23fac9cc591f01a8898"),
    ("base.en-q5_1", 59_721_011, "4baf70dd0d7c4247ba2b81fafd9c01005ac77c2f9ef064e00dcf195d0e2fdd2f"),
    ("small", 487_601_967, "1be3a9b2063867b937e64e2ec7483364a79917e157fa98c5d94b5c1fffea987b"),
    ("small.en", 487_614_201, "c6138d6d58ecc8322097e0f987c32f1be8bb0a18532a3f88f734d1bbf9c41e5d"),
    ("small-q5_1", 190_085_487, "ae85e4a935d7a567bd102fe55afc16bb595bdb618e11b2fc7591bc08120411bb"),
    ("small.en-q5_1", 190_098_681, "bfdff4894dcb76bbf647d56263ea2a96645423f1669176f4844a1bf8e478ad30"),
    ("large-v3-turbo-q5_0", 574_041_195, "394221709cd5ad1f40c46e6031ca61bce88931e6e088c188294c6d5a55ffa7e2"),
];

/// Name, bytes, SHA-256.
const MINILM: [(&str, u64, &str); 3] = [
    ("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    ("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    ("model.safetensors", 90_868_376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
];
