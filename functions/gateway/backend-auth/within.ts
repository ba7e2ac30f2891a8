import { SendError } from '../backend/send.ts'

/**
 * What `waited` resolves to, within this time and until `signal` is aborted. `waited` itself continues.
 *
 * @throws SendError `timeout` or `aborted`, and what `waited` throws.
 */
export async function within<Value>(
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
  waited: Promise<Value>,
): Promise<Value> {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(new SendError('aborted'))
  const timer = setTimeout(() => reject(new SendError('timeout')), timeoutMs)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([waited, ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
