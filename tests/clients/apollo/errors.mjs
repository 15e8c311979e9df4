// Apollo Client's error policies, for an answer that is there in part: prints what each gives.
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";

const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: process.argv[2] }) });
const query = gql`
  query Several($ids: [ID!]!) {
    nodes(ids: $ids) {
      id
      ... on Event {
        title
      }
    }
  }
`;
const variables = { ids: ["RXZlbnQ6MQ==", "nonsense"] };
const ask = (errorPolicy) => client.query({ query, variables, errorPolicy, fetchPolicy: "no-cache" });

const given = ({ data, error }) => ({
  titles: data.nodes.map((node) => node?.title ?? null),
  codes: error?.errors.map(({ extensions }) => extensions.code) ?? null,
});
const thrown = await ask("none").catch((error) => error);
console.log(
  JSON.stringify({
    none: CombinedGraphQLErrors.is(thrown) && thrown.errors.map(({ path, extensions: { code } }) => ({ path, code })),
    all: given(await ask("all")),
    ignore: given(await ask("ignore")),
  }),
);
