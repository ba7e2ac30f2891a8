import { largeTools, writeTools } from './catalogue.ts'
import type { LoadRequest } from './load.ts'
import { call, listTools, nothing, restCall, SIZES_KB, TOOL_COUNTS } from './requests.ts'
import type { Command } from './server-process.ts'
import {
  backend,
  deployedGateway,
  emptyFunction,
  gateway,
  rawProxy,
  type Surroundings,
  sdkReference,
  signingGateway,
} from './subjects.ts'
import type { TokenSource } from './tokens.ts'

/** One row of the table: a server and the requests that it receives. */
export interface Row {
  readonly id: string
  readonly label: string
  /** Rows with the same server share its process. */
  readonly server: string
  readonly next: (index: number) => LoadRequest
  readonly isGood: (status: number, body: string) => boolean
  /** The number of connections, if it differs from that of the run. */
  readonly connections?: number
  /** The number of calls in a round, if it differs from that of the run. */
  readonly calls?: number
}

/** The servers that the rows name. */
export function servers(surroundings: Surroundings): Readonly<Record<string, Command>> {
  return {
    empty: emptyFunction,
    backend,
    raw: rawProxy(surroundings),
    sdk: sdkReference(surroundings),
    gateway: gateway(surroundings),
    'gateway, ES256': signingGateway(surroundings, 'ES256'),
    'gateway, EdDSA': signingGateway(surroundings, 'EdDSA'),
    'gateway, 117 tools': deployedGateway('117-tools', surroundings, largeTools()),
    ...Object.fromEntries(
      TOOL_COUNTS.map((count) => [
        `gateway, ${count}`,
        deployedGateway(`list-of-${count}`, surroundings, writeTools(count)),
      ]),
    ),
    'gateway, public tool': gateway(
      surroundings,
      writeTools(3).replaceAll('["events:read"]', '[]'),
    ),
    'gateway, no arguments schema': gateway(
      surroundings,
      JSON.stringify({ listEvents: { scopes: ['events:read'] } }),
    ),
  }
}

const isCalled = (status: number, body: string) =>
  status === 200 && body.includes('Dentist') && !body.includes('isError')
/** The latency of the slowest calls depends on one pause in a shorter round. */
const MANY_CALLS = { connections: 64, calls: 20_000 }
const isAny200 = (status: number) => status === 200
const isRefused = (status: number) => status === 401
/** After a few fetches of the key set, a token with an unknown key gets 503. */
const isNotJudged = (status: number) => status === 401 || status === 503

/** All rows, in the order of the table. */
export function rows(tokens: TokenSource): readonly Row[] {
  const inTurn =
    <One>(all: readonly One[]) =>
    (index: number) =>
      all[index % all.length] as One
  const each = (all: readonly string[], make: (token: string) => LoadRequest) =>
    inTurn(all.map(make))
  const same = (request: LoadRequest) => () => request
  const withToken = (token: string) => call(token)
  const large = call(tokens.seen, 200)
  const row = (
    id: string,
    label: string,
    server: string,
    next: Row['next'],
    isGood: Row['isGood'] = isCalled,
  ): Row => ({ id, label, server, next, isGood })

  return [
    row('empty', 'an empty function', 'empty', same(nothing), isAny200),
    row('backend', 'the backend alone', 'backend', same(restCall('none'))),
    row('raw', 'Node alone: a call passed on', 'raw', same(call(tokens.seen)), isAny200),
    row('sdk', 'SDK reference: a call', 'sdk', same(call(tokens.seen))),
    row('call', 'gateway: a call, token seen before', 'gateway', same(call(tokens.seen))),
    row('call-users', 'a call, 500 users in turn', 'gateway', each(tokens.ofUsers, withToken)),
    {
      ...row('empty-64', 'an empty function, 64 connections', 'empty', same(nothing), isAny200),
      ...MANY_CALLS,
    },
    {
      ...row('call-64', 'a call, 64 connections', 'gateway', each(tokens.ofUsers, withToken)),
      ...MANY_CALLS,
    },
    row('call-new', 'a call, every token new', 'gateway', each(tokens.new, withToken)),
    row('call-es256', 'a call, signed with ES256', 'gateway, ES256', same(call(tokens.seen))),
    row('call-eddsa', 'a call, signed with EdDSA', 'gateway, EdDSA', same(call(tokens.seen))),
    row('rest', 'a call in REST', 'gateway', same(restCall(tokens.seen))),
    row('public', 'a call without a token', 'gateway, public tool', same(call(undefined))),
    row(
      'no-schema',
      'a call, arguments unchecked',
      'gateway, no arguments schema',
      same(call(tokens.seen)),
    ),
    row('raw-large', 'Node alone: a call of 200 KB passed on', 'raw', same(large), isAny200),
    row('sdk-large', 'SDK reference: a call of 200 KB', 'sdk', same(large)),
    row('call-large', 'gateway: a call of 200 KB', 'gateway', same(large)),
    // An instance accepts at most 16 MiB of large bodies at a time.
    ...SIZES_KB.map((kilobytes) => ({
      ...row(
        `call-${kilobytes}`,
        `gateway: a call of ${kilobytes} KB`,
        'gateway',
        same(call(tokens.seen, kilobytes)),
      ),
      connections: 8,
    })),
    row('list-3', 'tools/list, 3 tools', 'gateway', same(listTools(tokens.seen)), isAny200),
    row(
      'list-117',
      'tools/list, 117 tools',
      'gateway, 117 tools',
      same(listTools(tokens.seen)),
      isAny200,
    ),
    ...TOOL_COUNTS.map((count) =>
      row(
        `list-of-${count}`,
        `tools/list, ${count} tools`,
        `gateway, ${count}`,
        same(listTools(tokens.seen)),
        isAny200,
      ),
    ),
    row('refused-none', 'refused: no token', 'gateway', same(call(undefined)), isRefused),
    row(
      'refused-forged',
      'refused: bad signature, seen before',
      'gateway',
      same(call(tokens.badSignature[0])),
      isRefused,
    ),
    row(
      'refused-signature',
      'refused: bad signature, every token new',
      'gateway',
      each(tokens.badSignature, withToken),
      isRefused,
    ),
    row(
      'refused-kid',
      'refused: unknown key',
      'gateway',
      each(tokens.unknownKey, withToken),
      isNotJudged,
    ),
  ]
}
