import { RpcError } from '../../../functions/gateway/mcp/json-rpc.ts'

/**
 * The members on the wire of the JSON-RPC error that `run` throws, or `accepted` if it does not throw.
 * Rethrows other errors.
 */
export function refusalOf(run: () => unknown) {
  try {
    run()
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const { status, code, message, data } = error
    return { status, code, message, ...(data !== undefined && { data }) }
  }
  return 'accepted'
}
