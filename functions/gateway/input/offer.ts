import { oneLine } from '../one-line.ts'
import type { InputRequest, InputRequired } from './asked.ts'
import {
  type Capability,
  type ClientCapabilities,
  capabilitiesFor,
  toClientCapabilities,
} from './capabilities.ts'
import type { State } from './state-seal.ts'

/** How to ask the client of one call for input. */
export interface Asking {
  readonly declared: ReadonlySet<Capability>
  /** The length of the arguments in JSON. */
  readonly argumentsLength: number
  /**
   * Seals, in turns, the backend's state, which the client sends back. Returns undefined if the state is
   * too long.
   */
  readonly sealing: (state: State) => Generator<undefined, string | undefined>
}

/** The part of a backend's request for input that goes to the client, or why there is none. */
export type Offer =
  | { readonly kind: 'passed'; readonly result: InputRequired }
  | { readonly kind: 'undeclared'; readonly message: string; readonly required: ClientCapabilities }
  | { readonly kind: 'oversized' }

const MAX_MESSAGE_CHARACTERS = 500

/**
 * Passes on, in turns, the requests that the client's capabilities cover, and seals the state. Returns
 * 'undeclared' if the client cannot be asked (`asking` is undefined) or supports none of the
 * requests, and 'oversized' if the state is too long.
 */
export function* offering(
  asked: InputRequired,
  asking: Asking | undefined,
): Generator<undefined, Offer> {
  const all = Object.entries(asked.inputRequests ?? {})
  const supported = all.filter(([, request]) =>
    capabilitiesFor(request).every((capability) => asking?.declared.has(capability)),
  )
  if (asking === undefined || (supported.length === 0 && all.length > 0)) {
    const requests = all.map(([, request]) => request)
    const required = toClientCapabilities(requests.flatMap(capabilitiesFor))
    return { kind: 'undeclared', message: sentenceOf(requests), required }
  }
  const sealed = yield* asking.sealing(asked.requestState)
  if (sealed === undefined) return { kind: 'oversized' }
  return {
    kind: 'passed',
    result: {
      ...(supported.length > 0 && { inputRequests: Object.fromEntries(supported) }),
      requestState: sealed,
      ...(asked._meta !== undefined && { _meta: asked._meta }),
    },
  }
}

/** Returns what the model or the user can do if the client does not support the requests. */
function sentenceOf(requests: readonly InputRequest[]): string {
  const descriptions = requests.map(({ params }) => ({
    url: params?.['mode'] === 'url' ? String(params['url']) : undefined,
    message: oneLine(String(params?.['message'] ?? ''), MAX_MESSAGE_CHARACTERS),
  }))
  const page = descriptions.find(({ url }) => url !== undefined)
  if (page !== undefined) {
    return `The tool needs the user to open ${page.url} first${ending(page.message)} Call the tool again afterwards.`
  }
  const question = descriptions.find(({ message }) => message !== '')
  return `The tool requires input that this client does not support${ending(question?.message ?? '')}`
}

/** Returns the end of a sentence: the backend's message after a colon, and a full stop if it has none. */
function ending(message: string): string {
  if (message === '') return '.'
  return /[.!?\u2026\u3002\uff01\uff1f]$/.test(message) ? `: ${message}` : `: ${message}.`
}
