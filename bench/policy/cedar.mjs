// Answers lines "RULES SECONDS" like evaluate.cs, with Cedar's own wasm build: the same rules, of which each request is
// given only the slice for its role and zone (found by a hash), as Cedar's authors advise; the deciding policy comes back.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
const cedar = createRequire(process.env.CEDAR_FROM + '/')('@cedar-policy/cedar-wasm/nodejs');

const network = at => { const n = at * 64; return `10.${n >> 16 & 255}.${n >> 8 & 255}.${n & 255}`; };

function build(rules) {
  const slices = new Map();
  for (let at = 0; at < rules; at++) {
    slices.set(`role-${at}/zone-${at}`, {
      [`rule-${at}`]: `permit(principal in Role::"role-${at}", action == Action::"nmap", resource == Zone::"zone-${at}") when { context.dst.isInRange(ip("${network(at)}/26")) && context.port >= 1 && context.port <= 1024 };`,
      never: 'forbid(principal, action == Action::"nmap", resource) when { context.script == "dos" || context.script == "exploit" };',
    });
  }
  return slices;
}

let seed = 7;
const next = bound => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % bound;
const arms = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [rules, seconds] = line.split(' ').map(Number);
  if (!arms.has(rules)) arms.set(rules, build(rules));
  const slices = arms.get(rules), times = [], begun = process.hrtime.bigint();
  let allowed = 0, last;
  while (Number(process.hrtime.bigint() - begun) / 1e9 < seconds || times.length < 100) {
    const at = next(rules), start = process.hrtime.bigint();
    const answer = cedar.isAuthorized({
      principal: { type: 'User', id: `user-${at}` }, action: { type: 'Action', id: 'nmap' }, resource: { type: 'Zone', id: `zone-${at}` },
      context: { dst: { __extn: { fn: 'ip', arg: network(at) } }, port: times.length % 2 ? 8443 : 443, script: '' },
      policies: { staticPolicies: slices.get(`role-${at}/zone-${at}`) },
      entities: [{ uid: { type: 'User', id: `user-${at}` }, attrs: {}, parents: [{ type: 'Role', id: `role-${at}` }] }],
    });
    times.push(Number(process.hrtime.bigint() - start));
    last = answer;
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer));
    if (answer.response.decision === 'allow') allowed++;
  }
  if (allowed * 10 < times.length * 4 || allowed * 10 > times.length * 6) throw new Error('half should be allowed: ' + JSON.stringify(last));
  const rate = times.length / (Number(process.hrtime.bigint() - begun) / 1e9);
  times.sort((a, b) => a - b);
  console.log(`${rate.toFixed(0)} ${times[times.length >> 1]}`);
}
