//! Builds again when the browser's part was built again: it is embedded in the program.

use std::{env, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=../../web-client/dist");
    let built = Path::new("../../web-client/dist/app.js").exists();
    if !built && env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        panic!("the browser's part is not built, so the Dashboard would have no style: run `make release`");
    }
}
