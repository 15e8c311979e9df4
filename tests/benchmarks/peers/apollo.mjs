// Apollo Server with datasource-rest and DataLoader: the list once for each query, loaders primed with its embedded rows.

import { RESTDataSource } from '@apollo/datasource-rest'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import DataLoader from 'dataloader'
import { Agent } from 'node:http'
import { LIST, UPSTREAM, columns, typeDefs } from './schema.mjs'

const agent = new Agent({ keepAlive: true })

class PlanDocket extends RESTDataSource {
  baseURL = UPSTREAM
  willSendRequest (_, request) { request.agent = agent } // node-fetch closes connections without
  list () { return this.get(LIST) }
  async one (path, id) { return (await this.get(`/api/v1/${path}/${id}`)).data }
}

class Context {
  constructor (cache) {
    this.api = new PlanDocket({ cache })
    this.contacts = new DataLoader(ids => Promise.all(ids.map(id => this.api.one('contacts', id))))
    this.events = new DataLoader(ids => Promise.all(ids.map(id => this.api.one('events', id))))
  }
}

async function participants (_, { first }, { api, contacts, events }) {
  const rows = (await api.list()).data.slice(0, first)
  for (const row of rows) {
    contacts.prime(row.contact_id, row.contact)
    events.prime(row.event_id, row.event)
  }
  return { nodes: rows }
}

const server = new ApolloServer({
  typeDefs,
  resolvers: {
    Query: { participants },
    ...columns,
    Participant: {
      ...columns.Participant,
      contact: (row, _, { contacts }) => contacts.load(row.contact_id),
      event: (row, _, { events }) => events.load(row.event_id)
    }
  },
  introspection: false
})
await startStandaloneServer(server, {
  context: async () => new Context(server.cache),
  listen: { host: '127.0.0.1', port: Number(process.env.PORT) }
})
