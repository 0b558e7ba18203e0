pub struct Id<T>(Wrapped<T>);
