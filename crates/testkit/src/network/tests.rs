use super::*;
use tokio::io::AsyncBufReadExt;

/// A server that answers every request with its number of bytes, until the end of time.
async fn counting() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket));
        }
    });
    address
}

async fn serve(socket: TcpStream) -> std::io::Result<()> {
    let mut socket = tokio::io::BufReader::new(socket);
    loop {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if socket.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            length = line.strip_prefix("Content-Length: ").map_or(length, |text| text.trim().parse().unwrap());
        }
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await?;
        socket.write_all(format!("got {length}\n").as_bytes()).await?;
    }
}

/// Sends `bytes` as an upload and reads the line of the answer.
async fn upload(network: &Network, bytes: usize) -> std::io::Result<String> {
    let mut socket = tokio::io::BufReader::new(TcpStream::connect(network.address()).await?);
    let head =
        format!("PATCH / HTTP/1.1\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {bytes}\r\n\r\n");
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(&vec![7; bytes]).await?;
    let mut line = String::new();
    match socket.read_line(&mut line).await? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim().to_owned()),
    }
}

#[tokio::test]
async fn every_weather() {
    let network = Network::start(counting().await, 7).await;
    assert_eq!(upload(&network, 100_000).await.unwrap(), "got 100000");

    network.set(Weather::Portal);
    assert_eq!(upload(&network, 1_000).await.unwrap(), "HTTP/1.1 200 OK");
    network.set(Weather::Unavailable);
    assert_eq!(upload(&network, 1_000).await.unwrap(), "HTTP/1.1 503 Service Unavailable");
    network.set(Weather::Down);
    assert!(upload(&network, 1_000).await.is_err());
    network.set(Weather::Swallowing);
    assert!(upload(&network, 1_000).await.is_err());
    network.set(Weather::Slow(Duration::from_millis(30)));
    let begun = Instant::now();
    assert_eq!(upload(&network, 1_000).await.unwrap(), "got 1000");
    assert!(begun.elapsed() >= Duration::from_millis(60));
    network.set(Weather::Lossy(1.0));
    let _ = upload(&network, 10).await;
    network.set(Weather::Fair);
    assert_eq!(upload(&network, 3_000_000).await.unwrap(), "got 3000000");
    let felt = network.felt();
    for weather in ["portal", "unavailable", "down", "swallowing", "slow", "lossy"] {
        assert!(felt.get(weather).is_some_and(|times| *times > 0), "{weather} in {felt:?}");
    }
}

#[tokio::test]
async fn a_cut_in_either_direction_happens_once() {
    let network = Network::start(counting().await, 7).await;
    network.cut_after(Way::Up, 50_000);
    assert!(upload(&network, 100_000).await.is_err());
    network.cut_after(Way::Down, 3);
    assert!(upload(&network, 100).await.is_err());
    assert_eq!(upload(&network, 100).await.unwrap(), "got 100");
    assert_eq!(network.felt()["cut"], 2);
}

#[tokio::test]
async fn a_request_waits_in_the_middle_as_long_as_it_is_held() {
    let network = Network::start(counting().await, 7).await;
    for moment in [Moment::Half, Moment::Whole] {
        let (sent, held) = tokio::join!(
            async { tokio::time::timeout(Duration::from_secs(60), upload(&network, 100_000)).await.unwrap() },
            async {
                let held = network.when(moment).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
                drop(held);
            }
        );
        assert_eq!((sent.unwrap(), held), ("got 100000".to_owned(), ()));
    }
}
