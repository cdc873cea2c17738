//! What encryption costs: MB/s of writing and reading objects with and without it, on disk and on an S3 server of this machine.
//!
//! `cargo bench -p storage --bench encryption` ; `TRAINAR_BENCH_MB=1024` sets the size of the large object.
#![allow(clippy::unwrap_used, missing_docs)]

use futures::TryStreamExt;
use secrecy::ExposeSecret;
use std::time::{Duration, Instant};
use storage::{
    encryption::Keys,
    objects::{Objects, S3Settings},
};
use testkit::S3;

const CHUNK: usize = 8 << 20;
const RANGE: u64 = 1 << 20;

fn main() {
    let megabytes: u64 = std::env::var("TRAINAR_BENCH_MB").ok().and_then(|n| n.parse().ok()).unwrap_or(512);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        println!(
            "{:<24} {:>10} {:>10} {:>10} {:>12} {:>12}",
            "MB/s", "put 8 MiB", "put file", "get", "range 1 MiB", "range, ms"
        );
        testkit::install_tls();
        let s3 = S3::start();
        for encrypted in [false, true, false, true] {
            let folder = tempfile::tempdir_in(".").unwrap();
            let disk = Objects::disk(&folder.path().join("objects")).unwrap();
            measure("disk", disk, encrypted, folder.path(), megabytes << 20).await;
            let bucket = Objects::s3(&S3Settings {
                endpoint: Some(s3.endpoint.clone()),
                bucket: s3.bucket.clone(),
                region: s3.region.clone(),
                access_key: s3.access_key.clone(),
                secret_key: s3.secret_key.clone().into(),
                allow_http: true,
                path_style: true,
            });
            measure("s3", bucket.unwrap(), encrypted, folder.path(), megabytes << 20).await;
        }
    });
}

async fn measure(store: &str, objects: Objects, encrypted: bool, folder: &std::path::Path, bytes: u64) {
    let stored = objects.clone();
    let objects = match encrypted {
        true => objects.encrypted(Keys::parse(Keys::generate().expose_secret()).unwrap()).await.unwrap(),
        false => objects,
    };
    let piece: Vec<u8> = (0..CHUNK).map(|n| ((n * 31) >> 3) as u8).collect();
    let file = folder.join("file");
    {
        let mut written = std::fs::File::create(&file).unwrap();
        for _ in 0..bytes / CHUNK as u64 {
            std::io::Write::write_all(&mut written, &piece).unwrap();
        }
        written.sync_all().unwrap();
    }
    let chunks = (bytes / CHUNK as u64).min(32);
    let begun = Instant::now();
    for n in 0..chunks {
        objects.put(&format!("up/{n}"), piece.clone().into()).await.unwrap();
    }
    let put = rate(chunks * CHUNK as u64, begun.elapsed());
    let begun = Instant::now();
    objects.put_file("large", &file).await.unwrap();
    let put_file = rate(bytes, begun.elapsed());
    let read = async |from: u64, to: u64| {
        let pieces = objects.get_range("large", from..to).await.unwrap();
        pieces.try_fold(0, async |sum, piece| Ok(sum + piece.len() as u64)).await.unwrap()
    };
    let begun = Instant::now();
    assert_eq!(read(0, bytes).await, bytes);
    let get = rate(bytes, begun.elapsed());
    let (begun, ranges) = (Instant::now(), 100);
    for n in 0..ranges {
        let from = n * 7_654_321 % (bytes - RANGE);
        assert_eq!(read(from, from + RANGE).await, RANGE);
    }
    let took = begun.elapsed();
    println!(
        "{:<24} {put:>10.0} {put_file:>10.0} {get:>10.0} {:>12.0} {:>12.2}",
        format!("{store}{}", if encrypted { ", encrypted" } else { "" }),
        rate(ranges * RANGE, took),
        took.as_secs_f64() * 1000.0 / ranges as f64,
    );
    for key in stored.list("").await.unwrap() {
        stored.delete(&key).await.unwrap();
    }
    stored.delete("encryption/sentinel").await.unwrap();
}

fn rate(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}
