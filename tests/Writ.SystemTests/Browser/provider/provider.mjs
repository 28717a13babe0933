// A company's OpenID provider on loopback: node provider.mjs PORT SECRET_FILE REDIRECT_URI
// Whoever types a name at its sign-in form is that person; dana is an engineer, all others are in no group.
import { readFileSync } from "node:fs";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, secretFile, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const key = { ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "company-1" };

const provider = new Provider(issuer, {
  clients: [{
    client_id: "writ",
    client_secret: readFileSync(secretFile, "utf8").trim(),
    redirect_uris: [redirect],
    grant_types: ["authorization_code"],
    response_types: ["code"],
    require_auth_time: true,
  }],
  jwks: { keys: [key] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  claims: { openid: ["sub"], profile: ["preferred_username", "name"], groups: ["groups"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, preferred_username: id, name: id, groups: id === "dana" ? ["engineering"] : [] }),
  }),
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
