import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: "operations/*.graphql",
  generates: {
    "src/gql/": {
      preset: "client",
      config: {
        scalars: { DateTime: "string", DateOrDateTime: "string", JSON: "unknown" },
        importExtension: ".js",
        documentMode: "string",
      },
    },
  },
};
export default config;
