#[derive(systemge::Application)]
struct Life;

#[systemge::commands]
impl Life {
    #[command("cell")]
    fn cell(&self, row: Option<u8>, column: u8) {
        let _ = (row, column);
    }
}

fn main() {}
