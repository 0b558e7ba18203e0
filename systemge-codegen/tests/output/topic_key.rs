#[automatically_derived]
impl<T> ::systemge::TopicKey for Id<T>
where
    T: ::systemge::TopicKey,
{
    fn segment(&self) -> ::std::borrow::Cow<'_, str> {
        <Wrapped<T> as ::systemge::TopicKey>::segment(&self.0)
    }
}
