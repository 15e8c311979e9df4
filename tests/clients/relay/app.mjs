// A participants screen without a page: react-relay's hooks over the gateway. Pages, creates, confirms and deletes,
// and prints what the screen showed after each. react-test-renderer is the one renderer that needs no page.
import { Suspense, createElement } from "react";
import { act, create } from "react-test-renderer";
import ReactRelay from "react-relay";
import RelayRuntime from "relay-runtime";
import confirmMutation from "./src/__generated__/screenConfirmMutation.graphql.js";
import createMutation from "./src/__generated__/screenCreateMutation.graphql.js";
import deleteMutation from "./src/__generated__/screenDeleteMutation.graphql.js";
import eventFragment from "./src/__generated__/screen_event.graphql.js";
import listFragment from "./src/__generated__/screen_participants.graphql.js";
import rowFragment from "./src/__generated__/screen_row.graphql.js";
import screenQuery from "./src/__generated__/screenQuery.graphql.js";

const { RelayEnvironmentProvider, commitMutation, fetchQuery, useFragment, useLazyLoadQuery, usePaginationFragment } =
  ReactRelay;
const { Environment, Network, RecordSource, Store } = RelayRuntime;

const address = process.argv[2];
const complaints = [];
globalThis.IS_REACT_ACT_ENVIRONMENT = true;
console.error = console.warn = (...said) => complaints.push(said.join(" "));

let requests = 0;
async function ask({ text }, variables) {
  requests += 1;
  const headers = { "Content-Type": "application/json" };
  return (await fetch(address, { method: "POST", headers, body: JSON.stringify({ query: text, variables }) })).json();
}

const environment = new Environment({ network: Network.create(ask), store: new Store(new RecordSource()) });
const variables = { eventKey: "wine-fair-2027" };

// What the screen shows: its components leave here what they rendered last.
const shown = { rows: new Map() };

function Row({ node }) {
  shown.rows.set(node.id, useFragment(rowFragment, node));
  return null;
}

function Rows({ connection }) {
  return connection.edges.map(({ node }) => createElement(Row, { key: node.id, node }));
}

function Event({ event }) {
  shown.event = usePaginationFragment(eventFragment, event);
  return createElement(Rows, { connection: shown.event.data.participants });
}

function Screen() {
  const data = useLazyLoadQuery(screenQuery, variables);
  shown.list = usePaginationFragment(listFragment, data);
  return [
    createElement(Rows, { key: "list", connection: shown.list.data.participants }),
    createElement(Event, { key: "event", event: data.event }),
  ];
}

/** Starts something and waits until it says that it has ended and the screen shows what came of it. */
async function done(start) {
  let end;
  const ended = new Promise((resolve, reject) => (end = (error) => (error ? reject(error) : resolve())));
  await act(async () => start({ onComplete: end }));
  await act(() => ended);
}
const loadNext = (which, count) => done((told) => shown[which].loadNext(count, told));
const refetch = (which, variables) => done((told) => shown[which].refetch(variables, told));
const write = (mutation, variables) =>
  act(
    () =>
      new Promise((onCompleted, onError) => commitMutation(environment, { mutation, variables, onCompleted, onError })),
  );

const ids = (which) => shown[which].data.participants.edges.map(({ node }) => node.id);
const row = (id) => ({ id, isConfirmed: shown.rows.get(id).isConfirmed, email: shown.rows.get(id).contact?.email });
const told = {};
const tell = (step, more = {}) => (told[step] = { requests, list: ids("list"), event: ids("event"), ...more });

await fetchQuery(environment, screenQuery, variables).toPromise();
const screen = createElement(Suspense, { fallback: null }, createElement(Screen));
await act(() => create(createElement(RelayEnvironmentProvider, { environment }, screen)));
tell("first");

await loadNext("list", 10);
await loadNext("event", 5);
tell("paged");

const connections = [shown.list.data.participants.__id];
const input = { event: { eventKey: "wine-fair-2027" }, contact: { customerNumber: process.argv[3] } };
const { createParticipant } = await write(createMutation, { input, connections });
tell("created", { id: createParticipant.participant?.id, refusals: createParticipant.userErrors });

const some = ids("list").slice(0, 5);
const before = some.map(row);
await write(confirmMutation, { input: { ids: some, isConfirmed: true } });
const records = environment.getStore().getSource();
tell("confirmed", { before, after: some.map(row), types: some.map((id) => records.get(id).__typename) });

const { id } = createParticipant.participant;
const { deleteParticipant } = await write(deleteMutation, { input: { id }, connections });
tell("deleted", { id: deleteParticipant.deletedId });

await loadNext("list", 10);
tell("more");

await refetch("list", { filter: { isConfirmed: true } });
tell("refetched", { confirmed: ids("list").map((id) => row(id).isConfirmed) });

const ofTheGateway = complaints.filter((one) => !one.startsWith("react-test-renderer is deprecated"));
console.log(JSON.stringify({ ...told, complaints: ofTheGateway }));
process.exit(); // Relay keeps for minutes what it has fetched for a component
