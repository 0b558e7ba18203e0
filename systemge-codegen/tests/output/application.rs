#[automatically_derived]
impl<T: Clone> crate::net::Application for Store<T>
where
    T: ::core::marker::Send + ::core::marker::Sync + 'static,
{
    fn __components() -> crate::net::__private::Components<Self> {
        crate::net::__components!(Self)
    }
}
