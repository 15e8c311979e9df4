// What must not compile: each line is wrong, and `@ts-expect-error` fails where the compiler does not say so.
import { asking } from "./ask.js";
import { useFragment } from "./gql/index.js";
import * as gql from "./gql/graphql.js";

export async function mistakes(ask: ReturnType<typeof asking>) {
  // @ts-expect-error - `by` takes exactly one of its fields
  await ask(gql.EventDocument, { by: { id: "1", eventKey: "wine-fair-2027" } });
  // @ts-expect-error - a filter of another list
  await ask(gql.ParticipantsDocument, { filter: { upcoming: true } });
  // @ts-expect-error - an order that there is not
  await ask(gql.EventsDocument, { orderBy: { field: "POSTAL_CODE", direction: "ASC" } });
  // @ts-expect-error - `contact` is missing
  await ask(gql.CreateParticipantDocument, { input: { event: { eventKey: "wine-fair-2027" } } });

  const { participants } = await ask(gql.ParticipantsDocument, {});
  // @ts-expect-error - null where PlanDocket could not be asked
  participants.totalCount;
  const row = useFragment(gql.ParticipantRowFragmentDoc, participants?.edges[0]?.node);
  // @ts-expect-error - null once the contact is deleted
  row?.contact.email;
  // @ts-expect-error - not selected
  row?.createdAt;
}
