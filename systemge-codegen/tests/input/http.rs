impl Gateway {
    #[get("/api/grid")]
    async fn grid(&self, ctx: &Context) -> Json<Grid> {}

    #[post("/api/cell/{row}/{column}")]
    async fn cell(&mut self, row: u32, column: u32, body: Json<Cell>) -> Result<StatusCode> {}
}
