#[derive(systemge::Application)]
struct Life;

#[systemge::commands]
impl Life {
    #[command("cell")]
    fn cell(&self, rows: Vec<u8>, column: u8) {
        let _ = (rows, column);
    }
}

fn main() {}
