import { oneLine } from '../one-line.ts'
import type { InputRequest, InputRequired } from './asked.ts'
import {
  type Capability,
  type ClientCapabilities,
  capabilitiesFor,
  toClientCapabilities,
} from './capabilities.ts'
import type { State } from './state-seal.ts'

/** How the client of one call can be asked. */
export interface Asking {
  readonly declared: ReadonlySet<Capability>
  /** The backend's state for the way over the client; undefined when it is too long. */
  readonly seal: (state: State) => string | undefined
}

/** What becomes of a backend's questions. */
export type Offer =
  | { readonly kind: 'passed'; readonly result: InputRequired }
  | { readonly kind: 'undeclared'; readonly message: string; readonly required: ClientCapabilities }
  | { readonly kind: 'oversized' }

const MAX_MESSAGE_CHARACTERS = 500

/**
 * Passes on the requests for which the client declares what they need, and seals the state. Without
 * `asking` the client cannot be asked at all. 'undeclared' when there are requests and none can be
 * passed on.
 */
export function offer(asked: InputRequired, asking: Asking | undefined): Offer {
  const all = Object.entries(asked.inputRequests ?? {})
  const known = all.filter(([, request]) =>
    capabilitiesFor(request).every((capability) => asking?.declared.has(capability)),
  )
  if (asking === undefined || (known.length === 0 && all.length > 0)) {
    const requests = all.map(([, request]) => request)
    const required = toClientCapabilities(requests.flatMap(capabilitiesFor))
    return { kind: 'undeclared', message: sentenceOf(requests), required }
  }
  const sealed = asking.seal(asked.requestState)
  if (sealed === undefined) return { kind: 'oversized' }
  return {
    kind: 'passed',
    result: {
      ...(known.length > 0 && { inputRequests: Object.fromEntries(known) }),
      requestState: sealed,
      ...(asked._meta !== undefined && { _meta: asked._meta }),
    },
  }
}

/** What the model, or a person, can do where the client cannot ask. */
function sentenceOf(requests: readonly InputRequest[]): string {
  const said = requests.map(({ params }) => ({
    url: params?.['mode'] === 'url' ? String(params['url']) : undefined,
    message: oneLine(String(params?.['message'] ?? ''), MAX_MESSAGE_CHARACTERS),
  }))
  const page = said.find(({ url }) => url !== undefined)
  if (page !== undefined) {
    return `The tool needs the user to open ${page.url} first: ${page.message} Call the tool again afterwards.`
  }
  const asked = said.find(({ message }) => message !== '')
  const what = asked === undefined ? '' : `: ${asked.message}`
  return `The tool has a question that this client cannot pass on${what}`
}
