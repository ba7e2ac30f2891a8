import type { Management as Auth0 } from 'auth0'
import { AdmissionError, refusedPromotion } from './admission-error.ts'
import {
  type Access,
  eachConnection,
  enableFor,
  findConnection,
  findGrant,
  grantApi,
  limitTokens,
  promote,
  renewTokens,
  type Steps,
  shareWithThirdParties,
} from './admission-steps.ts'
import { isStrict, wasPromoted } from './registered-client.ts'

/** How an admitted client reaches people and the API. */
export interface Served {
  /**
   * `promoted`: a first-party client with the connections enabled for it. `granted`: a third-party
   * client, with the connections at domain level. Each has a client grant, unless access is open.
   */
  readonly way: 'promoted' | 'granted'
  /** The code with which Auth0 refused a change of the client in this run. */
  readonly promotion?: string
}

export interface ServeOptions extends Access {
  /** Names of the login connections that an admitted client gets. */
  readonly connections: readonly string[]
  /**
   * Who gets the API: `admitted` (default), by a client grant for each admitted client, or `open`, by
   * the default grant for all third-party clients, beside which no other is made.
   */
  readonly thirdPartyAccess?: 'admitted' | 'open'
}

/** One client that the policy covers. */
export interface Candidate {
  readonly clientId: string
  readonly client: Auth0.GetClientResponseContent
}

/**
 * Serves a client in the way that its security mode and the tenant allow; changes nothing when it is
 * served already. A client whose promotion Auth0 refuses stays a third-party client. Does not check
 * that the policy of the API keeps other third-party clients out of it.
 *
 * @throws AdmissionError, with the code of a refused promotion beside its own.
 */
export async function serveClient(
  steps: Steps,
  { clientId, client }: Candidate,
  options: ServeOptions,
): Promise<Served> {
  const isOpen = options.thirdPartyAccess === 'open'
  const grant = isOpen ? undefined : await findGrant(steps, clientId, options)
  const serve = async (way: Served['way'], promotion?: string): Promise<Served> => {
    if (!isOpen) await grantApi(steps, clientId, options, grant)
    const change = way === 'promoted' ? enableFor(clientId) : shareWithThirdParties
    await eachConnection(steps, options.connections, change)
    if (way === 'granted') await limitTokens(steps, clientId, client)
    return promotion === undefined ? { way } : { way, promotion }
  }
  if (isStrict(client)) return serve('granted')
  if (wasPromoted(client)) return serve('promoted', await refusalOf(renewTokens(steps, client)))
  // Without the promotion it has the grant, or under open access the connections, of the other way
  // only because an earlier promotion was refused, or because it needs none.
  const isServed = isOpen ? await areShared(steps, options.connections) : grant !== undefined
  if (isServed) return serve('granted')
  const promotion = await refusalOf(promote(steps, clientId))
  if (promotion === undefined) return serve('promoted')
  return serve('granted', promotion).catch((error: unknown) => {
    throw error instanceof AdmissionError ? error.after(promotion) : error
  })
}

/** The code of a change of a client that Auth0 does not allow; undefined when it is made. */
async function refusalOf(change: Promise<void>): Promise<string | undefined> {
  try {
    await change
    return undefined
  } catch (error) {
    const refusal = refusedPromotion(error)
    if (refusal === undefined) throw error
    return refusal
  }
}

async function areShared(steps: Steps, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    const connection = await findConnection(steps, name)
    if (connection.is_domain_connection !== true) return false
  }
  return true
}
