impl Gateway {
    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context) {}

    #[topic("gridChange")]
    async fn change(&mut self, client: &WsClient, change: GridChange, ctx: &Context) -> Result<()> {}

    /// The grid.
    #[push("grid")]
    pub fn show(grid: &Grid);

    #[cfg(feature = "left")]
    #[push("left")]
    fn left_us(id: ClientId, reason: &str);

    #[topic("ping")]
    fn ping(&self) {}

    #[cfg(feature = "left")]
    #[on_disconnect]
    async fn left(&self, client: &WsClient) {}
}
