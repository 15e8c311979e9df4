// Automatic persisted queries: Apollo Client sends a document's hash, by GET, and its text only where the gateway does
// not know it yet. Prints what each request was.
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { createHash } from "node:crypto";

const sent = [];
function noted(address, options) {
  const text = options.body ?? decodeURIComponent(address);
  sent.push({ method: options.method, text: text.includes("totalCount") });
  return fetch(address, options);
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const link = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: link.concat(new HttpLink({ uri: process.argv[2], fetch: noted })),
});
const query = gql`
  query Count($isConfirmed: Boolean) {
    participants(filter: { isConfirmed: $isConfirmed }, first: 1) {
      totalCount
    }
  }
`;

const counts = [];
for (const isConfirmed of [null, true, false]) {
  const { data } = await client.query({ query, variables: { isConfirmed } });
  counts.push(data.participants.totalCount);
}
console.log(JSON.stringify({ sent, counts }));
