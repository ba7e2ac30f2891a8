/** A catalogue that follows all rules of OpenAI's review, with its submission file. */

export interface SampleTool {
  [member: string]: unknown
}
export interface SampleCatalogue {
  server: Record<string, unknown>
  resources: Record<string, Record<string, unknown>>
  skills: string[]
  tools: Record<string, SampleTool>
}
export interface SampleSubmission {
  [member: string]: unknown
  justifications: Record<string, Record<string, string>>
  tests: { positive: Record<string, unknown>[]; negative: Record<string, unknown>[] }
}

export const UI = 'ui://events/list.html'
/** The variables of the deployment. */
export const SUBMISSION_ENV = {
  PUBLIC_URL: 'https://mcp.example.com',
  OPENAI_APPS_CHALLENGE: 'token-of-the-portal',
}
export const SKILL =
  '---\nname: find-events\ndescription: How to find events.\n---\nCall listEvents.\n'

const HTML = `<!doctype html><script src="https://cdn.example.com/app.js"></script>
<script>fetch("https://api.example.com/events")</script>`
const FILE = {
  type: 'object',
  properties: {
    download_url: { type: 'string' },
    file_id: { type: 'string' },
    mime_type: { type: 'string' },
    file_name: { type: 'string' },
  },
  required: ['download_url', 'file_id'],
}
const READS = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }
const WRITES = { readOnlyHint: false, destructiveHint: false, openWorldHint: false }
const REASONS = {
  readOnlyHint: 'It reads events of the signed-in user and changes nothing.',
  destructiveHint: 'It deletes and overwrites nothing.',
  openWorldHint: "It stays in the user's own calendar.",
}

export function acceptedCatalogue(): SampleCatalogue {
  return {
    server: {
      title: 'Events',
      instructions: 'Call listEvents before importEvents.',
      websiteUrl: 'https://www.example.com',
      documentation: 'https://www.example.com/help',
      policy: 'https://www.example.com/privacy',
      terms: 'https://www.example.com/terms',
    },
    resources: {
      [UI]: {
        text: HTML,
        _meta: {
          ui: {
            domain: 'https://events.example.com',
            csp: {
              connectDomains: ['https://api.example.com'],
              resourceDomains: ['https://cdn.example.com'],
              frameDomains: ['https://player.example.com'],
            },
          },
        },
      },
    },
    skills: ['skills/find-events'],
    tools: {
      listEvents: {
        title: 'List events',
        description: 'Events of the signed-in user, newest first.',
        scopes: ['events:read'],
        inputSchema: { type: 'object', properties: { limit: { type: 'integer' } } },
        outputSchema: { type: 'object', properties: { events: { type: 'array' } } },
        annotations: READS,
        _meta: {
          ui: { resourceUri: UI },
          'openai/toolInvocation/invoking': 'Looking at the calendar…',
          'openai/toolInvocation/invoked': 'Looked at the calendar',
        },
      },
      importEvents: {
        title: 'Import events',
        description: 'Adds the events of a file to the calendar of the signed-in user.',
        scopes: ['events:write'],
        inputSchema: { type: 'object', properties: { file: FILE }, required: ['file'] },
        outputSchema: { type: 'object', properties: { added: { type: 'integer' } } },
        annotations: WRITES,
        _meta: { 'openai/fileParams': ['file'] },
      },
      profile: {
        title: 'Profile',
        description: 'Tells whose account is connected.',
        securitySchemes: [{ type: 'oauth2', scopes: [] }],
        annotations: READS,
        answeredBy: 'gateway',
        _meta: { 'openai/profile': true },
      },
    },
  }
}

export function acceptedSubmission(): SampleSubmission {
  const positive = Array.from({ length: 5 }, (_, index) => ({
    prompt: `What is on my calendar on December ${index + 1}?`,
    tools: ['listEvents'],
    expected: 'The events of that day.',
  }))
  const negative = Array.from({ length: 3 }, (_, index) => ({
    prompt: `Book a flight for ${index + 1} people.`,
    expected: 'The app is not called.',
    reason: 'It has no flights.',
  }))
  return {
    justifications: {
      listEvents: { ...REASONS },
      importEvents: { ...REASONS },
      profile: { ...REASONS },
    },
    tests: { positive, negative },
    domainVerification: 'token-of-the-portal',
    challengeBaseUrl: 'https://example.com',
    frameDomains: { 'https://player.example.com': 'Plays the recording of an event.' },
    support: 'https://www.example.com/support',
    demoAccount: { username: 'reviewer@example.com', mfa: false },
    demoRecording: 'https://www.example.com/demo',
    releaseNotes: 'First release.',
    starterPrompts: ['Show my events of this week.'],
    screenshots: ['screenshots/events.png'],
    listing: {
      name: 'Events',
      shortDescription: 'Your calendar in ChatGPT',
      description: 'Lists and imports events.',
      developerName: 'Example Inc.',
      category: 'Productivity',
    },
  }
}
