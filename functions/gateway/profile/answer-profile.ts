import { inTurns } from '../../../shared/json/turns.ts'
import type { Catalogue } from '../../../shared/tools.ts'
import { auditDecision } from '../authorization.ts'
import type { CallTool, ToolCall } from '../call-tool.ts'
import { failed, statusOf, type ToolOutcome } from '../outcome.ts'
import { type ToolInvocation, validating } from '../prepare-call.ts'

/**
 * Answers calls of tools with `answeredBy: gateway` from the caller's token, and leaves all other
 * calls to `callTool`. Writes the same audit records. `id` in the result is `sub`, which Auth0
 * never changes.
 */
export function answerProfiles(callTool: CallTool, catalogue: Catalogue): CallTool {
  const hasProfile = [...catalogue.values()].some(({ answeredBy }) => answeredBy === 'gateway')
  if (!hasProfile) return callTool
  return (call, invocation) =>
    call.tool.answeredBy === 'gateway' ? answer(call, invocation) : callTool(call, invocation)
}

async function answer(call: ToolCall, invocation: ToolInvocation): Promise<ToolOutcome> {
  const { tool, caller, log } = call
  auditDecision(tool, caller, log, { decision: 'allowed' })
  const outcome = await profileOutcome(call, invocation)
  log.audit('tool_answered', { tool: tool.name, ...statusOf(outcome), ms: 0 }, 'NOTICE')
  return outcome
}

async function profileOutcome(
  { tool, caller }: ToolCall,
  invocation: ToolInvocation,
): Promise<ToolOutcome> {
  const fault = await inTurns(validating(tool, invocation))
  if (fault !== undefined) return failed('arguments_invalid', 400, `Invalid arguments: ${fault}`)
  // The check at start ensures that a profile tool requires a sign-in.
  if (caller === undefined) throw new Error('a call of a profile tool without a caller')
  const { subject: id, profile } = caller
  return { kind: 'json', value: { id, ...profile } }
}
