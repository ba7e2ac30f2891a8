import type { RequestId } from '@modelcontextprotocol/client'
import type { HttpRequest, HttpResponse } from '../../../shared/http/http.ts'
import { isLong, type Place, workOn } from '../../../shared/json/long-work.ts'
import type { Kept } from '../../../shared/json/written-numbers.ts'
import { errorResponse, idOf, RpcError, readingMessages } from './json-rpc.ts'
import { type Inbound, readInbound } from './revision.ts'

/** The messages of one POST. */
export interface Received extends Omit<Kept, 'value'> {
  readonly inbound: Inbound
  /** Whether they were read in turns. */
  readonly isLong: boolean
}

type ReceivedOrAnswer = Received | HttpResponse

/**
 * What the body says, or the answer when it says nothing that can be understood; at once unless it is
 * long.
 */
export function readBody(
  body: Buffer,
  request: HttpRequest,
  place: Place,
): ReceivedOrAnswer | Promise<ReceivedOrAnswer> {
  return workOn(readingInbound(body, request), body.length, place)
}

function* readingInbound(
  body: Buffer,
  { headers }: HttpRequest,
): Generator<undefined, ReceivedOrAnswer> {
  let value: unknown
  try {
    const json = yield* readingMessages(body)
    const { value: message, ...about } = json
    value = message
    return { ...about, inbound: readInbound(value, headers), isLong: isLong(body.length) }
  } catch (error) {
    if (error instanceof RpcError) return errorResponse(idOf(value), error)
    throw error
  }
}

/** The id of the request that a body holds; null for a batch and for what is no request. */
export async function idIn(body: Buffer, place: Place): Promise<RequestId | null> {
  try {
    return idOf((await workOn(readingMessages(body), body.length, place)).value)
  } catch (error) {
    if (error instanceof RpcError) return null
    throw error
  }
}
