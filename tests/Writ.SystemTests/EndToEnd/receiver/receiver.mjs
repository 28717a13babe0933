// Takes webhooks over TLS, checks each by the Standard Webhooks' own library and writes down what came.
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:https";
import { Webhook } from "standardwebhooks";

const [pem, keys, seen] = process.argv.slice(2);
const both = readFileSync(pem);
const server = createServer({ cert: both, key: both }, async (call, answer) => {
  const pieces = [];
  for await (const piece of call)
    pieces.push(piece);
  const body = Buffer.concat(pieces).toString("utf8");
  // The newest key: the one of before is taken out once everybody has this.
  const key = readFileSync(keys, "utf8").trim().split("\n").at(-1).trim();
  let event = null;
  try {
    event = new Webhook(key).verify(body, call.headers);
  } catch (refused) {
    appendFileSync(seen, `False ${refused.message}\n`);
  }
  if (event)
    appendFileSync(seen, `True ${call.headers["webhook-signature"].split(" ").length} ${event.type} ${event.subject} ${event.data.run.targets.addresses.join(",")}\n`);
  answer.writeHead(event ? 204 : 401).end();
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
