// Operations typed by TypeScript alone, run at a gateway: prints what came.
import { print } from "graphql";
import type { TadaDocumentNode } from "gql.tada";
import { type FragmentOf, graphql, readFragment } from "./graphql.js";

const Row = graphql(`
  fragment Row on Participant {
    id
    isConfirmed
    createdAt
    contact {
      lastName
      email
    }
  }
`);

const Participants = graphql(
  `
    query Participants($filter: ParticipantFilter, $first: Int) {
      participants(filter: $filter, first: $first) {
        totalCount
        edges {
          node {
            ...Row
          }
        }
      }
    }
  `,
  [Row],
);

const Confirm = graphql(
  `
    mutation Confirm($input: SetParticipantsConfirmedInput!) {
      setParticipantsConfirmed(input: $input) {
        results {
          participant {
            ...Row
          }
          userErrors {
            field
            code
          }
        }
      }
    }
  `,
  [Row],
);

const Event = graphql(`
  query Event($by: EventBy!) {
    event(by: $by) {
      title
      dateFrom
      openingHours
    }
  }
`);

async function ask<Result, Variables>(
  document: TadaDocumentNode<Result, Variables>,
  variables: Variables,
): Promise<Result> {
  const answer = await fetch(process.argv[2]!, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors } = (await answer.json()) as { data: Result; errors?: { message: string }[] };
  if (errors) throw new Error(errors[0]?.message);
  return data;
}

function shown(node: FragmentOf<typeof Row>) {
  const row = readFragment(Row, node);
  // @ts-expect-error - null once the contact is deleted
  row.contact.email;
  // @ts-expect-error - not selected
  row.updatedAt;
  return { id: row.id, isConfirmed: row.isConfirmed, century: row.createdAt?.slice(0, 2), name: row.contact?.lastName };
}

export async function mistakes() {
  // @ts-expect-error - a filter of another list
  await ask(Participants, { filter: { upcoming: true } });
  // @ts-expect-error - `isConfirmed` is missing
  await ask(Confirm, { input: { ids: ["1"] } });
  // @ts-expect-error - no event is found by a customer number
  await ask(Event, { by: { customerNumber: "C-10001" } });
}

const { participants } = await ask(Participants, { filter: { isConfirmed: true }, first: 5 });
const rows = participants?.edges.map(({ node }) => shown(node)) ?? [];
const confirmed = await ask(Confirm, { input: { ids: rows.map(({ id }) => id), isConfirmed: true } });
const results = confirmed.setParticipantsConfirmed?.results ?? [];
const { event } = await ask(Event, { by: { eventKey: "wine-fair-2027" } });
console.log(
  JSON.stringify({
    rows: rows.length,
    shown: rows[0],
    confirmed: results.map(({ participant }) => participant && shown(participant).isConfirmed),
    refusals: results.flatMap(({ userErrors }) => userErrors.map(({ code }) => code)),
    event: {
      title: event?.title,
      dateFrom: event?.dateFrom?.slice(0, 10),
      hours: event?.openingHours instanceof Array,
    },
  }),
);
