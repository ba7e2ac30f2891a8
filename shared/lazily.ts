/**
 * Returns a function that makes a value when it is first called, and returns that value from then on.
 * For what takes part of a start and few functions use, such as a schema or a pattern of Unicode classes.
 */
export function lazily<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined
  return () => {
    made ??= make()
    return made
  }
}
