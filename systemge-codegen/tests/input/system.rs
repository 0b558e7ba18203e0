{ ::systemge }
/// The shop.
#[cfg(feature = "shop")]
pub SHOP = [Orders, stock::Stock<u8>];
