//! A node that `macro_rules!` writes, two nodes in one module, a client with a name of its own, generics.

use systemge::Payload;

macro_rules! counter {
    ($name:ident, $client:ident, $number:ty, $topic:literal) => {
        #[derive(systemge::Application, Default)]
        pub(crate) struct $name {
            count: $number,
        }

        #[systemge::node(client = $client)]
        impl $name {
            #[topic($topic)]
            pub(crate) async fn add(
                &mut self,
                value: $number,
                state: Option<$number>,
            ) -> Result<$number, String> {
                self.count += value + state.unwrap_or_default();
                Ok(self.count)
            }
        }
    };
}

counter!(Small, SmallCaller, u8, "small");
counter!(Large, LargeCaller, u64, "large");

#[derive(systemge::Application)]
struct Store<T: Payload + Clone + Sync, const N: usize>
where
    [T; N]: Sized,
{
    value: T,
}

#[systemge::node]
impl<T: Payload + Clone + Sync, const N: usize> Store<T, N>
where
    [T; N]: Sized,
{
    #[topic("get")]
    async fn get(&self) -> T {
        self.value.clone()
    }

    #[topic("set", oneway)]
    async fn set(&mut self, value: Vec<T>) -> systemge::Result<()> {
        if let Some(value) = value.into_iter().next() {
            self.value = value;
        }
        Ok(())
    }

    const LIMIT: usize = N;

    fn helper(&self) -> usize {
        Self::LIMIT
    }
}

#[systemge::payload]
#[derive(Clone)]
struct Page<T> {
    items: Vec<T>,
    next: Option<u32>,
}

#[systemge::payload]
#[derive(Clone, PartialEq)]
struct Myself(u8);

#[derive(systemge::Application)]
#[systemge::payload]
#[derive(Clone)]
struct Mirror {
    value: u8,
}

#[systemge::node]
impl Mirror {
    #[topic("look")]
    #[expect(clippy::needless_arbitrary_self_type, reason = "a way to write it")]
    async fn look(self: &Self, other: Self, list: Vec<Self>) -> Self {
        let _ = (self.value, list);
        other
    }

    const NAME: &'static str = "by-self";

    #[topic(Self::NAME)]
    async fn by_self(&self) {}

    #[topic("page")]
    async fn page(&self, _unused: Page<Myself>) -> Page<Vec<u8>> {
        Page { items: Vec::new(), next: None }
    }
}

fn call(ctx: &systemge::Context) {
    let _ = SmallCaller::new(ctx).add(1, None);
    let _ = LargeCaller::new(ctx).add(1, Some(1));
    let _ = StoreClient::<u8, 3>::new(ctx).get();
    let _ = MirrorClient::new(ctx).look(Mirror { value: 1 }, Vec::new());
}
