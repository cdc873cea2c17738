//! What everything is compared with: a server that writes the body of a PUT to a file, makes it durable, and answers.

use anyhow::Result;
use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    routing::put,
};
use futures::TryStreamExt;
use std::{io, path::PathBuf};
use tokio::{fs::File, io::AsyncWriteExt, net::TcpListener};
use tokio_util::io::StreamReader;

/// The word that makes this program such a server, before port and folder.
pub const ROLE: &str = "plain-server";
/// Bytes written at once.
const WRITE_BYTES: usize = 256 * 1024;

pub async fn serve(port: u16, folder: PathBuf) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let router = Router::new().route("/{name}", put(keep)).with_state(folder);
    Ok(axum::serve(listener, router).await?)
}

async fn keep(State(folder): State<PathBuf>, Path(name): Path<String>, body: Body) -> StatusCode {
    match write(folder, name, body).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            eprintln!("{error}");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

async fn write(folder: PathBuf, name: String, body: Body) -> io::Result<()> {
    let mut bytes = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    let mut file = tokio::io::BufWriter::with_capacity(WRITE_BYTES, File::create(folder.join(name)).await?);
    tokio::io::copy_buf(&mut bytes, &mut file).await?;
    file.flush().await?;
    file.into_inner().sync_all().await?;
    // The name, too, must survive a power cut.
    File::open(folder).await?.sync_all().await
}
