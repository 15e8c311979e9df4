// A participants screen on Apollo Client: pages, optimistic writes, a deletion; prints what the cache held
// after each step, and how many requests were sent.
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";

const [address, customerNumber] = process.argv.slice(2);
const complaints = [];
console.error = console.warn = (...said) => complaints.push(said.join(" "));

let requests = 0;
function counted(...request) {
  requests += 1;
  return fetch(...request);
}

// `edges` are merged, a list for each filter; `nodes` would not be.
const cache = new InMemoryCache({
  possibleTypes: { Node: ["Category", "Contact", "Event", "Participant"] },
  typePolicies: { Query: { fields: { participants: relayStylePagination(["filter"]) } } },
});
const client = new ApolloClient({ cache, link: new HttpLink({ uri: address, fetch: counted }) });

const PARTICIPANTS = gql`
  query Participants($filter: ParticipantFilter, $first: Int, $after: String) {
    participants(filter: $filter, first: $first, after: $after) {
      totalCount
      edges {
        cursor
        node {
          id
          isConfirmed
          contact {
            id
            email
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;
const UPDATE = gql`
  mutation Update($input: UpdateParticipantInput!) {
    updateParticipant(input: $input) {
      participant {
        id
        isConfirmed
      }
      userErrors {
        field
        code
      }
    }
  }
`;
const CREATE = gql`
  mutation Create($input: CreateParticipantInput!) {
    createParticipant(input: $input) {
      participant {
        id
        isConfirmed
        contact {
          id
          email
        }
      }
    }
  }
`;
const DELETE = gql`
  mutation Delete($input: DeleteParticipantInput!) {
    deleteParticipant(input: $input) {
      deletedId
    }
  }
`;
const CONFIRM = gql`
  mutation Confirm($input: SetParticipantsConfirmedInput!) {
    setParticipantsConfirmed(input: $input) {
      results {
        participant {
          id
          isConfirmed
        }
        userErrors {
          code
        }
      }
    }
  }
`;
const told = {};
const tell = (step, more = {}) => (told[step] = { requests, ids: rows().map(({ id }) => id), ...more });

// The screen: it is told whenever what it shows has changed.
const filter = { eventKey: "boat-show-2026" };
const list = client.watchQuery({ query: PARTICIPANTS, variables: { filter, first: 10 } });
const rows = () => list.getCurrentResult().data.participants.edges.map(({ node }) => node);
const row = (id) => rows().find((node) => node.id === id);
let onShown;
list.subscribe(({ loading }) => loading || onShown?.());
/** Does something and waits until the screen shows what came of it. */
const shown = (start) => new Promise((done, failed) => ((onShown = done), start().catch(failed)));

await shown(async () => {});

function loadMore(first) {
  const { endCursor } = list.getCurrentResult().data.participants.pageInfo;
  return shown(() => list.fetchMore({ variables: { after: endCursor, first } }));
}
await loadMore(10);
await loadMore(5);
tell("paged", { totalCount: list.getCurrentResult().data.participants.totalCount });

// Optimistic: the screen shows what is likely before the answer is there, and what is true after it.
async function update(input, likely) {
  const writing = client.mutate({
    mutation: UPDATE,
    variables: { input },
    optimisticResponse: {
      updateParticipant: {
        __typename: "UpdateParticipantPayload",
        participant: { __typename: "Participant", id: input.id, isConfirmed: likely },
        userErrors: [],
      },
    },
  });
  const meanwhile = row(input.id).isConfirmed;
  const { data } = await writing;
  const errors = data.updateParticipant.userErrors.map(({ code }) => code);
  return { meanwhile, after: row(input.id).isConfirmed, errors, email: row(input.id).contact.email };
}
const { id, isConfirmed, contact } = rows()[3];
tell("updated", { email: contact.email, ...(await update({ id, isConfirmed: !isConfirmed }, !isConfirmed)) });
tell("refused", await update({ id, event: { eventKey: "no-such-event" } }, isConfirmed));

// A bulk confirm: its rows come with the answer.
const ids = rows().slice(0, 5).map(({ id }) => id);
await client.mutate({ mutation: CONFIRM, variables: { input: { ids, isConfirmed: true } } });
tell("confirmed", { confirmed: rows().slice(0, 5).map((row) => row.isConfirmed) });

// A new row goes to the list's start, and a deleted one is evicted: no list shows it any more.
const { data: created } = await client.mutate({
  mutation: CREATE,
  variables: { input: { event: { eventKey: filter.eventKey }, contact: { customerNumber } } },
  update: (cache, { data }) =>
    cache.updateQuery({ query: PARTICIPANTS, variables: { filter } }, ({ participants }) => {
      const node = data.createParticipant.participant;
      const edge = { __typename: "ParticipantEdge", cursor: "", node };
      return { participants: { ...participants, edges: [edge, ...participants.edges] } };
    }),
});
tell("created", { id: created.createParticipant.participant.id });

await client.mutate({
  mutation: DELETE,
  variables: { input: { id: created.createParticipant.participant.id } },
  update(cache, { data }) {
    cache.evict({ id: cache.identify({ __typename: "Participant", id: data.deleteParticipant.deletedId }) });
    cache.gc();
  },
});
tell("deleted", { left: Object.keys(cache.extract()).includes(`Participant:${told.created.id}`) });

console.log(JSON.stringify({ ...told, complaints }));
