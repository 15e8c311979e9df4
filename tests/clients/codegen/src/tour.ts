// Runs every operation of `operations/` at a gateway, as typed, and prints which ran and what was found.
import { asking } from "./ask.js";
import { useFragment } from "./gql/index.js";
import * as gql from "./gql/graphql.js";
import type { TypedDocumentString } from "./gql/graphql.js";

const ask = asking(process.argv[2]!);
const ran = new Set<string>();

function run<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables) {
  ran.add(/(?:query|mutation) (\w+)/.exec(document.toString())![1]!);
  return ask(document, variables);
}

/** Returns what a write is about, which is there where nothing was refused. */
function written<Entity>(entity: Entity | null | undefined, refusals: readonly object[] | undefined): Entity {
  if (entity == null) throw new Error(JSON.stringify(refusals));
  return entity;
}

async function event() {
  const made = (await run(gql.CreateEventDocument, { input: { title: "Typed", dateFrom: "2027-05-01" } })).createEvent;
  const { id } = written(made?.event, made?.userErrors);
  await run(gql.UpdateEventDocument, { input: { id, city: "Leipzig" } });
  const read = (await run(gql.EventDocument, { by: { id }, isConfirmed: null })).event;
  const fairs = (await run(gql.EventsDocument, { orderBy: { field: "DATE_FROM", direction: "ASC" }, first: 5 })).events;
  return { id, city: read?.city, events: fairs?.edges.length };
}

async function contact() {
  const input = { lastName: "Typed", customerNumber: "T-1", rating: 4 };
  const made = (await run(gql.CreateContactDocument, { input })).createContact;
  const { id } = written(made?.contact, made?.userErrors);
  const refused = (await run(gql.UpdateContactDocument, { input: { id, rating: 9 } })).updateContact;
  const [refusal] = useFragment(gql.RefusalFragmentDoc, refused?.userErrors ?? []);
  await run(gql.UpdateContactsDocument, { input: { contacts: [{ id, city: "Gent" }] } });
  const read = (await run(gql.ContactDocument, { by: { customerNumber: "T-1" } })).contact;
  const all = (await run(gql.ContactsDocument, { filter: { search: "Typed" } })).contacts;
  return { id, same: read?.id === id, refusal: refusal?.field, contacts: all?.totalCount };
}

async function category() {
  const made = (await run(gql.CreateCategoryDocument, { input: { title: "Typed", parent: { categoryKey: "wood" } } }))
    .createCategory;
  const { id } = written(made?.category, made?.userErrors);
  await run(gql.UpdateCategoryDocument, { input: { id, sortOrder: 7 } });
  const read = (await run(gql.CategoryDocument, { by: { id } })).category;
  const all = (await run(gql.CategoriesDocument, {})).categories;
  const gone = (await run(gql.DeleteCategoryDocument, { input: { id } })).deleteCategory;
  return { title: read?.title, categories: all?.length, gone: gone?.deletedId === id };
}

async function participant(eventId: string, contactId: string) {
  const input = { event: { id: eventId }, contact: { id: contactId } };
  const made = (await run(gql.CreateParticipantDocument, { input })).createParticipant;
  const { id, isConfirmed } = useFragment(gql.ParticipantRowFragmentDoc, written(made?.participant, made?.userErrors));
  await run(gql.UpdateParticipantDocument, { input: { id, isConfirmed: true } });
  await run(gql.ConfirmParticipantsDocument, { input: { ids: [id], isConfirmed: true } });
  const found = (await run(gql.ParticipantDocument, { by: { id } })).participant;
  const read = useFragment(gql.ParticipantRowFragmentDoc, found);
  const node = (await run(gql.AnythingDocument, { id })).node;
  const several = (await run(gql.SeveralDocument, { ids: [id, contactId, eventId] })).nodes;
  const gone = (await run(gql.DeleteParticipantDocument, { input: { id } })).deleteParticipant;
  const many = (await run(gql.CreateParticipantsDocument, { input: { participants: [input] } })).createParticipants;
  const again = many?.results.map((one) => useFragment(gql.ParticipantRowFragmentDoc, one.participant)?.id ?? "");
  await run(gql.DeleteParticipantsDocument, { input: { ids: again ?? [] } });
  return {
    confirmed: [isConfirmed, read?.isConfirmed],
    node: node?.__typename,
    nodes: several.map((one) => one?.__typename),
    gone: gone?.deletedId === id,
  };
}

const fair = await event();
const person = await contact();
const participation = await participant(fair.id, person.id);
const list = (await run(gql.ParticipantsDocument, { filter: { isConfirmed: true }, first: 10 })).participants;
const { upstream } = await run(gql.UpstreamDocument, {});
const kind = await category();
await run(gql.DeleteContactDocument, { input: { id: person.id } });
await run(gql.DeleteEventDocument, { input: { id: fair.id } });
console.log(
  JSON.stringify({
    ran: [...ran].sort(),
    event: fair,
    contact: person,
    participant: participation,
    category: kind,
    participants: list?.edges.length,
    breaker: upstream.breaker,
  }),
);
