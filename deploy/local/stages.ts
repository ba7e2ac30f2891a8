import { StartError } from './start-error.ts'

/**
 * The parts of a system, which are stopped in stages, so that callers stop before the parts that they
 * call.
 */
export interface Stages {
  /**
   * Registers a starting part with the function that stops it. Returns `starting`. Stage 0 stops first.
   */
  readonly add: <Part>(
    stage: number,
    starting: Promise<Part>,
    end: (part: Part) => Promise<unknown>,
  ) => Promise<Part>
  /** Stops every part that has started or is starting. A second call waits for the first. */
  readonly end: () => Promise<void>
}

export function createStages(): Stages {
  const stages: Promise<() => Promise<unknown>>[][] = []
  let ending: Promise<void> | undefined
  const endAll = async () => {
    for (const stage of stages.filter((parts) => parts !== undefined)) {
      await Promise.allSettled((await Promise.all(stage)).map((end) => end()))
    }
  }
  return {
    add: (stage, starting, end) => {
      stages[stage] ??= []
      stages[stage].push(
        starting.then(
          (part) => () => end(part),
          () => async () => undefined,
        ),
      )
      return starting
    },
    end: () => {
      ending ??= endAll()
      return ending
    },
  }
}

/**
 * Waits until all parts have started or failed.
 *
 * @throws StartError with the messages of all failed parts; rethrows any other error.
 */
export async function allStarted(starting: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(starting)
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  const unexpected = errors.find((error) => !(error instanceof StartError))
  if (unexpected !== undefined) throw unexpected
  if (errors.length > 0) throw new StartError(errors.map(({ message }) => message).join('\n'))
}
