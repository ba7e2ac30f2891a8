import { CLIENTS_OPTIONS, toClientsOptions } from '../auth0/clients/options.ts'
import type { ClientsIo } from '../auth0/clients/run-clients.ts'
import { defineCommand } from '../kit/command.ts'

export const clientsCommand = defineCommand<typeof CLIENTS_OPTIONS, ClientsIo>({
  name: 'clients',
  summary:
    'Lists the clients that registered themselves at the Auth0 tenant, and deletes unused ones.',
  options: CLIENTS_OPTIONS,
  details: `KIND  DCR: registered dynamically; CIMD: registered itself by its metadata document;
      DCR?: not marked by Auth0, but looks like a registered client
WAY   promoted: first-party client; granted: its own client grant; default: the default grant;
      none: no client grant for the API`,
  exitCodes: { 0: 'done or nothing to do', 1: 'failed, or not everything could be read' },
  readsEnvFile: true,
  progress: 'Reading the clients of the tenant',
  run: async (line, io) => {
    const options = toClientsOptions(line)
    const { runClients } = await import('../auth0/clients/run-clients.ts')
    return runClients(options, io)
  },
})
