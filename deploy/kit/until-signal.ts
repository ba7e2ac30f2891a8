import { onNpmGone } from './npm-parents.ts'

/** Resolves at SIGINT, SIGTERM or the end of npm. A second signal ends the process with 130. */
export function untilSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let isEnding = false
  const end = () => {
    if (isEnding) process.exit(130)
    isEnding = true
    resolve()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
  onNpmGone(() => void (isEnding || end()))
  return promise
}
