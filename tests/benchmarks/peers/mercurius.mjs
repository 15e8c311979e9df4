// Mercurius with its just-in-time compiler: the list once for each query over kept connections, embedded rows used as they are.

import Fastify from 'fastify'
import mercurius from 'mercurius'
import { Pool } from 'undici'
import { LIST, UPSTREAM, columns, typeDefs } from './schema.mjs'

const upstream = new Pool(UPSTREAM, { connections: 16 })

async function participants (_, { first }) {
  const { body } = await upstream.request({ method: 'GET', path: LIST, headers: { authorization: 'Bearer key' } })
  const page = await body.json()
  return { nodes: page.data.slice(0, first) }
}

const app = Fastify()
app.register(mercurius, {
  schema: typeDefs,
  resolvers: { Query: { participants }, ...columns },
  jit: 1
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
