/** Returns the value of a settled promise, or throws its rejection reason. */
export function settled<Value>(result: PromiseSettledResult<Value>): Value {
  if (result.status === 'fulfilled') return result.value
  throw result.reason
}
