import { ApolloProvider } from "@apollo/client/react";
import { createRoot } from "react-dom/client";
import { client } from "./client";
import { Screen } from "./Screen";

createRoot(document.getElementById("screen")!).render(
  <ApolloProvider client={client}>
    <Screen />
  </ApolloProvider>,
);
