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

/** How an admitted client gets login connections and the API. */
export interface Served {
  /**
   * `promoted`: a first-party client with the connections enabled for it. `granted`: a third-party
   * client, with the connections at domain level. Both have a client grant unless access is open.
   */
  readonly way: 'promoted' | 'granted'
  /** The code of the failure if Auth0 refused to change the client in this run. */
  readonly promotion?: string
}

export interface ServeOptions extends Access {
  /** The names of the login connections that an admitted client gets. */
  readonly connections: readonly string[]
  /**
   * Which third-party clients get the API. `admitted` (default): each admitted client, by a client
   * grant of its own. `open`: all of them, by the default grant; no other grant is created.
   */
  readonly thirdPartyAccess?: 'admitted' | 'open'
}

/** A client that the redirect URI policy covers. */
export interface Candidate {
  readonly clientId: string
  readonly client: Auth0.GetClientResponseContent
}

/**
 * Gives a client the login connections and the API, in the way that its security mode and the tenant
 * allow. Changes nothing if it already has them. A client whose promotion Auth0 refuses stays a
 * third-party client. Does not check that the policy of the API excludes other third-party clients.
 *
 * @throws AdmissionError, which also has the code of a refused promotion.
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
  // A client that was not promoted but has the grant (under open access, the connections) was already
  // admitted as a third-party client: Auth0 refused its promotion, or it needs none.
  const isServed = isOpen ? await areShared(steps, options.connections) : grant !== undefined
  if (isServed) return serve('granted')
  const promotion = await refusalOf(promote(steps, clientId))
  if (promotion === undefined) return serve('promoted')
  return serve('granted', promotion).catch((error: unknown) => {
    throw error instanceof AdmissionError ? error.after(promotion) : error
  })
}

/**
 * Returns the failure code if Auth0 does not allow the change of the client; undefined after the change.
 */
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
