impl Gateway {
    #[get("/api/grid")]
    async fn grid(&self, ctx: &Context) -> Json<Grid> {}

    #[post("/api/cell/{row}/{column}", body = "1MiB", timeout = "1500ms", concurrency = 16, rate = "100/1s")]
    async fn cell(&mut self, row: u32, column: u32, body: Json<Cell>) -> Result<StatusCode> {}

    #[delete("/api/cell/{row}")]
    fn clear(&self, row: u32) {}
}
