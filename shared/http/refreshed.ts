export interface RefreshedOptions<Value> {
  /** Loads the value; `previous` is the one before, however old. */
  readonly load: (previous: Value | undefined) => Promise<Value>
  /** For how many milliseconds a value is not loaded again. */
  readonly freshMs: number | ((value: Value) => number)
  /** For how many milliseconds it serves at most while it cannot be loaded. Default: without end. */
  readonly staleMs?: number | ((value: Value) => number)
  /** For how many milliseconds nothing is loaded after a failure. */
  readonly cooldownMs: number
  /** Called for each failure, with the value that goes on serving. */
  readonly onFailure?: (error: unknown, kept: Value | undefined) => void
  /** Milliseconds of a monotonic or wall clock. */
  readonly now?: (() => number) | undefined
}

/** A value that is loaded when it is needed, kept, and loaded again when it is no longer fresh. */
export interface Refreshed<Value> {
  /**
   * The fresh value, else the stale one when it cannot be loaded. Waits for a load, one at a time.
   *
   * @throws what the last load threw, when no value can serve.
   */
  readonly get: () => Promise<Value>
  /** The value without a wait; undefined when there is none or it is too old to serve. */
  readonly kept: () => Value | undefined
  readonly isFresh: () => boolean
  /** Loads now, or joins the load in flight. Resolves at its end, also when it fails. */
  readonly refresh: () => Promise<void>
  /** The same before the value is needed: a failure changes nothing. */
  readonly preload: () => Promise<void>
  /** The load in flight. */
  readonly loading: () => Promise<void> | undefined
  /** Whether the last load failed. */
  readonly isFailing: () => boolean
  /** Begins the cooldown of a failure. */
  readonly coolDown: () => void
  /** Until when nothing is loaded, on the clock `now`. */
  readonly coolUntil: () => number
}

/** Keeps one value: fetched once, served stale while its source is down. */
export function createRefreshed<Value>({
  load,
  freshMs,
  staleMs = Number.POSITIVE_INFINITY,
  cooldownMs,
  onFailure = () => undefined,
  now = Date.now,
}: RefreshedOptions<Value>): Refreshed<Value> {
  let held: { readonly value: Value; readonly loadedAt: number } | undefined
  let failure: { readonly error: unknown } | undefined
  let coolUntil = Number.NEGATIVE_INFINITY
  let inFlight: Promise<void> | undefined

  const isYounger = (limit: number | ((value: Value) => number)) =>
    held !== undefined &&
    now() - held.loadedAt < (typeof limit === 'number' ? limit : limit(held.value))
  const isFresh = () => isYounger(freshMs)
  const kept = () => (isYounger(staleMs) ? held?.value : undefined)
  const coolDown = () => {
    coolUntil = now() + cooldownMs
  }
  const begin = (onError: (error: unknown) => void) => {
    inFlight ??= load(held?.value)
      .then((value) => {
        held = { value, loadedAt: now() }
        failure = undefined
      })
      .catch(onError)
      .finally(() => {
        inFlight = undefined
      })
    return inFlight
  }
  const refresh = () =>
    begin((error) => {
      failure = { error }
      coolDown()
      onFailure(error, kept())
    })

  return {
    get: async () => {
      if (!isFresh() && now() >= coolUntil) {
        await refresh()
        // Also one that is too old already.
        if (failure === undefined && held !== undefined) return held.value
      }
      const value = kept()
      if (value !== undefined) return value
      throw failure === undefined ? new Error('no value was loaded') : failure.error
    },
    kept,
    isFresh,
    refresh,
    preload: () => begin(() => undefined),
    loading: () => inFlight,
    isFailing: () => failure !== undefined,
    coolDown,
    coolUntil: () => coolUntil,
  }
}
