// The part of the gateway's schema that the benchmark asks for; its rows come from PlanDocket's list, a page each.

export const UPSTREAM = process.env.UPSTREAM // http://127.0.0.1:PORT
export const LIST = '/api/v1/participants?include=contact,event&page=1&per_page=100'

export const typeDefs = `
  type Query { participants(first: Int!): ParticipantConnection }
  type ParticipantConnection { nodes: [Participant!]! }
  type Participant { id: ID! isConfirmed: Boolean! contact: Contact event: Event }
  type Contact { id: ID! firstName: String lastName: String email: String }
  type Event { id: ID! title: String city: String }
`

const globalId = kind => row => Buffer.from(`${kind}:${row.id}`).toString('base64')

// Plain columns. Relations and the list are each server's own.
export const columns = {
  Participant: { id: globalId('Participant'), isConfirmed: row => row.is_confirmed },
  Contact: { id: globalId('Contact'), firstName: row => row.first_name, lastName: row => row.last_name },
  Event: { id: globalId('Event') }
}
