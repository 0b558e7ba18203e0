{ ::systemge }
{
    Game ()
    { 0 request false async fn play(&self, mv: Move) -> Result<Applied, IllegalMove> }
    { 1 message false async fn resign(&self, player: String) }
    { 2 request false async fn score(&self) -> u32 }
}
{}
impl Game for Chess {
    async fn paly(&self, mv: Move) -> Result<Applied, IllegalMove> {
        self.apply(mv.)
    }

    #[topic("resign", spawn)]
    async fn resign(&self, player: String, why: String) {}

    fn helper(&self) {}
}
