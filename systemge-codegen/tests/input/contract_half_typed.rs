pub trait Game {
    #[topic("move")]
    async fn play(&self, mv: ) -> Applied;

    #[topic("resign")]
    async fn resign(&self, player: String);

    #[topic("score")]
    async fn
}
