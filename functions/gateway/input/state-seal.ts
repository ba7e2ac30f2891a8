import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { parseJson } from '../../../shared/json.ts'
import { lazily } from '../../../shared/lazily.ts'

/** The call that a state belongs to. */
export interface StateOwner {
  /** Undefined for a call without a user. */
  readonly subject: string | undefined
  readonly client: string | undefined
  readonly tool: string
  readonly argumentsDigest: string
}

export type StateFault =
  | 'request_state_too_large'
  | 'request_state_forged'
  | 'request_state_expired'
  | 'request_state_other_caller'
  | 'request_state_other_tool'
  | 'request_state_other_arguments'

/** A backend's `requestState`; undefined if the backend requested input without one. */
export type State = string | undefined

/** Encrypts a backend's `requestState`, which the client keeps, and decrypts it again. */
export interface StateSeal {
  /** `now` is in seconds since the epoch. */
  readonly seal: (state: State, owner: StateOwner, now: number) => string
  /** Returns the state, or why it is not accepted. */
  readonly open: (
    sealed: string,
    owner: StateOwner,
    now: number,
  ) => { readonly state: State } | { readonly fault: StateFault }
}

/** How long a state can be opened, in seconds. */
export const STATE_LIFETIME_SECONDS = 600
const MAX_SEALED_CHARACTERS = 32_768
const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Uses AES-256-GCM with a random nonce, so that the client can neither read nor change a state.
 * Seals with the first key and opens with any key. `audience` separates gateways that share a key.
 * Until it expires, a state can be opened more than once. A backend that requests input without a
 * state also gets a sealed state, as proof that it requested input.
 */
export function createStateSeal(
  deriveKeys: () => readonly [Uint8Array, ...Uint8Array[]],
  audience: string,
): StateSeal {
  const aad = Buffer.from(audience)
  const keys = lazily(deriveKeys)
  return {
    seal: (state, owner, now) => {
      const expiresAt = now + STATE_LIFETIME_SECONDS
      const head = JSON.stringify([...partsOf(owner), expiresAt, state !== undefined])
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, keys()[0], nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(aad)
      // JSON.stringify writes no line break, so the first one ends the head.
      const sealed = Buffer.concat([cipher.update(`${head}\n${state ?? ''}`), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
    },
    open: (sealed, owner, now) => {
      if (sealed.length > MAX_SEALED_CHARACTERS) return { fault: 'request_state_too_large' }
      const bytes = Buffer.from(sealed, 'base64url')
      const isCanonical = bytes.toString('base64url') === sealed
      const text = isCanonical ? decryptWithAny(keys(), bytes, aad) : undefined
      if (text === undefined) return { fault: 'request_state_forged' }
      const end = text.indexOf('\n')
      const head = parseJson(text.slice(0, end))?.value
      if (!Array.isArray(head)) return { fault: 'request_state_forged' }
      const fault = faultIn(head, owner, now)
      if (fault !== undefined) return { fault }
      return { state: head[5] === true ? text.slice(end + 1) : undefined }
    },
  }
}

function partsOf({ subject, client, tool, argumentsDigest }: StateOwner) {
  return [subject ?? null, client ?? null, tool, argumentsDigest]
}

function decryptWithAny(
  keys: readonly Uint8Array[],
  bytes: Buffer,
  aad: Buffer,
): string | undefined {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)
  for (const key of keys) {
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(aad)
    decipher.setAuthTag(tag)
    const text = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES))
    try {
      return Buffer.concat([text, decipher.final()]).toString()
    } catch {
      // This key did not seal the state. The next one may have.
    }
  }
  return undefined
}

function faultIn(head: readonly unknown[], owner: StateOwner, now: number): StateFault | undefined {
  const [subject, client, tool, argumentsDigest] = partsOf(owner)
  if (!(now < Number(head[4]))) return 'request_state_expired'
  if (head[0] !== subject || head[1] !== client) return 'request_state_other_caller'
  if (head[2] !== tool) return 'request_state_other_tool'
  return head[3] === argumentsDigest ? undefined : 'request_state_other_arguments'
}
