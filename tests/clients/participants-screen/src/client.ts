// How the screen asks the gateway, which stands beside the page, and how old what it answers is.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, makeVar } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { tap } from "rxjs";

export const address = (path: string) => new URL(path, document.baseURI).href;

/** When the oldest part of the list that is shown was read from PlanDocket, in milliseconds. */
export const readAt = makeVar(Date.now());

// An answer says in `extensions.upstream.age` how many seconds old its oldest part is.
const age = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap(({ extensions }) => {
      if (operation.operationName !== "Participants") return;
      const upstream = extensions?.upstream as { age?: number } | undefined;
      const at = Date.now() - (upstream?.age ?? 0) * 1000;
      readAt(operation.variables.after ? Math.min(readAt(), at) : at);
    }),
  ),
);

export const client = new ApolloClient({
  link: ApolloLink.from([age, new HttpLink({ uri: address("graphql") })]), // a token would go into its `headers`
  cache: new InMemoryCache({
    typePolicies: { Query: { fields: { participants: relayStylePagination(["filter", "orderBy"]) } } },
  }),
});

/** Has the browser load a file: it can send no token with a link, so the file gets an address that holds once. */
export async function download(file: string, asked: object) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(address(`export/${file}`), { method: "POST", headers, body: JSON.stringify(asked) });
  const { url, errors } = (await answer.json()) as { url: string; errors?: { message: string }[] };
  if (errors) throw new Error(errors[0]?.message);
  location.assign(new URL(url, answer.url));
}
