import graphql from "@graphql-eslint/eslint-plugin";

const { "flat/schema-recommended": recommended, "flat/schema-relay": relay } = graphql.configs;

// The keys that PlanDocket itself calls `category_key` and `event_key`: filters, inputs and its documentation
// name them so, and a plain `key` would be taken for the global id.
const PLANDOCKETS_KEYS = ["categoryKey", "eventKey"];

// What is not found again by an id: pages and their edges, what came of a write, and the gateway's own state.
const WITHOUT_ID = {
  suffixes: ["Connection", "Edge", "Facet", "Facets", "Payload", "Result"],
  types: ["PageInfo", "MirroredResource", "MirroredSlice", "UpstreamStatus", "UserError"],
};

/** Returns a rule that lets fields of these names pass. */
function except(rule, names) {
  return {
    ...rule,
    create(context) {
      const report = (found) => names.includes(found.data.fieldName) || context.report(found);
      return rule.create(Object.create(context, { report: { value: report } }));
    },
  };
}

const noTypenamePrefix = except(graphql.rules["no-typename-prefix"], PLANDOCKETS_KEYS);

export default [
  {
    files: ["schema.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "schema.graphql" } } },
    plugins: {
      "@graphql-eslint": { ...graphql, rules: { ...graphql.rules, "no-typename-prefix": noTypenamePrefix } },
    },
    rules: {
      ...recommended.rules,
      ...relay.rules,
      "@graphql-eslint/strict-id-in-types": ["error", { exceptions: WITHOUT_ID }],
      // Lists that are short and come whole need no pages: categories, a contact's events, a write's errors;
      // and `nodes` spares those who need no cursors the edges.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false }],
    },
  },
];
