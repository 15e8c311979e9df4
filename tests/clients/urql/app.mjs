// A participants screen on urql, its cache knowing the schema: prints what the cache held after each step, and how many
// requests were sent.
import { Client, fetchExchange, gql } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { readFileSync } from "node:fs";
import { buildSchema, introspectionFromSchema } from "graphql";

const [address, customerNumber] = process.argv.slice(2);
const complaints = [];
console.error = console.warn = (...said) => complaints.push(said.join(" "));

let requests = 0;
function counted(...request) {
  requests += 1;
  return fetch(...request);
}

const ROW = gql`
  fragment Row on Participant {
    id
    isConfirmed
    contact {
      id
      email
    }
  }
`;
const PARTICIPANTS = gql`
  query Participants($filter: ParticipantFilter, $first: Int, $after: String) {
    participants(filter: $filter, first: $first, after: $after) {
      totalCount
      edges {
        cursor
        node {
          ...Row
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
    upstream {
      breaker
    }
  }
  ${ROW}
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
        ...Row
      }
      userErrors {
        field
        code
      }
    }
  }
  ${ROW}
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

// The list on the screen: its first page, by which the cache finds it.
const filter = { eventKey: "boat-show-2026" };
const list = { filter, first: 10 };

const cache = cacheExchange({
  schema: introspectionFromSchema(buildSchema(readFileSync("schema.graphql", "utf8"))),
  // Of what has no id, only this is ever kept by itself: graphcache knows connections, and payloads come once.
  keys: { UpstreamStatus: () => null, MirroredResource: () => null, MirroredSlice: () => null },
  resolvers: { Query: { participants: relayPagination() } },
  optimistic: {
    updateParticipant: ({ input: { id, isConfirmed } }) => ({
      __typename: "UpdateParticipantPayload",
      participant: { __typename: "Participant", id, isConfirmed },
      userErrors: [],
    }),
  },
  updates: {
    Mutation: {
      createParticipant({ createParticipant: { participant } }, _, cache) {
        cache.updateQuery({ query: PARTICIPANTS, variables: list }, (data) => {
          const edge = { __typename: "ParticipantEdge", cursor: "", node: participant };
          return { ...data, participants: { ...data.participants, edges: [edge, ...data.participants.edges] } };
        });
      },
      deleteParticipant({ deleteParticipant: { deletedId: id } }, _, cache) {
        cache.updateQuery({ query: PARTICIPANTS, variables: list }, (data) => {
          const edges = data.participants.edges.filter(({ node }) => node.id !== id);
          return { ...data, participants: { ...data.participants, edges } };
        });
      },
    },
  },
});
const client = new Client({ url: address, preferGetMethod: false, fetch: counted, exchanges: [cache, fetchExchange] });

const rows = () => client.readQuery(PARTICIPANTS, list).data.participants.edges.map(({ node }) => node);
const row = (id) => rows().find((node) => node.id === id);
const told = {};
const tell = (step, more = {}) => (told[step] = { requests, ids: rows().map(({ id }) => id), ...more });

/** Reads a page into the list, and returns where it ends. */
async function read(page) {
  const { data } = await client.query(PARTICIPANTS, { ...list, ...page }).toPromise();
  return data.participants.pageInfo.endCursor;
}
const second = await read({});
const third = await read({ after: second });
await read({ after: third, first: 5 });
tell("paged", { totalCount: client.readQuery(PARTICIPANTS, list).data.participants.totalCount });

// Optimistic: the screen shows what is likely before the answer is there, and what is true after it.
async function update(input) {
  const writing = client.mutation(UPDATE, { input }).toPromise();
  const meanwhile = row(input.id).isConfirmed;
  const { data } = await writing;
  const errors = data.updateParticipant.userErrors.map(({ code }) => code);
  return { meanwhile, after: row(input.id).isConfirmed, errors, email: row(input.id).contact.email };
}
const { id, isConfirmed, contact } = rows()[3];
tell("updated", { before: contact.email, ...(await update({ id, isConfirmed: !isConfirmed })) });
tell("refused", await update({ id, isConfirmed, event: { eventKey: "no-such-event" } }));

const ids = rows().slice(0, 5).map(({ id }) => id);
await client.mutation(CONFIRM, { input: { ids, isConfirmed: true } }).toPromise();
tell("confirmed", { confirmed: rows().slice(0, 5).map((row) => row.isConfirmed) });

const input = { event: { eventKey: filter.eventKey }, contact: { customerNumber } };
const { data } = await client.mutation(CREATE, { input }).toPromise();
tell("created", { id: data.createParticipant.participant?.id });

await client.mutation(DELETE, { input: { id: told.created.id } }).toPromise();
tell("deleted");

console.log(JSON.stringify({ ...told, complaints }));
