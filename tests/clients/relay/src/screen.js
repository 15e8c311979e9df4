// What relay-compiler compiles. An application has these beside its components, where Relay's Babel plugin puts the
// artifacts in their place; here app.mjs imports the artifacts itself.
import { graphql } from "relay-runtime";

graphql`
  query screenQuery($eventKey: String!) {
    ...screen_participants
    event(by: { eventKey: $eventKey }) {
      ...screen_event
    }
  }
`;

graphql`
  fragment screen_participants on Query
  @argumentDefinitions(
    filter: { type: "ParticipantFilter" }
    first: { type: "Int", defaultValue: 10 }
    after: { type: "String" }
  )
  @refetchable(queryName: "screenParticipantsQuery") {
    participants(filter: $filter, first: $first, after: $after)
      @connection(key: "screen_participants", filters: ["filter"]) {
      __id
      totalCount
      edges {
        node {
          id
          ...screen_row
        }
      }
    }
  }
`;

graphql`
  fragment screen_event on Event
  @argumentDefinitions(first: { type: "Int", defaultValue: 5 }, after: { type: "String" })
  @refetchable(queryName: "screenEventQuery") {
    title
    participants(first: $first, after: $after) @connection(key: "screen_event_participants") {
      edges {
        node {
          id
          ...screen_row
        }
      }
    }
  }
`;

graphql`
  fragment screen_row on Participant {
    isConfirmed
    contact {
      email
    }
    event {
      title
    }
  }
`;

graphql`
  mutation screenCreateMutation($input: CreateParticipantInput!, $connections: [ID!]!) {
    createParticipant(input: $input) {
      participant @prependNode(connections: $connections, edgeTypeName: "ParticipantEdge") {
        id
        ...screen_row
      }
      userErrors {
        field
        code
        message
      }
    }
  }
`;

graphql`
  mutation screenDeleteMutation($input: DeleteParticipantInput!, $connections: [ID!]!) {
    deleteParticipant(input: $input) {
      deletedId @deleteEdge(connections: $connections)
      userErrors {
        field
        code
        message
      }
    }
  }
`;

graphql`
  mutation screenConfirmMutation($input: SetParticipantsConfirmedInput!) {
    setParticipantsConfirmed(input: $input) {
      results {
        participantId
        participant {
          isConfirmed
        }
        userErrors {
          field
          code
          message
        }
      }
    }
  }
`;
