// Runs the audits of GraphQL over HTTP against the address given, with the headers given as JSON on every
// request. Prints a line of JSON for each audit: its name and "ok", "notice", "warn" or "error".
import { auditServer } from "graphql-http";

const [url, headers] = process.argv.slice(2);
const more = Object.entries(JSON.parse(headers));

function fetchFn(address, options = {}) {
  const all = new Headers(options.headers);
  for (const [name, value] of more) all.set(name, value);
  return fetch(address, { ...options, headers: all });
}

for (const { name, status, reason } of await auditServer({ url, fetchFn })) {
  console.log(JSON.stringify({ name, status, reason }));
}
