impl<T: Payload, const N: usize> Store<T, N>
where
    T: Clone,
{
    #[topic("get")]
    async fn get(&self) -> Page<Self, T> {
        self.value.clone()
    }
}
