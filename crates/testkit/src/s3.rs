//! A real S3 server over HTTP: it checks signatures and speaks multipart.

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::{net::SocketAddr, path::Path, thread::JoinHandle};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot};

/// A running S3 server with one bucket. It ends, and its objects go, when this is dropped.
pub struct S3 {
    /// `http://127.0.0.1:port`.
    pub endpoint: String,
    /// Where it listens, for a proxy in between.
    pub address: SocketAddr,
    /// The bucket, which exists.
    pub bucket: String,
    /// Any would do; this one is right.
    pub region: String,
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl S3 {
    /// Starts a server in a thread with its own runtime, so that sync and async tests can use it alike.
    pub fn start() -> Self {
        let (access_key, secret_key) = ("test-access-key".to_owned(), "test-secret-key".to_owned());
        let folder = tempfile::Builder::new().prefix("trainar-test-s3-").tempdir().unwrap();
        std::fs::create_dir(folder.path().join("recordings")).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(access_key.as_str(), secret_key.as_str()));
        let service = service.build();

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, mut stopped) = oneshot::channel::<()>();
        let serve = async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                tokio::select! {
                    _ = &mut stopped => return,
                    accepted = listener.accept() => {
                        let Ok((socket, _)) = accepted else { continue };
                        let service = service.clone();
                        tokio::spawn(async move {
                            let http = Builder::new(TokioExecutor::new());
                            // A client that goes away in the middle is an error to nobody here.
                            let _ = http.serve_connection(TokioIo::new(socket), service).await;
                        });
                    }
                }
            }
        };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(serve);
            runtime.shutdown_background();
        });
        Self {
            endpoint: format!("http://{address}"),
            address,
            bucket: "recordings".to_owned(),
            region: "us-east-1".to_owned(),
            access_key,
            secret_key,
            folder,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Where the server keeps what is in the bucket, and what it knows of it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Names of the files in the server's own folder that belong to uploads in parts not yet completed or called off.
    pub fn unfinished_parts(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name.contains(".part-")).collect()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
