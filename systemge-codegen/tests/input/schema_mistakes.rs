#[serde(tag = "kind")]
enum Tree<'a> {
    #[serde(skip)]
    Nothing,
    Leaf { #[serde(flatten)] inner: Inner, name: &'a str },
    Node(Vec<Tree<'a>>),
    #[serde(with = "elsewhere")]
    Other(u8),
}
