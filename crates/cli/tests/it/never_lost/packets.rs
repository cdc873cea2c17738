//! The packets of a recording, as the camera and the microphone gave them: what a device's own hashes cannot vouch for.

use std::{path::Path, process::Command};

/// The hashes of the packets of picture and sound, in order.
pub type Packets = [Vec<String>; 2];

/// Reads them.
pub fn of(path: &Path) -> Result<Packets, String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(path);
    command.args("-map 0:v -map 0:a -c copy -f framehash -hash md5 -".split(' '));
    let output = testkit::die_with_owner(&mut command, libc::SIGKILL).output().unwrap();
    if !output.status.success() {
        return Err(format!("{} cannot be read: {}", path.display(), String::from_utf8_lossy(&output.stderr)));
    }
    let mut packets = Packets::default();
    for line in String::from_utf8_lossy(&output.stdout).lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split(',').map(str::trim);
        // Stream, times, length, size, hash; what follows says nothing of the packet's bytes.
        if let (Some(stream), Some(hash)) = (fields.next().and_then(|s| s.parse::<usize>().ok()), fields.nth(4)) {
            packets[stream].push(hash.to_owned());
        }
    }
    Ok(packets)
}
