impl Life {
    #[topic]
    async fn nameless(&self, row: u32) -> Grid {}

    #[topic("twice")]
    async fn first(&self) {}

    #[topic("twice", onway)]
    async fn second(&self) {}

    #[topic("borrowed")]
    async fn borrowed(&self, text: &str, _: u8) {}

    #[topic("fine")]
    async fn fine(&self) {}

    #[topic("typo")]
    const NUMBER: u8 = 1;
}
