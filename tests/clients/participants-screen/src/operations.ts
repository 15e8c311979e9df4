// All that the screen asks for and writes, typed from the gateway's schema.
import { initGraphQLTada, type ResultOf, type VariablesOf } from "gql.tada";
import type { introspection } from "./schema.d.ts";

const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { DateTime: string; DateOrDateTime: string; JSON: unknown };
  disableMasking: true;
}>();

const Row = graphql(`
  fragment Row on Participant {
    id
    isConfirmed
    contact { id companyName firstName lastName city }
    event { id title }
    category { id title }
  }
`);

export const Participants = graphql(
  `
    query Participants($filter: ParticipantFilter!, $orderBy: [ParticipantOrder!], $after: String) {
      participants(filter: $filter, orderBy: $orderBy, first: 25, after: $after) {
        edges { cursor node { ...Row } }
        pageInfo { hasNextPage endCursor }
      }
    }
  `,
  [Row],
);

// A facet leaves out what the filter says of the very thing that it counts by, so this holds for every tab.
export const Counts = graphql(`
  query Counts($filter: ParticipantFilter!) {
    participants(filter: $filter, first: 0) {
      facets { confirmed { isConfirmed count } }
    }
  }
`);

export const Events = graphql(`
  query Events {
    events(orderBy: { field: DATE_FROM, direction: DESC }, first: 100) { nodes { id title } }
  }
`);

export const Contacts = graphql(`
  query Contacts($search: String!) {
    contacts(filter: { search: $search, hasCustomerNumber: true }, first: 8) {
      nodes { id companyName firstName lastName customerNumber }
    }
  }
`);

export const Confirm = graphql(`
  mutation Confirm($input: SetParticipantsConfirmedInput!) {
    setParticipantsConfirmed(input: $input) {
      __typename
      results {
        __typename
        participantId
        participant { __typename id isConfirmed }
        userErrors { __typename message }
      }
      userErrors { __typename message }
    }
  }
`);

export const Create = graphql(
  `
    mutation Create($input: CreateParticipantInput!) {
      createParticipant(input: $input) {
        participant { ...Row }
        userErrors { message }
      }
    }
  `,
  [Row],
);

export type Participant = ResultOf<typeof Row>;
export type List = VariablesOf<typeof Participants>;
export type Contact = NonNullable<ResultOf<typeof Contacts>["contacts"]>["nodes"][number];

type Named = { companyName: string | null; firstName: string | null; lastName: string | null };
export const person = (contact: Named) => [contact.firstName, contact.lastName].filter(Boolean).join(" ");
export const messages = (errors: readonly { message: string }[]) =>
  [...new Set(errors.map(({ message }) => message))].join(" ");
