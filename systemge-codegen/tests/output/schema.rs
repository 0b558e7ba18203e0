#[automatically_derived]
impl<T> ::systemge::Schema for Change<T>
where
    T: ::systemge::Schema,
{
    const SHAPE: &'static ::systemge::payload::Shape = &::systemge::payload::Shape::Enum(
        &[
            ::systemge::payload::Variant {
                name: "cleared",
                shape: &::systemge::payload::Shape::Unit,
            },
            ::systemge::payload::Variant {
                name: "cell_set",
                shape: <Cell as ::systemge::Schema>::SHAPE,
            },
            ::systemge::payload::Variant {
                name: "row_set",
                shape: &::systemge::payload::Shape::Struct(
                    &[
                        ::systemge::payload::Field {
                            name: "row",
                            shape: <u32 as ::systemge::Schema>::SHAPE,
                        },
                        ::systemge::payload::Field {
                            name: "cells",
                            shape: <Vec<T> as ::systemge::Schema>::SHAPE,
                        },
                    ],
                ),
            },
            ::systemge::payload::Variant {
                name: "swapped",
                shape: &::systemge::payload::Shape::Tuple(
                    &[
                        <Cell as ::systemge::Schema>::SHAPE,
                        <Cell as ::systemge::Schema>::SHAPE,
                    ],
                ),
            },
        ],
    );
}
