#[derive(
    ::systemge::__private::serde::Serialize,
    ::systemge::__private::serde::Deserialize,
    ::systemge::Schema
)]
#[serde(crate = "::systemge::__private::serde")]
#[derive(Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Move {
    #[serde(
        bound = "for<'systemge> Square: ::systemge::__private::probe::IsField<'systemge>"
    )]
    pub from_square: Square,
    #[serde(
        bound = "for<'systemge> Option < Square >: ::systemge::__private::probe::IsField<'systemge>"
    )]
    pub to_square: Option<Square>,
}
