//! Prints the vector of every line of the standard input, and on the standard error how long that took:
//! `cargo run --release -p inference --example embed -- FOLDER [THREADS] < lines`

use inference::embedding::Embedder;
use std::{error::Error, io, path::Path, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder holds the model?")?;
    let begun = Instant::now();
    let mut embedder = Embedder::load(Path::new(&folder))?;
    if let Some(threads) = arguments.next() {
        embedder = embedder.with_threads(threads.parse()?);
    }
    eprintln!("{}: loaded in {:.3} s", embedder.describe(), begun.elapsed().as_secs_f64());
    let lines: Vec<String> = io::stdin().lines().collect::<Result<_, _>>()?;
    let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
    let begun = Instant::now();
    let vectors = embedder.embed(&texts);
    let seconds = begun.elapsed().as_secs_f64();
    eprintln!("{} texts in {seconds:.3} s: {:.2} ms each", texts.len(), seconds * 1e3 / texts.len().max(1) as f64);
    for vector in vectors {
        println!("{}", serde_json::to_string(&vector)?);
    }
    Ok(())
}
