// 1:9: [SGE0308] postcard can't carry serde's `tag`
//   help: remove it: the variant's name travels with the value
// 3:13: [SGE0308] a skipped variant shifts the numbers of those behind it
//   help: move the skipped variants to the end of the enum
// 5:20: [SGE0308] postcard can't carry serde's `flatten`
//   help: name the inner fields, or keep the struct as a field
// 5:50: [SGE0209] this field is borrowed, but what crosses the wire is owned
//   help: write `String`
// 6:14: [SGE0307] `Tree` contains itself, so its wire shape would have no end
//   help: send a flat form: a `Vec` of nodes that name each other by index
// 6:19: [SGE0209] this field is borrowed, but what crosses the wire is owned
//   help: use an owned type, such as `String` for `&str`
// 7:13: [SGE0308] `with` gives this another wire shape, which isn't known
//   help: say whose shape it has: `#[schema(as = "String")]`, for example

#[automatically_derived]
impl<'a> ::systemge::Schema for Tree<'a> {
    const SHAPE: &'static ::systemge::payload::Shape = &::systemge::payload::Shape::Unit;
}
