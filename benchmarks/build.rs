//! Compiles the gRPC service of the benchmark of tonic.

fn main() {
    #[cfg(feature = "peers")]
    {
        println!("cargo:rerun-if-changed=proto/bench.proto");
        let files = protox::compile(["proto/bench.proto"], ["proto"]).expect("the service's description");
        tonic_prost_build::configure().compile_fds(files).expect("the service's code");
    }
}
