import { SendError } from '../backend/send.ts'

/**
 * Resolves like `pending`, unless the time ends or `signal` is aborted first. `pending` itself
 * continues.
 *
 * @throws SendError `timeout` or `aborted`, and the error of `pending`.
 */
export async function within<Value>(
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
  pending: Promise<Value>,
): Promise<Value> {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(new SendError('aborted'))
  const timer = setTimeout(() => reject(new SendError('timeout')), timeoutMs)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([pending, ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
