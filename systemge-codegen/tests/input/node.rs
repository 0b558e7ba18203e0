/// Conway's game.
impl Life {
    /// The whole grid.
    #[topic("getGrid")]
    pub async fn grid(&self) -> Grid {
        self.grid.clone()
    }

    #[topic("setGrid", oneway)]
    async fn set(&mut self, cells: String, ctx: &Context) -> Result<(), GridError> {
        self.replace(cells, ctx)
    }

    #[topic(NAMES_CELL, request, spawn)]
    #[cfg(feature = "cells")]
    #[deprecated(note = "ask for the grid")]
    pub(crate) fn cell(&self, row: u32, ctx: &Context<Self>, column: u32) -> Result<Option<Cell>, GridError> {
        self.at(row, column)
    }

    #[topic("search", blocking, alias = "find", alias = Self::FIND)]
    fn search(&mut self, word: String) -> Vec<String> {
        self.words(word)
    }

    #[topic("fetch", timeout = "1500ms", spawn)]
    async fn fetch(&self) -> Vec<String> {
        self.far_away().await
    }

    #[on_start]
    async fn start(&mut self, ctx: &Context) -> Result<()> {
        Ok(())
    }

    #[on_stop]
    fn stop(&self) {}

    fn helper(&self) {}
}
