export interface RefreshedOptions<Value> {
  /** Loads the value. `previous` is the last value, regardless of its age. */
  readonly load: (previous: Value | undefined) => Promise<Value>
  /** Milliseconds for which a value is not loaded again. */
  readonly freshMs: number | ((value: Value) => number)
  /** The maximum age in milliseconds of a value that is used while loading fails. Default: no limit. */
  readonly staleMs?: number | ((value: Value) => number)
  /** Milliseconds without a load after a failure. */
  readonly cooldownMs: number
  /** Called on each failure with the value that stays in use. */
  readonly onFailure?: (error: unknown, kept: Value | undefined) => void
  /** Returns milliseconds of a monotonic or wall clock. */
  readonly now?: (() => number) | undefined
}

/** A cached value that is loaded on demand and loaded again when it is no longer fresh. */
export interface Refreshed<Value> {
  /**
   * Returns the fresh value, or the stale one if loading fails. Waits for a load; there is one at a time.
   *
   * @throws The error of the last load, if there is no usable value.
   */
  readonly get: () => Promise<Value>
  /** Returns the value without loading; undefined if there is none or it is too old. */
  readonly kept: () => Value | undefined
  readonly isFresh: () => boolean
  /** Loads now, or joins the load in flight. Resolves when the load ends, even if it fails. */
  readonly refresh: () => Promise<void>
  /** Loads the value before it is needed. A failure has no effect. */
  readonly preload: () => Promise<void>
  /** Returns the load in flight. */
  readonly loading: () => Promise<void> | undefined
  /** Returns whether the last load failed. */
  readonly isFailing: () => boolean
  /** Starts a cooldown, as a failure does. */
  readonly coolDown: () => void
  /** Returns the end of the cooldown in milliseconds of `now`. */
  readonly coolUntil: () => number
}

/** Creates a cache of one value, which is used beyond its freshness while its source is unavailable. */
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
        // Returns a loaded value even if it already exceeds its maximum age.
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
