//! Payloads to bytes and back.

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::panic_text;
use crate::protocol::frame::Encoding;

/// Appends a payload. What an error leaves behind is the caller's to take back.
#[inline]
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    encoding: Encoding,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match encoding {
        Encoding::Postcard => {
            postcard::serialize_with_flavor(value, Append(out)).map_err(|error| error.to_string())
        }
        Encoding::Json => serde_json::to_writer(out, value).map_err(|error| error.to_string()),
    }
}

/// Reads a payload, all of it. A panic in a user's `Deserialize` is a payload that doesn't decode, no more.
#[inline]
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8], encoding: Encoding) -> Result<T, String> {
    std::panic::catch_unwind(|| decode_unguarded(bytes, encoding))
        .map_err(|panic| panic_text(&*panic))
        .flatten()
}

#[inline]
fn decode_unguarded<T: DeserializeOwned>(bytes: &[u8], encoding: Encoding) -> Result<T, String> {
    match encoding {
        Encoding::Postcard => match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Ok(value),
            Ok((_, rest)) => Err(format!("{} bytes are left over", rest.len())),
            Err(error) => Err(error.to_string()),
        },
        Encoding::Json => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
    }
}

/// Lets postcard write behind what a buffer holds already; its own flavours take the buffer away.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
