#[application(crate = crate::net)]
pub struct Store<T: Clone = u8> {
    value: T,
}
