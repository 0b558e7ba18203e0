/// The shop.
#[cfg(feature = "shop")]
pub const SHOP: ::systemge::SystemModel = ::systemge::SystemModel::new(
    "SHOP",
    &[
        ::systemge::ApplicationModel::of::<Orders>("Orders"),
        ::systemge::ApplicationModel::of::<stock::Stock<u8>>("stock::Stock<u8>"),
    ],
);
#[cfg(feature = "shop")]
const _: () = ::systemge::SystemModel::check(&SHOP, 0usize);
#[cfg(feature = "shop")]
const _: () = ::systemge::SystemModel::check(&SHOP, 1usize);
