import { RpcError } from '../../../functions/gateway/mcp/json-rpc.ts'

/**
 * The JSON-RPC error that this throws, in the parts that go on the wire, or `accepted` if it throws
 * none. Passes other errors on.
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
