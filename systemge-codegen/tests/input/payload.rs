#[derive(Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Move {
    pub from_square: Square,
    pub to_square: Option<Square>,
}
