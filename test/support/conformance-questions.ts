import { type AskingCall, type AskingTools, ask, form } from './http/asking-backend.ts'

const text = (said: string) => ({ content: [{ type: 'text', text: said }] })

const NAME = { method: 'elicitation/create', params: form('What is your name?', 'name').params }
const QUESTION = {
  method: 'sampling/createMessage',
  params: {
    messages: [{ role: 'user', content: { type: 'text', text: 'What is the capital of France?' } }],
    maxTokens: 100,
  },
}
const ROOTS = { method: 'roots/list', params: {} }

/** A tool that returns `input_required` until it has all responses and the same state. */
function askingFor(requests: Readonly<Record<string, unknown>>, state?: string) {
  return ({ inputResponses = {}, requestState }: AskingCall) => {
    const isAnswered = Object.keys(requests).every((key) => Object.hasOwn(inputResponses, key))
    if (!isAnswered || requestState !== state) return ask(requests, state)
    return text(`${JSON.stringify(inputResponses)} state-ok`)
  }
}

/** The tools for the `input_required` and the diagnostic scenarios of the conformance suite. */
export const CONFORMANCE_QUESTIONS: AskingTools = {
  test_input_required_result_elicitation: askingFor({ user_name: NAME }),
  test_input_required_result_sampling: askingFor({ capital_question: QUESTION }),
  test_input_required_result_list_roots: askingFor({ client_roots: ROOTS }),
  test_input_required_result_request_state: askingFor(
    { confirm: form('Please confirm', 'ok', 'boolean') },
    'state',
  ),
  test_input_required_result_tampered_state: askingFor(
    { confirm: form('Please confirm', 'ok', 'boolean') },
    'state',
  ),
  test_input_required_result_multiple_inputs: askingFor(
    { user_name: NAME, greeting: QUESTION, client_roots: ROOTS },
    'state',
  ),
  test_input_required_result_multi_round: ({ requestState }) => {
    if (requestState === undefined) return ask({ step1: form('Step 1: name?', 'name') }, '1')
    if (requestState === '1') return ask({ step2: form('Step 2: color?', 'color') }, '2')
    return text('done')
  },
  // The gateway forwards only the kind of request that the client supports.
  test_input_required_result_capabilities: askingFor({ user_name: NAME, question: QUESTION }),
  test_missing_capability: askingFor({ question: QUESTION }),
  test_streaming_elicitation: askingFor({ user_name: NAME }),
  test_logging_tool: () => text('logged'),
}
