// Starts GraphiQL with three operations to try and a place for the key. Keys are not kept.
"use strict";

const examples = [
  {
    query: `# Ctrl+Enter runs it. The explorer (folder, left) builds queries by clicking.
# Participants with their contacts and events: one request to PlanDocket.
query Participants {
  participants(first: 5) {
    totalCount
    nodes {
      isConfirmed
      contact { firstName lastName email }
      event { title city }
    }
  }
}
`,
  },
  {
    query: `# The next events, with how many take part.
query UpcomingEvents {
  events(filter: { upcoming: true }, orderBy: { field: DATE_FROM }, first: 5) {
    nodes { id title city dateFrom dateTo participantCount }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  },
  {
    query: `# Confirms participations: put their ids into the variables below.
mutation Confirm($ids: [ID!]!) {
  setParticipantsConfirmed(input: { ids: $ids, isConfirmed: true }) {
    results {
      participantId
      participant { isConfirmed }
      userErrors { field code message }
    }
  }
}
`,
    variables: JSON.stringify({ ids: [] }, null, 2),
  },
];

const headers = JSON.stringify({ "X-API-Key": "" }, null, 2);
const place = document.getElementById("graphiql");

if (window.React && window.ReactDOM && window.GraphiQL && window.GraphiQLPluginExplorer) {
  const explorer = GraphiQLPluginExplorer.explorerPlugin();
  const nothingKept = { getItem: () => null, setItem() {}, removeItem() {}, clear() {}, length: 0 };
  ReactDOM.createRoot(place).render(
    React.createElement(GraphiQL, {
      fetcher: GraphiQL.createFetcher({ url: window.location.pathname }),
      plugins: [explorer],
      defaultTabs: examples.map((example) => ({ ...example, headers })),
      defaultHeaders: headers,
      defaultEditorToolsVisibility: "headers",
      shouldPersistHeaders: false,
      showPersistHeadersSettings: false,
      storage: nothingKept,
    }),
  );
} else {
  place.firstElementChild.textContent =
    "GraphiQL could not be loaded: its files are not installed here, and the CDN cannot be reached. " +
    "GraphQL itself answers POST requests at this address.";
}
