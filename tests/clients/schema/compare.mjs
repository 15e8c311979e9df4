// Compares a file's schema with the one that a gateway serves, as a file and by introspection, and prints what
// graphql-inspector finds changed.
import { readFileSync } from "node:fs";
import { diff } from "@graphql-inspector/core";
import { buildClientSchema, buildSchema, getIntrospectionQuery, printSchema } from "graphql";

const [file, address] = process.argv.slice(2);

// What introspection tells only where it is asked to.
const WHOLE = { inputValueDeprecation: true, oneOf: true, specifiedByUrl: true };

async function introspect() {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query: getIntrospectionQuery(WHOLE) }),
  });
  return buildClientSchema((await answer.json()).data);
}

// graphql-inspector looks for directives in a schema's text, and what introspection tells has none until printed.
const printed = (schema) => buildSchema(printSchema(schema));
const changes = async (before, after) => (await diff(before, after)).map(({ message }) => message);

const committed = buildSchema(readFileSync(file, "utf8"));
const served = buildSchema(await (await fetch(new URL("/schema.graphql", address))).text());
const introspected = await introspect();
console.log(
  JSON.stringify({
    types: Object.keys(introspected.getTypeMap()).length,
    served: await changes(committed, served),
    introspected: await changes(printed(committed), printed(introspected)),
  }),
);
