pub(crate) trait Game {
    #[topic("game/{game}/{player}/move")]
    async fn play(&self, mv: Move) -> Applied;

    #[topic("game/{game}/{player}/resign")]
    async fn resign(&self);
}
