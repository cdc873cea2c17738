//! Builds again when the browser's part was built again: it is embedded in the program.

fn main() {
    println!("cargo:rerun-if-changed=../../web-client/dist");
}
