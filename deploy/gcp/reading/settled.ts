/** The value of one of several promises that were waited for together; throws its reason if it has one. */
export function settled<Value>(result: PromiseSettledResult<Value>): Value {
  if (result.status === 'fulfilled') return result.value
  throw result.reason
}
