impl Life {
    /// Fills the grid at random.
    ///
    /// Without an argument, half of it.
    #[command("randomize")]
    async fn randomize(&mut self, percent_alive: Option<u8>) -> Result<String> {}

    #[command("set-cells")]
    fn set(&self, row: u32, ctx: &Context, cells: Vec<u8>) {}

    #[command("randomize")]
    fn again(&self, all: Vec<u8>, row: Option<u8>, column: u8) {}
}
