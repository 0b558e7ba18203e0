trait Game: Send {
    #[topic("game/{gmae}/move")]
    async fn play(&self, mv: &Move) -> Applied;

    #[topic("game/{game}/resign", spawn)]
    async fn resign(&mut self, player: String, ctx: &Context);

    async fn forgotten(&self);

    #[topic("game/{game}/score")]
    fn score(&self) -> impl Iterator<Item = u8>;

    const SIZE: usize = 8;

    #[topic("game/{game}/right")]
    async fn right(&self, player: String) -> bool;
}
