/// A game of two players.
pub trait Game {
    /// Plays a move.
    #[topic("move", alias = "play")]
    async fn play(&self, mv: Move, thought: Option<Duration>) -> Result<Applied, IllegalMove>;

    #[deprecated]
    #[topic("resign")]
    async fn resign(&self, player: String);

    #[cfg(feature = "clock")]
    #[topic(names::CLOCK, oneway)]
    async fn clock(&self, tick: Tick) -> Result<(), ClockError>;

    #[topic("ready", request)]
    fn ready(&self);
}
