#[derive(
    ::systemge::__private::serde::Serialize,
    ::systemge::__private::serde::Deserialize,
    ::systemge::Schema
)]
#[serde(crate = "::systemge::__private::serde")]
#[derive(Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Move {
    pub from_square: Square,
    pub to_square: Option<Square>,
}
