{ ::systemge }
{
    Game (game)
    { 0 request false async fn play(&self, mv: Move) -> Result<Applied, IllegalMove> }
    { 1 message false async fn resign(&self, player: String) }
}
{}
impl shared::Game for Chess {
    async fn play(&mut self, mv: Move, ctx: &Context<Self>) -> Result<Applied, IllegalMove> {
        self.apply(mv, ctx.node_name())
    }

    #[topic(spawn, timeout = "1s")]
    async fn resign(&self, player: String) {
        println!("{player} gives up");
    }

    #[on_start]
    fn start(&self) {}
}
