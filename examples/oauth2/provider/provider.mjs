// An OpenID Connect provider on this machine: it logs in whoever types a name, with any password. For trying out only.
//
//   node provider.mjs [provider.toml]     the sample's configuration says where it listens and who its client is

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Provider } from "oidc-provider";

const file = process.argv[2] ?? fileURLToPath(new URL("../provider.toml", import.meta.url));
const text = await readFile(file, "utf8");
const value = (key) => text.match(new RegExp(`^${key} = "(.*)"$`, "m"))[1];

const { origin, hostname, port } = new URL(value("authorize_url"));
const provider = new Provider(origin, {
  clients: [
    {
      client_id: value("client_id"),
      redirect_uris: [value("redirect_url")],
      // a public client: PKCE protects it
      token_endpoint_auth_method: "none",
    },
  ],
  claims: { openid: ["sub"], profile: ["name"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: id.charAt(0).toUpperCase() + id.slice(1) }),
  }),
});

provider.listen(Number(port), hostname, () => console.log(`the provider listens at ${origin}`));
