import type { System } from '../../deploy/local/system.ts'
import { createChatGpt } from '../support/chatgpt.ts'
import { connectV2 } from '../support/connect.ts'

/** The current access tokens of the sample users. */
export interface People {
  readonly alice: () => string
  readonly bob: () => string
  /** The IDs of all clients with which a user signed in. */
  readonly clients: readonly string[]
  /** Registers a new client for each user and signs in with it. */
  readonly signInAgain: () => Promise<void>
}

export async function createPeople(system: System): Promise<People> {
  const clients: string[] = []
  const signIn = async (username: string) => {
    const person = { username, password: 'password' }
    const chatGpt = createChatGpt({ tenant: system.tenant, person })
    const connected = await connectV2(`${system.url}/mcp`, chatGpt)
    await connected.close()
    clients.push(chatGpt.clientId())
    return chatGpt.accessToken()
  }
  const signInBoth = () => Promise.all([signIn('alice@example.com'), signIn('bob@example.com')])
  let [alice, bob] = await signInBoth()
  return {
    alice: () => alice,
    bob: () => bob,
    clients,
    signInAgain: async () => {
      ;[alice, bob] = await signInBoth()
    },
  }
}
