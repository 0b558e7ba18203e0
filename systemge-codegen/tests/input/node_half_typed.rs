impl Life {
    #[topic("getGrid")]
    async fn grid(&self) -> Grid {
        self.grid.
    }

    #[topic("setGrid")]
    async fn set(&mut self, cells: ) {
        let x = ;
    }

    #[topic("fine")]
    async fn fine(&self) -> u8 { 1 }

    async fn
}
