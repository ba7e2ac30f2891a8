import type { OnDisconnect } from '../../../shared/http/disconnect.ts'
import { SendError } from '../backend/send.ts'

/**
 * Resolves like `pending`, unless the time ends or the client disconnects first. `pending` itself
 * continues.
 *
 * @throws SendError `timeout` or `aborted`, and the error of `pending`.
 */
export async function within<Value>(
  { timeoutMs, onDisconnect }: { readonly timeoutMs: number; readonly onDisconnect: OnDisconnect },
  pending: Promise<Value>,
): Promise<Value> {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new SendError('timeout')), timeoutMs)
  const stopListening = onDisconnect(() => reject(new SendError('aborted')))
  try {
    return await Promise.race([pending, ended])
  } finally {
    clearTimeout(timer)
    stopListening()
  }
}
