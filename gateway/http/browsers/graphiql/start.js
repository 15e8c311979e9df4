// Starts GraphiQL with three operations to try. Tabs and history are kept in this browser, keys are not.
"use strict";

const examples = [
  {
    query: `# Ctrl+Enter runs it. The folder icon opens
# an explorer that builds queries by clicking.
query Participants {
  participants(first: 5) {
    totalCount
    nodes {
      id
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
  events(
    filter: { upcoming: true }
    orderBy: { field: DATE_FROM }
    first: 5
  ) {
    nodes { id title city dateFrom participantCount }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  },
  {
    query: `# Confirms participations. Their ids go into
# the variables: {"ids": ["...", "..."]}.
# Without ids this page takes two that are
# confirmed already: nothing changes.
mutation Confirm($ids: [ID!]!) {
  setParticipantsConfirmed(
    input: { ids: $ids, isConfirmed: true }
  ) {
    results {
      participant { id isConfirmed }
      userErrors { field code message }
    }
  }
}
`,
  },
];

const place = document.getElementById("graphiql");
const emptyKey = JSON.stringify({ "X-API-Key": "" }, null, 2);
const headersAtFirst = place.dataset.needsKey === "yes" ? emptyKey : "";
const waitForTyping_ms = 600;

/** Return where GraphiQL keeps tabs and history, or null where the browser allows none.
 *
 * It keeps the shown query and variables twice, at other times than the tabs, and opens one tab more
 * where they differ after a reload: so they are read from the tabs alone.
 */
function storage() {
  try {
    const kept = GraphiQL.createLocalStorage({ namespace: "plandocket" });
    const read = kept.getItem;
    const shown = () => {
      const { tabs, activeTabIndex } = JSON.parse(read("graphiql:tabState")) ?? { tabs: [] };
      return tabs[activeTabIndex] ?? {};
    };
    shown();
    kept.getItem = (name) => {
      const property = /^graphiql:(query|variables)$/.exec(name)?.[1];
      return property ? shown()[property] ?? null : read(name);
    };
    return kept;
  } catch {
    return null;
  }
}

function send(params, headers) {
  const how = { url: window.location.pathname, enableIncrementalDelivery: false };
  return GraphiQL.createFetcher(how)(params, { headers });
}

/** Answer an operation, or the question for the schema. */
async function fetcher(params, { headers } = {}) {
  if (params.operationName === "IntrospectionQuery") {
    // With `data` in it, GraphiQL does not take a refusal for that of the word `subscriptionType` and ask again.
    return { data: null, ...(await send(params, headers)) };
  }
  if (!isExampleWithoutIds(params)) return send(rightlyNamed(params), headers);
  const confirmed = "{ participants(filter: { isConfirmed: true }, first: 2) { nodes { id } } }";
  const answer = await send({ query: confirmed }, headers);
  if (!answer.data?.participants) return answer;
  const ids = answer.data.participants.nodes.map((node) => node.id);
  return send(rightlyNamed({ ...params, variables: { ids } }), headers);
}

function isExampleWithoutIds({ query, variables }) {
  return query.includes("mutation Confirm($ids") && !variables?.ids;
}

/** Right after another tab is shown GraphiQL still sends the name of the one before. */
function rightlyNamed(params) {
  const isThere = new RegExp(`(query|mutation)\\s+${params.operationName}\\b`).test(params.query);
  return isThere ? params : { ...params, operationName: undefined };
}

/** GraphiQL has headers for each tab, and tells them to the history: they shall be the page's alone. */
function forgetHeaders({ tabs }) {
  for (const tab of tabs) tab.headers = null;
}

/** The page: whatever stands in the headers' pane holds for every tab. */
function Page(settings) {
  const [headers, setHeaders] = React.useState(headersAtFirst);
  return React.createElement(
    GraphiQL,
    { ...settings, defaultHeaders: headers, onEditHeaders: setHeaders },
    React.createElement(Schema, { headers }),
    React.createElement(Editors),
  );
}

/** Fetches the schema again once other headers stand still, and takes away what was said of its lack. */
function Schema({ headers }) {
  const { introspect, fetchError } = GraphiQL.React.useSchemaStore();
  const { responseEditor } = GraphiQL.React.useEditorContext();
  const told = React.useRef(null);
  React.useEffect(() => {
    if (headers === headersAtFirst || !isJson(headers)) return undefined;
    const timer = setTimeout(introspect, waitForTyping_ms);
    return () => clearTimeout(timer);
  }, [headers, introspect]);
  React.useEffect(() => {
    if (fetchError) told.current = fetchError;
    else if (told.current && responseEditor?.getValue() === told.current) responseEditor.setValue("");
  }, [fetchError, responseEditor]);
  return null;
}

function isJson(text) {
  try {
    return Boolean(JSON.parse(text));
  } catch {
    return false;
  }
}

/** Wraps long lines, and keeps the headers where an entry of the history, which has none, is taken up again. */
function Editors() {
  const { queryEditor, variableEditor, headerEditor } = GraphiQL.React.useEditorContext();
  React.useEffect(() => {
    for (const editor of [queryEditor, variableEditor, headerEditor]) editor?.setOption("lineWrapping", true);
  }, [queryEditor, variableEditor, headerEditor]);
  React.useEffect(() => {
    headerEditor?.on("beforeChange", (_, change) => {
      if (change.origin === "setValue" && !change.text.join("")) change.cancel();
    });
  }, [headerEditor]);
  return null;
}

if (window.React && window.ReactDOM && window.GraphiQL && window.GraphiQLPluginExplorer) {
  const settings = {
    fetcher,
    plugins: [GraphiQLPluginExplorer.explorerPlugin()],
    defaultTabs: examples,
    defaultEditorToolsVisibility: headersAtFirst ? "headers" : undefined,
    onTabChange: forgetHeaders,
    shouldPersistHeaders: false,
    showPersistHeadersSettings: false,
    storage: storage(),
  };
  ReactDOM.createRoot(place).render(React.createElement(Page, settings));
} else {
  place.firstElementChild.textContent =
    "GraphiQL could not be loaded: its files are not installed here, and the CDN cannot be reached. " +
    "GraphQL itself answers POST requests at this address.";
}
